/* SPDX-License-Identifier: MIT */
/* What a sealed image begins with, what a release's option registers must hold,
 * and whether a chip's own words say that it is locked so.  (chip/chip.h) */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "chip/chip.h"
#include "wire/hello.h"
#include "wire/layout.h"
#include "wire/release.h"

size_t chip_boot(const struct chip *c, uint8_t out[CHIP_BOOT_MAX])
{
	uint32_t top = c->flash_base + c->flash_len - RESERVED_LEN;
	const uint32_t words[CHIP_BOOT_MAX / 4] = {
		c->boot_stack,
		(top + STUB_OFFSET) | 1,
		(top + STUB_FAULT_OFFSET) | 1,
		(top + STUB_FAULT_OFFSET) | 1,
	};
	size_t len = c->boot_faults ? CHIP_BOOT_MAX : 8;

	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)(words[i / 4] >> 8 * (i % 4));
	return len;
}

bool chip_speaks(const struct chip *c, const char *link, char why[CHIP_WHY_CAP])
{
	static const struct {
		const char *name;
		enum loader_link number;
	} links[] = {
#define X(sym, num, name) { name, sym },
		LOADER_LINK_LIST(X)
#undef X
	};
	bool pins = strcmp(link, "swd-pins") == 0;

	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if (strcmp(links[i].name, link) == 0 &&
		    c->links >> links[i].number & 1)
			return true;
	snprintf(why, CHIP_WHY_CAP, "%s has no link %.32s%s%s", c->name, link,
		 pins && c->no_pins ? ": " : "",
		 pins && c->no_pins ? c->no_pins : "");
	return false;
}

static int option_index(const struct chip *c, uint32_t reg)
{
	for (unsigned i = 0; i < c->option_count; i++)
		if (c->options[i].reg == reg)
			return (int)i;
	return -1;
}

static int option_apply(const struct chip *c, const struct option_word *o,
			uint32_t out[CHIP_OPTIONS_MAX], char why[CHIP_WHY_CAP])
{
	int n = option_index(c, o->reg);

	if (n < 0) {
		snprintf(why, CHIP_WHY_CAP,
			 "0x%08" PRIx32 " is no option register of %s", o->reg,
			 c->name);
		return E_ARG;
	}
	if (o->mask & ~c->options[n].mask) {
		snprintf(why, CHIP_WHY_CAP,
			 "the release sets reserved bits of option register "
			 "0x%08" PRIx32,
			 o->reg);
		return E_ARG;
	}
	out[n] = (out[n] & ~o->mask) | (o->value & o->mask);
	return 0;
}

static int want_options(const struct chip *c, const struct release_header *h,
			unsigned level, uint32_t out[CHIP_OPTIONS_MAX],
			char why[CHIP_WHY_CAP])
{
	uint32_t want[CHIP_OPTIONS_MAX] = { 0 };

	if (h->protection > (c->level2 ? 2 : 1)) {
		snprintf(why, CHIP_WHY_CAP,
			 "%s has no read-protection level %u", c->name,
			 (unsigned)h->protection);
		return E_ARG;
	}
	if (h->late && !c->late) {
		snprintf(why, CHIP_WHY_CAP,
			 "the resident stub of %s does not set level 2: it is "
			 "set early, or not",
			 c->name);
		return E_ARG;
	}
	if (h->sealed && h->protection == 0) {
		snprintf(why, CHIP_WHY_CAP,
			 "a sealed release needs read protection");
		return E_ARG;
	}
	for (unsigned i = 0; i < c->option_count; i++)
		want[i] = c->options[i].def;
	for (unsigned i = 0; i < h->option_count; i++) {
		int err = option_apply(c, &h->options[i], want, why);

		if (err)
			return err;
	}
	/* Level and RAM erase are what the release is about, whatever an
	 * option word says. */
	want[0] = (want[0] & ~c->level_mask) | c->level_value[level];
	if (h->sealed)
		want[0] &= ~c->seal_clear;
	for (unsigned i = 0; h->sealed && i < c->option_count; i++) {
		if (!c->options[i].sealed_fixed || want[i] == c->options[i].def)
			continue;
		snprintf(why, CHIP_WHY_CAP,
			 "a sealed release for %s cannot change %s", c->name,
			 c->options[i].name);
		return E_ARG;
	}
	for (unsigned i = 0; i < c->option_count; i++)
		out[i] = want[i];
	return 0;
}

