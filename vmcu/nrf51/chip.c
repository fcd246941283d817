/* SPDX-License-Identifier: MIT */
/*
 * The nRF51822 put together: bus table, the common shape of peripherals,
 * resets (NRM 12.1.19), pins.
 *
 * There is no reset pin of its own: nRESET and SWDIO are one wire, and pulling
 * it resets nothing while the chip is in debug interface mode, unless
 * POWER.RESET says so (NRM 11.1).  That mode begins here with the debug port's
 * power-up request, a little later than silicon's first clock.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmcu/nrf51/n51.h"

/* A core that has locked up resets the chip; the manual gives no time. */
#define LOCKUP_PS (200 * PS_PER_US)
#define DEBUG_LEAVE_PS (100 * PS_PER_US)

static const struct n51_device devices[] = {
	{ ID_POWER, n51_power_task, n51_power_read, n51_power_write },
	{ ID_UART, n51_uart_task, n51_uart_read, n51_uart_write },
	{ ID_TIMER0, n51_timer_task, n51_timer_read, n51_timer_write },
	{ ID_TIMER0 + 1, n51_timer_task, n51_timer_read, n51_timer_write },
	{ ID_TIMER0 + 2, n51_timer_task, n51_timer_read, n51_timer_write },
	{ ID_RNG, n51_rng_task, n51_rng_read, n51_rng_write },
	{ ID_WDT, n51_wdt_task, n51_wdt_read, n51_wdt_write },
	{ ID_NVMC, n51_nvmc_task, n51_nvmc_read, n51_nvmc_write },
};

uint32_t n51_get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return v;
}

/* -- the common shape ------------------------------------------------------ */

static void update_irq(struct n51 *n, unsigned id)
{
	mcu_irq(n->m, id, n->block[id].events & n->block[id].inten);
}

void n51_event(struct n51 *n, enum n51_id id, unsigned i)
{
	n->block[id].events |= 1u << i;
	update_irq(n, id);
}

bool n51_short(const struct n51 *n, enum n51_id id, unsigned i)
{
	return n->block[id].shorts >> i & 1;
}

static const struct n51_device *device_at(uint32_t addr)
{
	unsigned id = addr >> 12 & 0xff;

	if (addr - N51_DEVICE(0) >= N51_DEVICES * 0x1000u)
		return NULL;
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++)
		if (devices[i].id == id)
			return &devices[i];
	return NULL;
}

static bool common_read(const struct n51_block *b, uint32_t off, uint32_t *out)
{
	if (off >= 0x100 && off < 0x180)
		*out = b->events >> (off - 0x100) / 4 & 1;
	else if (off == 0x200)
		*out = b->shorts;
	else if (off == 0x304 || off == 0x308)
		*out = b->inten;
	else
		return off < 0x080 ? (*out = 0, true) : false;
	return true;
}

static uint32_t device_read(struct n51 *n, const struct n51_device *d,
			    uint32_t off)
{
	uint32_t v;

	if (common_read(&n->block[d->id], off, &v))
		return v;
	return d->read(n, d->id, off);
}

static bool device_write(struct n51 *n, const struct n51_device *d,
			 enum mcu_master by, uint32_t off, uint32_t v)
{
	struct n51_block *b = &n->block[d->id];
	uint32_t event = 1u << (off - 0x100) / 4 % 32;
	bool ok = true;

	if (off < 0x080) {
		if (v & 1)
			d->task(n, d->id, off / 4);
	} else if (off >= 0x100 && off < 0x180) {
		b->events = v & 1 ? b->events | event : b->events & ~event;
	} else if (off == 0x200) {
		b->shorts = v;
	} else if (off == 0x304) {
		b->inten |= v;
	} else if (off == 0x308) {
		b->inten &= ~v;
	} else {
		ok = d->write(n, d->id, by, off, v);
	}
	update_irq(n, d->id);
	return ok;
}

/* -- bus ------------------------------------------------------------------- */

/* NRM 9.1.3: what PALL leaves to the debugger. */
static bool swd_open(const struct n51 *n, uint32_t addr)
{
	return !n51_pall(n) || addr - N51_DEVICE(ID_NVMC) < 0x1000 ||
	       addr == N51_DEVICE(ID_POWER) + 0x544 ||
	       addr == N51_DEVICE(ID_POWER) + 0x608;
}

