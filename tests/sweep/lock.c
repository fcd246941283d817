/* SPDX-License-Identifier: MIT */
/*
 * Each instruction of the loader's way to its handshake left out in turn, in
 * chips that are not locked as they must be.
 *
 *   sweep_lock [--chip NAME] [--every N] [--times N]
 *
 *   level 0      the read protection is off
 *   keeps SRAM2  level 1, but a reset would not erase the RAM with the keys
 *   pins         locked well; a skipped instruction may leave the debug pins on
 *   region 0 only  nRF51: PALL is not set; its pins are nobody's to take away
 *
 * What is executed from reset up to the first answer is recorded, then run
 * once for each of its addresses and times (1 to --times, default 2) with that
 * instruction left out.  The chip may refuse, fall silent or start again.  If
 * it sends message 1, the server's own check of the claim decides; a claim
 * that passes while the port is open is the one thing that must never be.
 *
 * Control: an undisturbed chip that is locked well must pass.
 */
#include <errno.h>
#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "chip/chip.h"
#include "tests/lib/fork_bed.h"
#include "tests/lib/sealed_bed.h"
#include "tests/unit/vmcu_rig.h"
#include "wire/release.h"

#define TRACE_CAP 65536

/* By chip: what must not pass, behind which comes the chip that is locked
 * well. */
#define VARIANTS 3
static const struct sample {
	const struct bed_chip *chip;
	struct {
		const char *name;
		uint32_t option;
	} variants[VARIANTS];
	unsigned bad;	   /* how many are no lock */
	unsigned ready_ms; /* from power on, until it would answer */
} samples[] = {
	{ &bed_l4,
	  { { "level 0", 0xfdeff8aa },
	    { "keeps SRAM2", 0xffeff8bb },
	    { "pins", BED_OPTR_LOCKED } },
	  2,
	  20 },
	{ &bed_f1, { { "level 0", 0xa5 }, { "pins", 0xff } }, 1, 20 },
	{ &bed_f1xe, { { "level 0", 0xa5 }, { "pins", 0xff } }, 1, 20 },
	{ &bed_f0, { { "level 0", 0xaa }, { "pins", 0xbb } }, 1, 20 },
	/* it looks through its flash first, at 16 MHz; its pins stay */
	{ &bed_n51,
	  { { "not set", 0xffffffff },
	    { "region 0 only", 0xffffff00 },
	    { "locked", 0xffff00ff } },
	  2,
	  120 },
};
static const struct sample *sample = &samples[0];

enum said {		 /* exit codes of the children */
	    SILENT,	 /* no answer, or none that a server could open */
	    REFUSED,	 /* the loader says why not */
	    CAUGHT,	 /* message 1, and the server refuses the claim */
	    PASSED,	 /* the claim passes, and the port is shut */
	    PASSED_OPEN, /* never */
	    UNREACHED,	 /* the instruction was not met: nothing was tested */
	    SAID
};
static const char *const said_names[SAID] = { "silent",	     "refused",
					      "caught",	     "passed",
					      "passed open", "unreached" };

/* Power on, and until the chip would answer. */
static unsigned record(struct sealed_bed *b, uint32_t *pcs)
{
	mcu_debug_power(b->mcu, false, false);
	mcu_power(b->mcu, false);
	mcu_advance(b->mcu, 1000 * MS);
	mcu_power(b->mcu, true);
	return fork_bed_trace(b->mcu, sample->ready_ms * MS, pcs, TRACE_CAP);
}

/* -- one run ------------------------------------------------------------------
 */

static enum said judge(struct sealed_bed *b)
{
	const struct chip *c = chip_by_name(b->chip->name);
	const struct release_header order = {
		.family = (uint8_t)c->family,
		.protection = 1,
		.sealed = true,
	};
	unsigned type = sealed_bed_hello(b);
	bool open = (mcu_debug_pins_on(b->mcu) && !b->chip->pins_stay) ||
		    mcu_protection(b->mcu) == 0;
	char why[CHIP_WHY_CAP];

