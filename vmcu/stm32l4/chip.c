/* SPDX-License-Identifier: MIT */
/* The STM32L432xC put together: bus table, reset, events, pins. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmcu/stm32l4/l4.h"

#define AHB1ENR 0x48
#define AHB1RSTR 0x28
#define AHB2ENR 0x4c
#define APB1ENR1 0x58
#define APB1ENR2 0x5c
#define APB2ENR 0x60
#define AHB2RSTR 0x2c
#define APB1RSTR1 0x38
#define APB1RSTR2 0x3c
#define APB2RSTR 0x40
#define DBGMCU_BASE 0xe0042000u
#define DBG_IWDG_STOP (1u << 12)

#define GPIO offsetof(struct l4, gpio)
#define UART offsetof(struct l4, uart)
#define WDG offsetof(struct l4, iwdg)
#define DMA offsetof(struct l4, dma)
static const struct st_device devices[] = {
	{ "USART2", 0x40004400, 0x400, UART, 1, APB1ENR1, 17, st_usart_read,
	  st_usart_write },
	{ "IWDG", 0x40003000, 0x400, WDG, 0, 0, 0, st_iwdg_read,
	  st_iwdg_write },
	{ "PWR", 0x40007000, 0x400, 0, 0, APB1ENR1, 28, l4_pwr_read,
	  l4_pwr_write },
	{ "LPUART1", 0x40008000, 0x400, UART, 2, APB1ENR2, 0, st_usart_read,
	  st_usart_write },
	{ "SYSCFG", 0x40010000, 0x400, 0, 0, APB2ENR, 0, l4_syscfg_read,
	  l4_syscfg_write },
	{ "USART1", 0x40013800, 0x400, UART, 0, APB2ENR, 14, st_usart_read,
	  st_usart_write },
	{ "DMA1", 0x40020000, 0x400, DMA, 0, AHB1ENR, 0, st_dma_read,
	  st_dma_write },
	{ "RCC", 0x40021000, 0x400, 0, 0, 0, 0, l4_rcc_read, l4_rcc_write },
	{ "FLASH", 0x40022000, 0x400, 0, 0, 0, 0, l4_flash_read,
	  l4_flash_write },
	{ "GPIOA", 0x48000000, 0x400, GPIO, 0, AHB2ENR, 0, st_gpio_read,
	  st_gpio_write },
	{ "GPIOB", 0x48000400, 0x400, GPIO, 1, AHB2ENR, 1, st_gpio_read,
	  st_gpio_write },
	{ "GPIOC", 0x48000800, 0x400, GPIO, 2, AHB2ENR, 2, st_gpio_read,
	  st_gpio_write },
	{ "GPIOH", 0x48001c00, 0x400, GPIO, 3, AHB2ENR, 7, st_gpio_read,
	  st_gpio_write },
	{ "RNG", 0x50060800, 0x400, 0, 0, AHB2ENR, 18, l4_rng_read,
	  l4_rng_write },
};

static const struct st_range ranges[] = {
	{ 0x40000000, 0x09800 }, /* APB1 */
	{ 0x40010000, 0x06400 }, /* APB2 */
	{ 0x40020000, 0x04400 }, /* AHB1 */
	{ 0x48000000, 0x02000 }, /* AHB2: GPIO */
	{ 0x50040000, 0x00400 }, /* AHB2: ADC */
	{ 0x50060800, 0x00400 }, /* AHB2: RNG */
};

static const struct st_bus bus = {
	devices,     sizeof(devices) / sizeof(devices[0]),
	ranges,	     sizeof(ranges) / sizeof(ranges[0]),
	l4_rcc_gate,
};

/* -- what differs in the shared peripherals -------------------------------- */

static const struct st_gpio_config gpio_config = {
	.names = "ABCH",
	.initial = {
		{ .moder = 0xabffffff,
		  .ospeedr = 0x0c000000,
		  .pupdr = 0x64000000 },
		{ .moder = 0xfffffebf, .pupdr = 0x00000100 },
		{ .moder = 0xffffffff },
		{ .moder = 0x0000000f },
	},
};

static const struct st_usart_config usarts[] = {
	{ .tx = { { 'A', 9, 7 }, { 'B', 6, 7 } },
	  .rx = { { 'A', 10, 7 }, { 'B', 7, 7 } },
	  .irq = IRQ_USART1 },
	{ .tx = { { 'A', 2, 7 } },
	  .rx = { { 'A', 3, 7 }, { 'A', 15, 3 } },
	  .irq = IRQ_USART2 },
	{ .tx = { { 'A', 2, 8 } },
	  .rx = { { 'A', 3, 8 } },
	  .irq = IRQ_LPUART1,
	  .lpuart = true },
};

