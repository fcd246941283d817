/* SPDX-License-Identifier: MIT */
/*
 * What the chip says it is.  No imitation of the nRF51 has been described in
 * public; the two here follow those of other families (chips.md 1.4).
 */
#include <string.h>

#include "vmcu/nrf51/n51.h"

static const struct n51_profile profiles[] = {
	{
		/* QFAA, build code H0 */
		.name = "genuine",
		.cpuid = 0x410cc200,
		.dpidr = 0x0bb11477,
		.ap_idr = 0x04770021,
		.configid = 0xffff0072,
		.ramon = 3,
		.designer_bank = 2,
		.designer = 0x44,
		.part = 0x001,
	},
	{
		/* genuine, IC revision 2 (QFAA GC0): half of the RAM is off
		 * after a reset (anomaly PAN 16) */
		.name = "revision2",
		.cpuid = 0x410cc200,
		.dpidr = 0x0bb11477,
		.ap_idr = 0x04770021,
		.configid = 0xffff0044,
		.ramon = 1,
		.designer_bank = 2,
		.designer = 0x44,
		.part = 0x001,
	},
	{
		/* a newer core under the same marking */
		.name = "clone-core",
		.cpuid = 0x410cc601,
		.dpidr = 0x0bc11477,
		.ap_idr = 0x04770031,
		.configid = 0xffff0072,
		.ramon = 3,
		.designer_bank = 4,
		.designer = 0x3b,
		.part = 0x4c0,
	},
	{
		/* remarked: the smaller nRF51802 */
		.name = "remarked",
		.cpuid = 0x410cc200,
		.dpidr = 0x0bb11477,
		.ap_idr = 0x04770021,
		.configid = 0xffff00d2,
		.ramon = 3,
		.designer_bank = 2,
		.designer = 0x44,
		.part = 0x001,
	},
};

const struct n51_profile *n51_profile_find(const char *name)
{
	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++)
		if (strcmp(profiles[i].name, name) == 0)
			return &profiles[i];
	return NULL;
}

void n51_profile_apply(struct n51 *n)
{
	const struct n51_profile *p = n->profile;
	struct mcu *m = n->m;

	m->identity = (struct mcu_identity){
		.dpidr = p->dpidr,
		.ap_idr = p->ap_idr,
		.ap_base = N51_ROM_TABLE | 3,
		.ap_wrap = 1024,
	};
	/* the core's own table, below Nordic's: Arm, Cortex-M0 */
	m->rom = (struct debug_rom){
		.pidr = { 4, 0, 0, 0, 0x71, 0xb4, 0x0b, 0 },
		.breakpoints = 4,
		.watchpoints = 2,
	};
}

/* 64 bits that look random. */
void n51_uid_make(struct mcu *m, uint8_t *out)
{
	uint64_t v = mcu_noise(m);

	memcpy(out, &v, N51_UID_LEN);
}
