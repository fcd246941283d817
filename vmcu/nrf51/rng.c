/* SPDX-License-Identifier: MIT */
/*
 * Random number generator (NRM 21): one byte at a time from thermal noise.
 * A raw byte takes 167 us.  With bias correction (CONFIG.DERCEN) pairs of raw
 * bits are thrown away until eight are left, so that the time varies around
 * 668 us: the Product Specification gives 677 typical (unverified).
 */
#include <string.h>

#include "vmcu/nrf51/n51.h"

#define RAW_BIT_PS (20875ull * 1000) /* 167 us by eight */
#define EVENT_VALRDY 0
#define SHORT_VALRDY_STOP 0

static uint64_t byte_time(struct n51 *n)
{
	unsigned bits = 8, pairs = 0;

	if (!(n->rng.dercen & 1))
		return 8 * RAW_BIT_PS;
	for (; bits > 0; pairs++)
		bits -= mcu_noise(n->m) & 1;
	return 2 * pairs * RAW_BIT_PS;
}

static void begin_byte(struct n51 *n)
{
	if (n->rng.on && n->m->faults.rng != MCU_RNG_SEIS)
		mcu_due(n->m, SLOT_RNG, n->m->now + byte_time(n));
}

void n51_rng_event(struct n51 *n)
{
	uint64_t noise = mcu_noise(n->m);

	if (n->m->faults.rng == MCU_RNG_STUCK)
		n->rng.value = 0x5e;
	else if (n->m->faults.rng == MCU_RNG_BIASED)
		n->rng.value = (noise | noise >> 8) & 0xff;
	else
		n->rng.value = noise & 0xff;
	if (n51_short(n, ID_RNG, SHORT_VALRDY_STOP))
		n->rng.on = false;
	n51_event(n, ID_RNG, EVENT_VALRDY);
	begin_byte(n);
}

void n51_rng_task(struct n51 *n, enum n51_id id, unsigned i)
{
	(void)id;
	if (i == 0 && !n->rng.on) {
		n->rng.on = true;
		begin_byte(n);
	} else if (i == 1) {
		n->rng.on = false;
		mcu_due(n->m, SLOT_RNG, PS_NEVER);
	}
}

uint32_t n51_rng_read(struct n51 *n, enum n51_id id, uint32_t off)
{
	(void)id;
	if (off == 0x504)
		return n->rng.dercen;
	return off == 0x508 ? n->rng.value : 0;
}

bool n51_rng_write(struct n51 *n, enum n51_id id, enum mcu_master by,
		   uint32_t off, uint32_t v)
{
	(void)id;
	(void)by;
	if (off == 0x504)
		n->rng.dercen = v & 1;
	return true;
}

void n51_rng_reset(struct n51 *n)
{
	memset(&n->rng, 0, sizeof(n->rng));
}
