/* SPDX-License-Identifier: MIT */
/*
 * The family's source of random bits under the health tests of SP 800-90B 4.4.
 * A sample is one bit.
 */
#include "target.h"

#define WINDOW 1024u

static void sample_test(struct target_rng *h, uint32_t sample)
{
	h->run = h->samples++ && sample == h->last ? h->run + 1 : 1;
	h->last = sample;
	if (h->window == 0) {
		h->first = sample;
		h->same = 0;
	}
	h->window = (h->window + 1) % WINDOW;
	if (sample == h->first)
		h->same++;
	if (h->run > h->longest_run)
		h->longest_run = h->run;
	if (h->same > h->peak)
		h->peak = h->same;
	if (h->run >= TARGET_RNG_RUN || h->same >= TARGET_RNG_PEAK)
		h->failures++;
}

uint32_t target_rng_word(struct target_rng *h)
{
	uint32_t v;

	if (!target_rng_raw(&v)) {
		h->failures++;
		return 0;
	}
	for (unsigned i = 0; i < 32; i++)
		sample_test(h, v >> i & 1);
	return v;
}

int target_rng_start(struct target_rng *h)
{
	for (unsigned i = 0; i < 256 && !h->failures; i++)
		(void)target_rng_word(h);
	return h->failures ? E_RANDOM : 0;
}
