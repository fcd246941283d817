/* SPDX-License-Identifier: MIT */
/*
 * Who answers at an address: the core's private peripherals, its debug
 * components, bit bands, or the chip; for the core and for the debugger.
 */
#include "vmcu/mcu_int.h"

#define PPB_BASE 0xe0000000u
#define PPB_SIZE 0x00100000u
#define SCS_BASE 0xe000e000u
#define SCS_SIZE 0x1000u
#define DFSR 0xe000ed30u
#define DHCSR 0xe000edf0u
#define SCS_ID 0xe000efd0u

static bool is_debug_reg(uint32_t addr)
{
	return addr == DFSR || (addr >= DHCSR && addr < DHCSR + 0x10) ||
	       addr >= SCS_ID;
}

static bool ppb_word(struct mcu *m, enum mcu_master by, uint32_t addr,
		     uint32_t *out)
{
	if (addr - SCS_BASE < SCS_SIZE && !is_debug_reg(addr)) {
		*out = core_scs_read(m->core, addr);
		return true;
	}
	if ((addr & 0xfffff000) == 0xe0042000)
		return m->chip->read(m, by, addr, 4, out);
	return debug_read(&m->debug, addr, by == MASTER_DEBUG, out);
}

static bool ppb_read(struct mcu *m, enum mcu_master by, uint32_t addr,
		     unsigned size, uint32_t *out)
{
	uint32_t v;

	if (!ppb_word(m, by, addr & ~3u, &v))
		return false;
	v >>= 8 * (addr & 3);
	*out = size == 4 ? v : v & ((1u << 8 * size) - 1);
	return true;
}

static bool ppb_write(struct mcu *m, enum mcu_master by, uint32_t addr,
		      unsigned size, uint32_t v)
{
	uint32_t word = addr & ~3u, old, mask;
	uint32_t off = word - SCS_BASE;

	if (size < 4) {
		mask = ((1u << 8 * size) - 1) << 8 * (addr & 3);
		v = v << 8 * (addr & 3) & mask;
		/* priorities are plain bytes; elsewhere zeros do nothing */
		if ((off >= 0x400 && off < 0x500) ||
		    (off >= 0xd18 && off < 0xd24)) {
			if (!ppb_word(m, by, word, &old))
				return false;
			v |= old & ~mask;
		}
	}
	if (off < SCS_SIZE && !is_debug_reg(word)) {
		core_scs_write(m->core, word, v);
		return true;
	}
	if ((word & 0xfffff000) == 0xe0042000)
		return m->chip->write(m, by, word, 4, v);
	return debug_write(&m->debug, word, by == MASTER_DEBUG, v);
}

/* Bit-band aliases of SRAM and peripherals (Cortex-M4 TRM 3.7; not on v6-M).
 */
static bool band_of(const struct mcu *m, uint32_t addr, uint32_t *word,
		    unsigned *bit)
{
	uint32_t area = addr & 0xfe000000;

	if (!m->core->model->v7m)
		return false;
	if (area != 0x22000000 && area != 0x42000000)
		return false;
	*word = (area & 0xf0000000) + (addr >> 5 & 0xffffc);
	*bit = addr >> 2 & 31;
	return true;
}

static bool bus_read(struct mcu *m, enum mcu_master by, uint32_t addr,
		     unsigned size, uint32_t *out)
{
	uint32_t word;
	unsigned bit;

	mcu_sync(m);
	if (addr - PPB_BASE < PPB_SIZE)
		return ppb_read(m, by, addr, size, out);
	if (!band_of(m, addr, &word, &bit))
		return m->chip->read(m, by, addr, size, out);
	if (!m->chip->read(m, by, word, 4, out))
		return false;
	*out = *out >> bit & 1;
	return true;
}

static bool bus_write(struct mcu *m, enum mcu_master by, uint32_t addr,
		      unsigned size, uint32_t v)
{
	uint32_t word, old;
	unsigned bit;

	mcu_sync(m);
	if (addr - PPB_BASE < PPB_SIZE)
		return ppb_write(m, by, addr, size, v);
	if (!band_of(m, addr, &word, &bit))
		return m->chip->write(m, by, addr, size, v);
	if (!m->chip->read(m, by, word, 4, &old))
		return false;
	old = (old & ~(1u << bit)) | (v & 1) << bit;
	return m->chip->write(m, by, word, 4, old);
}

/* Unprivileged code has no business on the private peripheral bus. */
static bool ppb_denied(struct mcu *m, uint32_t addr)
{
	return addr - PPB_BASE < PPB_SIZE && core_unprivileged(m->core);
}

bool mcu_core_read(struct mcu *m, uint32_t addr, unsigned size, uint32_t *out)
{
	if (ppb_denied(m, addr))
		return false;
	return bus_read(m, MASTER_CORE, addr, size, out);
}

bool mcu_core_write(struct mcu *m, uint32_t addr, unsigned size, uint32_t v)
{
	if (ppb_denied(m, addr))
		return false;
	return bus_write(m, MASTER_CORE, addr, size, v);
}

bool mcu_debug_alive(const struct mcu *m)
{
	/* while NRST is low the pins are back with the debug port */
	return m->power && m->chip->debug_allowed(m) &&
	       m->chip->debug_pins_on(m);
}

void mcu_debug_power(struct mcu *m, bool debug_req, bool system_req)
{
	m->debug_req = debug_req;
	m->system_req = system_req;
}

static bool bus_dead(struct mcu *m)
{
	if (!mcu_debug_alive(m) || !m->debug_req)
		return true;
	m->chip->debug_seen(m);
	return false;
}

/* A bus that is held up: the probe hears WAIT and tries again. */
static void bus_wait(struct mcu *m, uint32_t addr)
{
	if (m->chip->bus_wait != NULL)
		mcu_advance(m, m->chip->bus_wait(m, addr));
}

enum mcu_bus mcu_bus_read(struct mcu *m, uint32_t addr, unsigned size,
			  uint32_t *out)
{
	uint32_t v = 0;

	if (bus_dead(m))
		return MCU_BUS_DEAD;
	bus_wait(m, addr);
	if (!bus_read(m, MASTER_DEBUG, addr, size, &v))
		return MCU_BUS_FAULT;
	*out = v;
	return MCU_BUS_OK;
}

enum mcu_bus mcu_bus_write(struct mcu *m, uint32_t addr, unsigned size,
			   uint32_t value)
{
	if (bus_dead(m))
		return MCU_BUS_DEAD;
	bus_wait(m, addr);
	if (!bus_write(m, MASTER_DEBUG, addr, size, value))
		return MCU_BUS_FAULT;
	return MCU_BUS_OK;
}

const struct mcu_identity *mcu_identity(const struct mcu *m)
{
	return &m->identity;
}
