/* SPDX-License-Identifier: MIT */
/*
 * For tests/unit/test_f1_protect: what firmware in flash sees of its chip.
 * Words at 0x20000100: a counter of starts; SR after a half-word at
 * 0x08000C00 and at 0x08001800, and what is at the latter; a word of the
 * unique ID; DBGMCU_IDCODE; AFIO_MAPR after a read-modify-write; the end mark.
 */
	.syntax unified
	.cpu cortex-m3
	.thumb
	.section .text
vectors:
	.word 0x20001000, start + 1
	.rept 14
	.word fault + 1
	.endr
	.thumb_func
start:
	ldr r6, =0x20000100
	ldr r0, [r6]
	adds r0, #1
	str r0, [r6]
	ldr r0, =0x40022000
	ldr r1, =0x45670123
	str r1, [r0, #4]
	ldr r1, =0xcdef89ab
	str r1, [r0, #4]
	movs r1, #1
	str r1, [r0, #0x10]
	ldr r2, =0x08000c00
	bl store
	str r4, [r6, #4]
	ldr r2, =0x08001800
	bl store
	str r4, [r6, #8]
	ldrh r7, [r2]
	str r7, [r6, #12]
	ldr r2, =0x1ffff7e8
	ldr r7, [r2]
	str r7, [r6, #16]
	ldr r2, =0xe0042000
	ldr r7, [r2]
	str r7, [r6, #20]
	ldr r2, =0x40021018
	movs r7, #1
	str r7, [r2]
	ldr r2, =0x40010004
	ldr r7, [r2]
	str r7, [r6, #24]
	movs r7, #0x5a
	str r7, [r6, #28]
1:	b 1b
	.thumb_func
fault:
	ldr r6, =0x20000100
	movs r7, #0xfa
	str r7, [r6, #28]
1:	b 1b
/* 0x1234 to [r2]; SR in r4, and its flags cleared */
	.thumb_func
store:
	ldr r3, =0x1234
	strh r3, [r2]
1:	ldr r4, [r0, #12]
	lsls r5, r4, #31
	bmi 1b
	str r4, [r0, #12]
	bx lr
	.ltorg
