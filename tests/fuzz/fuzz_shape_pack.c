/* SPDX-License-Identifier: MIT */
/*
 * Any bytes as a packed message between roles: first byte chooses the shape.
 * What is accepted must pack to the same bytes, and must be expressible as
 * JSON, since the edge turns it into that.
 */
#include <stdlib.h>
#include <string.h>

#include "api/messages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct api_route *route;
	const struct shape *s;
	uint8_t *packed;
	size_t len;
	char *json;
	void *in;

	if (size < 1)
		return 0;
	route = api_route((enum api_op)(1 + (data[0] & 0x7f) % (OP_COUNT - 1)));
	s = data[0] & 0x80 ? route->answer : route->request;
	in = calloc(1, s->size);
	if (!in)
		abort();
	if (!shape_unpack(s, data + 1, size - 1, in)) {
		if (shape_pack(s, in, &packed, &len) || len != size - 1 ||
		    memcmp(packed, data + 1, len) != 0)
			abort();
		free(packed);
		if (!shape_to_json(s, in, true, &json, &len))
			free(json);
		shape_clear(s, in);
	}
	free(in);
	return 0;
}
