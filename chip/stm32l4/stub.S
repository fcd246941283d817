/* SPDX-License-Identifier: MIT */
/*
 * The resident stub of the STM32L4: what a reset leads to for the rest of the
 * chip's life.
 *
 *   marker's first half not zero    the loader goes on
 *   its second half not zero        erase the loader, set it, reset
 *   both zero                       start the firmware
 *
 * So the firmware never runs beside the loader, and a power cut in here is
 * repaired by the next start.  Half a marker counts as none: reading torn
 * cells raises NMI, whose handler makes what was read other than zero.
 *
 * Uses the firmware's own stack, and no other memory.
 */
#include "wire/layout.h"

#define SCB 0xe000ed00 /* VTOR at 8, AIRCR at 12 */
#define FLASH 0x40022000
#define KEYR 0x08
#define SR 0x10
#define CR 0x14
#define ECCR 0x18
#define BASE 0x08000000
#define LOADER (TOP + LOADER_OFFSET)
#define MARKER (TOP + MARKER_OFFSET)
#define HALF2 (MARKER_OFFSET + 8)
#define ERASE(at) (0x10002 | ((at) - BASE) / PAGE_LEN << 3) /* STRT PER PNB */

	.syntax unified
	.thumb
	.text
	.global stub
	.type stub, %function
	.thumb_func
stub:
	ldr r7, a_scb
	adr r1, table
	str r1, [r7, #8]
	ldr r5, a_loader
	ldr r4, a_marker
	bl zero
	cbnz r0, 1f
	adds r4, #8
	bl zero
	cbnz r0, clean
	mov r5, #BASE
	subs r4, #HALF2 - BOOT_WORDS_OFFSET
	b 2f
1:	mov r4, r5
2:	str r5, [r7, #8]
	ldrd r0, r1, [r4]
	msr msp, r0
	bx r1

/* r0: not zero when the double word at r4 is not, or is torn */
zero:
	movs r0, #0
	ldrd r2, r3, [r4]
	dsb
	orrs r0, r2
	orrs r0, r3
	bx lr

/* NMI: ECCD is cleared by writing it; r0 of what was interrupted, set */
torn:
	ldr r0, a_flash
	ldr r1, [r0, #ECCR]
	str r1, [r0, #ECCR]
	str r0, [sp]
	bx lr

dead:
	ldr r0, a_reset
	str r0, [r7, #12]
	b dead

clean:
	ldr r6, a_flash
	ldr r0, a_key
	str r0, [r6, #KEYR]
	add r0, #0x88888888 /* the second key */
	str r0, [r6, #KEYR]
	b erase

	.balign 4
a_scb:	.word SCB
a_loader:	.word LOADER
a_marker:	.word MARKER
a_flash:	.word FLASH
a_reset:	.word 0x05fa0004
a_key:	.word 0x45670123
a_erase:	.word ERASE(LOADER)
a_iwdg:	.word 0x40003000
	.org 128, 0xff
table:
	.word 0, 0, torn + 1, dead + 1

/* Zeros may be programmed over anything, torn cells and zeros too.  The last
 * wipe returns to dead. */
erase:
	ldr r5, a_erase
	movs r3, #LOADER_LEN / PAGE_LEN
1:	str r5, [r6, #CR]
	bl busy
	adds r5, #8
	subs r3, #1
	bne 1b
	movs r2, #0
	movs r5, #1 /* PG */
	str r5, [r6, #CR]
	sub r5, r4, #HALF2 - STAGE0_SECRET_OFFSET
	movs r3, #STAGE0_SECRET_LEN / 8
2:	bl wipe
	subs r3, #1
	bne 2b
	mov r5, r4
	ldr lr, table + 12
/* zeros over the double word at r5, which moves on */
wipe:
	stm r5!, {r2}
	stm r5!, {r2}
busy:
	ldr r0, a_iwdg
	movw r1, #0xaaaa
	str r1, [r0]
	ldr r0, [r6, #SR]
	lsls r0, #15
	bmi busy
	bx lr
