/* SPDX-License-Identifier: MIT */
/* The STM32F051x8 put together: bus table, reset, events, pins. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmcu/stm32f0/f0.h"

#define APB2RSTR 0x0c
#define APB1RSTR 0x10
#define AHBENR 0x14
#define APB2ENR 0x18
#define APB1ENR 0x1c
#define AHBRSTR 0x28
#define DBGMCU_BASE 0x40015800u
#define FLASH_REGS 0x40022000u
#define DBG_IWDG_STOP (1u << 12)
#define USER_WDG_SW (1u << 0)

#define GPIO offsetof(struct f0, gpio)
#define UART offsetof(struct f0, uart)
#define WDG offsetof(struct f0, iwdg)
#define DMA offsetof(struct f0, dma)
static const struct st_device devices[] = {
	{ "TIM14", 0x40002000, 0x400, 0, 0, APB1ENR, 8, f0_tim14_read,
	  f0_tim14_write },
	{ "IWDG", 0x40003000, 0x400, WDG, 0, 0, 0, st_iwdg_read,
	  st_iwdg_write },
	{ "USART2", 0x40004400, 0x400, UART, 1, APB1ENR, 17, st_usart_read,
	  st_usart_write },
	{ "PWR", 0x40007000, 0x400, 0, 0, APB1ENR, 28, f0_pwr_read,
	  f0_pwr_write },
	{ "SYSCFG", 0x40010000, 0x400, 0, 0, APB2ENR, 0, f0_syscfg_read,
	  f0_syscfg_write },
	{ "ADC", 0x40012400, 0x400, 0, 0, APB2ENR, 9, f0_adc_read,
	  f0_adc_write },
	{ "USART1", 0x40013800, 0x400, UART, 0, APB2ENR, 14, st_usart_read,
	  st_usart_write },
	{ "DBGMCU", DBGMCU_BASE, 0x400, 0, 0, APB2ENR, 22, f0_dbgmcu_read,
	  f0_dbgmcu_write },
	{ "DMA1", 0x40020000, 0x400, DMA, 0, AHBENR, 0, st_dma_read,
	  st_dma_write },
	{ "RCC", 0x40021000, 0x400, 0, 0, 0, 0, f0_rcc_read, f0_rcc_write },
	{ "GPIOA", 0x48000000, 0x400, GPIO, 0, AHBENR, 17, st_gpio_read,
	  st_gpio_write },
	{ "GPIOB", 0x48000400, 0x400, GPIO, 1, AHBENR, 18, st_gpio_read,
	  st_gpio_write },
	{ "GPIOC", 0x48000800, 0x400, GPIO, 2, AHBENR, 19, st_gpio_read,
	  st_gpio_write },
	{ "GPIOD", 0x48000c00, 0x400, GPIO, 3, AHBENR, 20, st_gpio_read,
	  st_gpio_write },
	{ "GPIOF", 0x48001400, 0x400, GPIO, 4, AHBENR, 22, st_gpio_read,
	  st_gpio_write },
};

static const struct st_range ranges[] = {
	{ 0x40000000, 0x08000 }, /* APB */
	{ 0x40010000, 0x08000 }, /* APB */
	{ 0x40020000, 0x04400 }, /* AHB1 */
	{ 0x48000000, 0x01800 }, /* AHB2: GPIO */
};

static const struct st_bus bus = {
	devices,     sizeof(devices) / sizeof(devices[0]),
	ranges,	     sizeof(ranges) / sizeof(ranges[0]),
	f0_rcc_gate,
};

/* -- what differs in the shared peripherals -------------------------------- */

static const struct st_gpio_config gpio_config = {
	.names = "ABCDF",
	.initial = { { .moder = 0x28000000,
		       .ospeedr = 0x0c000000,
		       .pupdr = 0x24000000 } },
};

static const struct st_usart_config usarts[] = {
	{ .tx = { { 'A', 9, 1 }, { 'B', 6, 0 } },
	  .rx = { { 'A', 10, 1 }, { 'B', 7, 0 } },
	  .irq = IRQ_USART1 },
	{ .tx = { { 'A', 2, 1 }, { 'A', 14, 1 } },
	  .rx = { { 'A', 3, 1 }, { 'A', 15, 1 } },
	  .irq = IRQ_USART2 },
};

/* RM0091 11.3.7: the receiver of USART1 on channel 3, or 5 by SYSCFG; USART2
 * on channel 5. */
#define USART1_RX_REMAP (1u << 10)

static bool rx_asks(const struct mcu *m, unsigned unit)
{
	const struct f0 *f = f0_of(m);

	return (unit != 0 || !(f->syscfg[0] & USART1_RX_REMAP)) &&
	       st_usart_rx_asks(&f->uart, unit);
}

static bool rx_asks_elsewhere(const struct mcu *m, unsigned unit)
{
	const struct f0 *f = f0_of(m);

	return f->syscfg[0] & USART1_RX_REMAP &&
	       st_usart_rx_asks(&f->uart, unit);
}

