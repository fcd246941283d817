/* SPDX-License-Identifier: MIT */
/*
 * The resident stub of the nRF51822: what a reset leads to for the rest of the
 * chip's life, and what its faults pass by.
 *
 *   marker's first half not zero    the loader goes on
 *   its second half not zero        erase the loader, set it, reset
 *   both zero                       start the firmware
 *
 * All of it runs from flash, as it must here: code in RAM cannot touch code
 * flash while read protection is in force (nRF51 Series Reference Manual 9.1).
 * The core stands still in every write and erase (6.1).
 *
 * A torn word may read as zero today and as something else tomorrow: the first
 * half is programmed once more before anything is erased.  When its page is
 * erased already, that was done: a word must not be written more often than
 * need be.
 *
 * There is no VTOR, so NMI and HardFault come here all the chip's life; the
 * firmware's own handlers are in the vectors 4 and 5 of its table, which the
 * core does not use (wire/layout.h).
 *
 * Uses the firmware's own stack, and no other memory.
 */
#include "wire/layout.h"

#define READY 0x400
#define CONFIG 4 /* from 0x4001e500 */
#define ERASEPAGE 8
#define WEN 1
#define EEN 2
#define LOADER (TOP + LOADER_OFFSET)
#define MARKER (TOP + MARKER_OFFSET)

	.syntax unified
	.thumb
	.text
	.global stub
	.type stub, %function
	.thumb_func
stub:
	b start
	.org STUB_FAULT_OFFSET - STUB_OFFSET

/* r0 to r3 are on the stack */
fault:
	mrs r3, ipsr /* 2 or 3 */
	lsls r3, #2
	ldr r0, a_marker
	ldm r0!, {r1, r2}
	orrs r1, r2
	ldm r0, {r0, r2}
	orrs r1, r0
	orrs r1, r2
	bne 1f
	ldr r0, [r3, #4 * 4 - 2 * 4]
	bx r0
1:	ldr r0, a_loader
	ldr r0, [r0, r3]
	bx r0

start:
	ldr r4, a_marker
	bl word
	bne 1f
	bl word
	bne clean
	subs r4, #MARKER_OFFSET + 16 - BOOT_WORDS_OFFSET
	b 2f
1:	ldr r4, a_loader
2:	ldm r4!, {r0, r1}
	msr msp, r0
	bx r1

/* NE when the double word at r4, which moves on, is not zero */
word:
	ldm r4!, {r0, r1}
	orrs r0, r1
	bx lr

clean:
	ldr r6, a_nvmc
	ldr r5, a_loader
	ldr r0, [r5]
	adds r0, #1
	beq 1f
	ldr r4, a_marker
	movs r3, #2
	bl wipe
1:	ldr r7, a_page
	movs r3, #LOADER_LEN / PAGE_LEN
2:	movs r0, #EEN
	str r0, [r6, #CONFIG]
	str r5, [r6, #ERASEPAGE]
	bl busy
	adds r5, r7
	subs r3, #1
	bne 2b
	ldr r4, a_secret
	movs r3, #STAGE0_SECRET_LEN / 4
	bl wipe
	ldr r4, a_marker
	adds r4, #8
	movs r3, #2
	bl wipe
dead:
	ldr r1, a_aircr
	ldr r0, a_reset
	str r0, [r1]
	b dead

/* zeros over r3 words at r4 */
wipe:
	mov r8, lr
	movs r0, #WEN
	str r0, [r6, #CONFIG]
1:	movs r1, #0
	str r1, [r4]
	adds r4, #4
	bl busy
	subs r3, #1
	bne 1b
	bx r8

busy:
	ldr r0, a_wdt
	ldr r1, a_feed
	str r1, [r0]
	ldr r0, a_ready
	ldr r0, [r0]
	lsls r0, #31
	beq busy
	bx lr

	.balign 4
a_loader:	.word LOADER
a_marker:	.word MARKER
a_secret:	.word TOP + STAGE0_SECRET_OFFSET
a_nvmc:		.word 0x4001e500
a_ready:	.word 0x4001e400
a_page:		.word PAGE_LEN
a_wdt:		.word 0x40010600
a_feed:		.word 0x6e524635
a_aircr:	.word 0xe000ed0c
a_reset:	.word 0x05fa0004
