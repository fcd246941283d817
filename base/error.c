/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include <stddef.h>

static const struct {
	int number;
	const char *name;
	const char *text;
} errors[] = {
#define X(sym, num, text) { num, #sym, text },
	X(E_OK, 0, "success") ERROR_LIST(X)
#undef X
};

static size_t error_index(int err)
{
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (errors[i].number == err)
			return i;
	return (size_t)-1;
}

const char *error_text(int err)
{
	size_t i = error_index(err);

	return i == (size_t)-1 ? "unknown error" : errors[i].text;
}

const char *error_name(int err)
{
	size_t i = error_index(err);

	return i == (size_t)-1 ? "E_UNKNOWN" : errors[i].name;
}