static bool rx_asks(const struct mcu *m, unsigned unit)
{
	return st_usart_rx_asks(&l4_of(m)->uart, unit);
}

/* RM0394 11.6.7: the receivers of USART1, USART2 (DMA1). */
static const struct st_dma_request dma_requests[] = {
	{ 5, 2, 0, rx_asks },
	{ 6, 2, 1, rx_asks },
	{ 0, 0, 0, NULL },
};

static const struct st_dma_config dma_config = {
	.channels = 7,
	.irq = { 11, 12, 13, 14, 15, 16, 17 },
	.select = true,
	.request = dma_requests,
};

static bool iwdg_frozen(const struct mcu *m)
{
	return l4_of(m)->dbgmcu[2] & DBG_IWDG_STOP;
}

static const struct st_iwdg_config iwdg_config = {
	.hz = 32000,
	.event = EVENT_IWDG,
	.window = true,
	.frozen = iwdg_frozen,
};

static void peripherals_create(struct l4 *l)
{
	l->gpio.m = l->uart.m = l->iwdg.m = l->dma.m = l->m;
	l->gpio.cfg = &gpio_config;
	l->iwdg.cfg = &iwdg_config;
	l->dma.cfg = &dma_config;
	l->uart.cfg = usarts;
	l->uart.count = sizeof(usarts) / sizeof(usarts[0]);
	l->uart.event = EVENT_UART;
	l->uart.gpio = &l->gpio;
	l->uart.wired = st_usart_af;
	l->uart.clock = l4_rcc_uart_clock;
	l->uart.dma = &l->dma;
}

/* -- debug block of the chip ----------------------------------------------- */

static uint32_t dbgmcu_read(const struct l4 *l, uint32_t off)
{
	if (off == 0)
		return l->profile->dbgmcu_id;
	return off <= 0x0c ? l->dbgmcu[off / 4] : 0;
}

static void dbgmcu_write(struct l4 *l, uint32_t off, uint32_t v)
{
	if (off >= 4 && off <= 0x0c)
		l->dbgmcu[off / 4] = v;
}

/* -- bus ------------------------------------------------------------------- */

static bool chip_read(struct mcu *m, enum mcu_master by, uint32_t addr,
		      unsigned size, uint32_t *out)
{
	struct l4 *l = l4_of(m);
	uint32_t v;
	bool mine, ok;

	(void)by;
	ok = l4_memory_read(l, addr, size, out, &mine);
	if (mine)
		return ok;
	if (addr - DBGMCU_BASE >= 0x400)
		return st_bus_read(&bus, l, addr, size, out);
	v = dbgmcu_read(l, (addr - DBGMCU_BASE) & ~3u);
	*out = (v & st_bus_lanes(addr, size)) >> 8 * (addr & 3);
	return true;
}

static bool chip_write(struct mcu *m, enum mcu_master by, uint32_t addr,
		       unsigned size, uint32_t v)
{
	struct l4 *l = l4_of(m);
	bool mine, ok;

	ok = l4_memory_write(l, by, addr, size, v, &mine);
	if (mine)
		return ok;
	if (addr - DBGMCU_BASE >= 0x400)
		return st_bus_write(&bus, l, addr, size, v, &l->bus_error);
	dbgmcu_write(l, addr - DBGMCU_BASE, v);
	return true;
}

static void chip_debug_seen(struct mcu *m)
{
	struct l4 *l = l4_of(m);

	if (l->dbg_seen)
		return;
	l->dbg_seen = true;
	l4_memory_update(l);
}

/* -- power and reset ------------------------------------------------------- */

static void chip_power_on(struct mcu *m, bool kept)
{
	struct l4 *l = l4_of(m);

	if (!kept)
		l4_memory_noise(l);
	l->dbg_seen = false;
	memset(l->dbgmcu, 0, sizeof(l->dbgmcu));
	memset(l->backup, 0, sizeof(l->backup));
}

static void chip_power_off(struct mcu *m)
{
	l4_flash_abort(l4_of(m));
	st_gpio_reset(&l4_of(m)->gpio); /* nothing is driven any more */
}

static void reset_peripherals(struct l4 *l)
{
	st_gpio_reset(&l->gpio);
	st_dma_reset(&l->dma);
	st_usart_reset(&l->uart);
	l4_rng_reset(l);
	st_iwdg_reset(&l->iwdg);
	l4_syscfg_reset(l);
	l4_pwr_reset(l);
}

