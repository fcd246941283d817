/* SPDX-License-Identifier: MIT */
/*
 * What an nRF51 does, told over its UART: flash, faults, random numbers, timer,
 * interrupts, echo.  The same binary runs on the virtual MCU (test_n51_judge)
 * and on QEMU's microbit (tests/judge/qemu-nrf51.sh); all lines must be alike,
 * but those that begin with "dev": there the two are known to differ, and the
 * script knows how.
 *
 * It ends after an echoed line "end".
 */
#include <stdbool.h>
#include <stdint.h>

#define REG(address) (*(volatile uint32_t *)(uintptr_t)(address))

#define CLOCK_HFCLKSTART REG(0x40000000)
#define CLOCK_HFCLKSTARTED REG(0x40000100)
#define POWER_GPREGRET REG(0x4000051c)
#define UART_STARTRX REG(0x40002000)
#define UART_STARTTX REG(0x40002008)
#define UART_RXDRDY REG(0x40002108)
#define UART_TXDRDY REG(0x4000211c)
#define UART_INTENSET REG(0x40002304)
#define UART_ENABLE REG(0x40002500)
#define UART_PSELTXD REG(0x4000250c)
#define UART_PSELRXD REG(0x40002514)
#define UART_RXD REG(0x40002518)
#define UART_TXD REG(0x4000251c)
#define UART_BAUDRATE REG(0x40002524)
#define TIMER0_START REG(0x40008000)
#define TIMER0_STOP REG(0x40008004)
#define TIMER0_CLEAR REG(0x4000800c)
#define TIMER0_CAPTURE(n) REG(0x40008040 + 4 * (n))
#define TIMER0_COMPARE(n) REG(0x40008140 + 4 * (n))
#define TIMER0_SHORTS REG(0x40008200)
#define TIMER0_INTENSET REG(0x40008304)
#define TIMER0_INTENCLR REG(0x40008308)
#define TIMER0_MODE REG(0x40008504)
#define TIMER0_BITMODE REG(0x40008508)
#define TIMER0_PRESCALER REG(0x40008510)
#define TIMER0_CC(n) REG(0x40008540 + 4 * (n))
#define RNG_START REG(0x4000d000)
#define RNG_STOP REG(0x4000d004)
#define RNG_VALRDY REG(0x4000d100)
#define RNG_SHORTS REG(0x4000d200)
#define RNG_INTENSET REG(0x4000d304)
#define RNG_INTENCLR REG(0x4000d308)
#define RNG_CONFIG REG(0x4000d504)
#define RNG_VALUE REG(0x4000d508)
#define NVMC_READY REG(0x4001e400)
#define NVMC_CONFIG REG(0x4001e504)
#define NVMC_ERASEPAGE REG(0x4001e508)
#define UICR_CUSTOMER REG(0x10001080)
#define GPIO_OUTSET REG(0x50000508)
#define GPIO_PIN_CNF(n) REG(0x50000700 + 4 * (n))
#define SYST_CSR REG(0xe000e010)
#define SYST_RVR REG(0xe000e014)
#define SYST_CVR REG(0xe000e018)
#define NVIC_ISER REG(0xe000e100)
#define NVIC_ICER REG(0xe000e180)
#define NVIC_ISPR REG(0xe000e200)
#define NVIC_ICPR REG(0xe000e280)
#define NVIC_IPR(n) REG(0xe000e400 + 4 * (n))
#define SCB_SCR REG(0xe000ed10)
#define SCB_VTOR REG(0xe000ed08)

enum { IRQ_UART = 2, IRQ_TIMER0 = 8, IRQ_RNG = 13, IRQ_SWI0 = 20, IRQ_SWI1 };

#define PAGE 0x30000u
#define STACK 0x20003000u
#define TX_PIN 24
#define RX_PIN 25

/* -- telling --------------------------------------------------------------- */

static void put(char c)
{
	UART_TXDRDY = 0;
	UART_TXD = (uint8_t)c;
	while (!UART_TXDRDY)
		;
}

static void say(const char *s)
{
	while (*s)
		put(*s++);
}

static void say_hex(const char *name, uint32_t v)
{
	say(name);
	put(' ');
	for (int i = 28; i >= 0; i -= 4)
		put("0123456789abcdef"[v >> i & 0xf]);
	put('\n');
}