static const struct st_dma_request dma_requests[] = {
	{ 3, 0, 0, rx_asks },
	{ 5, 0, 0, rx_asks_elsewhere },
	{ 5, 0, 1, rx_asks },
	{ 0, 0, 0, NULL },
};

static const struct st_dma_config dma_config = {
	.channels = 5,
	.irq = { 9, 10, 10, 11, 11 },
	.request = dma_requests,
};

static bool iwdg_frozen(const struct mcu *m)
{
	return f0_of(m)->dbgmcu[2] & DBG_IWDG_STOP;
}

static const struct st_iwdg_config iwdg_config = {
	.hz = 40000,
	.event = EVENT_IWDG,
	.window = true,
	.frozen = iwdg_frozen,
};

static void peripherals_create(struct f0 *f)
{
	f->gpio.m = f->uart.m = f->iwdg.m = f->dma.m = f->m;
	f->dma.cfg = &dma_config;
	f->uart.dma = &f->dma;
	f->gpio.cfg = &gpio_config;
	f->iwdg.cfg = &iwdg_config;
	f->uart.cfg = usarts;
	f->uart.count = sizeof(usarts) / sizeof(usarts[0]);
	f->uart.event = EVENT_UART;
	f->uart.gpio = &f->gpio;
	f->uart.wired = st_usart_af;
	f->uart.clock = f0_rcc_uart_clock;
}

/* -- bus ------------------------------------------------------------------- */

/* The debugger sees DBGMCU without its clock (chips.md 7.1, step 6). */
static bool debugger_at_dbgmcu(enum mcu_master by, uint32_t addr)
{
	return by == MASTER_DEBUG && addr - DBGMCU_BASE < 0x400;
}

static bool chip_read(struct mcu *m, enum mcu_master by, uint32_t addr,
		      unsigned size, uint32_t *out)
{
	struct f0 *f = f0_of(m);
	uint32_t word = addr & ~3u, v;
	bool mine, ok;

	ok = f0_memory_read(f, by, addr, size, out, &mine);
	if (mine)
		return ok;
	if (word - FLASH_REGS < 0x400)
		v = fpec_reg_read(&f->fpec, word - FLASH_REGS);
	else if (debugger_at_dbgmcu(by, addr))
		v = f0_dbgmcu_read(f, 0, word - DBGMCU_BASE);
	else
		return st_bus_read(&bus, f, addr, size, out);
	*out = (v & st_bus_lanes(addr, size)) >> 8 * (addr & 3);
	return true;
}

static bool chip_write(struct mcu *m, enum mcu_master by, uint32_t addr,
		       unsigned size, uint32_t v)
{
	struct f0 *f = f0_of(m);
	bool mine, ok;

	ok = f0_memory_write(f, by, addr, size, v, &mine);
	if (mine)
		return ok;
	if (addr - FLASH_REGS < 0x400) /* words only (RM0091 3.5) */
		return size == 4 &&
		       fpec_reg_write(&f->fpec, addr - FLASH_REGS, v);
	if (!debugger_at_dbgmcu(by, addr))
		return st_bus_write(&bus, f, addr, size, v, &f->bus_error);
	f0_dbgmcu_write(f, 0, (addr & ~3u) - DBGMCU_BASE, v << 8 * (addr & 3),
			st_bus_lanes(addr, size));
	return true;
}

/*
 * With the quirk the very first access since power-on comes through before
 * the flash shuts (CVE-2017-18347): one word per power cycle.
 */
static void chip_debug_seen(struct mcu *m)
{
	struct f0 *f = f0_of(m);

	f->raced = !f->dbg_seen && m->quirks & F0_SWD_RACE;
	if (f->dbg_seen)
		return;
	f->dbg_seen = true;
	f0_memory_update(f);
}

/* -- power and reset ------------------------------------------------------- */

static void chip_power_on(struct mcu *m, bool kept)
{
	struct f0 *f = f0_of(m);

	if (!kept)
		f0_memory_noise(f);
	f->dbg_seen = f->raced = false;
	memset(f->dbgmcu, 0, sizeof(f->dbgmcu));
	memset(f->backup, 0, sizeof(f->backup));
}

static void chip_power_off(struct mcu *m)
{
	fpec_abort(&f0_of(m)->fpec);
	st_gpio_reset(&f0_of(m)->gpio); /* nothing is driven any more */
}

static bool loads_options(const struct mcu *m, enum mcu_reset why)
{
	return why == RESET_POWER || why == RESET_OPTIONS ||
	       m->quirks & F0_RESET_LOADS;
}

static void chip_reset(struct mcu *m, enum mcu_reset why, uint32_t *vtor)
{
	struct f0 *f = f0_of(m);

	fpec_reset(&f->fpec);
	f0_rcc_reset(f, why);
	st_gpio_reset(&f->gpio);
	st_usart_reset(&f->uart);
	st_iwdg_reset(&f->iwdg);
	st_dma_reset(&f->dma);
	f0_adc_reset(f);
	f0_tim14_reset(f);
	f0_system_reset(f);
	if (loads_options(m, why))
		fpec_load(&f->fpec);
	f0_boot_choose(f);
	f0_memory_update(f);
	if (!(f->fpec.loaded[FPEC_USER] & USER_WDG_SW))
		st_iwdg_start(&f->iwdg);
	*vtor = 0;
}

