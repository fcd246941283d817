/* SPDX-License-Identifier: MIT */
/*
 * Does board_execute_only() keep its word?  For QEMU's netduinoplus2, a
 * Cortex-M4 with an MPU and its memories where the STM32L432 has them.  A word
 * in RAM says which place is called; the answer is the exit code.
 */
#include <stdbool.h>
#include <string.h>

#include "examples/board.h"
#include "examples/startup.h"

#define STAGE REG(0x20008000)
#define STAGE_GUARDED 0x100u /* with the MPU on */
#define RAM_CODE 0x20004000u
#define APP_CODE 0x08005000u /* the script puts the same code here */

#define SYS_EXIT 0x18u
#define EXIT_GOOD 0x20026u
#define EXIT_BAD 0x20023u

static const uint16_t return_42[] = { 0x202a, 0x4770 }; /* movs r0,42; bx lr */

static void __attribute__((noreturn)) leave(bool good)
{
	register uint32_t r0 __asm__("r0") = SYS_EXIT;
	register uint32_t r1 __asm__("r1") = good ? EXIT_GOOD : EXIT_BAD;

	for (;;)
		__asm__ volatile("bkpt 0xab" : : "r"(r0), "r"(r1) : "memory");
}

static volatile bool expected;

/* A fault is what is wanted, of the call alone, with the MPU on. */
void fault_handler(void)
{
	leave(expected);
}

/* Data stays readable, at any alignment, and RAM writable. */
static bool data_as_before(void)
{
	volatile uint32_t *ram = (volatile uint32_t *)0x20000101u;

	*ram = 0x12345678;
	return *ram == 0x12345678 &&
	       *(volatile uint16_t *)APP_CODE == return_42[0] &&
	       *(volatile uint32_t *)(APP_CODE + 1) != 0;
}

int main(void)
{
	static const uint32_t places[] = { RAM_CODE, APP_CODE,
					   APP_CODE - FLASH_BASE };
	uint32_t stage = STAGE;
	uint32_t place = places[(stage & 0xff) % 3];
	bool works;

	memcpy((void *)(uintptr_t)RAM_CODE, return_42, sizeof(return_42));
	__asm__ volatile("dsb\n\tisb" ::: "memory");
	if (stage & STAGE_GUARDED) {
		board_execute_only();
		if (!data_as_before())
			leave(false);
		expected = true;
	}
	works = ((int (*)(void))(uintptr_t)(place | 1))() == 42;
	leave(works && !(stage & STAGE_GUARDED));
}
