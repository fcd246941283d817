/* SPDX-License-Identifier: MIT */
/*
 * What the chip says it is: the genuine part, and counterfeits as data.  The
 * counterfeits follow chips.md 1.4 (a newer core, another designer in the ROM
 * table), carried over to this family.
 */
#include <string.h>

#include "vmcu/stm32l4/l4.h"

static const struct l4_profile profiles[] = {
	{
		.name = "genuine",
		.cpuid = 0x410fc241,
		.dpidr = 0x2ba01477,
		.jtag_idcode = 0x4ba00477,
		.jtag_boundary = 0x06435041,
		.ap_idr = 0x24770011,
		.dbgmcu_id = 0x10016435,
		.designer = 0x20,
		.part = 0x435,
	},
	{
		/* copies ST's device ID, not the core and the designer */
		.name = "clone-gd",
		.cpuid = 0x412fc241,
		.dpidr = 0x2ba01477,
		.jtag_idcode = 0x4ba00477,
		.jtag_boundary = 0x790007a3,
		.ap_idr = 0x24770011,
		.dbgmcu_id = 0x10016435,
		.designer_bank = 7,
		.designer = 0x51,
		.part = 0x435,
	},
	{
		/* Arm's own ROM table, as on several F1 clones */
		.name = "clone-arm",
		.cpuid = 0x410fc241,
		.dpidr = 0x2ba01477,
		.jtag_idcode = 0x4ba00477,
		.jtag_boundary = 0x06435041,
		.ap_idr = 0x24770011,
		.dbgmcu_id = 0x10016435,
		.designer_bank = 4,
		.designer = 0x3b,
		.part = 0x4c4,
	},
	{
		/* remarked: another debug port and device ID */
		.name = "remarked",
		.cpuid = 0x410fc241,
		.dpidr = 0x0bc11477,
		.jtag_idcode = 0x0bc11477,
		.jtag_boundary = 0x06431041,
		.ap_idr = 0x24770011,
		.dbgmcu_id = 0x10006431,
		.designer = 0x20,
		.part = 0x431,
	},
};

const struct l4_profile *l4_profile_find(const char *name)
{
	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++)
		if (strcmp(profiles[i].name, name) == 0)
			return &profiles[i];
	return NULL;
}

void l4_profile_apply(struct l4 *l)
{
	const struct l4_profile *p = l->profile;
	struct mcu *m = l->m;

	m->identity = (struct mcu_identity){
		.dpidr = p->dpidr,
		.jtag_idcode = p->jtag_idcode,
		.jtag_boundary = p->jtag_boundary,
		.ap_idr = p->ap_idr,
		.ap_base = 0xe00ff003,
		.ap_packed = true,
		.ap_wrap = 4096,
	};
	m->rom = (struct debug_rom){
		/* PIDR4..7, then PIDR0..3 */
		.pidr = { p->designer_bank, 0, 0, 0, p->part & 0xff,
			  (uint32_t)(p->designer & 0xf) << 4 | p->part >> 8,
			  8u | p->designer >> 4, 0 },
		.armv7m = true,
		.breakpoints = 6,
		.watchpoints = 4,
	};
}

/* Two BCD digits pairs each, a wafer, a lot of seven characters. */
void l4_uid_make(struct l4 *l)
{
	static const char pattern[7] = "A0A000 ";
	uint64_t r = mcu_noise(l->m);
	unsigned x = r % 80, y = r / 80 % 80;

	l->uid[0] = (uint8_t)(x / 10 << 4 | x % 10);
	l->uid[1] = 0;
	l->uid[2] = (uint8_t)(y / 10 << 4 | y % 10);
	l->uid[3] = 0;
	l->uid[4] = (uint8_t)(1 + mcu_noise(l->m) % 25);
	for (unsigned i = 0; i < 7; i++) {
		uint64_t n = mcu_noise(l->m);

		if (pattern[i] == '0')
			l->uid[5 + i] = (uint8_t)('0' + n % 10);
		else if (pattern[i] == 'A')
			l->uid[5 + i] = (uint8_t)('A' + n % 26);
		else
			l->uid[5 + i] = (uint8_t)pattern[i];
	}
}
