/* SPDX-License-Identifier: MIT */
#include "tests/lib/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hex.h"

size_t unhex(const char *hex, uint8_t *out, size_t cap)
{
	size_t n = 0;

	assert_int_equal(hex_decode(hex, out, cap, &n), 0);
	return n;
}

size_t vector_get(const char *file, const char *name, uint8_t *out, size_t cap)
{
	char path[256];
	char line[4096];
	size_t name_len = strlen(name);
	FILE *f;

	snprintf(path, sizeof(path), "tests/vectors/%s", file);
	f = fopen(path, "r");
	if (!f)
		fail_msg("%s: cannot be opened (run from the root)", path);
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, name, name_len) != 0 || line[name_len] != ' ')
			continue;
		fclose(f);
		line[strcspn(line, "\n")] = '\0';
		return unhex(line + name_len + 1, out, cap);
	}
	fclose(f);
	fail_msg("%s: has no \"%s\"", path, name);
	return 0;
}

static int decode_copy(try_decode *decode, const uint8_t *p, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);
	int err;

	assert_non_null(copy);
	if (len)
		memcpy(copy, p, len);
	err = decode(copy, len);
	free(copy);
	return err;
}

void check_lengths(try_decode *decode, const uint8_t *good, size_t len)
{
	uint8_t *longer = malloc(len + 1);

	assert_non_null(longer);
	memcpy(longer, good, len);
	longer[len] = 0;
	assert_int_equal(decode_copy(decode, good, len), 0);
	for (size_t n = 0; n < len; n++)
		if (decode_copy(decode, good, n) == 0)
			fail_msg("%zu of %zu bytes were taken for whole", n,
				 len);
	assert_int_not_equal(decode_copy(decode, longer, len + 1), 0);
	free(longer);
}
