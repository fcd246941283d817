/* SPDX-License-Identifier: MIT */
/*
 * STM32F051x8: RM0091 Rev 10 (reference manual), DS8668 (data sheet).
 */
#include "chip/chip.h"

#include "chip/family.h"
#include "chip/stm32/layout.h"
#include "chip/stm32/uid.h"
#include "stm32f0_algo.h"

static const struct chip_algo algo = {
	.code = stm32f0_algo,
	.code_len = sizeof(stm32f0_algo),
	.load = ALGO_LOAD,
	.control = ALGO_CONTROL,
	.buffer = { ALGO_BUFFER0, ALGO_BUFFER1 },
	.mirror = { ALGO_MIRROR0, ALGO_MIRROR1 },
	.buffer_len = ALGO_BUFFER_LEN,
	/* Erase 40 ms, half-word 60 us at most; about twice that is waited
	 * for.  Options: one erase, six half-words, and the mass erase of a
	 * level that is lifted. */
	.erase_us = 100000,
	.buffer_us = ALGO_BUFFER_LEN / 2 * 150,
	.options_us = 200000,
	.crc_us_per_kb = 10000,
};

const struct chip chip_stm32f0 = {
	.name = "stm32f051",
	.family = FAMILY_STM32F0,
	.family_name = "stm32f0",
	.label = "raises the cost; level 2: protected by its manual",
	.flash_base = 0x08000000, /* RM0091 2.2.2 */
	.flash_len = 64 * 1024,
	.page_len = 1024,
	.ram_base = 0x20000000,
	.ram_len = 8 * 1024,
	.program_unit = 2,
	.uid_address = 0x1ffff7ac, /* RM0091 33.1 */
	.uid_len = 12,
	.flash_size_register = 0x1ffff7cc, /* RM0091 33.2 */
	.device_id_register = 0x40015800,  /* RM0091 32.4.1 */
	.dpidr = 0x0bb11477,		   /* SW-DP of the Cortex-M0 */
	.cpuid = 0x410cc200,		   /* Cortex-M0 r0p0 */
	.designer = 0x020,		   /* JEP106 bank 0: ST */
	.part = 0x440,
	.device_id = 0x440,
	.device_id_mask = 0xfff,
	.flash_kb = 64,
	.ap_idr = 0x04770021, /* AHB-AP of the Cortex-M0 */
	.algo = &algo,
	/* RM0091 4: the bytes in memory, each with its complement above it.
	 * They show at once what was programmed; what is in force shows in OBR
	 * and WRPR, after the next power-on. */
	.options = {
		{ 0x1ffff800, 0x00ff55aa, 0x00ffffff, "RDP, USER" },
		{ 0x1ffff804, 0xffffffff, 0x00ff00ff, "DATA" },
		{ 0x1ffff808, 0xffffffff, 0x00ff00ff, "WRP0, WRP1" },
	},
	.option_count = 3,
	.level_mask = 0xffff,
	.level_value = { 0x55aa, 0x44bb, 0x33cc }, /* RM0091 3.3.1 */
	.level2 = true,
	.late = true,
	.links = 1u << LOADER_LINK_UART | 1u << LOADER_LINK_SWD_PINS,
	.link_clock = 520000,
	.link_baud = 1500000,
	.rng_run = 121,	      /* chip/stm32f0/target.h */
	.rng_peak = 928,
	/* RM0091 3.5.8, 8.4.1.  The core of an M0 cannot ask whether a debugger
	 * is there; that it runs from flash at level 1 says that none has been
	 * since power-on (RM0091 3.3.1). */
	.witnesses = {
		{ 0x4002201c, 2, {
			{ 2, 2, false, "read protection is not in force" },
			{ 1, 0, false, "the option bytes are damaged" } } },
		{ 0x48000000, 2, {
			{ 3u << 26, 2u << 26, true,
			  "the pin PA13 is still SWDIO" },
			{ 3u << 28, 2u << 28, true,
			  "the pin PA14 is still SWCLK" } } },
	},
	.witness_count = 2,
	.boot_stack = 0x20002000, /* the end of SRAM */
	.stage0 = true,
	.check_uid = stm32_check_uid,
};
