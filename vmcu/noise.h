/* SPDX-License-Identifier: MIT */
/*
 * vmcu/noise.h - a wire that is not perfect: bits flip or get lost, each with
 * its own probability, by a seeded generator, so that a run can be repeated.
 */
#ifndef VMCU_NOISE_H
#define VMCU_NOISE_H

#include <stdbool.h>
#include <stdint.h>

struct noise {
	double flip, drop; /* per bit; a whole UART character is dropped */
	uint64_t state;
	uint64_t flips, drops; /* done so far */
};

static inline bool noise_hit(struct noise *n, double p)
{
	uint64_t z;

	if (p <= 0)
		return false;
	z = n->state += 0x9e3779b97f4a7c15ull; /* splitmix64 */
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	z ^= z >> 31;
	return (double)(z >> 11) * 0x1p-53 < p;
}

static inline bool noise_flip(struct noise *n)
{
	bool hit = noise_hit(n, n->flip);

	n->flips += hit;
	return hit;
}

static inline bool noise_drop(struct noise *n)
{
	bool hit = noise_hit(n, n->drop);

	n->drops += hit;
	return hit;
}

#endif
