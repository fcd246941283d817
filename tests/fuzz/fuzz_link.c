/* SPDX-License-Identifier: MIT */
/*
 * Anything on the line: the receiver stays in its buffer, gives out nothing
 * whose checks are wrong, and is ready again; what it gives out, sent again,
 * arrives again.
 */
#include <stdlib.h>
#include <string.h>

#include "seal/link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A frame that came: put on the line once more it is the same. */
static void again(const struct link_head *h, const uint8_t *body)
{
	static uint8_t frame[LINK_FRAME_MAX];
	static uint8_t buf[LINK_BODY_MAX + LINK_TAIL_LEN];
	struct link_rx rx = { .buf = buf };
	size_t n = link_frame(h, body, frame);
	int got = 0;

	for (size_t i = 0; i < n; i++) {
		if (got)
			abort();
		got = link_rx_byte(&rx, frame[i]);
	}
	if (got != 1 || rx.head.type != h->type || rx.head.index != h->index ||
	    rx.head.len != h->len || memcmp(buf, body, h->len) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t *buf = malloc(LINK_BODY_MAX + LINK_TAIL_LEN);
	struct link_rx rx = { .buf = buf };

	if (!buf)
		abort();
	for (size_t i = 0; i < len; i++) {
		int got = link_rx_byte(&rx, data[i]);

		if (got > 1 || rx.have >= LINK_FRAME_MAX)
			abort();
		if (got == 1) {
			static const uint8_t key[32];

			if (rx.head.len > LINK_BODY_MAX || rx.have)
				abort();
			again(&rx.head, buf);
			/* nobody made it, so it opens for nobody */
			if (!link_open(key, rx.head.index, buf, rx.head.len))
				abort();
		}
	}
	free(buf);
	return 0;
}
