/* SPDX-License-Identifier: MIT */
/* Whether this chip is locked as its family says: target_locked(). */
#include "target.h"

/* Asked twice: one instruction that is skipped must not be enough. */
void target_lock_check(struct verdict *v)
{
	verdict_deny(v);
	if (!target_locked())
		return;
	__asm__ volatile("" ::: "memory");
	if (!target_locked())
		return;
	verdict_allow(v);
}
