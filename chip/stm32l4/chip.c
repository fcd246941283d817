/* SPDX-License-Identifier: MIT */
/*
 * STM32L432xC: RM0394 Rev 4 (reference manual), DS11451 Rev 4 (data sheet).
 */
#include "chip/chip.h"

#include "chip/family.h"
#include "chip/stm32/uid.h"
#include "chip/stm32l4/layout.h"
#include "stm32l4_algo.h"

static const struct chip_algo algo = {
	.code = stm32l4_algo,
	.code_len = sizeof(stm32l4_algo),
	.load = ALGO_LOAD,
	.vtor = 0xe000ed08,
	.control = ALGO_CONTROL,
	.buffer = { ALGO_BUFFER0, ALGO_BUFFER1 },
	.mirror = { ALGO_MIRROR0, ALGO_MIRROR1 },
	.buffer_len = ALGO_BUFFER_LEN,
	/* DS11451 table 53: mass erase 24.59 ms, double word 90.76 us, page
	 * erase 24.47 ms at most; about twice that is waited for. */
	.erase_us = 60000,
	.buffer_us = ALGO_BUFFER_LEN / 8 * 200,
	.options_us = 120000,
	.crc_us_per_kb = 40000,
};

const struct chip chip_stm32l4 = {
	.name = "stm32l432",
	.family = FAMILY_STM32L4,
	.family_name = "stm32l4",
	.label = "protected by its manual",
	.flash_base = 0x08000000, /* RM0394 3.3.1 */
	.flash_len = 256 * 1024,
	.page_len = 2048,
	.ram_base = 0x20000000, /* SRAM1; DS11451 3.5 */
	.ram_len = 48 * 1024,
	.program_unit = 8,
	.uid_address = 0x1fff7590, /* RM0394 48.1 */
	.uid_len = 12,
	.flash_size_register = 0x1fff75e0, /* RM0394 48.2 */
	.device_id_register = 0xe0042000,  /* RM0394 46.6.1 */
	.dpidr = 0x2ba01477,		   /* SW-DP of the Cortex-M4 */
	.cpuid = 0x410fc241,		   /* Cortex-M4 r0p1 */
	.designer = 0x020,		   /* JEP106 bank 0: ST */
	.part = 0x435,
	.device_id = 0x435,
	.device_id_mask = 0xfff,
	.flash_kb = 256,
	.ap_idr = 0x24770011, /* AHB-AP of the Cortex-M4 */
	.vtor = 0xffffff80,   /* TBLOFF [31:7] */
	.algo = &algo,
	/* RM0394 3.4.1 and 3.7: OPTR, PCROP1SR, PCROP1ER, WRP1AR, WRP1BR with
	 * the values of a part as delivered */
	.options = {
		{ 0x40022020, 0xffeff8aa, 0x0f8f77ff, "OPTR" },
		{ 0x40022024, 0xffffffff, 0x0000ffff, "PCROP1SR" },
		{ 0x40022028, 0x00000000, 0x8000ffff, "PCROP1ER" },
		{ 0x4002202c, 0x000000ff, 0x00ff00ff, "WRP1AR" },
		{ 0x40022030, 0x000000ff, 0x00ff00ff, "WRP1BR" },
	},
	.option_count = 5,
	.level_mask = 0xff,
	.level_value = { 0xaa, 0xbb, 0xcc }, /* RM0394 3.5.1 */
	.level2 = true,
	.links = 1u << LOADER_LINK_UART | 1u << LOADER_LINK_SWD_PINS,
	.closed_ram = 0x10000000, /* SRAM2; DS11451 table 2 */
	.seal_clear = 1u << 25,	  /* SRAM2_RST: 0 = every reset erases SRAM2 */
	/* RM0394 8.4.1, 46.4.2 (pins of the debug port), 46.6.1, 3.7.5 */
	.witnesses = {
		/* PA15 is the loader's UART receiver, an alternate function
		 * too; JTDI alone, without JTMS and JTCK, does nothing */
		{ 0x48000000, 2, {
			{ 3u << 26, 2u << 26, true,
			  "the pin PA13 is still SWDIO" },
			{ 3u << 28, 2u << 28, true,
			  "the pin PA14 is still SWCLK" } } },
		{ 0x48000400, 2, {
			{ 3u << 6, 2u << 6, true,
			  "the pin PB3 is still JTDO" },
			{ 3u << 8, 2u << 8, true,
			  "the pin PB4 is still NJTRST" } } },
		{ 0xe000edf0, 1, {
			{ 1, 0, false, "a debugger is attached" } } },
		{ 0xe0042000, 1, {
			{ 0xfff, 0x435, false,
			  "DBGMCU_IDCODE is not an STM32L43x's" } } },
		{ 0x40022010, 1, {
			{ 1u << 15, 0, false,
			  "the option bytes were not loaded cleanly" } } },
	},
	.witness_count = 5,
	.boot_stack = 0x2000c000, /* the end of SRAM1 */
	.link_clock = 1150000,
	.link_baud = 2000000,
	.link_ahead = true,
	.stage0 = true,
	.rng_run = 39, /* 0.8 bits of each */
	.rng_peak = 683,
	.check_uid = stm32_check_uid,
};
