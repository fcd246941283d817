/* SPDX-License-Identifier: MIT */
/* Option bytes, read protection, the proof that it holds, and its removal. */
#include <inttypes.h>
#include <stddef.h>

#include "flasher/target_int.h"
#include "wire/release.h"

int target_want_options(struct target *t, const struct release_header *h,
			uint32_t out[CHIP_OPTIONS_MAX])
{
	char why[CHIP_WHY_CAP] = "";
	int err = chip_want_options(t->chip, h, out, why);

	return err ? target_fail(t, err, "%s", why) : 0;
}

static int options_compare(struct target *t, int err, const uint32_t *have,
			   const uint32_t *want)
{
	for (unsigned i = 0; i < t->chip->option_count; i++) {
		const struct chip_option *o = &t->chip->options[i];

		if (((have[i] ^ want[i]) & o->mask) == 0)
			continue;
		return target_fail(t, err,
				   "option register 0x%08" PRIx32
				   " reads 0x%08" PRIx32
				   ", should be 0x%08" PRIx32,
				   o->reg, have[i], want[i]);
	}
	return 0;
}

int target_set_options(struct target *t, const uint32_t want[CHIP_OPTIONS_MAX])
{
	const struct chip *c = t->chip;
	uint32_t have[CHIP_OPTIONS_MAX] = { 0 };
	int err;

	for (unsigned i = 0; i < c->option_count; i++)
		dbg_queue_write32(t->probe,
				  algo_word_address(t, ALGO_OPTIONS + i),
				  want[i]);
	algo_queue_command(t, ALGO_OPTION_SET, 0, 0);
	err = algo_wait(t, c->algo->options_us, "writing the option bytes",
			NULL);
	if (err != 0)
		return err;
	err = target_read_options(t, have);
	if (err != 0)
		return target_wire_fail(t, err, "reading the option bytes");
	err = options_compare(t, E_TARGET_VERIFY, have, want);
	if (err != 0)
		return err;
	for (unsigned i = 0; i < c->option_count; i++)
		t->options[i] = want[i];
	t->options_known = true;
	t->locked = chip_level(c, want[0]) != 0;
	return 0;
}

/* -- prove --------------------------------------------------------------- */

/* Reading addr must fail at the chip, or give 0 on one that hides so; a wire
 * that fails proves nothing. */
static int must_hide(struct target *t, uint32_t addr)
{
	uint32_t v;
	int err = dbg_read32(t->probe, addr, &v);

	if (err == 0 && t->chip->reads_zero && v == 0)
		return 0;
	if (err == 0)
		return target_fail(t, E_TARGET_OPEN,
				   "0x%08" PRIx32 " reads as 0x%08" PRIx32
				   " through the debug port",
				   addr, v);
	if (err != E_DAP_FAULT)
		return target_wire_fail(t, err, "trying to read 0x%08" PRIx32,
					addr);
	err = dbg_recover(t->probe);
	if (err != 0)
		return target_wire_fail(t, err, "after a refused read");
	return 0;
}

/* The same by code in the target's RAM. */
static int code_must_fault(struct target *t, uint32_t addr)
{
	uint32_t error = 0, v = 0;
	int err = algo_start(t);

	if (err != 0)
		return err;
	algo_queue_command(t, ALGO_READ, addr, 0);
	err = dbg_poll32(t->probe, algo_word_address(t, ALGO_COMMAND),
			 0xffffffff, ALGO_IDLE, 10000);
	/* locked up for good is refused as well */
	if (err == E_TIMEOUT)
		return 0;
	if (err == 0) {
		dbg_queue_read32(t->probe, algo_word_address(t, ALGO_ERROR),
				 &error);
		dbg_queue_read32(t->probe, algo_word_address(t, ALGO_RESULT),
				 &v);
		err = dbg_flush(t->probe);
	}
	if (err != 0)
		return target_wire_fail(t, err, "reading flash by RAM code");
	if (error == ALGO_E_FAULT)
		return 0;
	return target_fail(t, E_TARGET_OPEN,
			   "code in RAM reads 0x%08" PRIx32 " at 0x%08" PRIx32,
			   v, addr);
}

/* What no code in RAM can show, because none gets there: RAM takes nothing. */
static int ram_must_hide(struct target *t)
{
	uint32_t v = 0, addr = t->chip->ram_base;
	int err;

	dbg_queue_write32(t->probe, addr, 0x5a5a5a5a);
	dbg_queue_read32(t->probe, addr, &v);
	err = dbg_flush(t->probe);
	if (err != 0)
		return target_wire_fail(t, err, "trying to write RAM");
	return v == 0 ? 0
		      : target_fail(t, E_TARGET_OPEN,
				    "the debug port can write RAM");
}