static bool on_bus(uint32_t addr)
{
	return addr - N51_DEVICE(0) < 0x80000 || addr - N51_GPIO_BASE < 0x1000;
}

static bool chip_read(struct mcu *m, enum mcu_master by, uint32_t addr,
		      unsigned size, uint32_t *out)
{
	struct n51 *n = n51_of(m);
	const struct n51_device *d = device_at(addr);
	uint32_t v = 0;
	bool mine, ok;

	ok = n51_memory_read(n, by, addr, size, out, &mine);
	if (mine)
		return ok;
	if (!on_bus(addr))
		return false;
	if (by == MASTER_CORE || swd_open(n, addr & ~3u)) {
		if (addr - N51_GPIO_BASE < 0x1000)
			v = n51_gpio_read(n, addr & 0xffc);
		else if (d != NULL)
			v = device_read(n, d, addr & 0xffc);
	}
	v >>= 8 * (addr & 3);
	*out = size == 4 ? v : v & ((1u << 8 * size) - 1);
	return true;
}

static bool chip_write(struct mcu *m, enum mcu_master by, uint32_t addr,
		       unsigned size, uint32_t v)
{
	struct n51 *n = n51_of(m);
	const struct n51_device *d = device_at(addr);
	bool mine, ok;

	ok = n51_memory_write(n, by, addr, size, v, &mine);
	if (mine)
		return ok;
	if (!on_bus(addr))
		return false;
	v <<= 8 * (addr & 3);
	if (by == MASTER_DEBUG && !swd_open(n, addr & ~3u))
		return true;
	if (addr - N51_GPIO_BASE < 0x1000)
		n51_gpio_write(n, addr & 0xffc, v);
	else if (d != NULL)
		return device_write(n, d, by, addr & 0xffc, v);
	return true;
}

/* Flash answers nobody while it is written. */
static uint64_t chip_bus_wait(const struct mcu *m, uint32_t addr)
{
	const struct n51 *n = n51_of(m);

	if (!n51_nvmc_busy(n) ||
	    (addr >= N51_FLASH_SIZE && addr - N51_UICR_BASE >= N51_UICR_SIZE))
		return 0;
	return m->due[SLOT_NVMC] - m->now;
}

/* -- debug interface mode -------------------------------------------------- */

static void chip_debug_seen(struct mcu *m)
{
	n51_of(m)->debug_mode = true;
}

static bool chip_nrst(struct mcu *m, bool low)
{
	struct n51 *n = n51_of(m);
	bool works = !n->debug_mode || n->power.reset & 1;

	if (low) {
		n->nrst_since = m->now;
		return works;
	}
	/* the way back to normal mode: both wires low for long enough */
	if (n->power.reset & 1 && m->now - n->nrst_since >= DEBUG_LEAVE_PS)
		n->debug_mode = false;
	return true;
}

static bool resets_debug(enum mcu_reset why)
{
	return why == RESET_POWER || why == RESET_PIN || why == RESET_WATCHDOG;
}

static void chip_lockup(struct mcu *m)
{
	if (!n51_of(m)->debug_mode)
		mcu_due(m, SLOT_LOCKUP, m->now + LOCKUP_PS);
}

/* -- power and reset ------------------------------------------------------- */

static void chip_power_on(struct mcu *m, bool kept)
{
	struct n51 *n = n51_of(m);

	if (!kept)
		n51_memory_noise(n);
	n->debug_mode = false;
}

static void chip_power_off(struct mcu *m)
{
	n51_nvmc_abort(n51_of(m));
	n51_gpio_reset(n51_of(m)); /* nothing is driven any more */
}

/* A soft reset and a lock-up leave a running watchdog alone; its event slot
 * was swept away with all the others. */
static void keep_watchdog(struct n51 *n, uint64_t due)
{
	if (n->wdt.on)
		mcu_due(n->m, SLOT_WDT, due);
}

static void chip_reset(struct mcu *m, enum mcu_reset why, uint32_t *vtor)
{
	struct n51 *n = n51_of(m);
	uint32_t timeout = n->block[ID_WDT].events;

	n51_nvmc_abort(n);
	n51_nvmc_reset(n);
	memset(n->block, 0, sizeof(n->block));
	n51_power_reset(n, why);
	n51_gpio_reset(n);
	n51_uart_reset(n);
	n51_timer_reset(n);
	n51_rng_reset(n);
	if (resets_debug(why)) {
		n51_wdt_reset(n);
	} else {
		n->block[ID_WDT].events = timeout;
		keep_watchdog(n, n->wdt.due);
	}
	n51_memory_load(n);
	*vtor = 0;
}