static void chip_reset(struct mcu *m, enum mcu_reset why, uint32_t *vtor)
{
	static const unsigned modes[] = { 0, 1, 3 };
	struct l4 *l = l4_of(m);
	bool options = why == RESET_POWER || why == RESET_OPTIONS;

	l4_flash_abort(l);
	l4_flash_reset(l);
	l4_rcc_reset(l, why);
	reset_peripherals(l);
	if (options)
		l4_options_load(l);
	if (!(l->opt.loaded[OPT_OPTR] & OPTR_SRAM2_RST))
		l4_sram2_erase(l);
	l4_options_boot(l);
	l->mem_mode = modes[l->boot];
	l4_memory_update(l);
	if (!(l->opt.loaded[OPT_OPTR] & OPTR_IWDG_SW))
		st_iwdg_start(&l->iwdg);
	*vtor = 0;
}

/* Only the peripherals that firmware resets one by one. */
void l4_device_reset(struct l4 *l, uint8_t rstr, uint32_t bits)
{
	if (rstr == AHB1RSTR && bits & 1)
		st_dma_reset(&l->dma);
	if (rstr == AHB2RSTR && bits & 0x8f)
		st_gpio_reset(&l->gpio);
	if (rstr == AHB2RSTR && bits & 1u << 18)
		l4_rng_reset(l);
	if ((rstr == APB1RSTR1 && bits & 1u << 17) ||
	    (rstr == APB1RSTR2 && bits & 1) ||
	    (rstr == APB2RSTR && bits & 1u << 14))
		st_usart_reset(&l->uart);
}

static void chip_event(struct mcu *m, unsigned slot)
{
	struct l4 *l = l4_of(m);

	if (slot == EVENT_FLASH)
		l4_flash_event(l);
	else if (slot >= EVENT_UART && slot < EVENT_UART + 6)
		st_usart_event(&l->uart, slot - EVENT_UART);
	else if (slot == EVENT_RNG)
		l4_rng_event(l);
	else if (slot == EVENT_IWDG)
		st_iwdg_event(&l->iwdg);
	else if (slot == EVENT_REMAP)
		l4_memory_update(l);
}

/* -- the rest of struct chip ----------------------------------------------- */

static int chip_pin(const struct mcu *m, char port, unsigned bit)
{
	return st_gpio_pin(&l4_of(m)->gpio, port, bit);
}

static int chip_pin_level(const struct mcu *m, char port, unsigned bit)
{
	return st_gpio_level(&l4_of(m)->gpio, port, bit);
}

static void chip_pin_drive(struct mcu *m, char port, unsigned bit, int level)
{
	st_gpio_drive(&l4_of(m)->gpio, port, bit, level);
}

static bool chip_debug_pins_on(const struct mcu *m)
{
	return st_gpio_debug_pins(&l4_of(m)->gpio);
}

static bool chip_debug_allowed(const struct mcu *m)
{
	return l4_rdp_level(l4_of(m)) != 2;
}

static void chip_uart_kick(struct mcu *m)
{
	st_usart_kick(&l4_of(m)->uart);
}

static void chip_state(struct mcu *m, struct state_table *out)
{
	struct l4 *l = l4_of(m);

	*out = (struct state_table){
		.section = {
			{ "OPTS", STATE_U64, l->opt.stored, OPT_COUNT },
			{ "OTP ", STATE_BYTES, l->otp, L4_OTP_SIZE },
			{ "FLSH", STATE_BYTES, l->flash, L4_FLASH_SIZE },
			{ "ECC ", STATE_FLAGS, l->ecc_bad, L4_DWORDS },
		},
		.count = 4,
	};
}

/* -- for the tools --------------------------------------------------------- */

static bool chip_torn(const struct mcu *m, uint32_t addr)
{
	return addr - L4_FLASH_BASE < L4_FLASH_SIZE &&
	       l4_of(m)->ecc_bad[(addr - L4_FLASH_BASE) / 8] != 0;
}

static unsigned chip_protection(const struct mcu *m)
{
	return l4_rdp_level(l4_of(m));
}

static void chip_flash_changed(struct mcu *m, uint32_t offset, uint32_t len)
{
	l4_flash_changed(l4_of(m), offset, len);
}

/* -- life ------------------------------------------------------------------ */

static int chip_create(struct mcu *m, const char *profile)
{
	struct l4 *l = l4_of(m);
	int err;

	l->m = m;
	l->profile = l4_profile_find(profile);
	if (l->profile == NULL)
		return E_NOT_FOUND;
	peripherals_create(l);
	st_profile_apply(m, l->profile);
	err = core_new(m, l->profile->cpuid, &m->core);
	if (!err)
		err = l4_memory_create(l);
	if (!err)
		l4_options_default(l);
	return err;
}

static void chip_destroy(struct mcu *m)
{
	l4_memory_destroy(l4_of(m));
}

const struct chip stm32l4_chip = {
	.name = "stm32l432",
	.uid_len = ST_UID_LEN,
	.io = { { 0x1fff7000, 0x9000 } }, /* OTP, identity, options */
	.dev_len = sizeof(struct l4),
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