	if (type == LINK_FAULT)
		return REFUSED;
	if (type != LINK_MSG1)
		return SILENT;
	if (chip_check_lock(c, &order, b->claim.words, b->claim.word_count,
			    why) != 0)
		return CAUGHT;
	return open ? PASSED_OPEN : PASSED;
}

static enum said run_here(struct sealed_bed *b, uint32_t pc, uint32_t nth)
{
	const struct mcu_faults f = { .skip_pc = pc, .skip_nth = nth };
	enum said said;

	mcu_faults_set(b->mcu, &f);
	sealed_bed_start(b);
	if (nth != 0 && mcu_faults(b->mcu)->skipped == 0)
		return UNREACHED;
	said = judge(b);
	return said;
}

/* In a process of its own, from the chip as it is now. */
static enum said run(struct sealed_bed *b, uint32_t pc, uint32_t nth)
{
	int status;
	pid_t pid, got;

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		exit(2);
	if (pid == 0) {
		/* a message that does not open ends the child, loudly */
		if (freopen("/dev/null", "w", stderr) == NULL)
			_exit(2);
		_exit(run_here(b, pc, nth));
	}
	do {
		got = waitpid(pid, &status, 0);
	} while (got < 0 && errno == EINTR);
	if (got != pid || !WIFEXITED(status) || WEXITSTATUS(status) >= SAID)
		return SILENT;
	return (enum said)WEXITSTATUS(status);
}

static unsigned variant(unsigned v, unsigned every, unsigned times)
{
	static uint32_t pcs[TRACE_CAP];
	struct sealed_bed b;
	unsigned count[SAID] = { 0 }, n;

	sealed_bed_new_on(&b, sample->chip, BED_UART,
			  sample->variants[v].option);
	n = record(&b, pcs);
	for (unsigned i = 0; i < n; i += every) {
		for (unsigned nth = 1; nth <= times; nth++) {
			enum said said = run(&b, pcs[i], nth);

			count[said]++;
			if (said == PASSED_OPEN)
				printf("{\"chip\":\"%s\",\"skipped\":"
				       "\"0x%08x\",\"time\":%u}\n",
				       sample->variants[v].name, pcs[i], nth);
		}
	}
	printf("{\"chip\":\"%s\",\"addresses\":%u", sample->variants[v].name,
	       n);
	for (unsigned i = 0; i < SAID; i++)
		printf(",\"%s\":%u", said_names[i], count[i]);
	printf("}\n");
	sealed_bed_free(&b);
	/* where the options are wrong a claim that passes is a lie */
	return count[PASSED_OPEN] + (v < sample->bad ? count[PASSED] : 0);
}

static bool control(uint32_t option, enum said want)
{
	struct sealed_bed b;
	enum said said;

	sealed_bed_new_on(&b, sample->chip, BED_UART, option);
	said = run(&b, 0, 0);
	sealed_bed_free(&b);
	if (said == want)
		return true;
	fprintf(stderr, "control: option 0x%08x is %s, not %s\n", option,
		said_names[said], said_names[want]);
	return false;
}

int main(int argc, char **argv)
{
	static const struct option names[] = {
		{ "every", required_argument, NULL, 'e' },
		{ "times", required_argument, NULL, 't' },
		{ "chip", required_argument, NULL, 'c' },
		{ 0 },
	};
	unsigned every = 1, times = 2, bad = 0;
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (c == '?')
			return 2;
		if (c == 'c') {
			for (size_t i = 0;
			     i < sizeof(samples) / sizeof(samples[0]); i++)
				if (samples[i].chip == bed_chip_find(optarg))
					sample = &samples[i];
			continue;
		}
		*(c == 'e' ? &every : &times) = (unsigned)strtoul(optarg, NULL,
								  0);
	}
	if (every == 0)
		return 2;
	for (unsigned v = 0; v <= sample->bad; v++)
		if (!control(sample->variants[v].option,
			     v < sample->bad ? REFUSED : PASSED))
			return 1;
	for (unsigned v = 0; v <= sample->bad; v++)
		bad += variant(v, every, times);
	return bad != 0;
}
