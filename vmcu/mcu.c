/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmcu/mcu_int.h"

static const struct chip *const chips[] = { &stm32l4_chip };

/* -- small services -------------------------------------------------------- */

uint64_t mcu_noise(struct mcu *m)
{
	uint64_t z = m->rng += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

size_t ring_put(struct mcu_ring *r, const uint8_t *p, size_t len)
{
	size_t n = 0;

	for (; n < len && r->len < MCU_UART_CAP; n++, r->len++)
		r->buf[(r->head + r->len) % MCU_UART_CAP] = p[n];
	return n;
}

size_t ring_get(struct mcu_ring *r, uint8_t *out, size_t cap)
{
	size_t n = 0;

	for (; n < cap && r->len > 0; n++, r->len--) {
		out[n] = r->buf[r->head];
		r->head = (r->head + 1) % MCU_UART_CAP;
	}
	return n;
}

void mcu_due(struct mcu *m, unsigned slot, uint64_t ps)
{
	m->due[slot] = ps;
	core_kick(m->core);
}

void mcu_want_reset(struct mcu *m, enum mcu_reset why)
{
	m->reset_wanted = why;
	core_kick(m->core);
}

void mcu_irq(struct mcu *m, unsigned n, bool level)
{
	core_irq(m->core, n, level);
}

bool mcu_cut_here(struct mcu *m)
{
	m->flash_ops++;
	if (m->listener.flash != NULL)
		m->listener.flash(m->listener.user, m->flash_ops);
	if (m->cut_after == 0 || --m->cut_after > 0)
		return false;
	m->cut_now = true;
	core_kick(m->core);
	return true;
}

/* -- life ------------------------------------------------------------------ */

static const struct chip *find_chip(const char *name)
{
	for (size_t i = 0; i < sizeof(chips) / sizeof(chips[0]); i++)
		if (strcmp(chips[i]->name, name) == 0)
			return chips[i];
	return NULL;
}

static bool quirk_set(struct mcu *m, const char *name, size_t len)
{
	const char *const *q = m->chip->quirks;

	for (unsigned i = 0; q != NULL && q[i] != NULL; i++) {
		if (strlen(q[i]) != len || memcmp(q[i], name, len) != 0)
			continue;
		m->quirks |= 1u << i;
		return true;
	}
	return false;
}

static int quirks_parse(struct mcu *m, const char *list, char why[256])
{
	while (list != NULL) {
		size_t len = strcspn(list, ",");

		if (!quirk_set(m, list, len)) {
			snprintf(why, 256, "%s has no quirk \"%.*s\"",
				 m->chip->name, len < 64 ? (int)len : 64, list);
			return E_ARG;
		}
		list = list[len] == ',' ? list + len + 1 : NULL;
	}
	return 0;
}

int mcu_new(const struct mcu_config *cfg, struct mcu **out, char why[256])
{
	struct mcu *m = calloc(1, sizeof(*m));
	int err = E_NOMEM;

	why[0] = '\0';
	if (m == NULL)
		goto out;
	err = E_ARG;
	m->chip = find_chip(cfg->chip);
	if (m->chip == NULL)
		goto out;
	err = quirks_parse(m, cfg->quirks, why);
	if (err)
		goto out;
	for (unsigned i = 0; i < MCU_EVENTS; i++)
		m->due[i] = PS_NEVER;
	m->rng = cfg->seed;
	m->flash_time = cfg->flash_time;
	if (cfg->state != NULL) {
		err = E_NOMEM;
		m->state_path = strdup(cfg->state);
		if (m->state_path == NULL)
			goto out;
	}
	err = m->chip->create(m, cfg, why);
	if (err)
		goto out;
	debug_init(&m->debug, m->core, &m->rom);
	*out = m;
	m = NULL; /* transferred */
out:
	mcu_free(m);
	return err;
}

void mcu_free(struct mcu *m)
{
	if (m == NULL)
		return;
	if (m->chip != NULL)
		m->chip->destroy(m);
	core_free(m->core);
	free(m->state_path);
	free(m);
}

int mcu_save(struct mcu *m)
{
	if (m->state_path == NULL)
		return 0;
	return m->chip->save(m);
}

/* -- reset and power ------------------------------------------------------- */

static void start_core(struct mcu *m, bool halt)
{
	core_start(m->core);
	if (halt)
		core_halt(m->core, CORE_VCATCH);
}

static void do_reset(struct mcu *m, enum mcu_reset why)
{
	uint32_t vtor = 0;
	bool halt;

	m->resets++;
	m->reset_wanted = RESET_NONE;
	for (unsigned i = 0; i < MCU_EVENTS; i++)
		m->due[i] = PS_NEVER;
	m->chip->reset(m, why, &vtor);
	core_reset(m->core, vtor, why == RESET_POWER);
	if (why == RESET_POWER)
		debug_power_on_reset(&m->debug);
	halt = debug_system_reset(&m->debug);
	core_hold(m->core, m->nrst);
	if (!m->nrst)
		start_core(m, halt);
}

void mcu_power(struct mcu *m, bool on)
{
	bool kept;

	if (on == m->power)
		return;
	m->power = on;
	if (!on) {
		m->chip->power_off(m);
		core_hold(m->core, true);
		for (unsigned i = 0; i < MCU_EVENTS; i++)
			m->due[i] = PS_NEVER;
		m->power_lost = m->now;
		m->reset_wanted = RESET_NONE;
		m->uart_in.len = 0;
		if (m->listener.power != NULL)
			m->listener.power(m->listener.user, m->now, false);
		return;
	}
	if (m->listener.power != NULL)
		m->listener.power(m->listener.user, m->now, true);
	kept = m->ever_powered && m->now - m->power_lost < MCU_SRAM_HOLD;
	m->ever_powered = true;
	core_anchor(m->core, m->now);
	m->chip->power_on(m, kept);
	do_reset(m, RESET_POWER);
}

bool mcu_powered(const struct mcu *m)
{
	return m->power;
}

void mcu_nrst(struct mcu *m, bool asserted)
{
	if (asserted == m->nrst)
		return;
	m->nrst = asserted;
	if (!m->power)
		return;
	if (asserted)
		do_reset(m, RESET_PIN);
	else
		start_core(m, debug_system_reset(&m->debug));
}

void mcu_cut_after(struct mcu *m, uint32_t n)
{
	m->cut_after = n;
}

void mcu_faults_set(struct mcu *m, const struct mcu_faults *f)
{
	m->faults = *f;
	core_skip(m->core, f->skip_nth != 0 || f->skip_cycle != 0);
}

const struct mcu_faults *mcu_faults(const struct mcu *m)
{
	return &m->faults;
}

/* The reset that was asked for at a cycle. */
static void fault_reset(struct mcu *m)
{
	struct mcu_faults *f = &m->faults;

	if (f->reset_cycle == 0 || !m->power || mcu_cycles(m) < f->reset_cycle)
		return;
	f->reset_cycle = 0;
	if (m->listener.cycle != NULL) {
		m->listener.cycle(m->listener.user);
		return;
	}
	f->held = f->hold;
	if (f->hold)
		mcu_nrst(m, true);
	else if (!m->nrst)
		do_reset(m, RESET_PIN);
}

uint32_t mcu_flash_operations(const struct mcu *m)
{
	return m->flash_ops;
}

uint32_t mcu_resets(const struct mcu *m)
{
	return m->resets;
}

/* -- time ------------------------------------------------------------------ */

static void run_events(struct mcu *m)
{
	for (unsigned i = 0; i < MCU_EVENTS; i++) {
		if (m->due[i] > m->now)
			continue;
		m->due[i] = PS_NEVER;
		m->chip->event(m, i);
	}
}

void mcu_sync(struct mcu *m)
{
	uint64_t ps;

	if (!m->power)
		return;
	ps = core_ps(m->core);
	if (ps > m->now)
		m->now = ps;
	/* The core stops before any instruction that begins when an event is
	 * due, so inside an instruction there is none to run. */
	if (!m->core->in_uc)
		run_events(m);
}

static void obey(struct mcu *m)
{
	if (m->cut_now) {
		m->cut_now = false;
		mcu_power(m, false);
	}
	if (m->reset_wanted != RESET_NONE && m->power)
		do_reset(m, m->reset_wanted);
	fault_reset(m);
}

static uint64_t next_stop(const struct mcu *m)
{
	uint64_t t = m->bench;

	for (unsigned i = 0; i < MCU_EVENTS; i++)
		t = m->due[i] < t ? m->due[i] : t;
	if (m->power) {
		uint64_t tick = core_next(m->core);

		t = tick < t ? tick : t;
		if (m->faults.reset_cycle != 0) {
			tick = core_ps_at(m->core, m->faults.reset_cycle);
			t = tick < t ? tick : t;
		}
	}
	return t;
}

void mcu_advance(struct mcu *m, uint64_t picoseconds)
{
	m->bench += picoseconds;
	obey(m);
	while (m->now < m->bench) {
		uint64_t t = next_stop(m);

		if (m->power) {
			core_run(m->core, t);
			core_tick(m->core);
			mcu_sync(m);
		} else {
			m->now = t;
			run_events(m);
		}
		obey(m);
	}
	mcu_edges_due(m);
}

uint64_t mcu_now(const struct mcu *m)
{
	return m->bench;
}

uint64_t mcu_instructions(const struct mcu *m)
{
	return m->core->insns;
}

uint64_t mcu_cycles(const struct mcu *m)
{
	return m->core->clk - m->core->idle_clk;
}

/* -- pins ------------------------------------------------------------------ */

size_t mcu_uart_read(struct mcu *m, uint8_t *out, size_t cap)
{
	return ring_get(&m->uart_out, out, cap);
}

size_t mcu_uart_write(struct mcu *m, const uint8_t *p, size_t len)
{
	size_t n;

	if (!m->power)
		return 0;
	n = ring_put(&m->uart_in, p, len);
	m->chip->uart_kick(m);
	return n;
}

int mcu_pin(const struct mcu *m, char port, unsigned bit)
{
	return m->power ? m->chip->pin(m, port, bit) : -1;
}

int mcu_pin_level(const struct mcu *m, char port, unsigned bit)
{
	return m->chip->pin_level(m, port, bit);
}

void mcu_edges_due(struct mcu *m)
{
	while (m->edge_count > 0) {
		const struct mcu_edge *e = &m->edges[m->edge_head];

		if (e->at > m->now)
			return;
		m->edge_head = (m->edge_head + 1) % MCU_EDGES_MAX;
		m->edge_count--;
		m->chip->pin_drive(m, e->port, e->bit, e->level);
	}
}

void mcu_pin_drive(struct mcu *m, char port, unsigned bit, int level)
{
	mcu_edges_due(m);
	m->chip->pin_drive(m, port, bit, level);
}

int mcu_pin_drive_at(struct mcu *m, uint64_t ps, char port, unsigned bit,
		     int level)
{
	if (m->edge_count == MCU_EDGES_MAX)
		return E_SPACE;
	m->edges[(m->edge_head + m->edge_count++) % MCU_EDGES_MAX] =
		(struct mcu_edge){ ps, port, (uint8_t)bit, (int8_t)level };
	return 0;
}

uint32_t mcu_pin_conflicts(const struct mcu *m)
{
	return m->pin_conflicts;
}

void mcu_listen(struct mcu *m, const struct mcu_listener *l)
{
	m->listener = *l;
}

bool mcu_debug_pins_on(const struct mcu *m)
{
	return m->chip->debug_pins_on(m);
}

/* -- the bus --------------------------------------------------------------- */

#define PPB_BASE 0xe0000000u
#define PPB_SIZE 0x00100000u
#define SCS_BASE 0xe000e000u
#define SCS_SIZE 0x1000u
#define DFSR 0xe000ed30u
#define DHCSR 0xe000edf0u

static bool is_debug_reg(uint32_t addr)
{
	return addr == DFSR || (addr >= DHCSR && addr < DHCSR + 0x10);
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

/* Bit-band aliases of SRAM and peripherals (Cortex-M4 TRM 3.7). */
static bool band_of(uint32_t addr, uint32_t *word, unsigned *bit)
{
	uint32_t area = addr & 0xfe000000;

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
	if (!band_of(addr, &word, &bit))
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
	if (!band_of(addr, &word, &bit))
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

enum mcu_bus mcu_bus_read(struct mcu *m, uint32_t addr, unsigned size,
			  uint32_t *out)
{
	uint32_t v = 0;

	if (bus_dead(m))
		return MCU_BUS_DEAD;
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
	if (!bus_write(m, MASTER_DEBUG, addr, size, value))
		return MCU_BUS_FAULT;
	return MCU_BUS_OK;
}

const struct mcu_identity *mcu_identity(const struct mcu *m)
{
	return &m->identity;
}
