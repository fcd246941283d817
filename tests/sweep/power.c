/* SPDX-License-Identifier: MIT */
/*
 * The power fails in every flash operation of a sealed installation.
 *
 *   sweep_power [--chip NAME] [--size BYTES] [--every N] [--recover N]
 *               [--line uart|swd] [--twice] [--late]
 *
 * A reference installation forks at each flash operation (or every Nth); the
 * child's chip loses its power in it, with the write or erase left torn.  What
 * then stands in its flash must be blank, resumable or complete.  Then, for
 * the first of every class and phase and one in --recover of the others, it is
 * switched on: a resumable chip must take the whole job once more and be
 * complete at its end; a complete one must run its firmware.  With --twice the
 * power fails once more, in every operation of that second job, and what is
 * left is judged in the same way.  Then one state more is allowed: to renew a
 * page with torn cells the loader erases it, and a cut right there leaves a
 * locked chip that nothing starts.  It must be as good as new after regression.
 *
 * With --late the stub sets level 2 last of all (STM32F0).  Then every cut in
 * its work is followed up: at the next power-on the chip is at level 1 or 2,
 * never open, and it comes to level 2, with the option bytes as ordered, and to
 * its firmware by itself.
 *
 * Prints counts as JSON; exit code 0 when nothing was bad.
 */
#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "tests/lib/fork_bed.h"
#include "tests/lib/sealed_bed.h"
#include "tests/unit/vmcu_rig.h"
#include "vmcu/stm32f0/f0.h"
#include "wire/layout.h"

enum phase { HANDSHAKE, STREAM, REPORT, COMMIT, FINISH, PHASES };
static const char *const phase_names[] = { "handshake", "stream", "report",
					   "commit", "finish" };
static const char *const class_names[] = { "blank", "resumable", "complete",
					   "bad" };

enum code { /* what a child says */
	    SAID_BLANK,
	    SAID_RESUMABLE,
	    SAID_COMPLETE,
	    SAID_REGRESS,
	    SAID_BAD,
	    SAID_RECOVERED,
	    SAID_RUNS,
	    SAID_LOST, /* not recovered, or does not run */
};

struct shared { /* with the children */
	uint32_t count[PHASES][CLASSES];
	uint32_t again[CLASSES]; /* after a second cut */
	uint32_t regressed;
	uint32_t tried;
};

struct sweep {
	struct sealed_bed bed;
	struct flash_truth truth;
	struct shared *shared;
	enum phase phase;
	uint32_t recover, first_cut;
	bool twice, late;
	struct fork_bed *fork; /* the reference */
};

/* The job; false at the first answer that is not right. */
static bool job(struct sweep *s)
{
	struct sealed_bed *b = &s->bed;
	uint16_t n = sealed_bed_chunks(b);

	s->phase = HANDSHAKE;
	if (sealed_bed_hello(b) != LINK_MSG1 ||
	    sealed_bed_deliver(b) != LINK_WANT)
		return false;
	s->phase = STREAM;
	for (uint16_t i = 0; i < n; i++) {
		unsigned want = i + 1 == n ? LINK_REPORT : LINK_WANT;

		if (i + 1 == n)
			s->phase = REPORT;
		if (sealed_bed_chunk(b, i) != want)
			return false;
	}
	s->phase = COMMIT;
	if (sealed_bed_commit(b) != LINK_DONE)
		return false;
	s->phase = FINISH;
	if (s->late)
		s->fork->every = 0;
	mcu_advance(b->mcu, 1000 * MS);
	return true;
}

/* USER says something else than an erased one: it must be kept. */
#define LATE_USER 0xef
static const uint8_t late_options[FINAL_OPTIONS_LEN] = { 0xcc, LATE_USER, 0xff,
							 0x5a, 0xff,	  0xff,
							 0,    0 };

/* What is in the option bytes, past everything. */
static bool late_done(const struct mcu *m)
{
	const struct fpec *f = &f0_of(m)->fpec;

	for (unsigned i = 0; i < 6; i++)
		if ((f->option[i] & 0xff) != late_options[i] ||
		    f->loaded[i] != late_options[i] || f->option_loose[i] != 0)
			return false;
	return mcu_protection(m) == 2;
}

static bool runs(struct sweep *s)
{
	if (s->late && !late_done(s->bed.mcu))
		return false;
	return mcu_program_counter(s->bed.mcu) ==
	       s->bed.chip->image_at + BED_ENTRY;
}

