/* SPDX-License-Identifier: MIT */
/*
 * The resident stub of the STM32F1 and the STM32F0: what a reset leads to for
 * the rest of the chip's life.
 *
 *   marker's first half not zero    the loader goes on
 *   its second half not zero        erase the loader, set it, reset
 *   both zero                       start the firmware
 *
 * So the firmware never runs beside the loader, and a power cut in here is
 * repaired by the next start.  Torn half-words may read as zero today and as
 * something else tomorrow: the first half is programmed once more before
 * anything is erased (zeros go over anything), and a second half that reads as
 * zero is true, whatever it will read as: all that it says is done.
 *
 * Uses the firmware's own stack, and no other memory.
 *
 * FIRMWARE: where its vector table lies; VTOR: the register that must know.
 */
#include "wire/layout.h"

#define FLASH 0x40022000
#define KEYR 0x04
#define SR 0x0c
#define CR 0x10
#define AR 0x14
#define LOADER (TOP + LOADER_OFFSET)
#define MARKER (TOP + MARKER_OFFSET)

	.syntax unified
	.thumb
	.text
	.global stub
	.type stub, %function
	.thumb_func
stub:
	ldr r4, a_marker
	bl word
	bne 1f
	bl word
	bne clean
	ldr r5, a_firmware
	subs r4, #MARKER_OFFSET + 16 - BOOT_WORDS_OFFSET
	b 2f
1:	ldr r5, a_loader
	movs r4, r5
2:
#ifdef VTOR
	ldr r0, a_vtor
	str r5, [r0]
#endif
	ldm r4!, {r0, r1}
	msr msp, r0
	bx r1

/* NE when the double word at r4, which moves on, is not zero */
word:
	ldm r4!, {r0, r1}
	orrs r0, r1
	bx lr

clean:
	ldr r6, a_flash
	ldr r0, a_key1
	str r0, [r6, #KEYR]
	ldr r0, a_key2
	str r0, [r6, #KEYR]
	ldr r4, a_marker
	movs r3, #4
	bl wipe
	ldr r4, a_loader
	ldr r7, a_page
	movs r3, #LOADER_LEN / PAGE_LEN
1:	movs r0, #2 /* PER */
	str r0, [r6, #CR]
	str r4, [r6, #AR]
	movs r0, #0x42 /* STRT */
	str r0, [r6, #CR]
	bl busy
	adds r4, r7
	subs r3, #1
	bne 1b
	ldr r4, a_secret
	movs r3, #STAGE0_SECRET_LEN / 2
	bl wipe
	ldr r4, a_marker
	adds r4, #8
	movs r3, #4
	bl wipe
dead:
	ldr r1, a_aircr
	ldr r0, a_reset
	str r0, [r1]
	b dead

/* zeros over r3 half-words at r4 */
wipe:
	mov r8, lr
1:	movs r0, #1 /* PG */
	str r0, [r6, #CR]
	movs r1, #0
	strh r1, [r4]
	adds r4, #2
	bl busy
	subs r3, #1
	bne 1b
	bx r8

busy:
	ldr r0, a_iwdg
	ldr r1, a_feed
	str r1, [r0]
	ldr r0, [r6, #SR]
	lsls r0, #31
	bne busy
	bx lr

	.balign 4
a_loader:	.word LOADER
a_marker:	.word MARKER
a_secret:	.word TOP + STAGE0_SECRET_OFFSET
a_firmware:	.word FIRMWARE
a_flash:	.word FLASH
a_key1:	.word 0x45670123
a_key2:	.word 0xcdef89ab
a_page:	.word PAGE_LEN
a_iwdg:	.word 0x40003000
a_feed:	.word 0xaaaa
a_aircr:	.word 0xe000ed0c
a_reset:	.word 0x05fa0004
#ifdef VTOR
a_vtor:	.word VTOR
#endif
