/* SPDX-License-Identifier: MIT */
/* Faults: the right one, with the right reason, escalated when it must. */
#include "tests/target/irq/irq.h"

#define ASM(text) __asm__ volatile(text ::: "memory")
#define NOBODY 0x60000000u /* no memory on either machine */

static void undefined(void)
{
	irq_skip = 2;
	ASM(".short 0xde00");
}

static void bad_load(void)
{
	uint32_t v = 0x1234;

	irq_skip = 2;
	__asm__ volatile("mov r3, %1\n"
			 "mov r2, %0\n"
			 "ldr r2, [r3]\n"
			 "mov %0, r2\n"
			 : "+r"(v)
			 : "r"(NOBODY)
			 : "r2", "r3", "memory");
	say_hex("register kept", v);
	say_hex("bfar", SCB_BFAR);
}

static void no_thumb(void)
{
	irq_skip = 0;
	__asm__ volatile("adr r1, 1f\n"
			 "orr lr, r1, #1\n"
			 "mov r0, #0x100\n"
			 "bx r0\n"
			 ".balign 4\n"
			 "1: nop\n" ::
				 : "r0", "r1", "lr", "memory");
}

static void jump_nowhere(void)
{
	irq_skip = 0;
	__asm__ volatile("adr r1, 1f\n"
			 "orr lr, r1, #1\n"
			 "mov r0, #0x60000000\n"
			 "orr r0, #1\n"
			 "bx r0\n"
			 ".balign 4\n"
			 "1: nop\n" ::
				 : "r0", "r1", "lr", "memory");
}

static void call_while_masked(void)
{
	irq_skip = 0; /* HardFault's frame: lr is set to go on behind */
	ASM("cpsid i");
	__asm__ volatile("adr r1, 1f\n"
			 "orr lr, r1, #1\n"
			 "svc 9\n"
			 ".balign 4\n"
			 "1: nop\n" ::
				 : "r1", "lr", "memory");
	ASM("cpsie i");
}

static void unprivileged_reads_scs(void)
{
	uint32_t v = 0;

	irq_skip = 2;
	__asm__ volatile("ldr r3, =0xe000ed04\n"
			 "mov r1, #1\n"
			 "msr control, r1\n"
			 "isb\n"
			 "movs r2, #0\n"
			 "ldr r2, [r3]\n"
			 "mov %0, r2\n"
			 "mov r0, #9\n"
			 "svc 3\n"
			 : "=r"(v)::"r0", "r1", "r2", "r3", "r12", "cc",
			   "memory");
	say_hex("read", v);
}

static void hook_privilege(unsigned n)
{
	if (n == 11)
		ASM("mov r0, #0\n msr control, r0\n isb");
}

static void in_handler(unsigned n)
{
	if (n == 16 + 3) {
		irq_hook = 0;
		undefined();
	}
}

void irq_fault_tests(void)
{
	say("-- usage fault disabled: forced to hard fault\n");
	undefined();
	SCB_SHCSR |= 7u << 16;
	say_hex("shcsr", SCB_SHCSR);
	say("-- undefined instruction\n");
	undefined();
	say("-- load from nowhere\n");
	bad_load();
	say("-- branch without thumb bit\n");
	no_thumb();
	say("-- branch to nowhere\n");
	jump_nowhere();
	say("-- svc under primask\n");
	call_while_masked();
	say("-- fault inside an interrupt of lower priority: nested\n");
	SCB_SHPR[SHPR_USAGE] = 0x20;
	irq_hook = in_handler;
	NVIC_ISPR = 1u << 3;
	ASM("dsb\n isb");
	say("-- fault inside an interrupt of equal priority: forced\n");
	NVIC_IPR[3] = 0x20;
	irq_hook = in_handler;
	NVIC_ISPR = 1u << 3;
	ASM("dsb\n isb");
	say("-- unprivileged code may not read the system control space\n");
	irq_hook = hook_privilege;
	unprivileged_reads_scs();
	irq_hook = 0;
}
