/* SPDX-License-Identifier: MIT */
/*
 * A debugger against a sealed installation.
 *
 *   sweep_debugger [--chip NAME] [--level2] [--size BYTES] [--stops N]
 *
 * A reference installation stops at N cycles spread over handshake, stream and
 * commit.  At each, four children attack the chip as it stands:
 *
 *   attach        no reset: the debug pins are away, nothing answers
 *   under reset   NRST low, vector catch, NRST high, dump
 *   after reset   NRST pulse, halt as soon as anything answers, dump
 *   brown-out     a millisecond without power (SRAM keeps), vector catch, dump
 *
 * Dumped through the debug bus are the core's registers, SRAM1, SRAM2, flash
 * and its alias.  In all of it there must be no 16 bytes of firmware and no
 * piece of any key.  And the chip must behave as its manual says: flash and
 * SRAM2 shut, SRAM1 open; a difference either way fails.  On families whose
 * SRAM a reset opens (STM32F1; STM32F0 at level 1) the row in
 * docs/threat-model.md says that the keys are found: then they must be, by each
 * attack that resets, wherever they are.
 *
 * On the nRF51, whose debugger no lock keeps out, what the debug bus gives is
 * zeros, and what the core gives when it is made to load word after word (step_
 * read.h) is all: every byte of RAM, and of the firmware as far as it is
 * installed, as it truly is; and with it the keys, by every attack, the one
 * without a reset too.
 *
 * Control: past the lock, the content key must be found in SRAM2 in
 * mid-stream, or the search searches for nothing.
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
#include "tests/lib/leak.h"
#include "tests/lib/sealed_bed.h"
#include "tests/sweep/step_read.h"
#include "tests/unit/vmcu_rig.h"

#define SRAM1_LEN 0xc000u
#define SRAM2_LEN 0x4000u
#define REGISTERS 21

enum attack { ATTACH, UNDER_RESET, AFTER_RESET, BROWN_OUT, ATTACKS };
static const char *const attack_names[] = { "attach", "under reset",
					    "after reset", "brown-out" };

enum code { SAID_NOTHING, SAID_LEAK, SAID_OTHERWISE };

struct sweep {
	struct sealed_bed bed;
	unsigned *seen; /* shared: stops with the key in SRAM2 */
};

#define AREAS 5
static const struct sample {
	const struct bed_chip *chip;
	struct {
		const char *name;
		uint32_t base, len;
		enum mcu_bus want;
	} areas[AREAS];
	bool steps; /* see above; areas that answer give zeros */
} samples[] = {
	{ &bed_l4,
	  { { "SRAM1", SRAM1, SRAM1_LEN, MCU_BUS_OK },
	    { "SRAM2", SRAM2, SRAM2_LEN, MCU_BUS_FAULT },
	    { "SRAM2, high", SRAM1 + SRAM1_LEN, SRAM2_LEN, MCU_BUS_FAULT },
	    { "flash", FLASH, 0x40000, MCU_BUS_FAULT },
	    { "flash, low", 0, 0x40000, MCU_BUS_FAULT } },
	  false },
	{ &bed_f1,
	  { { "SRAM", SRAM1, 0x5000, MCU_BUS_OK },
	    { "flash", FLASH, 0x20000, MCU_BUS_FAULT },
	    { "flash, low", 0, 0x20000, MCU_BUS_FAULT } },
	  false },
	{ &bed_f1xe,
	  { { "SRAM", SRAM1, 0x10000, MCU_BUS_OK },
	    { "flash", FLASH, 0x80000, MCU_BUS_FAULT },
	    { "flash, low", 0, 0x80000, MCU_BUS_FAULT } },
	  false },
	{ &bed_f0,
	  { { "SRAM", SRAM1, 0x2000, MCU_BUS_OK },
	    { "flash", FLASH, 0x10000, MCU_BUS_FAULT },
	    { "flash, low", 0, 0x10000, MCU_BUS_FAULT } },
	  false },
	{ &bed_n51,
	  { { "RAM", SRAM1, 0x4000, MCU_BUS_OK },
	    { "flash", 0, 0x40000, MCU_BUS_OK } },
	  true },
};
#define SAMPLES (sizeof(samples) / sizeof(samples[0]))
static const struct sample *sample = &samples[0];
static bool level2; /* of the STM32F0: nothing answers any more */

