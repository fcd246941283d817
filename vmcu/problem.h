/* SPDX-License-Identifier: MIT */
/*
 * vmcu/problem.h - what went wrong and what to do about it, said as the other
 * programs say it:
 *
 *	signet-vmcu: what went wrong
 *	  next: what to do
 */
#ifndef VMCU_PROBLEM_H
#define VMCU_PROBLEM_H

/* Next steps that several places name. */
#define NEXT_HELP "signet-vmcu --help"
#define NEXT_SECOND "end the first one: two would pull at the same wires"
#define NEXT_WRITABLE \
	"name a file in a folder that exists and that you may write"

/* Says it on standard error; next NULL = signet-vmcu --help. */
void problem(const char *next, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The next step after an error of making a chip, of its state file or of
 * changing boards; NULL when it has none of its own. */
const char *problem_next(int err);

#endif
