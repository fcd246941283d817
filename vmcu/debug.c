/* SPDX-License-Identifier: MIT */
/*
 * Register numbers and bits: ARMv7-M ARM (DDI 0403), part C1.
 */
#include "vmcu/debug_id.h"

#include <string.h>

#define DHCSR_KEY 0xa05f0000u
#define C_DEBUGEN (1u << 0)
#define C_HALT (1u << 1)
#define C_STEP (1u << 2)
#define C_MASKINTS (1u << 3)
#define C_SNAPSTALL (1u << 5)
#define S_REGRDY (1u << 16)
#define S_HALT (1u << 17)
#define S_SLEEP (1u << 18)
#define S_LOCKUP (1u << 19)
#define S_RETIRE_ST (1u << 24)
#define S_RESET_ST (1u << 25)

#define DCRSR_WRITE (1u << 16)
#define DEMCR_STORED 0x010f07f1u
#define DEMCR_V6M 0x01000401u /* DWTENA, VC_HARDERR, VC_CORERESET */
#define DEMCR_CATCHES 0x000007f1u
#define VC_CORERESET (1u << 0)
#define DFSR_BITS 0x1fu

#define FP_CTRL_KEY (1u << 1)
#define FP_CTRL_ENABLE (1u << 0)
#define FP_LITERALS 2 /* v7-M: literal comparators behind the code ones */

#define DWT_CYCCNTENA (1u << 0)
#define DWT_CTRL_STORED 0x007fffffu
#define DWT_MATCHED (1u << 24)

static bool enabled(const struct debug *d)
{
	return (d->dhcsr & C_DEBUGEN) != 0;
}

/* -- what the core must do, from the registers ---------------------------- */

static void apply_breakpoints(struct debug *d)
{
	bool on = enabled(d) && (d->fp_ctrl & FP_CTRL_ENABLE) != 0;

	for (unsigned i = 0; i < d->rom->breakpoints; i++) {
		uint32_t comp = d->fp_comp[i];
		uint32_t addr = comp & 0x1ffffffcu;
		unsigned halves = comp & 1 ? comp >> 30 : 0;

		core_breakpoint(d->core, 2 * i, on && (halves & 1), addr);
		core_breakpoint(d->core, 2 * i + 1, on && (halves & 2),
				addr + 2);
	}
}

static void apply_watchpoints(struct debug *d)
{
	for (unsigned i = 0; i < d->rom->watchpoints; i++) {
		uint32_t function = d->dwt_function[i] & 15;
		struct core_watch w = {
			.on = enabled(d) && (d->demcr & DEBUG_TRCENA) != 0 &&
			      function >= 5 && function <= 7,
			.read = (function & 1) != 0,
			.write = (function & 2) != 0,
			.addr = d->dwt_comp[i],
			.mask = (1u << d->dwt_mask[i]) - 1,
		};

		core_watchpoint(d->core, i, w);
	}
}

static void apply_all(struct debug *d)
{
	core_debug_enable(d->core, enabled(d));
	core_vector_catch(d->core, enabled(d) ? d->demcr & DEMCR_CATCHES : 0);
	apply_breakpoints(d);
	apply_watchpoints(d);
}

void debug_init(struct debug *d, struct core *core, const struct debug_rom *rom)
{
	memset(d, 0, sizeof(*d));
	d->core = core;
	d->rom = rom;
	debug_power_on_reset(d);
}

void debug_power_on_reset(struct debug *d)
{
	struct core *core = d->core;
	const struct debug_rom *rom = d->rom;

	memset(d, 0, sizeof(*d));
	d->core = core;
	d->rom = rom;
	d->regrdy = true;
	d->reset_seen = true;
	apply_all(d);
}

bool debug_system_reset(struct debug *d)
{
	d->reset_seen = true;
	d->dhcsr &= ~(C_HALT | C_STEP);
	if (!enabled(d) || (d->demcr & VC_CORERESET) == 0)
		return false;
	d->dhcsr |= C_HALT;
	d->dfsr |= CORE_VCATCH;
	return true;
}

void debug_on_halt(struct debug *d, enum core_halt why)
{
	d->dfsr |= (uint32_t)why & DFSR_BITS;
	d->dhcsr |= C_HALT;
}

void debug_on_watch(struct debug *d, unsigned i)
{
	d->dwt_function[i] |= DWT_MATCHED;
}

/* -- SCS: halting control ------------------------------------------------- */

static uint32_t dhcsr_read(struct debug *d)
{
	bool halted = core_is_halted(d->core);
	uint32_t v = d->dhcsr;

	if (d->regrdy)
		v |= S_REGRDY;
	if (halted)
		v |= S_HALT;
	if (core_is_sleeping(d->core))
		v |= S_SLEEP;
	if (!halted && core_is_locked_up(d->core))
		v |= S_LOCKUP; /* entering debug state ends a lock-up */
	if (d->retire_seen || (!halted && !core_is_sleeping(d->core)))
		v |= S_RETIRE_ST;
	if (d->reset_seen)
		v |= S_RESET_ST;
	d->retire_seen = false;
	d->reset_seen = false;
	return v;
}

