/* SPDX-License-Identifier: MIT */
/*
 * Vectors, handlers and the log.  Every handler writes its number, the stack
 * that it came from and EXC_RETURN; hooks let a test act inside it.
 */
#include "tests/target/irq/irq.h"

#define LOG_CAP 8188

static volatile struct {
	uint32_t len; /* bit 31: finished */
	char text[LOG_CAP];
} log_area __attribute__((section(".log"), used));

volatile uint32_t irq_ticks, irq_skip;
void (*volatile irq_hook)(unsigned n);

void say(const char *s)
{
	while (*s != '\0' && log_area.len < LOG_CAP)
		log_area.text[log_area.len++] = *s++;
}

void say_hex(const char *name, uint32_t v)
{
	static const char digits[] = "0123456789abcdef";
	char text[10];

	for (int i = 0; i < 8; i++)
		text[i] = digits[v >> (28 - 4 * i) & 0xf];
	text[8] = '\n';
	text[9] = '\0';
	say(name);
	say(" ");
	say(text);
}

void exc_main(struct frame *f, uint32_t exc_return, uint32_t n);

/* All exceptions but SysTick come here. */
void exc_main(struct frame *f, uint32_t exc_return, uint32_t n)
{
	say_hex("> exception", n);
	say_hex("  return", exc_return);
	say_hex("  stacked xpsr", f->xpsr & 0x010003ff);
	say_hex("  icsr", SCB_ICSR & 0xf0400fff);
	if (n >= 3 && n <= 6) {
		say_hex("  cfsr", SCB_CFSR);
		say_hex("  hfsr", SCB_HFSR);
		SCB_CFSR = SCB_CFSR;
		SCB_HFSR = SCB_HFSR;
		f->pc += irq_skip;
		if (irq_skip == 0) { /* back to the caller */
			f->pc = f->lr & ~1u;
			f->xpsr |= 1u << 24;
		}
	}
	if (n == 11) {
		say_hex("  r0", f->r0);
		f->r0 += 1;
	}
	if (irq_hook)
		irq_hook(n);
	say_hex("< exception", n);
}

__attribute__((naked)) static void exc_entry(void)
{
	__asm__ volatile("tst lr, #4\n"
			 "ite eq\n"
			 "mrseq r0, msp\n"
			 "mrsne r0, psp\n"
			 "mov r1, lr\n"
			 "mrs r2, ipsr\n"
			 "push {r4, lr}\n"
			 "bl exc_main\n"
			 "pop {r4, pc}\n");
}

static void systick(void)
{
	irq_ticks++;
}

static void start(void)
{
	log_area.len = 0;
	irq_ticks = 0;
	irq_hook = 0;
	irq_skip = 2;
	irq_tests();
	irq_fault_tests();
	say("done\n");
	log_area.len |= 1u << 31;
	for (;;)
		;
}

typedef void (*vector)(void);
#define E exc_entry
__attribute__((section(".vectors"), used)) static const vector vectors[48] = {
	(vector)0x20003000,
	start,
	E,
	E,
	E,
	E,
	E,
	E,
	E,
	E,
	E,
	E,
	E,
	E,
	E,
	systick,
	E,
	E,
	E,
	E,
	E,
	E,
	E,
	E,
	E,
	E,
	E,
	E,
	E,
	E,
	E,
	E,
	E,
	E,
	E,
	E,
	E,
	E,
	E,
	E,
	E,
	E,
	E,
	E,
	E,
	E,
	E,
	E,
};
