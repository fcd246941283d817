/* SPDX-License-Identifier: MIT */
#include "tests/sweep/step_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/vmcu_rig.h"

#define S_HALT (1u << 17)
#define PATIENCE_US 50000 /* a page is being erased: the core stands still */

static bool wait_halt(struct mcu *m)
{
	for (unsigned i = 0; i < PATIENCE_US; i++) {
		if (rig_r(m, DHCSR) & S_HALT)
			return true;
		mcu_advance(m, US);
	}
	return false;
}

bool step_halt(struct mcu *m)
{
	mcu_debug_power(m, true, true);
	rig_w(m, DHCSR, DBGKEY | 3);
	return wait_halt(m);
}

bool step_halt_at_reset(struct mcu *m)
{
	mcu_debug_power(m, true, true);
	rig_w(m, DEMCR, 1); /* VC_CORERESET */
	rig_w(m, DHCSR, DBGKEY | 1);
	rig_w(m, AIRCR, 0x05fa0004);
	mcu_advance(m, 50 * US);
	return wait_halt(m);
}

uint32_t step_find(const struct mcu *m, uint32_t flash, uint32_t len)
{
	for (uint32_t at = flash; at < flash + len; at += 2) {
		uint8_t b[2];

		if (mcu_flash_peek(m, at, b, 2) == 0 && b[0] == 0x00 &&
		    b[1] == 0x68)
			return at;
	}
	return 0;
}

void step_read(struct mcu *m, uint32_t pc, uint32_t at, uint8_t *out,
	       size_t len)
{
	rig_set_reg(m, 16, 1u << 24);
	for (size_t i = 0; i < len; i += 4) {
		uint32_t v;

		rig_set_reg(m, 15, pc);
		rig_set_reg(m, 0, at + (uint32_t)i);
		rig_w(m, DHCSR, DBGKEY | 0xd); /* STEP, MASKINTS */
		mcu_advance(m, US);
		while (!(rig_r(m, DHCSR) & S_HALT))
			mcu_advance(m, US);
		v = rig_reg(m, 0);
		memcpy(out + i, &v, 4);
	}
}
