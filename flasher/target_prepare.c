/* SPDX-License-Identifier: MIT */
/* A chip made ready for a sealed job: loader, stub, boot words, lock. */
#include <string.h>

#include "flasher/target_int.h"
#include "wire/layout.h"

static int check(struct target *t, const struct target_loader *plan)
{
	const struct release_header *h = plan->header;

	if (!h->sealed)
		return target_fail(t, E_ARG,
				   "the release is not laid out for sealed "
				   "mode");
	if (plan->stub_len == 0 || plan->stub_len > STUB_CODE_LEN)
		return target_fail(t, E_RANGE, "the stub has %zu bytes",
				   plan->stub_len);
	if (h->fw.segments[0].address !=
		    t->chip->flash_base + t->chip->frozen ||
	    h->fw.segments[0].len < CHIP_BOOT_MAX)
		return target_fail(t, E_RANGE,
				   "the image does not begin where those of "
				   "the chip do");
	return target_check_header(t, h);
}

static int erase_and_write(struct target *t, const struct target_record *pieces,
			   size_t count)
{
	uint32_t total = 0;
	int err;

	for (size_t i = 0; i < count; i++)
		total += (uint32_t)pieces[i].len;
	target_phase_set(t, PHASE_ERASE, 0);
	err = algo_start(t);
	if (err != 0)
		return err;
	algo_queue_command(t, ALGO_ERASE_ALL, 0, 0);
	err = algo_wait(t, t->chip->algo->erase_us, "erasing", NULL);
	if (err != 0)
		return err;
	target_phase_set(t, PHASE_LOADER, total);
	return target_write_pieces(t, "writing the loader", t->chip->flash_base,
				   pieces, count);
}

int target_install(struct target *t, const struct target_record *pieces,
		   size_t count, const uint32_t want[CHIP_OPTIONS_MAX])
{
	int err;

	t->fast = true;
	err = erase_and_write(t, pieces, count);
	if (err == E_TARGET_FLASH || err == E_TARGET_VERIFY) {
		t->fast = false;
		err = erase_and_write(t, pieces, count);
	}
	if (err == 0) {
		target_phase_set(t, PHASE_LOCK, 0);
		err = target_set_options(t, want);
	}
	return err;
}

int target_raised(struct target *t, const struct release_header *h)
{
	uint32_t want[CHIP_OPTIONS_MAX] = { 0 };
	char why[CHIP_WHY_CAP] = "";
	int err;

	if (t->chip == NULL)
		return target_fail(t, E_STATE, "the chip was not identified");
	err = chip_final_options(t->chip, h, want, why);
	if (err != 0)
		return target_fail(t, err, "%s", why);
	memcpy(t->options, want, sizeof(t->options));
	t->options_known = true;
	t->locked = true;
	return 0;
}

int target_prepare(struct target *t, const struct target_loader *plan)
{
	uint32_t want[CHIP_OPTIONS_MAX] = { 0 }, top;
	uint8_t boot[CHIP_BOOT_MAX];
	struct target_record pieces[3];
	int err;

	if (t->chip == NULL)
		return target_fail(t, E_STATE, "the chip was not identified");
	target_phase_set(t, PHASE_CONNECT, 0);
	top = t->chip->flash_len - RESERVED_LEN;
	if ((err = check(t, plan)) != 0 ||
	    (err = target_want_options(t, plan->header, want)) != 0 ||
	    (err = target_attach(t)) != 0)
		return err;
	if (t->locked)
		return target_fail(t, E_TARGET_PROTECTED,
				   "the chip is read-protected: unlock it "
				   "first, which erases it");
	pieces[0] = (struct target_record){ 0, boot, chip_boot(t->chip, boot) };
	pieces[1] = (struct target_record){ top + LOADER_OFFSET, plan->loader,
					    LOADER_LEN };
	pieces[2] = (struct target_record){ top + STUB_OFFSET, plan->stub,
					    plan->stub_len };
	return target_install(t, pieces, 3, want);
}
