/* SPDX-License-Identifier: MIT */
/*
 * startup.c - vector table and first instructions of bootloader and app.
 *
 * Symbols of examples/sections.ld are addresses, not objects.
 */
#include "examples/startup.h"

#include <string.h>

extern char image_stack_top[];
extern char image_data_start[], image_data_end[], image_data_load[];
extern char image_bss_start[], image_bss_end[];

int main(void);

/* Without a handler of the image's own: stay here, in reach of a debugger. */
static void halt(void)
{
	for (;;)
		__asm__ volatile("wfi");
}

void reset_handler(void)
{
	memcpy(image_data_start, image_data_load,
	       (size_t)(image_data_end - image_data_start));
	memset(image_bss_start, 0, (size_t)(image_bss_end - image_bss_start));
	main();
	halt();
}

void fault_handler(void) __attribute__((weak, alias("halt")));
void nmi_handler(void) __attribute__((weak, alias("fault_handler")));
void systick_handler(void) __attribute__((weak, alias("fault_handler")));

/* PM0214 section 2.3.4; a Cortex-M0 never uses some.  The examples use no
 * interrupt beyond SysTick. */
__attribute__((section(".vectors"), used)) static const struct {
	void *stack;
	void (*handler[15])(void);
} vectors = {
	image_stack_top,
	{
		reset_handler,
		nmi_handler,
		fault_handler, /* HardFault */
		fault_handler, /* MemManage */
		fault_handler, /* BusFault */
		fault_handler, /* UsageFault */
		NULL,
		NULL,
		NULL,
		NULL,
		fault_handler, /* SVCall */
		fault_handler, /* DebugMonitor */
		NULL,
		fault_handler, /* PendSV */
		systick_handler,
	},
};
