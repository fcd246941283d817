/* SPDX-License-Identifier: MIT */
/*
 * STM32F103xB and xE: RM0008 Rev 21 (reference manual), PM0075 Rev 2 (flash),
 * DS5319 and DS5792 (data sheets).
 */
#include <stdio.h>
#include <string.h>

#include "chip/chip.h"

#include "chip/family.h"
#include "chip/stm32/layout.h"
#include "stm32f1_algo.h"

static const struct chip_algo algo = {
	.code = stm32f1_algo,
	.code_len = sizeof(stm32f1_algo),
	.load = ALGO_LOAD,
	.vtor = 0xe000ed08,
	.control = ALGO_CONTROL,
	.buffer = { ALGO_BUFFER0, ALGO_BUFFER1 },
	.mirror = { ALGO_MIRROR0, ALGO_MIRROR1 },
	.buffer_len = ALGO_BUFFER_LEN,
	/* DS5319 table 28: erase 40 ms, half-word 70 us at most; about twice
	 * that is waited for.  Options: one erase, eight half-words, and the
	 * mass erase of a level that is lifted. */
	.erase_us = 100000,
	.buffer_us = ALGO_BUFFER_LEN / 2 * 150,
	.options_us = 200000,
	.crc_us_per_kb = 10000,
};

/* ST says no more of it than "96 bits"; real lots are no readable text
 * (RM0008 30.2).  All equal bytes are no number. */
static int check_uid(const uint8_t *uid, char why[CHIP_WHY_CAP])
{
	for (unsigned i = 1; i < 12; i++)
		if (uid[i] != uid[0])
			return 0;
	snprintf(why, CHIP_WHY_CAP,
		 "UID is twelve times 0x%02x: it was not read from a chip",
		 uid[0]);
	return E_RANGE;
}

/*
 * Options are the bytes in memory, two half-words to a word, each with its
 * complement above: they show at once what was programmed, while OBR and WRPR
 * show what was loaded at the last reset (PM0075 2.5).  RDP is left erased,
 * which is level 1 and needs no store.
 *
 * Witnesses: OBR says that the protection was loaded, and the options whole;
 * DBGMCU_IDCODE reads 0 for the core of a genuine part while no debugger is
 * there (errata sheet).
 *
 * Frozen: pages 0 to 3 of the xB, 0 and 1 of the xE, are write-protected for
 * as long as the protection is loaded (PM0075 2.4.1).
 *
 * RM0008 30.1, 30.2: flash size, unique ID; 31.6.1: DBGMCU_IDCODE.  SW-DP,
 * AHB-AP and CPUID are the Cortex-M3 r1p1's, whose VTOR has bits 29:7.
 * Designer: ST, JEP106 bank 0.
 */
#define COMMON \
	.family = FAMILY_STM32F1, .family_name = "stm32f1",               \
	.label = "raises the cost", .flash_base = 0x08000000,             \
	.ram_base = 0x20000000, .program_unit = 2,                        \
	.uid_address = 0x1ffff7e8, .uid_len = 12,                         \
	.flash_size_register = 0x1ffff7e0,                                \
	.device_id_register = 0xe0042000, .dpidr = 0x1ba01477,            \
	.cpuid = 0x411fc231, .designer = 0x020, .device_id_mask = 0xfff,  \
	.ap_idr = 0x14770011, .vtor = 0x3fffff80, .algo = &algo,          \
	.options = {                                                      \
		{ 0x1ffff800, 0x00ff5aa5, 0x00ffffff, "RDP, USER" },      \
		{ 0x1ffff804, 0xffffffff, 0x00ff00ff, "Data" },           \
		{ 0x1ffff808, 0xffffffff, 0x00ff00ff, "WRP0, WRP1" },     \
		{ 0x1ffff80c, 0xffffffff, 0x00ff00ff, "WRP2, WRP3" },     \
	},                                                                \
	.option_count = 4, .level_mask = 0xffff,                          \
	.level_value = { 0x5aa5, 0xffff, 0xffff }, .check_uid = check_uid,        \
	.link_clock = 800000,                                             \
	.links = 1u << LOADER_LINK_UART | 1u << LOADER_LINK_SWD_PINS,     \
	.witnesses = {                                                    \
		{ 0x4002201c, 2, {                                        \
			{ 2, 2, false,                                    \
			  "read protection is not in force" },            \
			{ 1, 0, false,                                    \
			  "the option bytes are damaged" } } },           \
		{ 0xe000edf0, 1, {                                        \
			{ 1, 0, false, "a debugger is attached" } } },    \
		{ 0xe0042000, 1, {                                        \
			{ 0xffffffff, 0, false,                           \
			  "the core reads DBGMCU_IDCODE: no genuine "     \
			  "STM32F103, or a debugger is there" } } },      \
	},                                                                \
	.witness_count = 3,                                               \
	.rng_run = 61, .rng_peak = 810, /* chip/stm32f1/target.h */       \
	.boot_stack = 0x20002000, .frozen = 0x1000

const struct chip chip_stm32f103xb = {
	COMMON,		 .name = "stm32f103xb", .flash_len = 128 * 1024,
	.flash_kb = 128, .page_len = 1024,	.ram_len = 20 * 1024,
	.part = 0x410,	 .device_id = 0x410,
};

const struct chip chip_stm32f103xe = {
	COMMON,		 .name = "stm32f103xe", .flash_len = 512 * 1024,
	.flash_kb = 512, .page_len = 2048,	.ram_len = 64 * 1024,
	.part = 0x414,	 .device_id = 0x414,
};