int chip_want_options(const struct chip *c, const struct release_header *h,
		      uint32_t out[CHIP_OPTIONS_MAX], char why[CHIP_WHY_CAP])
{
	return want_options(c, h, h->late ? 1 : h->protection, out, why);
}

int chip_final_options(const struct chip *c, const struct release_header *h,
		       uint32_t out[CHIP_OPTIONS_MAX], char why[CHIP_WHY_CAP])
{
	return want_options(c, h, h->protection, out, why);
}

int chip_late_options(const struct chip *c, const struct release_header *h,
		      uint8_t out[FINAL_OPTIONS_LEN], char why[CHIP_WHY_CAP])
{
	uint32_t want[CHIP_OPTIONS_MAX];
	int err = chip_final_options(c, h, want, why);

	if (err)
		return err;
	memset(out, h->late ? 0 : 0xff, FINAL_OPTIONS_LEN);
	for (unsigned i = 0;
	     h->late && i < c->option_count && 2 * i < FINAL_OPTIONS_LEN; i++) {
		out[2 * i] = (uint8_t)want[i];
		out[2 * i + 1] = (uint8_t)(want[i] >> 16);
	}
	return 0;
}

static int check_word(const struct claim_word *w, uint32_t address,
		      char why[CHIP_WHY_CAP])
{
	if (w->address == address)
		return 0;
	snprintf(why, CHIP_WHY_CAP,
		 "the chip tells of register 0x%08" PRIx32 " where 0x%08" PRIx32
		 " belongs",
		 w->address, address);
	return E_TARGET_OPEN;
}

static int check_option(const struct chip_option *o, uint32_t want,
			const struct claim_word *w, char why[CHIP_WHY_CAP])
{
	int err = check_word(w, o->reg, why);

	if (err)
		return err;
	if (((w->value ^ want) & o->mask) == 0)
		return 0;
	snprintf(why, CHIP_WHY_CAP,
		 "option register %s (0x%08" PRIx32 ") is 0x%08" PRIx32
		 ", ordered is 0x%08" PRIx32,
		 o->name, o->reg, w->value, want);
	return E_TARGET_OPEN;
}

static int check_witness(const struct chip_witness *c,
			 const struct claim_word *w, char why[CHIP_WHY_CAP])
{
	int err = check_word(w, c->address, why);

	if (err)
		return err;
	for (unsigned i = 0; i < c->count; i++) {
		const struct chip_field *f = &c->fields[i];

		if (((w->value & f->mask) == f->value) != f->differs)
			continue;
		snprintf(why, CHIP_WHY_CAP,
			 "%s (0x%08" PRIx32 " is 0x%08" PRIx32 ")", f->why,
			 w->address, w->value);
		return E_TARGET_OPEN;
	}
	return 0;
}

int chip_check_lock(const struct chip *c, const struct release_header *h,
		    const struct claim_word *words, size_t count,
		    char why[CHIP_WHY_CAP])
{
	size_t all = (size_t)c->option_count + c->witness_count;
	uint32_t want[CHIP_OPTIONS_MAX];
	int err;

	if (c->witness_count == 0) {
		snprintf(why, CHIP_WHY_CAP, "%s has no sealed mode", c->name);
		return E_UNSUPPORTED;
	}
	err = chip_want_options(c, h, want, why);
	if (!err && count != all) {
		snprintf(why, CHIP_WHY_CAP,
			 "the chip tells of %zu registers, %zu belong there",
			 count, all);
		err = E_TARGET_OPEN;
	}
	for (size_t i = 0; !err && i < c->option_count; i++)
		err = check_option(&c->options[i], want[i], &words[i], why);
	for (size_t i = 0; !err && i < c->witness_count; i++)
		err = check_witness(&c->witnesses[i],
				    &words[c->option_count + i], why);
	return err;
}
