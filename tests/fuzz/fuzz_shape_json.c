/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as the JSON body of any operation: first byte chooses it.  What is
 * accepted must survive JSON again and the binary form, unchanged.
 */
#include <stdlib.h>
#include <string.h>

#include "api/messages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct shape *s, void *in)
{
	uint8_t *packed, *again;
	char *json, why[SHAPE_WHY_CAP];
	size_t len, packed_len, again_len;
	void *out = calloc(1, s->size);

	if (!out || shape_pack(s, in, &packed, &packed_len))
		abort();
	if (shape_to_json(s, in, false, &json, &len))
		abort();
	if (shape_unpack(s, packed, packed_len, out))
		abort();
	if (shape_pack(s, out, &again, &again_len) || again_len != packed_len ||
	    memcmp(again, packed, again_len) != 0)
		abort();
	free(again);
	shape_clear(s, out);
	/* not every optional number may be written as 0 again */
	if (!shape_from_json(s, json, len, out, why)) {
		if (shape_pack(s, out, &again, &again_len) ||
		    again_len != packed_len ||
		    memcmp(again, packed, again_len) != 0)
			abort();
		free(again);
		shape_clear(s, out);
	}
	free(json);
	free(packed);
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct api_route *route;
	const struct shape *s;
	char why[SHAPE_WHY_CAP];
	void *in;

	if (size < 1)
		return 0;
	route = api_route((enum api_op)(1 + (data[0] & 0x7f) % (OP_COUNT - 1)));
	s = data[0] & 0x80 ? route->answer : route->request;
	in = calloc(1, s->size);
	if (!in)
		abort();
	if (!shape_from_json(s, (const char *)data + 1, size - 1, in, why)) {
		check(s, in);
		shape_clear(s, in);
	} else if (!why[0] || memchr(why, 0, sizeof(why)) == NULL) {
		abort(); /* a refusal that says nothing */
	}
	free(in);
	return 0;
}
