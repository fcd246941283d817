/* SPDX-License-Identifier: MIT */
#include "verify/verify.h"

void evidence_init(struct evidence *e)
{
	e->have = 0;
	e->lack = ~(uint32_t)0;
	e->why.err = 0;
	e->why.what = "";
}

void evidence_add(struct evidence *e, uint32_t mark, bool good, int err,
		  const char *what)
{
	if (good) {
		e->have += mark;
		e->lack -= mark;
	} else if (!e->why.err) {
		e->why.err = err;
		e->why.what = what;
	}
}

bool evidence_conclude(const struct evidence *e, uint32_t all,
		       struct signet_reason *why, struct verdict *v)
{
	const uint32_t want = all * VERIFY_ROUNDS;

	verdict_deny(v);
	if (why)
		*why = e->why;
	if (e->have == want && e->lack == ~want && !e->why.err) {
		/* read anew: see the note in verify.h */
		if (e->lack == ~want && e->have == want)
			verdict_allow(v);
	}
	return verdict_ok(v);
}