/* Level 0 through the debug port, connected under reset: all is erased. */
static bool regress(struct sweep *s)
{
	const struct bed_chip *chip = s->bed.chip;
	struct mcu *m = s->bed.mcu;
	uint8_t word[8];

	mcu_advance(m, 1000 * MS);
	mcu_power(m, true);
	mcu_advance(m, 20 * MS);
	mcu_nrst(m, true);
	rig_debug_on(m);
	rig_w(m, DHCSR, DBGKEY | 3);
	rig_w(m, DEMCR, 1);
	mcu_nrst(m, false);
	mcu_advance(m, MS);
	chip->lock(m, chip->open);
	rig_power_cycle(m);
	s->shared->regressed++;
	return mcu_protection(m) == 0 &&
	       mcu_flash_peek(m, chip->flash + 16, word, 8) == 0 &&
	       memcmp(word, "\xff\xff\xff\xff\xff\xff\xff\xff", 8) == 0 &&
	       flash_plaintext(m, &s->truth) == 0;
}

/* The second cut. */
static int cut_again(void *user, uint32_t n)
{
	struct sweep *s = user;
	char why[128];
	enum flash_class class = flash_classify(s->bed.mcu, &s->truth, why);

	s->shared->again[class]++;
	if (class == CLASS_REGRESS && n % 16 == 0 && !regress(s))
		class = CLASS_BAD;
	if (class == CLASS_BAD)
		printf("{\"operation\":%u,\"then\":%u,\"phase\":\"%s\","
		       "\"bad\":\"%s\"}\n",
		       s->first_cut, n, phase_names[s->phase], why);
	return (int)class;
}

static int try_on(struct sweep *s, enum flash_class class)
{
	char why[128];

	struct fork_bed again = { .mcu = s->bed.mcu,
				  .user = s,
				  .cut = cut_again };

	if (s->late) { /* what is loaded at once */
		mcu_power(s->bed.mcu, true);
		if (mcu_protection(s->bed.mcu) == 0)
			return SAID_LOST;
		mcu_power(s->bed.mcu, false);
	}
	if (s->twice)
		fork_bed_begin(&again);
	sealed_bed_start(&s->bed);
	if (class == CLASS_COMPLETE) {
		mcu_advance(s->bed.mcu, 1000 * MS);
		return runs(s) && flash_finished(s->bed.mcu, &s->truth)
			       ? SAID_RUNS
			       : SAID_LOST;
	}
	if (!job(s))
		return SAID_LOST;
	if (flash_classify(s->bed.mcu, &s->truth, why) != CLASS_COMPLETE)
		return SAID_LOST;
	sealed_bed_start(&s->bed);
	mcu_advance(s->bed.mcu, 1000 * MS);
	return runs(s) && flash_finished(s->bed.mcu, &s->truth) ? SAID_RECOVERED
								: SAID_LOST;
}

static int cut(void *user, uint32_t n)
{
	struct sweep *s = user;
	enum phase phase = s->phase;
	char why[128];
	enum flash_class class = flash_classify(s->bed.mcu, &s->truth, why);
	bool first = s->shared->count[phase][class]++ == 0;
	int said;

	if (class == CLASS_BAD || class == CLASS_REGRESS) {
		printf("{\"operation\":%u,\"phase\":\"%s\",\"bad\":\"%s\"}\n",
		       n, phase_names[phase],
		       *why != '\0' ? why : "nothing starts it");
		return SAID_BAD;
	}
	if (class == CLASS_BLANK ||
	    (!first && !(s->late && phase == FINISH) &&
	     (s->recover == 0 || n * 2654435761u % s->recover != 0)))
		return (int)class;
	s->shared->tried++;
	s->first_cut = n;
	said = try_on(s, class);
	if (said == SAID_LOST)
		printf("{\"operation\":%u,\"phase\":\"%s\",\"class\":\"%s\","
		       "\"bad\":\"not recovered in %s\"}\n",
		       n, phase_names[phase], class_names[class],
		       phase_names[s->phase]);
	return said;
}

/* What the flash holds in the end; the boot words come before the image, or are
 * its first. */
static void truth(struct sweep *s)
{
	const struct bed_chip *chip = s->bed.chip;
	uint32_t len = chip->flash_len, at = chip->image_at - chip->flash;
	uint8_t *end = malloc(len), *before = malloc(len);
	uint8_t boot[BED_BOOT_MAX];
	size_t n;

	if (end == NULL || before == NULL ||
	    mcu_flash_peek(s->bed.mcu, chip->flash, before, len) != 0)
		exit(2);
	memset(end, 0xff, len);
	n = sealed_bed_boot(&s->bed, boot);
	memcpy(end, boot, n);
	memcpy(end + at, s->bed.image, s->bed.image_len);
	s->truth = (struct flash_truth){ .base = chip->flash,
					 .len = len,
					 .boot_len = (uint32_t)n,
					 .installed = end,
					 .image_len = at + s->bed.image_len,
					 .before = before };
}

