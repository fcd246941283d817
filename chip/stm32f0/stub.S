/* SPDX-License-Identifier: MIT */
/*
 * The resident stub of the STM32F051: what a reset leads to for the rest of
 * the chip's life.
 *
 *   marker's first half not zero    the loader goes on
 *   its second half not zero        erase the loader, set it, reset
 *   both zero, final options not FF, and OBR not at level 2
 *                                   write these options, reset
 *   else                            start the firmware
 *
 * So the firmware never runs beside the loader, nor, where its release wants
 * level 2 late, at a lower level; and a power cut in here is repaired by the
 * next start.  Torn half-words may read as zero today and as something else
 * tomorrow: the first half is programmed once more before anything is erased
 * (zeros go over anything), and a second half that reads as zero is true,
 * whatever it will read as: all that it says is done.
 *
 * The option bytes cannot be raised in place: they are erased, which leaves
 * level 1 (RM0091 4: anything but AA and CC), then written from the last to
 * the first, which is RDP: whoever finds level 2 in force finds the others as
 * well.  No state in between reads as AA: an erasure only sets bits, and in CC
 * two bits are set that AA has not.  Resets are OBL_LAUNCH, which loads them.
 *
 * Uses the firmware's own stack, and no other memory.  There is no VTOR: the
 * firmware's table is where the chip begins, but for the first two words.
 */
#include "wire/layout.h"

#define FLASH 0x40022000
#define KEYR 0x04
#define OPTKEYR 0x08
#define SR 0x0c
#define CR 0x10
#define AR 0x14
#define OBR 0x1c
#define OPTIONS 0x1ffff800
#define OPTION_CELLS 6
#define MARKER (TOP + MARKER_OFFSET)
#define TO_MARKER (MARKER_OFFSET - BOOT_WORDS_OFFSET)
#define TO_OPTIONS (FINAL_OPTIONS_OFFSET - BOOT_WORDS_OFFSET)

	.syntax unified
	.thumb
	.text
	.global stub
	.type stub, %function
	.thumb_func
stub:
	ldr r6, a_flash
	ldr r4, a_marker
	ldm r4!, {r0, r1}
	orrs r0, r1
	bne loader
	movs r3, #4 /* half-words of a half */
	ldm r4!, {r0, r1}
	subs r4, #TO_MARKER + MARKER_LEN
	orrs r0, r1
	bne work
	/* the last half-word, FFFF or 0, and RDPRT: bit 2 is set in one */
	ldrh r0, [r4, #TO_OPTIONS + 6]
	ldr r1, [r6, #OBR]
	orrs r0, r1
	lsls r0, #29
	bmi go
	movs r3, #OPTION_CELLS - 1
work:
	ldr r0, a_key1
	ldr r1, a_key2
	str r0, [r6, #KEYR]
	str r1, [r6, #KEYR]
	str r0, [r6, #OPTKEYR]
	str r1, [r6, #OPTKEYR]
	lsrs r0, r3, #1
	bcc clean

	adds r4, #TO_OPTIONS
	movs r0, #0x11
	lsls r0, #5 /* OPTWRE OPTER */
	str r0, [r6, #CR]
	adds r0, #0x40 /* STRT */
	str r0, [r6, #CR]
	bl busy
	subs r0, #0x50 /* OPTWRE OPTPG */
	str r0, [r6, #CR]
	ldr r5, a_options
1:	ldrb r1, [r4, r3]
	lsls r2, r3, #1
	strh r1, [r5, r2]
	bl busy
	subs r3, #1
	bpl 1b
dead:
	movs r0, #0x20
	lsls r0, #8 /* OBL_LAUNCH */
	str r0, [r6, #CR]
	b dead

loader:
	ldr r4, a_loader
go:
	ldm r4!, {r0, r1}
	msr msp, r0
	bx r1

clean:
	adds r4, #TO_MARKER
	bl wipe
	ldr r5, a_loader
	movs r3, #LOADER_LEN / PAGE_LEN
	lsls r7, r3, #7 /* 1,024 */
1:	movs r0, #2 /* PER */
	str r0, [r6, #CR]
	str r5, [r6, #AR]
	movs r0, #0x42 /* STRT */
	str r0, [r6, #CR]
	bl busy
	adds r5, r7
	subs r3, #1
	bne 1b
	subs r4, r7
	subs r4, #MARKER_OFFSET + 8 - PAGE_LEN - STAGE0_SECRET_OFFSET
	movs r3, #STAGE0_SECRET_LEN / 2
	bl wipe
	adds r4, r7
	subs r4, #STAGE0_SECRET_OFFSET + STAGE0_SECRET_LEN + PAGE_LEN - \
		MARKER_OFFSET - 8
	movs r3, #4
	bl wipe
	b dead

/* zeros over r3 half-words at r4, which moves on */
wipe:
	mov r8, lr
	movs r0, #1 /* PG */
	str r0, [r6, #CR]
1:	movs r1, #0
	strh r1, [r4]
	adds r4, #2
	bl busy
	subs r3, #1
	bne 1b
	bx r8

/* until the flash is ready; keeps r0 */
busy:
	ldr r1, a_iwdg
	ldr r2, a_feed
	str r2, [r1]
	ldr r1, [r6, #SR]
	lsls r1, #31
	bne busy
	bx lr

	.balign 4
a_flash:	.word FLASH
a_marker:	.word MARKER
a_key1:		.word 0x45670123
a_key2:		.word 0xcdef89ab
a_options:	.word OPTIONS
a_loader:	.word TOP + LOADER_OFFSET
a_iwdg:		.word 0x40003000
a_feed:		.word 0xaaaa
