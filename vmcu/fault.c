/* SPDX-License-Identifier: MIT */
/*
 * Faults by name: KIND=VALUE[,VALUE].
 *
 *   rng=good|stuck|biased|seis
 *   reset=CYCLE    NRST is pulsed there; hold=CYCLE: pulled, and kept low
 *   skip=ADDRESS[,N]  the instruction is left out the Nth time (default 1)
 *   skip-cycle=CYCLE  the first instruction that begins there is left out
 *   flip=P[,SEED]  each bit of the link turns over with probability P
 *   drop=P[,SEED]  each of its clocks, or UART characters, is lost
 *   cut=N          the power fails in the Nth flash operation from now
 *
 * The link is what the firmware's own wires carry: the debug pins once they
 * are its own, and the UART, both ways.  CYCLE 0, N 0 and P 0 switch off.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmcu/bench.h"

struct fault {
	struct bench *bench;
	struct mcu_faults chip; /* to be set when all is well */
	const char *value;
};

static bool number(const char *s, char end, uint64_t *out, const char **rest)
{
	char *p;

	if (*s < '0' || *s > '9')
		return false;
	*out = strtoull(s, &p, 0);
	*rest = p;
	return *p == end || *p == '\0';
}

static bool whole(const char *s, uint64_t *out)
{
	const char *rest;

	return number(s, '\0', out, &rest);
}

static bool set_rng(struct fault *f)
{
	static const char *const kinds[] = { "good", "stuck", "biased",
					     "seis" };

	for (unsigned i = 0; i < 4; i++) {
		if (strcmp(kinds[i], f->value) != 0)
			continue;
		f->chip.rng = i;
		return true;
	}
	return false;
}

static bool set_reset(struct fault *f)
{
	f->chip.hold = false;
	return whole(f->value, &f->chip.reset_cycle);
}

static bool set_hold(struct fault *f)
{
	f->chip.hold = true;
	return whole(f->value, &f->chip.reset_cycle);
}

static bool set_skip(struct fault *f)
{
	uint64_t pc, nth = 1;
	const char *rest;

	if (!number(f->value, ',', &pc, &rest) ||
	    (*rest == ',' && !whole(rest + 1, &nth)) || pc > UINT32_MAX ||
	    nth > UINT32_MAX)
		return false;
	f->chip.skip_pc = (uint32_t)pc & ~1u;
	f->chip.skip_nth = (uint32_t)nth;
	f->chip.skipped = 0;
	return true;
}

static bool set_skip_cycle(struct fault *f)
{
	f->chip.skipped = 0;
	return whole(f->value, &f->chip.skip_cycle);
}

static bool probability(const char *s, double *out, uint64_t *seed)
{
	char *rest;

	*out = strtod(s, &rest);
	if (rest == s || !(*out >= 0 && *out <= 1))
		return false;
	*seed = 1;
	return *rest == '\0' || (*rest == ',' && whole(rest + 1, seed));
}

static bool set_flip(struct fault *f)
{
	struct bench *b = f->bench;
	uint64_t seed;
	double p;

	if (!probability(f->value, &p, &seed))
		return false;
	b->line.noise.flip = b->uart_noise.flip = p;
	b->line.noise.state = seed;
	b->uart_noise.state = ~seed;
	return true;
}

static bool set_drop(struct fault *f)
{
	struct bench *b = f->bench;
	uint64_t seed;
	double p;

	if (!probability(f->value, &p, &seed))
		return false;
	b->line.noise.drop = b->uart_noise.drop = p;
	b->line.noise.state = seed;
	b->uart_noise.state = ~seed;
	return true;
}

static bool set_cut(struct fault *f)
{
	uint64_t n;

	if (!whole(f->value, &n) || n > UINT32_MAX)
		return false;
	mcu_cut_after(f->bench->mcu, (uint32_t)n);
	return true;
}

static const struct {
	const char *name;
	bool (*set)(struct fault *f);
} kinds[] = {
	{ "rng", set_rng },   { "reset", set_reset },
	{ "hold", set_hold }, { "skip", set_skip },
	{ "flip", set_flip }, { "skip-cycle", set_skip_cycle },
	{ "drop", set_drop }, { "cut", set_cut },
};

int bench_fault(struct bench *b, const char *spec, char why[BENCH_WHY_CAP])
{
	const char *eq = strchr(spec, '=');
	size_t len = eq != NULL ? (size_t)(eq - spec) : strlen(spec);
	struct fault f = { .bench = b,
			   .chip = *mcu_faults(b->mcu),
			   .value = eq != NULL ? eq + 1 : "" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strlen(kinds[i].name) != len ||
		    memcmp(kinds[i].name, spec, len) != 0)
			continue;
		if (!kinds[i].set(&f))
			break;
		mcu_faults_set(b->mcu, &f.chip);
		return 0;
	}
	snprintf(why, BENCH_WHY_CAP,
		 "\"%.60s\" is no fault; there are rng=, reset=, hold=, "
		 "skip=, skip-cycle=, flip=, drop= and cut=",
		 spec);
	return E_ARG;
}