static void uart_on(void)
{
	GPIO_OUTSET = 1u << TX_PIN;
	GPIO_PIN_CNF(TX_PIN) = 3;
	GPIO_PIN_CNF(RX_PIN) = 0;
	UART_PSELTXD = TX_PIN;
	UART_PSELRXD = RX_PIN;
	UART_BAUDRATE = 0x10000000; /* 1 Mbaud */
	UART_ENABLE = 4;
	UART_STARTTX = 1;
	UART_STARTRX = 1;
}

/* -- interrupts and faults ------------------------------------------------- */

static volatile uint32_t counts[32], order, faults;
static volatile bool nest;

static unsigned active(void)
{
	uint32_t ipsr;

	__asm__ volatile("mrs %0, ipsr" : "=r"(ipsr));
	return ipsr;
}

static void irq_handler(void)
{
	unsigned n = active() - 16;

	counts[n]++;
	order = order << 8 | n;
	if (n == IRQ_TIMER0) {
		for (unsigned i = 0; i < 4; i++)
			TIMER0_COMPARE(i) = 0;
		(void)TIMER0_COMPARE(0);
	} else if (n == IRQ_RNG) {
		RNG_VALRDY = 0;
		(void)RNG_VALRDY;
	} else if (n == IRQ_SWI0 && nest) {
		nest = false;
		NVIC_ISPR = 1u << IRQ_SWI1;
		__asm__ volatile("dsb\n\tisb");
		order = order << 8 | 0xee; /* after or before the other? */
	}
}

/* Goes on behind the 16-bit instruction that failed. */
__attribute__((used)) static void hard_fault_c(uint32_t *frame)
{
	faults++;
	frame[6] += 2;
}

__attribute__((naked)) static void hard_fault(void)
{
	__asm__ volatile("mrs r0, msp\n\t"
			 "push {r4, lr}\n\t"
			 "bl hard_fault_c\n\t"
			 "pop {r4, pc}");
}

/* -- the parts ------------------------------------------------------------- */

static void ready(void)
{
	while (!(NVMC_READY & 1))
		;
}

static void config(uint32_t v)
{
	NVMC_CONFIG = v;
	ready();
}

static void flash_write(uint32_t addr, uint32_t v)
{
	REG(addr) = v;
	ready();
}

static void flash_part(void)
{
	say_hex("dev blank", REG(PAGE + 0x800));
	config(2);
	for (uint32_t a = PAGE; a < PAGE + 0xc00; a += 0x400) {
		NVMC_ERASEPAGE = a;
		ready();
	}
	say_hex("erased", REG(PAGE + 0x400));
	flash_write(PAGE, 0); /* no WEN */
	say_hex("not enabled", REG(PAGE));
	config(1);
	flash_write(PAGE + 0x3fc, 0x11111111);
	flash_write(PAGE + 0x400, 0xffff00ff);
	flash_write(PAGE + 0x400, 0x12345678);
	flash_write(PAGE + 0x7fc, 0x22222222);
	flash_write(PAGE + 0x800, 0x33333333);
	NVMC_ERASEPAGE = PAGE; /* no EEN */
	say_hex("anded", REG(PAGE + 0x400));
	faults = 0;
	__asm__ volatile("movs r1, #0\n\tstrb r1, [%0]" ::"l"(PAGE + 0x404)
			 : "r1", "memory");
	__asm__ volatile("movs r1, #0\n\tstrh r1, [%0]" ::"l"(PAGE + 0x404)
			 : "r1", "memory");
	say_hex("narrow stores fault", faults);
	say_hex("and write nothing", REG(PAGE + 0x404));
	config(2);
	NVMC_ERASEPAGE = PAGE + 0x400;
	ready();
	config(0);
	say_hex("before", REG(PAGE + 0x3fc));
	say_hex("page", REG(PAGE + 0x400));
	say_hex("page end", REG(PAGE + 0x7fc));
	say_hex("behind", REG(PAGE + 0x800));
	say_hex("codepagesize", REG(0x10000010));
	say_hex("codesize", REG(0x10000014));
	say_hex("dev clenr0", REG(0x10000028));
	say_hex("dev uid", REG(0x10000064));
	UICR_CUSTOMER = 0x600dbeef; /* without WEN */
	say_hex("dev uicr", UICR_CUSTOMER);
}

