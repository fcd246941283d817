/* SPDX-License-Identifier: MIT */
/* Loader and secret put into a chip ahead of time, and what is left to do when
 * such a chip comes to the manufacturer. */
#include <string.h>

#include "flasher/target_int.h"
#include "wire/layout.h"

static int check(struct target *t, const struct target_stage0 *plan)
{
	if (t->chip == NULL)
		return target_fail(t, E_STATE, "the chip was not identified");
	if (!t->chip->stage0)
		return target_fail(t, E_UNSUPPORTED,
				   "%s cannot keep a secret from a debugger: "
				   "stage 0 would prove nothing",
				   t->chip->name);
	if (plan->stub_len == 0 || plan->stub_len > STUB_CODE_LEN)
		return target_fail(t, E_RANGE, "the stub has %zu bytes",
				   plan->stub_len);
	return 0;
}

/* As in a sealed release with no option words of its own.  Level 1: the
 * manufacturer must still read the unique ID; a release that wants level 2
 * gets it in target_stage0_ready(). */
static int want_options(struct target *t, uint32_t out[CHIP_OPTIONS_MAX])
{
	struct release_header h;

	memset(&h, 0, sizeof(h));
	h.family = (uint8_t)t->chip->family;
	h.protection = 1;
	h.sealed = true;
	return target_want_options(t, &h, out);
}

static int install(struct target *t, const struct target_stage0 *plan)
{
	uint32_t want[CHIP_OPTIONS_MAX] = { 0 };
	uint32_t top = t->chip->flash_len - RESERVED_LEN;
	uint8_t boot[CHIP_BOOT_MAX];
	const struct target_record pieces[] = {
		{ 0, boot, chip_boot(t->chip, boot) },
		{ top + LOADER_OFFSET, plan->loader, LOADER_LEN },
		{ top + STUB_OFFSET, plan->stub, plan->stub_len },
		{ top + STAGE0_SECRET_OFFSET, plan->secret, STAGE0_SECRET_LEN },
	};
	int err = want_options(t, want);

	if (err == 0)
		err = target_attach(t);
	if (err == 0 && t->locked)
		err = target_fail(t, E_TARGET_PROTECTED,
				  "the chip is read-protected: unlock it "
				  "first, which erases it");
	if (err == 0)
		err = target_install(t, pieces,
				     sizeof(pieces) / sizeof(pieces[0]), want);
	return err;
}

int target_stage0(struct target *t, const struct target_stage0 *plan)
{
	int err;

	target_phase_set(t, PHASE_CONNECT, 0);
	err = check(t, plan);
	if (err == 0)
		err = install(t, plan);
	if (err == 0)
		err = target_power_cycle(t);
	if (err == 0)
		err = target_prove_locked(t);
	/* without the last one a debugger has been seen, and flash stays shut
	 * for the loader as well */
	return err ? err : target_power_cycle(t);
}

int target_stage0_ready(struct target *t, const struct release_header *h)
{
	uint32_t have[CHIP_OPTIONS_MAX] = { 0 }, want[CHIP_OPTIONS_MAX] = { 0 };
	bool same = true;
	int err;

	if (t->chip == NULL)
		return target_fail(t, E_STATE, "the chip was not identified");
	target_phase_set(t, PHASE_LOCK, 0);
	err = target_want_options(t, h, want);
	if (err == 0)
		err = target_attach(t);
	if (err != 0)
		return err;
	err = target_read_options(t, have);
	if (err != 0)
		return target_wire_fail(t, err, "reading the option bytes");
	if (chip_level(t->chip, have[0]) == 0)
		return target_fail(t, E_TARGET_OPEN,
				   "the chip is open: it has no stage 0, which "
				   "the order demands");
	for (unsigned i = 0; i < t->chip->option_count; i++)
		if ((have[i] ^ want[i]) & t->chip->options[i].mask)
			same = false;
	if (same) {
		memcpy(t->options, want, sizeof(t->options));
		t->options_known = true;
		return 0;
	}
	err = algo_start(t);
	return err ? err : target_set_options(t, want);
}
