/* SPDX-License-Identifier: MIT */
#include "vmcu/problem.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include "base/error.h"

#define REMOVE "or remove the file, and a new chip is made"

static const struct {
	int err;
	const char *next;
} steps[] = {
	{ E_ARG, "docs/vmcu.md lists chips, profiles and quirks" },
	{ E_SYNTAX, "name a file that signet-vmcu wrote, or one that does not "
		    "exist yet, and a new chip is made" },
	{ E_TRUNCATED, "take a copy that is whole, " REMOVE },
	{ E_TRAILING, "take a copy that is whole, " REMOVE },
	{ E_CHECKSUM, "take a copy that is whole, " REMOVE },
	{ E_VERSION, "use the signet-vmcu that wrote it, " REMOVE },
	{ E_STATE, "leave --chip, --profile and --uid out, which the file "
		   "knows, or name another file" },
	{ E_EXISTS, "name another file, or leave --new out" },
	{ E_NOT_FOUND, "name a file that is there, or give --new" },
	{ E_RANGE, "name an address in one of the chip's memories "
		   "(docs/vmcu.md)" },
	{ E_IO, "see that you may read and write the file and its folder" },
	{ E_DISK_FULL, "make room on the disk: nothing was overwritten" },
	{ E_NOMEM, "set no limit on address space (ulimit -v): a chip "
		   "reserves a gigabyte and touches little of it" },
};

const char *problem_next(int err)
{
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (steps[i].err == err)
			return steps[i].next;
	return NULL;
}

void problem(const char *next, const char *format, ...)
{
	va_list ap;

	fputs("signet-vmcu: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fprintf(stderr, "\n  next: %s\n", next != NULL ? next : NEXT_HELP);
}