/* Only the peripherals that firmware resets one by one. */
void f0_device_reset(struct f0 *f, uint8_t rstr, uint32_t bits)
{
	if (rstr == AHBRSTR && bits & 0x5fu << 17)
		st_gpio_reset(&f->gpio);
	if ((rstr == APB1RSTR && bits & 1u << 17) ||
	    (rstr == APB2RSTR && bits & 1u << 14))
		st_usart_reset(&f->uart);
	if (rstr == APB1RSTR && bits & 1u << 8)
		f0_tim14_reset(f);
	if (rstr == APB2RSTR && bits & 1u << 9)
		f0_adc_reset(f);
}

static void chip_event(struct mcu *m, unsigned slot)
{
	struct f0 *f = f0_of(m);

	if (slot == EVENT_FLASH)
		fpec_event(&f->fpec);
	else if (slot >= EVENT_UART && slot < EVENT_UART + 4)
		st_usart_event(&f->uart, slot - EVENT_UART);
	else if (slot == EVENT_IWDG)
		st_iwdg_event(&f->iwdg);
	else if (slot == EVENT_REMAP)
		f0_memory_update(f);
	else if (slot == EVENT_ADC)
		f0_adc_event(f);
	else if (slot == EVENT_LSI)
		f0_tim14_event(f);
}

/* -- pins ------------------------------------------------------------------ */

static int chip_pin(const struct mcu *m, char port, unsigned bit)
{
	return st_gpio_pin(&f0_of(m)->gpio, port, bit);
}

static int chip_pin_level(const struct mcu *m, char port, unsigned bit)
{
	if (port == 'X' && bit == 0)
		return f0_of(m)->boot0;
	return st_gpio_level(&f0_of(m)->gpio, port, bit);
}

static void chip_pin_drive(struct mcu *m, char port, unsigned bit, int level)
{
	if (port == 'X' && bit == 0)
		f0_of(m)->boot0 = level > 0;
	else
		st_gpio_drive(&f0_of(m)->gpio, port, bit, level);
}

static bool chip_debug_pins_on(const struct mcu *m)
{
	return st_gpio_debug_pins(&f0_of(m)->gpio);
}

static bool chip_debug_allowed(const struct mcu *m)
{
	return f0_of(m)->fpec.level != 2;
}

static void chip_uart_kick(struct mcu *m)
{
	st_usart_kick(&f0_of(m)->uart);
}

/* -- for the tools --------------------------------------------------------- */

static void chip_state(struct mcu *m, struct state_table *out)
{
	fpec_state(&f0_of(m)->fpec, out);
}

static bool chip_torn(const struct mcu *m, uint32_t addr)
{
	return fpec_torn(&f0_of(m)->fpec, addr);
}

static unsigned chip_protection(const struct mcu *m)
{
	return f0_of(m)->fpec.level;
}

static void chip_flash_changed(struct mcu *m, uint32_t offset, uint32_t len)
{
	fpec_changed(&f0_of(m)->fpec, offset, len);
}

/* -- life ------------------------------------------------------------------ */

static int chip_create(struct mcu *m, const char *profile)
{
	struct f0 *f = f0_of(m);
	int err;

	f->m = m;
	f->profile = f0_profile_find(profile);
	if (f->profile == NULL)
		return E_NOT_FOUND;
	peripherals_create(f);
	st_profile_apply(m, f->profile);
	err = core_new(m, f->profile->cpuid, &m->core);
	if (!err)
		err = f0_memory_create(f);
	return err;
}

static void chip_destroy(struct mcu *m)
{
	f0_memory_destroy(f0_of(m));
}

static const char *const quirks[] = { "swd-race", "reset-loads", NULL };

const struct chip stm32f051_chip = {
	.name = "stm32f051",
	.uid_len = ST_UID_LEN,
	.quirks = quirks,
	.io = { { 0x1fffe000, 0x2000 } }, /* ROM, identity, options */
	.dev_len = sizeof(struct f0),
	.create = chip_create,
	.destroy = chip_destroy,
	.uid_make = st_uid_make,
	.power_on = chip_power_on,
	.power_off = chip_power_off,
	.reset = chip_reset,
	.event = chip_event,
	.read = chip_read,
	.write = chip_write,
	.pin = chip_pin,
	.pin_level = chip_pin_level,
	.pin_drive = chip_pin_drive,
	.debug_pins_on = chip_debug_pins_on,
	.debug_allowed = chip_debug_allowed,
	.debug_seen = chip_debug_seen,
	.uart_kick = chip_uart_kick,
	.state = chip_state,
	.torn = chip_torn,
	.protection = chip_protection,
	.flash_changed = chip_flash_changed,
};
