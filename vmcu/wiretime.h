/* SPDX-License-Identifier: MIT */
/*
 * vmcu/wiretime.h - virtual time spent on wires.
 *
 * A clock edge on a debug wire costs time, but the chip need not run before
 * somebody looks at it.  Edges are added up here, and the core catches up
 * just before each access to the debug bus, each pin change, and at the end
 * of each probe packet.
 */
#ifndef VMCU_WIRETIME_H
#define VMCU_WIRETIME_H

#include <stdint.h>

#include "vmcu/mcu.h"

#define WIRETIME_PS 1000000000000ull /* picoseconds in a second */
/* Catch up at the latest after this much: half a millisecond. */
#define WIRETIME_MOST (WIRETIME_PS / 2000)

struct wiretime {
	struct mcu *mcu;  /* borrowed */
	uint64_t pending; /* picoseconds spent but not yet lived through */
};

static inline void wiretime_flush(struct wiretime *t)
{
	uint64_t ps = t->pending;

	t->pending = 0;
	if (ps != 0)
		mcu_advance(t->mcu, ps);
}

static inline void wiretime_spend(struct wiretime *t, uint64_t ps)
{
	t->pending += ps;
	if (t->pending >= WIRETIME_MOST)
		wiretime_flush(t);
}

#endif