static int report(const struct sweep *s, const struct fork_bed *f)
{
	uint32_t bad = f->codes[SAID_BAD] + f->codes[SAID_LOST] +
		       f->codes[FORK_BROKEN] + s->shared->again[CLASS_BAD];

	printf("{\"operations\":%u", f->operations);
	for (unsigned p = 0; p < PHASES; p++)
		for (unsigned c = 0; c < CLASSES; c++)
			if (s->shared->count[p][c] != 0)
				printf(",\"%s %s\":%u", phase_names[p],
				       class_names[c], s->shared->count[p][c]);
	if (s->twice)
		printf(",\"twice resumable\":%u,\"twice complete\":%u,"
		       "\"twice regress\":%u,\"twice bad\":%u,"
		       "\"regressed\":%u",
		       s->shared->again[CLASS_RESUMABLE],
		       s->shared->again[CLASS_COMPLETE],
		       s->shared->again[CLASS_REGRESS],
		       s->shared->again[CLASS_BAD], s->shared->regressed);
	printf(",\"tried\":%u,\"recovered\":%u,\"run\":%u,\"lost\":%u,"
	       "\"broken\":%u}\n",
	       s->shared->tried, f->codes[SAID_RECOVERED], f->codes[SAID_RUNS],
	       f->codes[SAID_LOST], f->codes[FORK_BROKEN]);
	return bad != 0;
}

static uint32_t options(int argc, char **argv, struct sweep *s,
			struct fork_bed *f)
{
	static const struct option names[] = {
		{ "size", required_argument, NULL, 's' },
		{ "every", required_argument, NULL, 'e' },
		{ "recover", required_argument, NULL, 'r' },
		{ "line", required_argument, NULL, 'l' },
		{ "twice", no_argument, NULL, 't' },
		{ "chip", required_argument, NULL, 'c' },
		{ "late", no_argument, NULL, '2' },
		{ 0 },
	};
	uint32_t size = 6000;
	int c;

	s->bed.chip = &bed_l4;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (c == 's')
			size = (uint32_t)strtoul(optarg, NULL, 0);
		else if (c == 'e')
			f->every = (uint32_t)strtoul(optarg, NULL, 0);
		else if (c == 'r')
			s->recover = (uint32_t)strtoul(optarg, NULL, 0);
		else if (c == 't')
			s->twice = true;
		else if (c == '2')
			s->late = true;
		else if (c == 'c')
			s->bed.chip = bed_chip_find(optarg);
		else if (c == 'l')
			s->bed.line = strcmp(optarg, "swd") == 0 ? BED_SWD
								 : BED_UART;
		else
			exit(2);
	}
	if (s->bed.chip == NULL || (s->late && s->bed.chip != &bed_f0))
		exit(2);
	return size;
}

int main(int argc, char **argv)
{
	static struct sweep s;
	struct fork_bed f = { .user = &s, .cut = cut };
	uint32_t size = options(argc, argv, &s, &f);
	const struct bed_chip *chip = s.bed.chip;
	char why[128];

	s.shared = mmap(NULL, sizeof(*s.shared), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (s.shared == MAP_FAILED)
		return 2;
	sealed_bed_new_on(&s.bed, chip, s.bed.line, chip->locked);
	sealed_bed_image(&s.bed, size);
	if (s.late)
		memcpy(s.bed.delivery.final_options, late_options,
		       sizeof(late_options));
	truth(&s);
	sealed_bed_start(&s.bed);
	f.mcu = s.bed.mcu;
	s.fork = &f;
	fork_bed_begin(&f);
	if (!job(&s)) {
		fprintf(stderr,
			"the reference job fails in %s: answer %02x %u\n",
			phase_names[s.phase], s.bed.frame.head.type,
			s.bed.frame.head.index);
		return 1;
	}
	fork_bed_end(&f);
	if (flash_classify(s.bed.mcu, &s.truth, why) != CLASS_COMPLETE ||
	    !flash_finished(s.bed.mcu, &s.truth) || !runs(&s)) {
		fprintf(stderr, "the reference does not run: %s, at 0x%08x\n",
			why, mcu_program_counter(s.bed.mcu));
		return 1;
	}
	return report(&s, &f);
}
