/* SPDX-License-Identifier: MIT */
/*
 * chip/target_common.h - a chip as the loader on it sees it: what every family
 * gives the loader, and what it gets for it.
 *
 * The loader is one translation unit for each family and link (loader/
 * whole.c).  It includes "target.h", "target.c" and, by loader/module.mk's
 * table, a resident stub "stub.S" from chip/FAMILY, which is in its include
 * path; nothing there may have other names.  A family's target.h defines, in
 * this order, then includes this header, then defines its inline functions:
 *
 *   TARGET_RAM            attribute of what must run while flash is busy:
 *                         section ".ram.text" and noinline; empty on a chip
 *                         that stands still then, or whose RAM cannot call
 *                         flash (see RAM_CODE in loader/module.mk)
 *   TARGET_FAMILY         FAMILY_* of wire/const.h
 *   TARGET_FLASH_BASE     of the flash, whose length is where TOP (given by
 *                         the build) and RESERVED_LEN end
 *   TARGET_PAGE_LEN       what one erasure erases
 *   target_unit           unsigned type as wide as one programming operation
 *   TARGET_FROZEN         bytes at the beginning of flash that cannot be
 *                         changed once the chip is locked; images begin behind
 *                         them.  Left out: 0, and the image's first two words
 *                         are the chip's own boot words
 *   TARGET_BOOT_LEN       bytes at the beginning of flash that are programmed
 *                         before the loader starts, and stay; left out: 8
 *   TARGET_STILL          1: the core stands still while flash works, so that
 *                         nothing is programmed while a frame comes; left
 *                         out: 0
 *   TARGET_FAULT          1: target_fault() takes HardFault; left out: 0, it
 *                         begins anew
 *   TARGET_ECC            1: torn cells are told (target_nmi()); left out: 0,
 *                         they read as anything
 *   TARGET_HEAD_LAST      1: the core cannot check a frame's head while the
 *                         next character comes; left out: 0
<<<<<<< HEAD
=======
 *   TARGET_GAP_STEP       1: on swd-pins the core looks after its flash twice
 *                         where the host leaves gaps between characters; left
 *                         out: 0
>>>>>>> main
 *   TARGET_STAGE0         0: the family has no stage 0; left out: 1
 *   TARGET_UID, TARGET_UID_LEN
 *                         the unique ID as bytes
 *   TARGET_WORDS          words in the claim and the report, at most 16
 *   TARGET_RNG_RUN, TARGET_RNG_PEAK
 *                         cutoffs of the health tests (target_rng.c), from the
 *                         entropy that the family claims for one bit of
 *                         target_rng_raw(), for false alarms at 2^-30
 *   TARGET_KEY_WORDS      of 32 samples each that go into one key: at least
 *                         256 bits of what is claimed
 *   TARGET_JITTER         words of target_jitter(), a second source without
 *                         tests, that are hashed in as well; left out: none
 *
 * Its inline functions (static inline, no more than a few instructions, none
 * of them calls anything):
 *
 *   void target_vectors(const void *)   VTOR; does nothing where there is none
 *   void target_reset(void)             asks for a system reset
 *   void target_feed(void)              the watchdog that may be running
 *
 *   flash: bool target_flash_busy(void)
 *          uint32_t target_flash_errors(void)     0 = none since the unlock
 *          void target_flash_open(void)           keys, errors cleared
 *          bool target_flash_is_open(void)
 *          void target_page_erase(uint32_t at)    begins; leaves the
 *                         controller as target_unit_store() can follow when
 *                         it is no longer busy
 *          void target_unit_store(uint32_t at, target_unit)      begins
 *
 *   uart:  bool target_uart_got(void)     a character waits; clears errors
 *          uint8_t target_uart_take(void) the character
 *          void target_uart_drop(void)    forgets the character that waits,
 *                         where only one can: what it belonged to is lost.
 *                         Nothing where all are kept
 *          bool target_uart_room(void)    one may be given
 *          void target_uart_give(uint8_t)
 *
 *   swd-pins: uint32_t target_pins(void)  both wires' levels in one read, at
 *                         bits TARGET_CLOCK_BIT and TARGET_DATA_BIT
 *          void target_data(bool)         false pulls the data wire low,
 *                         true lets go of it
 *
 * A family without one of the links leaves out its functions.  The functions
 * below are in the family's target.c, but for what chip/target_flash.c,
 * chip/target_lock.c and chip/target_rng.c have.
 */