/* The keys are there to be read after a reset. */
static bool leaky(void)
{
	return !sample->chip->ram_shut && !level2;
}

static struct leak *secrets(const struct sealed_bed *b, bool keys_only)
{
	struct leak *l = leak_new(keys_only ? 8 : 16, keys_only ? 4 : 6);
	const struct delivery *d = &b->delivery;

	if (!keys_only) {
		leak_secret(l, "firmware", b->image + 8, b->image_len - 8);
		return l;
	}
	leak_secret(l, "content key", d->content_key, 32);
	leak_secret(l, "link key down", d->link_key, 32);
	leak_secret(l, "done token", d->done_token, DONE_TOKEN_LEN);
	leak_secret(l, "transport key 1", b->k1, 32);
	leak_secret(l, "transport key 2", b->k2, 32);
	return l;
}

static size_t search(const struct sealed_bed *b, const char *where,
		     const char *how, const uint8_t *p, size_t len)
{
	struct leak *keys = secrets(b, true), *image = secrets(b, false);
	size_t n = leak_bytes(keys, where, how, p, len) +
		   leak_bytes(image, where, how, p, len);

	leak_free(keys);
	leak_free(image);
	return n;
}

/* -- the debugger ------------------------------------------------------------
 */

static void vector_catch(struct mcu *m)
{
	mcu_nrst(m, true);
	mcu_debug_power(m, true, true);
	(void)mcu_bus_write(m, DHCSR, 4, DBGKEY | 3);
	(void)mcu_bus_write(m, DEMCR, 4, 1); /* VC_CORERESET */
	mcu_advance(m, MS);
	mcu_nrst(m, false);
	mcu_advance(m, MS);
}

/* No pin resets a chip that a debugger is at: the core's own request does. */
static void begin_steps(struct mcu *m, enum attack how)
{
	bool halted;

	if (how == BROWN_OUT) {
		mcu_power(m, false);
		mcu_advance(m, MS);
		mcu_power(m, true);
	}
	halted = how == UNDER_RESET ? step_halt_at_reset(m) : step_halt(m);
	if (halted && how == AFTER_RESET) {
		rig_w(m, DHCSR, DBGKEY | 1);
		rig_w(m, AIRCR, 0x05fa0004);
		mcu_advance(m, 20 * US);
		halted = step_halt(m);
	}
	if (!halted)
		fprintf(stderr, "%s: the core does not halt\n",
			attack_names[how]);
}

static void begin(struct mcu *m, enum attack how)
{
	uint32_t v;

	if (sample->steps) {
		begin_steps(m, how);
		return;
	}
	switch (how) {
	case ATTACH:
		mcu_debug_power(m, true, true);
		break;
	case UNDER_RESET:
		vector_catch(m);
		break;
	case AFTER_RESET:
		mcu_nrst(m, true);
		mcu_debug_power(m, true, true);
		mcu_advance(m, US);
		mcu_nrst(m, false);
		for (unsigned i = 0; i < 100; i++) {
			if (mcu_bus_write(m, DHCSR, 4, DBGKEY | 3) ==
			    MCU_BUS_OK)
				break;
			mcu_advance(m, US / 10);
		}
		mcu_advance(m, MS);
		break;
	default:
		mcu_power(m, false);
		mcu_advance(m, MS);
		mcu_power(m, true);
		vector_catch(m);
		break;
	}
	(void)mcu_bus_read(m, DHCSR, 4, &v);
}

