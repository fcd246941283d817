/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "vmcu/mcu_int.h"

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
	if (why == RESET_POWER ||
	    (m->chip->resets_debug && m->chip->resets_debug(why)))
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
		m->debug_req = false; /* the port's requests went with it */
		m->system_req = false;
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
	if (m->power && m->chip->nrst && !m->chip->nrst(m, asserted))
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
