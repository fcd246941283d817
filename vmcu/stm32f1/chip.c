/* SPDX-License-Identifier: MIT */
/*
 * The STM32F103xB and xE put together: bus table, reset, events.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmcu/stm32f1/f1.h"

#define AHBENR 0x14
#define APB2ENR 0x18
#define APB1ENR 0x1c
#define APB2RSTR 0x0c
#define APB1RSTR 0x10
#define DBGMCU_BASE 0xe0042000u
#define USER_WDG_SW 1u

static uint32_t flash_read(void *dev, unsigned unit, uint32_t off)
{
	struct f1 *f = dev;

	(void)unit;
	return fpec_reg_read(&f->fpec, off);
}

static void flash_write(void *dev, unsigned unit, uint32_t off, uint32_t v,
			uint32_t mask)
{
	struct f1 *f = dev;

	(void)unit;
	(void)mask;
	f->bus_error = !fpec_reg_write(&f->fpec, off, v);
}

#define DEVICE(name, base, unit, reg, bit, calls)                        \
	{                                                                \
		name, base, 0x400, 0, unit, reg, bit, f1_##calls##_read, \
			f1_##calls##_write                               \
	}
#define GPIO(name, base, unit) \
	DEVICE(name, base, unit, APB2ENR, 2 + (unit), gpio)
#define USART(name, base, unit, reg, bit)                                     \
	{                                                                     \
		name, base, 0x400, offsetof(struct f1, uart), unit, reg, bit, \
			st_usart_read, st_usart_write                         \
	}
#define DENSE 3 /* those that only high-density parts have come first */
static const struct st_device devices[] = {
	DEVICE("TIM5", 0x40000c00, 0, APB1ENR, 3, tim5),
	GPIO("GPIOF", 0x40011c00, 5),
	GPIO("GPIOG", 0x40012000, 6),
	DEVICE("RTC", 0x40002800, 0, APB1ENR, 27, rtc),
	{ "IWDG", 0x40003000, 0x400, offsetof(struct f1, iwdg), 0, 0, 0,
	  st_iwdg_read, st_iwdg_write },
	USART("USART2", 0x40004400, 1, APB1ENR, 17),
	USART("USART3", 0x40004800, 2, APB1ENR, 18),
	DEVICE("BKP", 0x40006c00, 0, APB1ENR, 27, bkp),
	DEVICE("PWR", 0x40007000, 0, APB1ENR, 28, pwr),
	DEVICE("AFIO", 0x40010000, 0, APB2ENR, 0, afio),
	GPIO("GPIOA", 0x40010800, 0),
	GPIO("GPIOB", 0x40010c00, 1),
	GPIO("GPIOC", 0x40011000, 2),
	GPIO("GPIOD", 0x40011400, 3),
	GPIO("GPIOE", 0x40011800, 4),
	DEVICE("ADC1", 0x40012400, 0, APB2ENR, 9, adc),
	DEVICE("ADC2", 0x40012800, 1, APB2ENR, 10, adc),
	USART("USART1", 0x40013800, 0, APB2ENR, 14),
	DEVICE("RCC", 0x40021000, 0, 0, 0, rcc),
	{ "DMA1", 0x40020000, 0x400, offsetof(struct f1, dma), 0, AHBENR, 0,
	  st_dma_read, st_dma_write },
	{ "FLASH", 0x40022000, 0x400, 0, 0, 0, 0, flash_read, flash_write },
};
#define DEVICES (sizeof(devices) / sizeof(devices[0]))

static const struct st_range ranges[] = {
	{ 0x40000000, 0x07800 }, /* APB1 */
	{ 0x40010000, 0x05800 }, /* APB2 */
	{ 0x40018000, 0x00400 }, /* SDIO */
	{ 0x40020000, 0x03400 }, /* AHB */
};

static bool gate(const void *family, uint8_t reg, uint8_t bit)
{
	return f1_rcc_gate(family, reg, bit);
}

static struct st_bus bus_of(const struct f1 *f)
{
	unsigned skip = f->model->high_density ? 0 : DENSE;

	return (struct st_bus){
		.device = devices + skip,
		.devices = DEVICES - skip,
		.range = ranges,
		.ranges = sizeof(ranges) / sizeof(ranges[0]),
		.gate = gate,
	};
}

/* -- debug block of the chip ----------------------------------------------- */

/* ST's erratum: without a debugger the core reads zeros here.  Imitations
 * without it are told by that (chips.md 1.4). */
