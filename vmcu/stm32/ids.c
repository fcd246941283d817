/* SPDX-License-Identifier: MIT */
#include "vmcu/stm32/st.h"

void st_profile_apply(struct mcu *m, const struct st_profile *p)
{
	bool v7m = core_model_find(p->cpuid)->v7m;

	m->identity = (struct mcu_identity){
		.dpidr = p->dpidr,
		.jtag_idcode = p->jtag_idcode,
		.jtag_boundary = p->jtag_boundary,
		.ap_idr = p->ap_idr,
		.ap_base = 0xe00ff003,
		.ap_packed = v7m,
		.ap_wrap = v7m ? 4096 : 1024,
		.ap_csw = v7m ? 0x23000040 : 0x03000040,
	};
	m->rom = (struct debug_rom){
		/* PIDR4..7, then PIDR0..3 */
		.pidr = { p->designer_bank, 0, 0, 0, p->part & 0xff,
			  (uint32_t)(p->designer & 0xf) << 4 | p->part >> 8,
			  8u | p->designer >> 4, 0 },
		.armv7m = v7m,
		.breakpoints = v7m ? 6 : 4,
		.watchpoints = v7m ? 4 : 2,
	};
}

void st_uid_make(struct mcu *m, uint8_t *uid)
{
	static const char pattern[7] = "A0A000 ";
	uint64_t r = mcu_noise(m);
	unsigned x = r % 80, y = r / 80 % 80;

	uid[0] = (uint8_t)(x / 10 << 4 | x % 10);
	uid[1] = 0;
	uid[2] = (uint8_t)(y / 10 << 4 | y % 10);
	uid[3] = 0;
	uid[4] = (uint8_t)(1 + mcu_noise(m) % 25);
	for (unsigned i = 0; i < 7; i++) {
		uint64_t n = mcu_noise(m);

		if (pattern[i] == '0')
			uid[5 + i] = (uint8_t)('0' + n % 10);
		else if (pattern[i] == 'A')
			uid[5 + i] = (uint8_t)('A' + n % 26);
		else
			uid[5 + i] = (uint8_t)pattern[i];
	}
}
