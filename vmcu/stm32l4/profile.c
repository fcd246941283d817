/* SPDX-License-Identifier: MIT */
/*
 * What the chip says it is: the genuine part, and counterfeits as data.  The
 * counterfeits follow chips.md 1.4 (a newer core, another designer in the ROM
 * table), carried over to this family.
 */
#include <string.h>

#include "vmcu/stm32l4/l4.h"

static const struct st_profile profiles[] = {
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

const struct st_profile *l4_profile_find(const char *name)
{
	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++)
		if (strcmp(profiles[i].name, name) == 0)
			return &profiles[i];
	return NULL;
}
