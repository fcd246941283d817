/* SPDX-License-Identifier: MIT */
#include "tests/lib/page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hex.h"
#include "crypto/crypto.h"

char *page;
int printing;

char *page_text(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = calloc(1, 1 << 18);
	size_t n;

	if (!f || !text) {
		fprintf(stderr, "%s: cannot be read (run from the root)\n",
			path);
		exit(1);
	}
	n = fread(text, 1, (1 << 18) - 1, f);
	fclose(f);
	text[n] = '\0';
	return text;
}

/* The bytes in the block "```vector NAME" of the page. */
size_t page_vector(const char *name, uint8_t *out, size_t cap)
{
	char head[96], hex[8192];
	size_t n = 0, len = 0;
	const char *p;

	snprintf(head, sizeof(head), "\n```vector %s\n", name);
	p = strstr(page, head);
	if (!p) {
		fail_msg("%s has no vector \"%s\"", PAGE, name);
		return 0;
	}
	for (p += strlen(head); *p != '`' && n + 1 < sizeof(hex); p++)
		if (*p != '\n')
			hex[n++] = *p;
	hex[n] = '\0';
	if (hex_decode(hex, out, cap, &len))
		fail_msg("%s: vector \"%s\" is no hexadecimal", PAGE, name);
	return len;
}

void page_emit(const char *name, const void *p, size_t len)
{
	static const char heads[] = "```vector %s\n";
	uint8_t want[4096];
	char hex[8192 + 1];

	assert_true(len <= sizeof(want));
	if (printing) {
		hex_encode(p, len, hex);
		printf(heads, name);
		for (size_t i = 0; i < 2 * len; i += 96)
			printf("%.96s\n", hex + i);
		printf("```\n\n");
		return;
	}
	if (page_vector(name, want, sizeof(want)) != len ||
	    memcmp(want, p, len) != 0)
		fail_msg("%s: vector \"%s\" is not what the code makes", PAGE,
			 name);
}

/* Private halves are SHA-256 of a sentence, so that they hide nothing. */
void page_seed(const char *what, uint8_t out[SHA256_LEN])
{
	char text[96];

	snprintf(text, sizeof(text), "signet test vector: %s", what);
	assert_int_equal(crypto_sha256(text, strlen(text), out), 0);
}