static void leave_debug(struct debug *d)
{
	if (core_is_halted(d->core))
		core_resume(d->core);
}

static void run_control(struct debug *d, uint32_t v)
{
	bool halted = core_is_halted(d->core);

	if (halted && (v & C_HALT) == 0) {
		d->retire_seen = true;
		if ((v & C_STEP) != 0)
			core_step(d->core, (v & C_MASKINTS) != 0);
		else
			core_resume(d->core);
	} else if (!halted && (v & C_HALT) != 0) {
		core_halt(d->core, CORE_HALTED);
	}
}

static void dhcsr_write(struct debug *d, uint32_t v, bool by_debugger)
{
	uint32_t keep = C_DEBUGEN | C_HALT | C_STEP | C_MASKINTS | C_SNAPSTALL;
	bool was = enabled(d);

	if ((v & 0xffff0000u) != DHCSR_KEY)
		return;
	if (!d->rom->armv7m)
		keep &= ~C_SNAPSTALL;
	if (!by_debugger) {
		if (!was)
			return;
		v |= C_DEBUGEN;
	}
	d->dhcsr = (v & C_DEBUGEN) != 0 ? v & keep : 0;
	if (was != enabled(d))
		apply_all(d);
	if (enabled(d))
		run_control(d, v);
	else if (was)
		leave_debug(d);
}

static void dcrsr_write(struct debug *d, uint32_t v)
{
	unsigned sel = v & 0x7f;
	uint32_t value;

	if (!core_is_halted(d->core)) {
		d->regrdy = false; /* never done while the core runs */
		return;
	}
	d->regrdy = true;
	if ((v & DCRSR_WRITE) != 0)
		(void)!core_reg_write(d->core, sel, d->dcrdr);
	else
		d->dcrdr = core_reg_read(d->core, sel, &value) == 0 ? value : 0;
}

static void demcr_write(struct debug *d, uint32_t v)
{
	d->demcr = v & (d->rom->armv7m ? DEMCR_STORED : DEMCR_V6M);
	apply_all(d);
}

static bool scs_read(struct debug *d, uint32_t offset, uint32_t *out)
{
	switch (offset) {
	case 0xd30:
		*out = d->dfsr;
		return true;
	case 0xdf0:
		*out = dhcsr_read(d);
		return true;
	case 0xdf4:
		*out = 0;
		return true;
	case 0xdf8:
		*out = d->dcrdr;
		return true;
	case 0xdfc:
		*out = d->demcr;
		return true;
	default:
		return false;
	}
}

static bool scs_write(struct debug *d, uint32_t offset, uint32_t v,
		      bool by_debugger)
{
	switch (offset) {
	case 0xd30:
		d->dfsr &= ~v;
		return true;
	case 0xdf0:
		dhcsr_write(d, v, by_debugger);
		return true;
	case 0xdf4:
		dcrsr_write(d, v);
		return true;
	case 0xdf8:
		d->dcrdr = v;
		return true;
	case 0xdfc:
		demcr_write(d, v);
		return true;
	default:
		return false;
	}
}

/* -- FPB ------------------------------------------------------------------ */

static unsigned fp_count(const struct debug *d)
{
	return d->rom->breakpoints + (d->rom->armv7m ? FP_LITERALS : 0);
}

static uint32_t fpb_read(const struct debug *d, uint32_t offset)
{
	unsigned i = (offset - 8) / 4;

	if (offset == 0)
		return d->fp_ctrl | d->rom->breakpoints << 4 |
		       (d->rom->armv7m ? FP_LITERALS << 8 : 0);
	if (offset == 4)
		return d->rom->armv7m ? d->fp_remap | 1u << 29 : 0;
	return offset >= 8 && i < fp_count(d) ? d->fp_comp[i] : 0;
}

static void fpb_write(struct debug *d, uint32_t offset, uint32_t v)
{
	unsigned i = (offset - 8) / 4;

	if (offset == 0 && (v & FP_CTRL_KEY) != 0)
		d->fp_ctrl = v & FP_CTRL_ENABLE;
	else if (offset == 4 && d->rom->armv7m)
		d->fp_remap = v & 0x1fffffe0u;
	else if (offset >= 8 && i < fp_count(d))
		d->fp_comp[i] = v & 0xdffffffdu;
	apply_breakpoints(d);
}