/* Runs from RAM: the flash may not see it. */
static void fault_part(void)
{
	faults = 0;
	__asm__ volatile("ldr r1, [%0]" ::"l"(0x80000000u) : "r1");
	__asm__ volatile("ldr r1, [%0]" ::"l"(0x20000002u) : "r1");
	__asm__ volatile(".hword 0xde00" ::); /* udf */
	say_hex("faults", faults);
}

static void rng_part(void)
{
	uint32_t first, differ = 0;

	counts[IRQ_RNG] = 0;
	RNG_CONFIG = 1;
	RNG_VALRDY = 0;
	RNG_START = 1;
	while (!RNG_VALRDY)
		;
	say_hex("valrdy", RNG_VALRDY);
	first = RNG_VALUE;
	RNG_VALRDY = 0;
	say_hex("cleared", RNG_VALRDY);
	RNG_INTENSET = 1;
	say_hex("inten", RNG_INTENSET);
	NVIC_ISER = 1u << IRQ_RNG;
	while (counts[IRQ_RNG] < 16)
		differ += RNG_VALUE != first;
	say_hex("varies", differ != 0);
	NVIC_ICER = 1u << IRQ_RNG;
	RNG_INTENCLR = 1;
	RNG_STOP = 1;
	RNG_VALRDY = 0;
	NVIC_ICPR = 1u << IRQ_RNG;
	/* one byte, then it stops by itself */
	RNG_SHORTS = 1;
	RNG_START = 1;
	while (!RNG_VALRDY)
		;
	RNG_VALRDY = 0;
	for (volatile uint32_t i = 0; i < 60000; i++)
		;
	say_hex("stopped by short", RNG_VALRDY);
	RNG_SHORTS = 0;
}

static void timer_part(void)
{
	uint32_t a, b;

	TIMER0_MODE = 0;
	TIMER0_BITMODE = 3;
	TIMER0_PRESCALER = 4; /* 1 MHz */
	TIMER0_CC(0) = 200000;
	TIMER0_CC(1) = 1000;
	TIMER0_CLEAR = 1;
	TIMER0_START = 1;
	while (!TIMER0_COMPARE(1))
		;
	say_hex("first", TIMER0_COMPARE(0));
	while (!TIMER0_COMPARE(0))
		;
	TIMER0_CAPTURE(2) = 1;
	a = TIMER0_CC(2);
	for (volatile uint32_t i = 0; i < 1000; i++)
		;
	TIMER0_CAPTURE(2) = 1;
	b = TIMER0_CC(2);
	say_hex("counts on", a >= 200000 && b > a);
	TIMER0_STOP = 1;
	TIMER0_CAPTURE(2) = 1;
	a = TIMER0_CC(2);
	for (volatile uint32_t i = 0; i < 1000; i++)
		;
	TIMER0_CAPTURE(2) = 1;
	say_hex("stands still", TIMER0_CC(2) == a);
	TIMER0_CLEAR = 1;
	TIMER0_CAPTURE(2) = 1;
	say_hex("cleared", TIMER0_CC(2));
	TIMER0_COMPARE(0) = TIMER0_COMPARE(1) = 0;
	/* ten periods, by interrupt; the short clears the counter */
	counts[IRQ_TIMER0] = 0;
	TIMER0_CC(0) = 500;
	TIMER0_CC(1) = 0x80000000;
	TIMER0_SHORTS = 1;
	TIMER0_INTENSET = 1u << 16;
	NVIC_ISER = 1u << IRQ_TIMER0;
	TIMER0_START = 1;
	while (counts[IRQ_TIMER0] < 10)
		__asm__ volatile("wfi");
	TIMER0_STOP = 1;
	NVIC_ICER = 1u << IRQ_TIMER0;
	TIMER0_INTENCLR = 1u << 16;
	say_hex("periods", counts[IRQ_TIMER0]);
	TIMER0_SHORTS = 0;
	NVIC_ICPR = 1u << IRQ_TIMER0;
}

static void priority(unsigned irq, uint32_t v)
{
	uint32_t shift = 8 * (irq % 4);

	NVIC_IPR(irq / 4) = (NVIC_IPR(irq / 4) & ~(0xffu << shift)) |
			    v << shift;
}

static void irq_run(const char *name, uint32_t prio0, uint32_t prio1)
{
	order = 0;
	nest = true;
	priority(IRQ_SWI0, prio0);
	priority(IRQ_SWI1, prio1);
	NVIC_ISPR = 1u << IRQ_SWI0;
	__asm__ volatile("dsb\n\tisb");
	say_hex(name, order);
}

