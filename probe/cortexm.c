/* SPDX-License-Identifier: MIT */
/* Halting debug of a Cortex-M: ARMv7-M ARM (DDI 0403E) C1.6; v6-M alike. */
#include "probe/internal.h"

#define AIRCR 0xe000ed0cu
#define DFSR 0xe000ed30u
#define DHCSR 0xe000edf0u
#define DCRSR 0xe000edf4u
#define DCRDR 0xe000edf8u
#define DEMCR 0xe000edfcu
#define FP_CTRL 0xe0002000u
#define FP_COMP0 0xe0002008u
#define DWT_CTRL 0xe0001000u
#define DWT_FUNCTION0 0xe0001028u

#define DBGKEY 0xa05f0000u
#define C_DEBUGEN 0x1u
#define C_HALT 0x2u
#define C_STEP 0x4u
#define S_REGRDY (1u << 16)
#define S_HALT (1u << 17)
#define DCRSR_WRITE (1u << 16)
#define VC_CORERESET 0x1u
#define TRCENA (1u << 24)
#define SYSRESETREQ 0x05fa0004u
#define DFSR_ALL 0x1fu

/* A core halts within a few cycles, unless an access of it hangs. */
#define HALT_US 100000
#define RESET_US 200000

int cortexm_halt(struct probe *p)
{
	adi_queue_write32(p, DHCSR, DBGKEY | C_DEBUGEN | C_HALT);
	return dbg_poll32(p, DHCSR, S_HALT, S_HALT, HALT_US);
}

int cortexm_step(struct probe *p)
{
	adi_queue_write32(p, DFSR, DFSR_ALL);
	adi_queue_write32(p, DHCSR, DBGKEY | C_DEBUGEN | C_STEP);
	return dbg_poll32(p, DHCSR, S_HALT, S_HALT, HALT_US);
}

int cortexm_resume(struct probe *p)
{
	adi_queue_write32(p, DFSR, DFSR_ALL);
	adi_queue_write32(p, DHCSR, DBGKEY | C_DEBUGEN);
	return queue_flush(p);
}

int cortexm_reset_halt(struct probe *p)
{
	int err;

	adi_queue_write32(p, DHCSR, DBGKEY | C_DEBUGEN | C_HALT);
	adi_queue_write32(p, DEMCR, TRCENA | VC_CORERESET);
	adi_queue_write32(p, AIRCR, SYSRESETREQ);
	err = dbg_poll32(p, DHCSR, S_HALT, S_HALT, RESET_US);
	if (err == 0)
		adi_queue_write32(p, DEMCR, TRCENA);
	return err;
}

int cortexm_reset_run(struct probe *p)
{
	adi_queue_write32(p, DEMCR, 0);
	adi_queue_write32(p, DHCSR, DBGKEY);
	adi_queue_write32(p, AIRCR, SYSRESETREQ);
	return queue_flush(p);
}

void cortexm_queue_reg_write(struct probe *p, unsigned sel, uint32_t v)
{
	adi_queue_write32(p, DCRDR, v);
	adi_queue_write32(p, DCRSR, sel | DCRSR_WRITE);
	adi_queue_match32(p, DHCSR, S_REGRDY, S_REGRDY);
}

int cortexm_reg_read(struct probe *p, unsigned sel, uint32_t *out)
{
	uint32_t v;
	int err;

	adi_queue_write32(p, DCRSR, sel);
	adi_queue_match32(p, DHCSR, S_REGRDY, S_REGRDY);
	adi_queue_read32(p, DCRDR, &v);
	err = queue_flush(p);
	if (err == 0)
		*out = v;
	return err;
}

/* Firmware may have taken the debug pins; under reset they are back, and the
 * vector catch stops the core before it takes them again. */
int cortexm_connect_reset(struct probe *p)
{
	int err = probe_nreset(p, true);

	if (err != 0)
		return err;
	err = adi_connect(p);
	if (err == 0) {
		adi_queue_write32(p, DHCSR, DBGKEY | C_DEBUGEN | C_HALT);
		adi_queue_write32(p, DEMCR, TRCENA | VC_CORERESET);
		err = queue_flush(p);
	}
	if (err != E_PROBE_LOST) {
		int released = probe_nreset(p, false);

		if (err == 0)
			err = released;
	}
	return err;
}

/* Numbers of comparators: FP_CTRL[14:12,7:4], DWT_CTRL[31:28]. */
int cortexm_detach(struct probe *p)
{
	uint32_t fp, dwt, code;
	int err;

	adi_queue_write32(p, DEMCR, TRCENA);
	adi_queue_read32(p, FP_CTRL, &fp);
	adi_queue_read32(p, DWT_CTRL, &dwt);
	err = queue_flush(p);
	if (err != 0)
		return err;
	code = (fp >> 4 & 0xf) | (fp >> 8 & 0x70);
	for (uint32_t i = 0; i < code; i++)
		adi_queue_write32(p, FP_COMP0 + 4 * i, 0);
	for (uint32_t i = 0; i < dwt >> 28; i++)
		adi_queue_write32(p, DWT_FUNCTION0 + 16 * i, 0);
	adi_queue_write32(p, FP_CTRL, 2);
	adi_queue_write32(p, DEMCR, 0);
	adi_queue_write32(p, DHCSR, DBGKEY);
	return queue_flush(p);
}