static uint32_t dbgmcu_read(const struct f1 *f, enum mcu_master by,
			    uint32_t off)
{
	if (by == MASTER_CORE && !f->m->debug_req && !f->profile->idcode_always)
		return 0;
	return off == 0 ? f1_device_id(f) : off == 4 ? f->dbgmcu_cr : 0;
}

/* -- bus ------------------------------------------------------------------- */

static bool chip_read(struct mcu *m, enum mcu_master by, uint32_t addr,
		      unsigned size, uint32_t *out)
{
	struct f1 *f = f1_of(m);
	struct st_bus bus = bus_of(f);
	bool mine, ok;
	uint32_t v;

	ok = f1_memory_read(f, by, addr, size, out, &mine);
	if (mine)
		return ok;
	if (addr - DBGMCU_BASE >= 0x400)
		return st_bus_read(&bus, f, addr, size, out);
	v = dbgmcu_read(f, by, (addr - DBGMCU_BASE) & ~3u);
	*out = (v & st_bus_lanes(addr, size)) >> 8 * (addr & 3);
	return true;
}

static bool chip_write(struct mcu *m, enum mcu_master by, uint32_t addr,
		       unsigned size, uint32_t v)
{
	struct f1 *f = f1_of(m);
	struct st_bus bus = bus_of(f);
	bool mine, ok;

	ok = f1_memory_write(f, by, addr, size, v, &mine);
	if (mine)
		return ok;
	if (addr - DBGMCU_BASE >= 0x400)
		return st_bus_write(&bus, f, addr, size, v, &f->bus_error);
	if (addr - DBGMCU_BASE == 4)
		f->dbgmcu_cr = v;
	return true;
}

static void chip_debug_seen(struct mcu *m)
{
	struct f1 *f = f1_of(m);

	if (f->dbg_seen)
		return;
	f->dbg_seen = true;
	f1_memory_update(f);
}

/* -- power and reset ------------------------------------------------------- */

static void chip_power_on(struct mcu *m, bool kept)
{
	struct f1 *f = f1_of(m);

	if (!kept)
		f1_memory_noise(f);
	f->dbg_seen = false;
	f->dbgmcu_cr = 0;
	f1_rcc_backup_reset(f); /* VBAT is tied to VDD */
}

static void chip_power_off(struct mcu *m)
{
	fpec_abort(&f1_of(m)->fpec);
	f1_gpio_reset(f1_of(m)); /* nothing is driven any more */
}

static void reset_peripherals(struct f1 *f)
{
	f1_gpio_reset(f);
	f1_afio_reset(f);
	st_usart_reset(&f->uart);
	f1_adc_reset(f);
	st_iwdg_reset(&f->iwdg);
	f1_tim5_reset(f);
	f1_pwr_reset(f);
	st_dma_reset(&f->dma);
}

/* Every system reset loads the options (PM0075 2.5). */
static void load_options(struct f1 *f, enum mcu_reset why)
{
	bool was_open = f->fpec.level == 0;

	fpec_load(&f->fpec);
	if (why != RESET_POWER && f->dbg_seen && was_open &&
	    mcu_quirk(f->m, QUIRK_NRST_KEEPS_OPEN))
		f->fpec.level = 0;
}

static void boot_mode(struct f1 *f)
{
	bool boot1 = f1_gpio_level(f, 'B', 2) > 0;

	f->boot = !f->boot0 ? BOOT_FLASH : boot1 ? BOOT_RAM : BOOT_ROM;
}

static void chip_reset(struct mcu *m, enum mcu_reset why, uint32_t *vtor)
{
	struct f1 *f = f1_of(m);

	fpec_reset(&f->fpec);
	f1_rcc_reset(f, why);
	reset_peripherals(f);
	load_options(f, why);
	boot_mode(f);
	f1_memory_update(f);
	if (!(f->fpec.loaded[FPEC_USER] & USER_WDG_SW))
		st_iwdg_start(&f->iwdg);
	f1_rtc_event(f); /* the backup domain runs on */
	*vtor = 0;
}

/* Only the peripherals that firmware resets one by one. */
void f1_device_reset(struct f1 *f, uint8_t rstr, uint32_t bits)
{
	if (rstr == APB2RSTR && bits & 0x1fc)
		f1_gpio_reset(f);
	if (rstr == APB2RSTR && bits & 1)
		f1_afio_reset(f);
	if (rstr == APB2RSTR && bits & 3u << 9)
		f1_adc_reset(f);
	if ((rstr == APB2RSTR && bits & 1u << 14) ||
	    (rstr == APB1RSTR && bits & 3u << 17))
		st_usart_reset(&f->uart);
	if (rstr == APB1RSTR && bits & 1u << 3)
		f1_tim5_reset(f);
	if (rstr == APB1RSTR && bits & 1u << 28)
		f1_pwr_reset(f);
}