static void irq_part(void)
{
	priority(IRQ_SWI0, 0xff);
	say_hex("priority bits", NVIC_IPR(IRQ_SWI0 / 4) & 0xff);
	NVIC_ISER = 1u << IRQ_SWI0 | 1u << IRQ_SWI1;
	say_hex("enabled", NVIC_ISER & (3u << IRQ_SWI0));
	irq_run("preempts", 0x80, 0x40);
	irq_run("same waits", 0x80, 0x80);
	irq_run("lower waits", 0x40, 0x80);
	__asm__ volatile("cpsid i");
	order = 0;
	NVIC_ISPR = 3u << IRQ_SWI0;
	__asm__ volatile("dsb\n\tisb");
	say_hex("masked", order);
	say_hex("pending", NVIC_ISPR & (3u << IRQ_SWI0));
	__asm__ volatile("wfi"); /* wakes, and is not taken */
	NVIC_ICPR = 1u << IRQ_SWI0;
	__asm__ volatile("cpsie i\n\tisb");
	say_hex("unmasked", order);
	NVIC_ICER = 3u << IRQ_SWI0;
}

/* SEVONPEND: what pends wakes from WFE, enabled or not. */
static void event_part(void)
{
	uint32_t wakes = 0;

	SCB_SCR = 1u << 4;
	TIMER0_PRESCALER = 0;
	TIMER0_CC(0) = 16000;
	TIMER0_SHORTS = 1;
	TIMER0_INTENSET = 1u << 16;
	TIMER0_CLEAR = 1;
	TIMER0_COMPARE(0) = 0;
	TIMER0_START = 1;
	while (wakes < 5) {
		while (!TIMER0_COMPARE(0))
			__asm__ volatile("wfe");
		TIMER0_COMPARE(0) = 0;
		NVIC_ICPR = 1u << IRQ_TIMER0;
		wakes++;
	}
	TIMER0_STOP = 1;
	TIMER0_INTENCLR = 1u << 16;
	SCB_SCR = 0;
	say_hex("woken", wakes);
}

static void absent_part(void)
{
	uint32_t flag = 0;

	SCB_VTOR = 0x20002000;
	say_hex("dev vtor", SCB_VTOR);
	SCB_VTOR = 0;
	SYST_RVR = 1000;
	SYST_CVR = 0;
	SYST_CSR = 5;
	for (uint32_t i = 0; i < 100000 && !flag; i++)
		flag = SYST_CSR >> 16 & 1;
	say_hex("dev systick", flag);
	SYST_CSR = 0;
	POWER_GPREGRET = 0x5a;
	say_hex("dev gpregret", POWER_GPREGRET);
}

/* Letters come back as capitals, line by line. */
static void echo_part(void)
{
	uint32_t last = 0;

	say("echo\n");
	do {
		char c;

		while (!UART_RXDRDY)
			;
		UART_RXDRDY = 0;
		c = (char)UART_RXD;
		if (c >= 'a' && c <= 'z')
			c = (char)(c - 32);
		put(c);
		last = last << 8 | (uint8_t)c;
	} while (last != 0x454e440a); /* "END\n" */
}

static void start(void)
{
	for (unsigned i = 0; i < 32; i++)
		counts[i] = 0;
	nest = false;
	CLOCK_HFCLKSTART = 1;
	while (!CLOCK_HFCLKSTARTED)
		;
	uart_on();
	say("flash\n");
	flash_part();
	say("faults\n");
	fault_part();
	say("rng\n");
	rng_part();
	say("timer\n");
	timer_part();
	say("interrupts\n");
	irq_part();
	event_part();
	say("absent\n");
	absent_part();
	echo_part();
	say("done\n");
	for (;;)
		__asm__ volatile("wfi");
}

#define I irq_handler
__attribute__((section(".vectors"),
	       used)) static void (*const vectors[48])(void) = {
	(void (*)(void))STACK,
	start,
	hard_fault,
	hard_fault,
	0,
	0,
	0,
	0,
	0,
	0,
	0,
	hard_fault,
	0,
	0,
	hard_fault,
	hard_fault,
	I,
	I,
	I,
	I,
	I,
	I,
	I,
	I,
	I,
	I,
	I,
	I,
	I,
	I,
	I,
	I,
	I,
	I,
	I,
	I,
	I,
	I,
	I,
	I,
	I,
	I,
	I,
	I,
	I,
	I,
	I,
	I,
};