static int prove_level1(struct target *t)
{
	const struct chip *c = t->chip;
	const uint32_t tries[] = {
		c->flash_base,
		c->flash_base + c->page_len,
		c->flash_base + c->flash_len / 2,
		c->flash_base + c->flash_len - RESERVED_LEN,
		c->flash_base + c->flash_len - 4,
		c->closed_ram,
	};
	uint32_t have[CHIP_OPTIONS_MAX] = { 0 };
	int err;

	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++) {
		if (tries[i] == 0)
			continue;
		err = must_hide(t, tries[i]);
		if (err != 0)
			return err;
		target_report(t, (uint32_t)i + 1);
	}
	err = target_read_options(t, have);
	if (err != 0)
		return target_wire_fail(t, err, "reading the option bytes");
	if (t->options_known)
		err = options_compare(t, E_TARGET_OPEN, have, t->options);
	else if (chip_level(c, have[0]) == 0)
		err = target_fail(t, E_TARGET_OPEN,
				  "the option bytes say level 0");
	if (err != 0)
		return err;
	return c->reads_zero ? ram_must_hide(t)
			     : code_must_fault(t, c->flash_base);
}

int target_prove_locked(struct target *t)
{
	bool level2;
	int err;

	if (t->chip == NULL)
		return target_fail(t, E_STATE, "the chip was not identified");
	target_phase_set(t, PHASE_PROVE, 7);
	level2 = t->options_known && chip_level(t->chip, t->options[0]) == 2;
	err = target_attach(t);
	/* at level 2 silence is what is wanted; that somebody lives behind it
	 * is for the start proof to show */
	if (level2)
		return err == E_TARGET_LOST ? 0
		       : err != 0	    ? err
					    : target_fail(t, E_TARGET_OPEN,
							  "the debug port "
								    "answers at level 2");
	if (err == 0)
		err = prove_level1(t);
	target_report(t, 7);
	return err;
}

/* -- unlock -------------------------------------------------------------- */

static int check_unlocked(struct target *t)
{
	uint32_t have[CHIP_OPTIONS_MAX] = { 0 }, v;
	int err = target_attach(t);

	if (err != 0)
		return err;
	err = target_read_options(t, have);
	if (err == 0 && chip_level(t->chip, have[0]) != 0)
		return target_fail(t, E_TARGET_PROTECTED,
				   "the chip is still protected (option word "
				   "0x%08" PRIx32 ")",
				   have[0]);
	if (err == 0)
		err = dbg_read32(t->probe, t->chip->flash_base, &v);
	if (err != 0)
		return target_wire_fail(t, err, "looking at the unlocked chip");
	t->locked = false;
	t->options_known = false;
	return 0;
}

/* The chip's own way, where the lock keeps code out of RAM. */
static int recover(struct target *t)
{
	const struct chip_recover *r = t->chip->recover;
	struct probe *p = t->probe;
	int err = 0;

	for (unsigned i = 0; err == 0 && i < 2; i++) {
		dbg_queue_write32(p, r->steps[i].address, r->steps[i].value);
		err = dbg_poll32(p, r->ready, r->ready_mask, r->ready_mask,
				 r->us);
	}
	if (err == 0) {
		dbg_queue_write32(p, r->last.address, r->last.value);
		err = dbg_flush(p);
	}
	if (err == E_TIMEOUT)
		return target_fail(t, E_TARGET_FLASH,
				   "the flash controller stays busy");
	return err == 0 ? 0 : target_wire_fail(t, err, "erasing the chip");
}

static int default_options(struct target *t)
{
	uint32_t want[CHIP_OPTIONS_MAX] = { 0 };
	int err;

	for (unsigned i = 0; i < t->chip->option_count; i++)
		want[i] = t->chip->options[i].def;
	err = algo_start(t);
	return err != 0 ? err : target_set_options(t, want);
}

int target_unlock(struct target *t, const struct chip *chip)
{
	uint32_t have[CHIP_OPTIONS_MAX] = { 0 };
	int err;

	target_phase_set(t, PHASE_CONNECT, 0);
	t->chip = chip;
	err = target_attach(t);
	if (err != 0)
		return err;
	err = target_read_options(t, have);
	if (err != 0)
		return target_wire_fail(t, err, "reading the option bytes");
	if (chip_level(chip, have[0]) == 2)
		return target_fail(t, E_TARGET_PROTECTED,
				   "level 2 cannot be lifted");
	target_phase_set(t, PHASE_LOCK, 0);
	err = chip->recover != NULL ? recover(t) : default_options(t);
	if (err == 0)
		err = target_power_cycle(t);
	return err != 0 ? err : check_unlocked(t);
}