static void chip_event(struct mcu *m, unsigned slot)
{
	struct f1 *f = f1_of(m);

	if (slot == EVENT_FLASH)
		fpec_event(&f->fpec);
	else if (slot >= EVENT_UART && slot < EVENT_UART + 2 * F1_UARTS)
		st_usart_event(&f->uart, slot - EVENT_UART);
	else if (slot == EVENT_IWDG)
		st_iwdg_event(&f->iwdg);
	else if (slot == EVENT_ADC || slot == EVENT_ADC + 1)
		f1_adc_event(f, slot - EVENT_ADC);
	else if (slot == EVENT_TIM5)
		f1_tim5_event(f);
	else if (slot == EVENT_RTC)
		f1_rtc_event(f);
}

/* -- the rest of struct chip ----------------------------------------------- */

static int chip_pin(const struct mcu *m, char port, unsigned bit)
{
	return f1_gpio_pin(f1_of(m), port, bit);
}

static int chip_pin_level(const struct mcu *m, char port, unsigned bit)
{
	return f1_gpio_level(f1_of(m), port, bit);
}

static void chip_pin_drive(struct mcu *m, char port, unsigned bit, int level)
{
	f1_gpio_drive(f1_of(m), port, bit, level);
}

static bool chip_debug_pins_on(const struct mcu *m)
{
	return f1_of(m)->swj != 4;
}

static bool chip_debug_allowed(const struct mcu *m)
{
	(void)m;
	return true; /* there is no level 2 */
}

static void chip_uart_kick(struct mcu *m)
{
	st_usart_kick(&f1_of(m)->uart);
}

static void chip_state(struct mcu *m, struct state_table *out)
{
	fpec_state(&f1_of(m)->fpec, out);
}

static bool chip_torn(const struct mcu *m, uint32_t addr)
{
	return fpec_torn(&f1_of(m)->fpec, addr);
}

static unsigned chip_protection(const struct mcu *m)
{
	return f1_of(m)->fpec.level;
}

static void chip_flash_changed(struct mcu *m, uint32_t offset, uint32_t len)
{
	fpec_changed(&f1_of(m)->fpec, offset, len);
}

/* -- the two chips --------------------------------------------------------- */

/* DS5319 table 28, DS5792 table 29; the option bytes' times are those of a
 * half-word and a page. */
#define F1_FPEC(size_, page_)                                                  \
	{                                                                      \
		.base = F1_FLASH_BASE, .size = (size_), .page = (page_),       \
		.frozen = 4096, .acr_reset = 0x30, .acr_writable = 0x1f,       \
		.rdp_open = 0xa5, .options = 8,                                \
		.option_initial = { 0x5aa5, 0x00ff, 0xffff, 0xffff,            \
				    0xffff, 0xffff, 0xffff, 0xffff },          \
		.user_shift = 2, .data_shift = { 10, 18 },                     \
		.option_clash = FPEC_SR_PGERR, .shut_error = FPEC_SR_WRPRTERR, \
		.shut_mass_erase = true, .irq = IRQ_FLASH,                     \
		.event = EVENT_FLASH,                                          \
		.ns = {                                                        \
			[FPEC_PROGRAM] = { 40000, 52500, 70000 },              \
			[FPEC_PAGE] = { 20000000, 20000000, 40000000 },        \
			[FPEC_MASS] = { 20000000, 20000000, 40000000 },        \
			[FPEC_REGRESS] = { 20000000, 20000000, 40000000 },     \
			[FPEC_OPTION] = { 40000, 52500, 70000 },               \
			[FPEC_OPTION_ERASE] = { 20000000, 20000000,            \
						40000000 },                    \
		},                                                             \
	}
static const struct f1_model models[] = {
	{ "stm32f103xb", 20 * 1024, 0x16410041, 0x20036410, false,
	  F1_FPEC(128 * 1024, 1024) },
	{ "stm32f103xe", 64 * 1024, 0x06414041, 0x10036414, true,
	  F1_FPEC(512 * 1024, 2048) },
};

static bool fpec_shut(const struct mcu *m)
{
	return f1_flash_shut(f1_of(m));
}