static size_t registers(struct sealed_bed *b, const char *how)
{
	uint32_t regs[REGISTERS] = { 0 };

	for (unsigned i = 0; i < REGISTERS; i++) {
		(void)mcu_bus_write(b->mcu, DCRSR, 4, i);
		(void)mcu_bus_read(b->mcu, DCRDR, 4, &regs[i]);
	}
	return search(b, "registers", how, (const uint8_t *)regs, sizeof(regs));
}

/* Reads what answers; *ret_otherwise when an area is not as the manual says.
 */
static size_t dump(struct sealed_bed *b, enum attack attack,
		   bool *ret_otherwise)
{
	const char *how = attack_names[attack];
	static uint8_t buf[0x80000];
	size_t found = registers(b, how);

	for (unsigned i = 0; i < AREAS && sample->areas[i].name; i++) {
		bool dead = (attack == ATTACH && !sample->steps) || level2;
		enum mcu_bus want = dead ? MCU_BUS_DEAD : sample->areas[i].want;
		unsigned wrong = 0;

		memset(buf, 0, sizeof(buf));
		for (uint32_t at = 0; at < sample->areas[i].len; at += 4) {
			uint32_t v = 0;

			wrong += mcu_bus_read(b->mcu,
					      sample->areas[i].base + at, 4,
					      &v) != want ||
				 (sample->steps && v != 0);
			memcpy(buf + at, &v, 4);
		}
		found += search(b, sample->areas[i].name, how, buf,
				sample->areas[i].len);
		if (wrong == 0)
			continue;
		printf("{\"attack\":\"%s\",\"area\":\"%s\",\"words\":%u}\n",
		       how, sample->areas[i].name, wrong);
		*ret_otherwise = true;
	}
	return found;
}

/* What the core loads, which must be what is there. */
static size_t dump_steps(struct sealed_bed *b, const char *how,
			 bool *ret_otherwise)
{
	static uint8_t got[0x40000], is[0x40000];
	const struct bed_chip *c = b->chip;
	uint32_t pc = step_find(b->mcu, c->flash, c->flash_len);
	size_t found;

	if (pc == 0 || mcu_peek(b->mcu, c->ram, is, c->ram_len) != 0) {
		*ret_otherwise = true;
		return 0;
	}
	step_read(b->mcu, pc, c->ram, got, c->ram_len);
	found = search(b, "RAM", how, got, c->ram_len);
	if (memcmp(got, is, c->ram_len) != 0 ||
	    mcu_flash_peek(b->mcu, c->flash, is, b->image_len) != 0)
		*ret_otherwise = true;
	step_read(b->mcu, pc, c->flash, got, b->image_len);
	found += search(b, "flash", how, got, b->image_len);
	if (memcmp(got, is, b->image_len) != 0)
		*ret_otherwise = true;
	return found;
}

static void control(struct sweep *s)
{
	static uint8_t buf[0x10000];
	const struct bed_chip *chip = s->bed.chip;
	struct leak *keys = secrets(&s->bed, true);

	leak_quiet(keys);
	if (mcu_peek(s->bed.mcu, chip->ram, buf, chip->ram_len) == 0 &&
	    leak_bytes(keys, "RAM", "truth", buf, chip->ram_len) != 0)
		++*s->seen;
	leak_free(keys);
}

static int stop(void *user, unsigned variant)
{
	struct sweep *s = user;
	bool otherwise = false;
	size_t found;

	if (variant == ATTACH)
		control(s);
	begin(s->bed.mcu, (enum attack)variant);
	found = dump(&s->bed, (enum attack)variant, &otherwise);
	if (sample->steps && found) /* over the bus there is nothing */
		otherwise = true;
	if (sample->steps)
		found = dump_steps(&s->bed, attack_names[variant], &otherwise);
	if (variant == ATTACH && found && !sample->steps)
		otherwise = true;
	else if (found && !(sample->steps && otherwise))
		return SAID_LEAK;
	return otherwise ? SAID_OTHERWISE : SAID_NOTHING;
}