#ifndef CHIP_TARGET_COMMON_H
#define CHIP_TARGET_COMMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef TARGET_FROZEN
#define TARGET_FROZEN 0u
#endif
#ifndef TARGET_BOOT_LEN
#define TARGET_BOOT_LEN 8u
#endif
#ifndef TARGET_STILL
#define TARGET_STILL 0
#endif
#ifndef TARGET_FAULT
#define TARGET_FAULT 0
#endif
#ifndef TARGET_ECC
#define TARGET_ECC 0
#endif
#ifndef TARGET_STAGE0
#define TARGET_STAGE0 1
#endif
#ifndef TARGET_HEAD_LAST
#define TARGET_HEAD_LAST 0
#endif
#ifndef TARGET_GAP_STEP
#define TARGET_GAP_STEP 0
#endif
#ifndef TARGET_JITTER
#define TARGET_JITTER 0
#endif

#include "base/hard.h"
#include "wire/hello.h"
#include "wire/layout.h"
#include "wire/record.h"

/* TOP: where the reserved part begins, from the build. */
#define TARGET_TOP ((uint32_t)(TOP))
#define REG(address) (*(volatile uint32_t *)(address))

/* -- the family's target.c ------------------------------------------------- */
/* Called first of all, and again when RAM is set up: no debugger from here
 * on.  Uses no data. */
void target_pins_off(void);
/* Clocks, and the source of random numbers. */
void target_clock(void);
/* The link's pins and what is behind them; a loader calls one of the two. */
void target_uart_open(void);
void target_swd_open(void);
/* What the claim and the report carry, read anew: address, value. */
#define TARGET_WORDS_LEN (TARGET_WORDS * 8)
void target_words(uint8_t out[TARGET_WORDS_LEN]);
/* Is this chip locked as the family's row in docs/threat-model.md says, with the
 * pins taken away from any debugger?  Never inlined. */
bool target_locked(void);
/* 32 samples; false when the source itself says that it is broken. */
MUST_USE bool target_rng_raw(uint32_t *out);
/* Anything that two clocks of their own do not agree about. */
uint32_t target_jitter(void);
/* The handler of NMI: a torn cell was read, where flash has ECC.  Others make
 * it target_reset(). */
void target_nmi(void);
/* The handler of HardFault, of families with TARGET_FAULT. */
void target_fault(void);

/* -- target_lock.c --------------------------------------------------------- */
/* Allows only where target_locked() said so twice: one skipped instruction is
 * not enough. */
void target_lock_check(struct verdict *v);

/* -- target_rng.c ---------------------------------------------------------- */
struct target_rng { /* SP 800-90B 4.4, one sample = one bit */
	uint32_t samples, longest_run, peak, failures;
	uint32_t run, window, same;
	uint32_t last, first;
};
/* Start-up test over 8,192 samples. */
MUST_USE int target_rng_start(struct target_rng *h);
/* 32 tested samples; not to be used when failures says so afterwards. */
uint32_t target_rng_word(struct target_rng *h);

/* -- target_flash.c -------------------------------------------------------- */
struct target_flash {
	const target_unit *from;
	uint32_t left;		    /* bytes that wait to be programmed */
	uint32_t to, room;	    /* in the segment at hand */
	const struct segment *next; /* the segment behind it */
	uint32_t page;		    /* number of the page at hand */
	uint32_t failed; /* the controller's status, or 1: not as expected */
	bool fresh;	 /* the page at hand is erased, or was found blank */
	bool again;	 /* erase each page before its first use */
};
extern struct target_flash target_flash;
extern volatile uint32_t target_ecc; /* torn cells seen */

/* One step of whatever is to be done, if the controller is free.  Every page
 * but the one that target_flash_put() writes to, and the first, is taken for
 * blank unless `again` is set. */
void target_pump(void);
/* Until all is programmed; E_TARGET_FLASH. */
MUST_USE int target_flash_wait(void);
MUST_USE int target_flash_unlock(void);
/* True when [at, at + len) is erased and without torn cells. */
bool target_flash_blank(uint32_t at, uint32_t len);
/* Erases the page of `at` but writes [at, at + len) again, by way of buf. */
MUST_USE int target_flash_renew(uint32_t at, uint32_t len, target_unit *buf);
/* Programs len bytes (a multiple of 8) within a page and waits.  What is equal
 * already stays. */
MUST_USE int target_flash_put(uint32_t at, const void *from, uint32_t len);

#endif