static bool fpec_hsi_on(const struct mcu *m)
{
	return f1_rcc_hsi(f1_of(m));
}

static void fpec_regressed(struct mcu *m)
{
	(void)m; /* the backup registers stay: PM0075 names the flash only */
}

static const struct fpec_chip fpec_calls = {
	.shut = fpec_shut,
	.hsi_on = fpec_hsi_on,
	.regressed = fpec_regressed,
};

static bool iwdg_frozen(const struct mcu *m)
{
	return f1_of(m)->dbgmcu_cr & 1u << 8;
}

/* RM0008 table 78. */
static const struct st_dma_request dma_requests[] = {
	{ .channel = 1, .unit = 0, .asks = f1_adc_asks },
	{ .channel = 2, .unit = 2, .asks = f1_uart_tx_asks },
	{ .channel = 3, .unit = 2, .asks = f1_uart_rx_asks },
	{ .channel = 4, .unit = 0, .asks = f1_uart_tx_asks },
	{ .channel = 5, .unit = 0, .asks = f1_uart_rx_asks },
	{ .channel = 6, .unit = 1, .asks = f1_uart_rx_asks },
	{ .channel = 7, .unit = 1, .asks = f1_uart_tx_asks },
	{ 0 },
};
static const struct st_dma_config dma_config = {
	.channels = 7,
	.irq = { IRQ_DMA1, IRQ_DMA1 + 1, IRQ_DMA1 + 2, IRQ_DMA1 + 3,
		 IRQ_DMA1 + 4, IRQ_DMA1 + 5, IRQ_DMA1 + 6 },
	.request = dma_requests,
};

static const struct st_iwdg_config iwdg_config = {
	.hz = F1_LSI_HZ,
	.event = EVENT_IWDG,
	.frozen = iwdg_frozen,
};

/* -- life ------------------------------------------------------------------ */

static const struct f1_model *model_of(const struct mcu *m)
{
	return &models[strcmp(m->chip->name, models[0].name) != 0];
}

static int chip_create(struct mcu *m, const char *profile)
{
	struct f1 *f = f1_of(m);
	int err;

	f->m = m;
	f->model = model_of(m);
	f->profile = f1_profile_find(profile);
	if (f->profile == NULL)
		return E_NOT_FOUND;
	f->iwdg.m = f->dma.m = m;
	f->dma.cfg = &dma_config;
	f->iwdg.cfg = &iwdg_config;
	f1_uart_create(f);
	f1_profile_apply(f);
	err = f1_core_new(f);
	if (!err)
		err = fpec_init(&f->fpec, m, &f->model->fpec, &fpec_calls);
	if (!err)
		err = f1_memory_create(f);
	f->fpec.no_wait_states = f->profile->no_wait_states;
	return err;
}

static void chip_destroy(struct mcu *m)
{
	f1_memory_destroy(f1_of(m));
	fpec_free(&f1_of(m)->fpec);
}

static const char *const quirks[] = {
	[QUIRK_NRST_KEEPS_OPEN] = "nrst-keeps-open",
	[QUIRK_VECTOR_FETCH] = "vector-fetch",
	[QUIRK_FPB_RESET] = "fpb-reset",
	[QUIRK_NO_CRYSTAL] = "no-crystal",
	NULL,
};

#define F1_CHIP(name_)                                                       \
	{                                                                    \
		.name = (name_), .uid_len = ST_UID_LEN, .quirks = quirks,    \
		.io = { { F1_SYSTEM_BASE, 0x1000 } },                        \
		.dev_len = sizeof(struct f1), .create = chip_create,         \
		.destroy = chip_destroy, .uid_make = f1_uid_make,            \
		.power_on = chip_power_on, .power_off = chip_power_off,      \
		.reset = chip_reset, .event = chip_event, .read = chip_read, \
		.write = chip_write, .pin = chip_pin,                        \
		.pin_level = chip_pin_level, .pin_drive = chip_pin_drive,    \
		.debug_pins_on = chip_debug_pins_on,                         \
		.debug_allowed = chip_debug_allowed,                         \
		.debug_seen = chip_debug_seen, .uart_kick = chip_uart_kick,  \
		.state = chip_state, .torn = chip_torn,                      \
		.protection = chip_protection,                               \
		.flash_changed = chip_flash_changed,                         \
	}

const struct chip stm32f103xb_chip = F1_CHIP("stm32f103xb");
const struct chip stm32f103xe_chip = F1_CHIP("stm32f103xe");
