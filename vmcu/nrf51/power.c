/* SPDX-License-Identifier: MIT */
/*
 * POWER, CLOCK and MPU: three peripherals behind one base (NRM 9, 12, 13).
 *
 * RAM blocks that RAMON does not name answer nobody.  Start-up times are the
 * Product Specification's typical ones for a 16 MHz crystal (unverified) and
 * the RC oscillator of the low-frequency clock.
 */
#include <string.h>

#include "vmcu/nrf51/n51.h"

#define HFCLK_START_PS (800 * PS_PER_US)
#define LFCLK_START_PS (390 * PS_PER_US)
#define EVENT_HFCLKSTARTED 0
#define EVENT_LFCLKSTARTED 1
#define RESETREAS_BITS 0x0007000fu
#define BLOCK_SHIFT 12 /* PROTENSET: 64 blocks of 4 kB */

static const struct {
	enum mcu_reset why;
	uint32_t bit;
} reasons[] = {
	{ RESET_PIN, 1u << 0 },
	{ RESET_WATCHDOG, 1u << 1 },
	{ RESET_SOFTWARE, 1u << 2 },
	{ RESET_LOCKUP, 1u << 3 },
};

void n51_power_reset(struct n51 *n, enum mcu_reset why)
{
	bool retained = why == RESET_SOFTWARE || why == RESET_LOCKUP;
	uint32_t reas = why == RESET_POWER ? 0 : n->power.resetreas;
	uint32_t gpregret = n->power.gpregret, ramon = n->power.ramon;
	uint32_t reset = n->power.reset, dcdcen = n->power.dcdcen;

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].why == why)
			reas |= reasons[i].bit;
	memset(&n->power, 0, sizeof(n->power));
	n->power.resetreas = reas;
	n->power.ramon = n->profile->ramon;
	n->power.disable_in_debug = 1;
	n->power.xtalfreq = 0xff;
	if (retained) {
		n->power.gpregret = gpregret;
		n->power.ramon = ramon;
		n->power.reset = reset;
		n->power.dcdcen = dcdcen;
	}
	n51_memory_ramon(n);
}

bool n51_block_protected(const struct n51 *n, uint32_t offset)
{
	unsigned block = offset >> BLOCK_SHIFT;

	if (n->debug_mode && n->power.disable_in_debug & 1)
		return false;
	return n->power.proten[block / 32] >> block % 32 & 1;
}

void n51_power_event(struct n51 *n, unsigned slot)
{
	if (slot == SLOT_HFCLK) {
		n->power.hf_xtal = true;
		n51_event(n, ID_POWER, EVENT_HFCLKSTARTED);
	} else {
		n->power.lf_on = true;
		n51_event(n, ID_POWER, EVENT_LFCLKSTARTED);
	}
}

void n51_power_task(struct n51 *n, enum n51_id id, unsigned i)
{
	struct mcu *m = n->m;

	(void)id;
	switch (i) {
	case 0: /* HFCLKSTART */
		mcu_due(m, SLOT_HFCLK, m->now + HFCLK_START_PS);
		break;
	case 1:
		mcu_due(m, SLOT_HFCLK, PS_NEVER);
		n->power.hf_xtal = false;
		break;
	case 2: /* LFCLKSTART */
		mcu_due(m, SLOT_LFCLK, m->now + LFCLK_START_PS);
		break;
	case 3:
		mcu_due(m, SLOT_LFCLK, PS_NEVER);
		n->power.lf_on = false;
		break;
	default:
		break;
	}
}

/* Registers without side effects: where they are, what can be written. */
static const struct {
	uint16_t off, field;
	uint32_t writable;
} plain[] = {
#define PLAIN(off, name, mask)                              \
	{                                                   \
		off, offsetof(struct n51, power.name), mask \
	}
	PLAIN(0x510, pofcon, 0x7),	 PLAIN(0x518, lfclksrc, 0x3),
	PLAIN(0x51c, gpregret, 0xff),	 PLAIN(0x524, ramon, 0x30003),
	PLAIN(0x528, perr0, 0xffffffff), PLAIN(0x52c, rlenr0, 0xffffffff),
	PLAIN(0x544, reset, 0x1),	 PLAIN(0x550, xtalfreq, 0xff),
	PLAIN(0x578, dcdcen, 0x1),	 PLAIN(0x608, disable_in_debug, 0x1),
#undef PLAIN
};

static uint32_t *plain_at(struct n51 *n, uint32_t off, uint32_t *out_mask)
{
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		if (plain[i].off != off)
			continue;
		*out_mask = plain[i].writable;
		return (uint32_t *)(void *)((char *)n + plain[i].field);
	}
	return NULL;
}

uint32_t n51_power_read(struct n51 *n, enum n51_id id, uint32_t off)
{
	uint32_t mask;
	const uint32_t *p = plain_at(n, off, &mask);

	(void)id;
	if (p != NULL)
		return *p;
	switch (off) {
	case 0x400:
		return n->power.resetreas;
	case 0x40c: /* HFCLKSTAT */
		return 1u << 16 | n->power.hf_xtal;
	case 0x418:
		return n->power.lf_on ? 1u << 16 | n->power.lfclksrc : 0;
	case 0x428: /* RAMSTATUS */
		return n->power.ramon & 3;
	case 0x600:
	case 0x604:
		return n->power.proten[off == 0x604];
	default:
		return 0;
	}
}

bool n51_power_write(struct n51 *n, enum n51_id id, enum mcu_master by,
		     uint32_t off, uint32_t v)
{
	uint32_t mask;
	uint32_t *p = plain_at(n, off, &mask);

	(void)id;
	(void)by;
	if (p != NULL)
		*p = (*p & ~mask) | (v & mask);
	else if (off == 0x400)
		n->power.resetreas &= ~(v & RESETREAS_BITS);
	else if (off == 0x600 || off == 0x604) /* only a reset clears */
		n->power.proten[off == 0x604] |= v;
	if (off == 0x524)
		n51_memory_ramon(n);
	return true;
}
