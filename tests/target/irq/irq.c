/* SPDX-License-Identifier: MIT */
/* Priorities, nesting, tail-chaining, masks, SVC, PendSV, SysTick, sleep. */
#include "tests/target/irq/irq.h"

#define ASM(text) __asm__ volatile(text ::: "memory")

static uint32_t svc(uint32_t v)
{
	register uint32_t r0 __asm__("r0") = v;

	__asm__ volatile("svc 5" : "+r"(r0)::"memory");
	return r0;
}

static void pend_pendsv(void)
{
	SCB_ICSR = 1u << 28;
	ASM("dsb\n isb");
}

static void pend(uint32_t mask)
{
	NVIC_ISPR = mask;
	ASM("dsb\n isb");
}

static void test_calls(void)
{
	say("-- svc and pendsv\n");
	say_hex("svc gives", svc(41));
	pend_pendsv();
	say("after pendsv\n");
}

static void hook_pendsv_in_svc(unsigned n)
{
	if (n == 11) {
		pend_pendsv();
		say_hex("shcsr in svc", SCB_SHCSR & 0xffff);
	}
}

static void test_pendsv_order(void)
{
	say("-- pendsv pended inside svc, lower: tail-chained\n");
	SCB_SHPR[SHPR_SVC] = 0x40;
	SCB_SHPR[SHPR_PENDSV] = 0xf0;
	irq_hook = hook_pendsv_in_svc;
	svc(1);
	say("-- the same, pendsv higher: nested\n");
	SCB_SHPR[SHPR_PENDSV] = 0x20;
	svc(2);
	irq_hook = 0;
	SCB_SHPR[SHPR_PENDSV] = 0xf0;
}

static void hook_nest(unsigned n)
{
	if (n == 16 + 3) {
		pend(1u << 5 | 1u << 9);
		say_hex("active", NVIC_IABR);
		say_hex("pending", NVIC_ISPR);
	}
}

static void test_nesting(void)
{
	say("-- irq 5 preempts 3, 9 waits\n");
	NVIC_IPR[3] = 0x80;
	NVIC_IPR[5] = 0x40;
	NVIC_IPR[9] = 0xc0;
	say_hex("ipr 3, 5, 9", (uint32_t)NVIC_IPR[3] << 16 |
				       (uint32_t)NVIC_IPR[5] << 8 |
				       NVIC_IPR[9]);
	NVIC_ISER = 1u << 3 | 1u << 5 | 1u << 9;
	irq_hook = hook_nest;
	pend(1u << 3);
	irq_hook = 0;
	say("-- three at once: by priority, then by number\n");
	NVIC_IPR[3] = 0x80;
	NVIC_IPR[5] = 0x80;
	NVIC_IPR[9] = 0x40;
	pend(1u << 3 | 1u << 5 | 1u << 9);
}

static void test_groups(void)
{
	say("-- priority grouping: subpriority orders, does not preempt\n");
	SCB_AIRCR = 0x05fa0000 | 5u << 8; /* two bits group, two bits sub */
	say_hex("aircr", SCB_AIRCR & 0x0000ff00);
	NVIC_IPR[3] = 0x80;
	NVIC_IPR[5] = 0x90;
	NVIC_IPR[9] = 0xa0;
	irq_hook = hook_nest;
	pend(1u << 3);
	irq_hook = 0;
	SCB_AIRCR = 0x05fa0000;
}

static void test_masks(void)
{
	say("-- primask\n");
	ASM("cpsid i");
	pend(1u << 3);
	say_hex("pending", NVIC_ISPR);
	say("still masked\n");
	ASM("cpsie i");
	say("unmasked\n");
	say("-- basepri 0x80 lets 0x40 through\n");
	NVIC_IPR[3] = 0x80;
	NVIC_IPR[5] = 0x40;
	__asm__ volatile("msr basepri, %0" ::"r"(0x80) : "memory");
	pend(1u << 3 | 1u << 5);
	say("3 waits\n");
	__asm__ volatile("msr basepri, %0" ::"r"(0) : "memory");
	say("-- faultmask, and svc with faultmask off again\n");
	ASM("cpsid f");
	pend(1u << 5);
	say("5 waits\n");
	ASM("cpsie f");
	say("-- disabled: stays pending; cleared: gone\n");
	NVIC_ICER = 1u << 5;
	pend(1u << 5);
	say_hex("pending", NVIC_ISPR);
	NVIC_ICPR = 1u << 5;
	NVIC_ISER = 1u << 5;
	say_hex("pending", NVIC_ISPR);
}

static void test_process_stack(void)
{
	static uint32_t stack[64] __attribute__((aligned(8)));

	say("-- process stack, then a misaligned one\n");
	__asm__ volatile("msr psp, %0\n"
			 "msr control, %1\n"
			 "isb\n"
			 "mov r0, #7\n"
			 "svc 1\n"
			 "sub sp, #4\n"
			 "svc 2\n"
			 "add sp, #4\n"
			 "msr control, %2\n"
			 "isb\n" ::"r"(stack + 64),
			 "r"(2), "r"(0)
			 : "r0", "r1", "r2", "r3", "r12", "cc", "memory");
	say("main stack again\n");
}

__attribute__((noinline)) static uint32_t churn(uint32_t n)
{
	uint32_t a = 1, b = 7;

	ASM(""); /* called as often as it is written */

	while (n-- > 0) { /* compiles to IT blocks and flags */
		a = a * 1664525u + 1013904223u;
		b = a & 0x100 ? b + (a >> 7) : b ^ a;
		b = (int32_t)b < 0 ? b << 1 | 1 : b << 1;
	}
	return a ^ b;
}

static void test_systick(void)
{
	uint32_t alone = churn(20000), sum;

	say("-- systick hammers a computation\n");
	say_hex("alone", alone);
	SYST_RVR = 199;
	SYST_CVR = 0;
	SYST_CSR = 7;
	do
		sum = churn(20000);
	while (irq_ticks < 1000 && sum == alone);
	SYST_CSR = 0;
	SCB_ICSR = 1u << 25;
	say_hex("hammered", sum);
	say_hex("reload", SYST_RVR);
}

static void test_sleep(void)
{
	say("-- wfi wakes on a masked interrupt without taking it\n");
	ASM("cpsid i");
	SYST_RVR = 4999;
	SYST_CVR = 0;
	SYST_CSR = 7;
	ASM("wfi");
	say_hex("pending systick", SCB_ICSR & 1u << 26);
	say_hex("countflag", SYST_CSR & 1u << 16);
	SYST_CSR = 0;
	SCB_ICSR = 1u << 25;
	ASM("cpsie i");
	say("-- sev, wfe\n");
	ASM("sev\n wfe");
	say("awake\n");
}

static void hook_unpend(unsigned n)
{
	if (n == 16 + 3) {
		NVIC_ISPR = 1u << 3; /* itself again: tail-chains to itself */
		irq_hook = 0;
	}
}

static void test_again(void)
{
	say("-- an interrupt pends itself\n");
	irq_hook = hook_unpend;
	pend(1u << 3);
	say_hex("active", NVIC_IABR);
}

void irq_tests(void)
{
	say_hex("vtor", SCB_VTOR);
	say_hex("ccr", SCB_CCR);
	test_calls();
	test_pendsv_order();
	test_nesting();
	test_groups();
	test_masks();
	test_process_stack();
	test_systick();
	test_sleep();
	test_again();
}