uint32_t debug_remapped(const struct debug *d, uint32_t addr)
{
	if (!d->rom->remaps || !(d->fp_ctrl & FP_CTRL_ENABLE))
		return addr;
	for (unsigned i = 0; i < fp_count(d); i++) {
		uint32_t comp = d->fp_comp[i];

		/* REPLACE 0: the word comes from the table in SRAM */
		if ((comp & 1) && comp >> 30 == 0 &&
		    (comp & 0x1ffffffcu) == (addr & ~3u))
			return 0x20000000u + d->fp_remap + 4 * i;
	}
	return addr;
}

/* -- DWT ------------------------------------------------------------------ */

/* dwt_ctrl keeps CYCCNTENA; dwt_cyccnt is the count while stopped, and the
 * core's count at its zero while running. */
static uint32_t cyccnt(const struct debug *d)
{
	if ((d->dwt_ctrl & DWT_CYCCNTENA) == 0)
		return d->dwt_cyccnt;
	return (uint32_t)core_cycles(d->core) - d->dwt_cyccnt;
}

static void dwt_ctrl_write(struct debug *d, uint32_t v)
{
	uint32_t count = cyccnt(d);

	d->dwt_ctrl = v & DWT_CTRL_STORED;
	d->dwt_cyccnt = count;
	if ((d->dwt_ctrl & DWT_CYCCNTENA) != 0)
		d->dwt_cyccnt = (uint32_t)core_cycles(d->core) - count;
}

static void cyccnt_write(struct debug *d, uint32_t v)
{
	d->dwt_cyccnt = v;
	if ((d->dwt_ctrl & DWT_CYCCNTENA) != 0)
		d->dwt_cyccnt = (uint32_t)core_cycles(d->core) - v;
}

static uint32_t dwt_read(struct debug *d, uint32_t offset)
{
	unsigned i = (offset - 0x20) / 16;
	uint32_t v;

	if ((d->demcr & DEBUG_TRCENA) == 0)
		return 0;
	if (offset == 0)
		return d->dwt_ctrl | d->rom->watchpoints << 28;
	if (offset == 4)
		return d->rom->armv7m ? cyccnt(d) : 0;
	if (offset < 0x20 || i >= d->rom->watchpoints)
		return 0;
	switch (offset & 12) {
	case 0:
		return d->dwt_comp[i];
	case 4:
		return d->dwt_mask[i];
	case 8:
		v = d->dwt_function[i];
		d->dwt_function[i] &= ~DWT_MATCHED; /* reading clears it */
		return v;
	default:
		return 0;
	}
}

static void dwt_write(struct debug *d, uint32_t offset, uint32_t v)
{
	unsigned i = (offset - 0x20) / 16;

	if ((d->demcr & DEBUG_TRCENA) == 0)
		return;
	if (offset == 0 && d->rom->armv7m)
		dwt_ctrl_write(d, v);
	else if (offset == 4 && d->rom->armv7m)
		cyccnt_write(d, v);
	if (offset < 0x20 || i >= d->rom->watchpoints)
		return;
	if ((offset & 12) == 0)
		d->dwt_comp[i] = v;
	else if ((offset & 12) == 4)
		d->dwt_mask[i] = v & 15;
	else if ((offset & 12) == 8)
		d->dwt_function[i] = v & 0x0000fdefu;
	apply_watchpoints(d);
}

/* On v6-M only the debugger's access port sees the debug components (DDI 0419
 * C1.1.1 leaves it open; the Cortex-M0's TRM describes them that way). */
static bool hidden(const struct debug *d, bool by_debugger)
{
	return !d->rom->armv7m && !by_debugger;
}

bool debug_read(struct debug *d, uint32_t addr, bool by_debugger, uint32_t *out)
{
	uint32_t offset = addr & 0xffc;
	enum debug_component c;

	if (!debug_find(d, addr, &c))
		return false;
	*out = 0;
	if (hidden(d, by_debugger))
		return true;
	if (offset >= 0xfd0) {
		*out = debug_identification(d, c, offset);
		return true;
	}
	if (c == DEBUG_SCS)
		return scs_read(d, offset, out);
	if (c == DEBUG_FPB)
		*out = fpb_read(d, offset);
	else if (c == DEBUG_DWT)
		*out = dwt_read(d, offset);
	else if (c == DEBUG_ROM)
		*out = debug_rom_read(d, offset);
	return true;
}

bool debug_write(struct debug *d, uint32_t addr, bool by_debugger, uint32_t v)
{
	uint32_t offset = addr & 0xffc;
	enum debug_component c;

	if (!debug_find(d, addr, &c))
		return false;
	if (hidden(d, by_debugger))
		return true;
	if (c == DEBUG_SCS)
		return scs_write(d, offset, v, by_debugger);
	if (c == DEBUG_FPB)
		fpb_write(d, offset, v);
	else if (c == DEBUG_DWT)
		dwt_write(d, offset, v);
	return true;
}
