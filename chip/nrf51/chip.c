/* SPDX-License-Identifier: MIT */
/*
 * nRF51822 QFAA: nRF51 Series Reference Manual 3.0.1 ("NRM"), nRF51822 Product
 * Specification.  For tests and demonstrations: its read protection falls to a
 * debugger that steps (docs/threat-model.md).
 */
#include "chip/chip.h"

#include "chip/family.h"
#include "chip/nrf51/layout.h"
#include "chip/nrf51/uid.h"
#include "nrf51_algo.h"

static const struct chip_algo algo = {
	.code = nrf51_algo,
	.code_len = sizeof(nrf51_algo),
	.load = ALGO_LOAD,
	.vtor = 0, /* none: a fault of the algorithm ends in a lock-up */
	.control = ALGO_CONTROL,
	.buffer = { ALGO_BUFFER0, ALGO_BUFFER1 },
	.mirror = { ALGO_MIRROR0, ALGO_MIRROR1 },
	.buffer_len = ALGO_BUFFER_LEN,
	/* Product Specification: erase 22.3 ms, word 46.3 us at most; about
	 * twice that is waited for. */
	.erase_us = 60000,
	.buffer_us = ALGO_BUFFER_LEN / 4 * 100,
	.options_us = 20000,
	.crc_us_per_kb = 60000,
};

/* Builds of the QFAA beside the newest (Nordic's compatibility matrix, as
 * OpenOCD lists it). */
static const uint32_t other_builds[] = {
	0x001d, /* CA, C0 */
	0x002a, /* FA0 */
	0x003c, /* G0 */
	0x0044, /* GC0 */
	0x0057, /* G2 */
	0x0058, /* G3 */
	0x00d1, /* H2 */
	0,
};

/* NRM 9.1.3: with PALL the controller still listens to the debugger. */
static const struct chip_recover recover = {
	.steps = { { 0x4001e504, 2 }, { 0x4001e50c, 1 } }, /* EEN, ERASEALL */
	.ready = 0x4001e400,
	.ready_mask = 1,
	.last = { 0x4001e504, 0 },
	.us = 60000,
};

const struct chip chip_nrf51 = {
	.name = "nrf51822",
	.family = FAMILY_NRF51,
	.family_name = "nrf51",
	.label = "tests and demonstrations",
	.demonstration = true,
	.flash_base = 0,
	.flash_len = 256 * 1024,
	.page_len = 1024,
	.ram_base = 0x20000000,
	.ram_len = 16 * 1024,
	.program_unit = 4,
	.uid_address = 0x10000060, /* FICR.DEVICEID, NRM 7.2 */
	.uid_len = 8,
	.flash_size_register = 0x10000014, /* CODESIZE: pages, of 1 kB */
	.device_id_register = 0x1000005c,  /* CONFIGID */
	.dpidr = 0x0bb11477,		   /* SW-DP of the Cortex-M0 */
	.cpuid = 0x410cc200,		   /* Cortex-M0 r0p0 */
	.designer = 0x144, /* JEP106: twice 0x7f, then 0x44: Nordic */
	.part = 0x001,
	.device_id = 0x0072, /* HWID of a QFAA H0 */
	.device_id_mask = 0xffff,
	.device_id_others = other_builds,
	.flash_kb = 256,
	.ap_idr = 0x04770021, /* AHB-AP of the Cortex-M0, which has no VTOR */
	.algo = &algo,
	/* UICR (NRM 8.2): bits can only be taken away, until ERASEALL */
	.options = {
		{ 0x10001004, 0xffffffff, 0x0000ffff, "RBPCONF", false },
		/* with a region 0 the loader could not write the boot page */
		{ 0x10001000, 0xffffffff, 0xffffffff, "CLENR0", true },
		{ 0x10001008, 0xffffffff, 0x000000ff, "XTALFREQ", false },
		{ 0x10001014, 0xffffffff, 0xffffffff, "BOOTLOADERADDR", false },
	},
	.option_count = 4,
	.level_mask = 0xff00, /* PALL, NRM 9.1.2 */
	.level_value = { 0xff00, 0x0000, 0x0000 },
	.level2 = false,
	.reads_zero = true,
	.recover = &recover,
	.links = 1u << LOADER_LINK_UART,
	.no_pins = "SWDIO and SWDCLK are no GPIO pins of this chip",
	/* NRM 9.1.2 and table 40: code in RAM that reads flash has a HardFault,
	 * of which the loader makes a value. */
	.witnesses = {
		{ 0x00000000, 1, {
			{ 0xffffffff, 0xfa017ed0, false,
			  "read protection is not in force: code in RAM can "
			  "read the flash" } } },
	},
	.witness_count = 1,
	.rng_run = 39, /* chip/nrf51/target.h */
	.rng_peak = 683,
	.boot_stack = 0x20004000,
	.boot_faults = true,
	.stage0 = false,
	.check_uid = nrf51_check_uid,
};
