/* SPDX-License-Identifier: MIT */
/*
 * tests/lib/bed_chip.h - what the sealed bed must know of a chip: where things
 * lie, and how step 3 gets into it through the debug bus.
 */
#ifndef TESTS_LIB_BED_CHIP_H
#define TESTS_LIB_BED_CHIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmcu/mcu.h"

struct bed_chip {
	const char *name;
	const char *dir[2]; /* of the loader, by enum bed_line */
	uint32_t flash, flash_len, page_len;
	uint32_t image_at; /* where images begin */
	uint32_t stack;	   /* the boot words' */
	/* NMI and HardFault are boot words too (wire/layout.h) */
	bool boot_faults;
	/* Programs len bytes; what is erased stays so. */
	void (*put)(struct mcu *m, uint32_t at, const uint8_t *p, size_t len);
	/* L4: OPTR; nRF51: RBPCONF; others: the byte RDP. */
	void (*lock)(struct mcu *m, uint32_t option);
	uint32_t locked;     /* such a value for level 1 */
	uint32_t open;	     /* and for level 0, as delivered */
	uint32_t start_ms;   /* from power to an answer, with room */
	uint64_t swd_period; /* ps; 0 = of 400 kHz */
	/* RAM that the loader lives in, and whether level 1 shuts it */
	uint32_t ram, ram_len;
	bool ram_shut;
	bool pins_stay; /* the debug port cannot be taken away */
};
extern const struct bed_chip bed_l4, bed_f1, bed_f1xe, bed_f0, bed_n51;
/* By the chip's name; NULL. */
const struct bed_chip *bed_chip_find(const char *name);

#endif