static void chip_event(struct mcu *m, unsigned slot)
{
	struct n51 *n = n51_of(m);

	if (slot == SLOT_NVMC)
		n51_nvmc_event(n);
	else if (slot >= SLOT_UART_TX && slot <= SLOT_UART_STOP)
		n51_uart_event(n, slot);
	else if (slot == SLOT_RNG)
		n51_rng_event(n);
	else if (slot >= SLOT_TIMER && slot < SLOT_TIMER + N51_TIMERS)
		n51_timer_event(n, slot - SLOT_TIMER);
	else if (slot == SLOT_HFCLK || slot == SLOT_LFCLK)
		n51_power_event(n, slot);
	else if (slot == SLOT_WDT)
		n51_wdt_event(n);
	else if (slot == SLOT_LOCKUP && core_is_locked_up(m->core))
		mcu_want_reset(m, RESET_LOCKUP);
}

/* -- the rest of struct chip ----------------------------------------------- */

static int chip_pin(const struct mcu *m, char port, unsigned bit)
{
	return port == N51_PORT ? n51_gpio_pin(n51_of(m), bit) : -1;
}

static int chip_pin_level(const struct mcu *m, char port, unsigned bit)
{
	return port == N51_PORT ? n51_gpio_level(n51_of(m), bit) : -1;
}

static void chip_pin_drive(struct mcu *m, char port, unsigned bit, int level)
{
	if (port == N51_PORT)
		n51_gpio_drive(n51_of(m), bit, level);
}

/* Nothing can take the debug pins away. */
static bool chip_debug_pins_on(const struct mcu *m)
{
	(void)m;
	return true;
}

static bool chip_debug_allowed(const struct mcu *m)
{
	(void)m;
	return true;
}

static void chip_uart_kick(struct mcu *m)
{
	n51_uart_kick(n51_of(m));
}

static void chip_state(struct mcu *m, struct state_table *out)
{
	struct n51 *n = n51_of(m);

	*out = (struct state_table){
		.section = {
			{ "FLSH", STATE_BYTES, n->cells, N51_FLASH_SIZE },
			{ "UICR", STATE_BYTES, n->cells + N51_FLASH_SIZE,
			  N51_UICR_SIZE },
			{ "WEAR", STATE_BYTES, n->wear, N51_CELL_WORDS },
			{ "TORN", STATE_FLAGS, n->torn, N51_CELL_WORDS },
		},
		.count = 4,
	};
}

static bool chip_torn(const struct mcu *m, uint32_t addr)
{
	return addr < N51_FLASH_SIZE && n51_of(m)->torn[addr / 4] != 0;
}

/* PALL is the only lock of the whole. */
static unsigned chip_protection(const struct mcu *m)
{
	return n51_pall(n51_of(m));
}

static void chip_flash_changed(struct mcu *m, uint32_t offset, uint32_t len)
{
	n51_flash_changed(n51_of(m), offset, len);
}

/* -- life ------------------------------------------------------------------ */

static int chip_create(struct mcu *m, const char *profile)
{
	struct n51 *n = n51_of(m);
	int err;

	n->m = m;
	n->profile = n51_profile_find(profile);
	if (n->profile == NULL)
		return E_NOT_FOUND;
	n51_profile_apply(n);
	err = core_new(m, n->profile->cpuid, &m->core);
	if (err)
		return err;
	core_without_systick(m->core);
	core_set_clock(m->core, N51_HZ);
	return n51_memory_create(n);
}

static void chip_destroy(struct mcu *m)
{
	n51_memory_destroy(n51_of(m));
}

const struct chip nrf51822_chip = {
	.name = "nrf51822",
	.uid_len = N51_UID_LEN,
	.io = { { N51_FICR_BASE, 0x2000 }, { N51_ROM_TABLE, 0x1000 } },
	.dev_len = sizeof(struct n51),
	.create = chip_create,
	.destroy = chip_destroy,
	.uid_make = n51_uid_make,
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
	.nrst = chip_nrst,
	.resets_debug = resets_debug,
	.lockup = chip_lockup,
	.bus_wait = chip_bus_wait,
};
