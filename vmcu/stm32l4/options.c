/* SPDX-License-Identifier: MIT */
/*
 * Option bytes: what the cells hold, what the registers show, what is in
 * force.  They come into force at a power-on reset and at OBL_LAUNCH only.
 */
#include <string.h>

#include "vmcu/stm32l4/l4.h"

#define OPTR_WRITABLE 0x0f8f77ffu
#define OPTR_DEFAULT 0xffeff8aau
#define RDP_OPEN 0xaau
#define RDP_DEAD 0xccu
#define SR_OPTVERR (1u << 15)

static const struct {
	uint32_t writable, initial;
} words[OPT_COUNT] = {
	[OPT_OPTR] = { OPTR_WRITABLE, OPTR_DEFAULT },
	[OPT_PCROP1SR] = { 0x0000ffff, 0xffffffff },
	[OPT_PCROP1ER] = { 0x8000ffff, 0x7fff0000 },
	[OPT_WRP1AR] = { 0x00ff00ff, 0x000000ff },
	[OPT_WRP1BR] = { 0x00ff00ff, 0x000000ff },
};

uint32_t l4_options_mask(enum l4_option i, uint32_t v)
{
	return (v & words[i].writable) |
	       (words[i].initial & ~words[i].writable);
}

uint64_t l4_options_pair(uint32_t v)
{
	return (uint64_t)~v << 32 | v;
}

void l4_options_default(struct l4 *l)
{
	for (unsigned i = 0; i < OPT_COUNT; i++)
		l->opt.stored[i] = l4_options_pair(words[i].initial);
}

unsigned l4_rdp_level(const struct l4 *l)
{
	uint8_t rdp = l->opt.loaded[OPT_OPTR] & 0xff;

	return rdp == RDP_OPEN ? 0 : rdp == RDP_DEAD ? 2 : 1;
}

/* A pair whose halves disagree counts as the safe default: level 1. */
static uint32_t safe_value(unsigned i)
{
	if (i == OPT_OPTR)
		return words[i].initial | 0xff;
	return words[i].initial;
}

void l4_options_load(struct l4 *l)
{
	uint32_t word;

	for (unsigned i = 0; i < OPT_COUNT; i++) {
		uint64_t pair = l->opt.stored[i];
		uint32_t v = (uint32_t)pair;

		if (pair != l4_options_pair(v)) {
			v = safe_value(i);
			l->fl.sr |= SR_OPTVERR;
		}
		l->opt.loaded[i] = l->opt.reg[i] = v;
	}
	memcpy(&word, l->flash, sizeof(word));
	l->pempty = word == 0xffffffff;
}

void l4_options_boot(struct l4 *l)
{
	uint32_t o = l->opt.loaded[OPT_OPTR];
	/* PH3-BOOT0 is tied low on this board. */
	bool boot0 = !(o & OPTR_NSWBOOT0) && !(o & OPTR_NBOOT0);

	l->boot = BOOT_FLASH;
	if (l4_rdp_level(l) == 2)
		return;
	if (boot0)
		l->boot = o & OPTR_NBOOT1 ? BOOT_ROM : BOOT_RAM;
	else if (l->pempty && o & OPTR_NSWBOOT0)
		l->boot = BOOT_ROM; /* only where the pin decides */
}

bool l4_page_protected(const struct l4 *l, unsigned page)
{
	static const enum l4_option areas[] = { OPT_WRP1AR, OPT_WRP1BR };

	for (unsigned i = 0; i < 2; i++) {
		uint32_t w = l->opt.loaded[areas[i]];

		if (page >= (w & 0xff) && page <= (w >> 16 & 0xff))
			return true;
	}
	return false;
}
