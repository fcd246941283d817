/* SPDX-License-Identifier: MIT */
/*
 * What the chip says it is: the genuine part, and imitations as data.  The
 * Cortex-M0+ with Arm's own ROM table has been seen sold as an STM32F0; the
 * others carry over what F1 imitations do.
 */
#include <string.h>

#include "vmcu/stm32f0/f0.h"

static const struct st_profile profiles[] = {
	{
		.name = "genuine",
		.cpuid = 0x410cc200,
		.dpidr = 0x0bb11477,
		.ap_idr = 0x04770021,
		.dbgmcu_id = 0x20006440,
		.designer = 0x20,
		.part = 0x440,
	},
	{
		/* a newer core under ST's device ID */
		.name = "clone-m0plus",
		.cpuid = 0x410cc601,
		.dpidr = 0x0bc11477,
		.ap_idr = 0x04770031,
		.dbgmcu_id = 0x20006440,
		.designer_bank = 4,
		.designer = 0x3b,
		.part = 0x4c0,
	},
	{
		/* another maker's ROM table, all else copied */
		.name = "clone-arm",
		.cpuid = 0x410cc200,
		.dpidr = 0x0bb11477,
		.ap_idr = 0x04770021,
		.dbgmcu_id = 0x20006440,
		.designer_bank = 4,
		.designer = 0x3b,
		.part = 0x471,
	},
	{
		/* remarked: a smaller part of the same family */
		.name = "remarked",
		.cpuid = 0x410cc200,
		.dpidr = 0x0bb11477,
		.ap_idr = 0x04770021,
		.dbgmcu_id = 0x10006444,
		.designer = 0x20,
		.part = 0x444,
	},
};

const struct st_profile *f0_profile_find(const char *name)
{
	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++)
		if (strcmp(profiles[i].name, name) == 0)
			return &profiles[i];
	return NULL;
}
