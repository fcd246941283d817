/* SPDX-License-Identifier: MIT */
/* tests/target/irq/irq.h - registers and the log of the interrupt test. */
#ifndef TESTS_TARGET_IRQ_IRQ_H
#define TESTS_TARGET_IRQ_IRQ_H

#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(address))
#define SYST_CSR REG(0xe000e010)
#define SYST_RVR REG(0xe000e014)
#define SYST_CVR REG(0xe000e018)
#define NVIC_ISER REG(0xe000e100)
#define NVIC_ICER REG(0xe000e180)
#define NVIC_ISPR REG(0xe000e200)
#define NVIC_ICPR REG(0xe000e280)
#define NVIC_IABR REG(0xe000e300)
#define NVIC_IPR ((volatile uint8_t *)0xe000e400)
#define SCB_ICSR REG(0xe000ed04)
#define SCB_VTOR REG(0xe000ed08)
#define SCB_AIRCR REG(0xe000ed0c)
#define SCB_SCR REG(0xe000ed10)
#define SCB_CCR REG(0xe000ed14)
#define SCB_SHPR ((volatile uint8_t *)0xe000ed18)
#define SCB_SHCSR REG(0xe000ed24)
#define SCB_CFSR REG(0xe000ed28)
#define SCB_HFSR REG(0xe000ed2c)
#define SCB_BFAR REG(0xe000ed38)
#define SHPR_BUS 1
#define SHPR_USAGE 2
#define SHPR_SVC 7
#define SHPR_PENDSV 10
#define SHPR_SYSTICK 11

/* What the exception pushed, and what the handler may change of it. */
struct frame {
	uint32_t r0, r1, r2, r3, r12, lr, pc, xpsr;
};

extern volatile uint32_t irq_ticks;
extern volatile uint32_t irq_skip; /* bytes a fault handler skips */
extern void (*volatile irq_hook)(unsigned n);

void say(const char *s);
void say_hex(const char *name, uint32_t v);

void irq_tests(void);
void irq_fault_tests(void);

#endif