/* -- the reference ------------------------------------------------------------
 */

static bool job(struct sealed_bed *b)
{
	uint16_t n = sealed_bed_chunks(b);

	if (sealed_bed_hello(b) != LINK_MSG1 ||
	    sealed_bed_deliver(b) != LINK_WANT)
		return false;
	for (uint16_t i = 0; i < n; i++)
		if (sealed_bed_chunk(b, i) !=
		    (i + 1 == n ? LINK_REPORT : LINK_WANT))
			return false;
	return sealed_bed_commit(b) == LINK_DONE;
}

static void prepare(struct sealed_bed *b, uint32_t size)
{
	uint32_t x = 99;

	sealed_bed_new_on(b, sample->chip, BED_UART,
			  level2 ? 0xcc : sample->chip->locked);
	sealed_bed_image(b, size);
	for (unsigned i = 0; i < 32; i++) { /* keys that look like keys */
		x = x * 1664525 + 1013904223;
		b->delivery.content_key[i] = (uint8_t)(x >> 24);
		b->delivery.link_key[i] = (uint8_t)(x >> 16);
		b->delivery.done_token[i % DONE_TOKEN_LEN] =
			(uint8_t)((x >> 8) ^ i * 7);
	}
	sealed_bed_start(b);
}

/* Cycles of the whole job, on a chip of its own. */
static uint64_t measure(uint32_t size)
{
	static struct sealed_bed b;
	uint64_t begin_cycle, end;

	prepare(&b, size);
	begin_cycle = mcu_cycles(b.mcu);
	if (!job(&b)) {
		fprintf(stderr, "the reference job fails\n");
		exit(1);
	}
	end = mcu_cycles(b.mcu);
	sealed_bed_free(&b);
	return end - begin_cycle;
}

int main(int argc, char **argv)
{
	static const struct option names[] = {
		{ "size", required_argument, NULL, 's' },
		{ "stops", required_argument, NULL, 'n' },
		{ "chip", required_argument, NULL, 'c' },
		{ "level2", no_argument, NULL, '2' },
		{ 0 },
	};
	static struct sweep s;
	struct fork_bed f = { .user = &s, .stop = stop, .variants = ATTACKS };
	uint32_t size = 6000, stops = 20;
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (c == '?')
			return 2;
		level2 |= c == '2';
		for (size_t i = 0; c == 'c' && i < SAMPLES; i++)
			if (samples[i].chip == bed_chip_find(optarg))
				sample = &samples[i];
		if (c == 'c' || c == '2')
			continue;
		*(c == 's' ? &size : &stops) = (uint32_t)strtoul(optarg, NULL,
								 0);
	}
	s.seen = mmap(NULL, sizeof(*s.seen), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	f.stride = measure(size) / (stops != 0 ? stops : 1);
	prepare(&s.bed, size);
	f.mcu = s.bed.mcu;
	fork_bed_begin(&f);
	if (!job(&s.bed)) {
		fprintf(stderr, "the reference job fails\n");
		return 1;
	}
	fork_bed_end(&f);
	printf("{\"stops\":%u,\"attacks\":%u,\"nothing\":%u,\"leaks\":%u,"
	       "\"otherwise\":%u,\"broken\":%u,\"key in RAM\":%u}\n",
	       f.stops, (unsigned)ATTACKS, f.codes[SAID_NOTHING],
	       f.codes[SAID_LEAK], f.codes[SAID_OTHERWISE],
	       f.codes[FORK_BROKEN], *s.seen);
	if (*s.seen == 0) {
		fprintf(stderr, "control: the key was never in RAM\n");
		return 1;
	}
	if (!leaky())
		return f.codes[SAID_NOTHING] != f.stops * ATTACKS;
	return f.codes[SAID_OTHERWISE] != 0 || f.codes[FORK_BROKEN] != 0 ||
	       f.codes[SAID_LEAK] <
		       (sample->steps ? ATTACKS : ATTACKS - 1) * *s.seen;
}
