/* SPDX-License-Identifier: MIT */
#include "wire/record.h"

#include <stdbool.h>

#include "base/rw.h"

enum { RECORD_ALIGN = 8, ERASED = 0xff };

static bool erased(const uint8_t *p, size_t len)
{
	while (len--)
		if (*p++ != ERASED)
			return false;
	return true;
}

int record_encode(enum record_type type, const uint8_t *data, size_t len,
		  uint8_t *out, size_t cap, size_t *out_len)
{
	struct wr w;

	if (len > UINT16_MAX)
		return E_TOO_LARGE;
	wr_init(&w, out, cap);
	wr_u32(&w, RECORD_MAGIC);
	wr_u16(&w, (uint16_t)type);
	wr_u16(&w, (uint16_t)len);
	wr_bytes(&w, data, len);
	while (!w.err && w.len % RECORD_ALIGN)
		wr_u8(&w, ERASED);
	return wr_end(&w, out_len);
}

int record_decode(enum record_type type, const uint8_t *buf, size_t cap,
		  const uint8_t **data, size_t *len)
{
	const uint8_t *p;
	struct rd r;
	size_t n;

	if (erased(buf, cap))
		return E_NOT_FOUND;
	rd_init(&r, buf, cap);
	if (rd_u32(&r) != RECORD_MAGIC || rd_u16(&r) != (uint16_t)type)
		rd_fail(&r, E_SYNTAX);
	n = rd_u16(&r);
	p = rd_bytes(&r, n);
	if (r.err)
		return r.err;
	if (!erased(r.p, r.left))
		return E_TRAILING;
	*data = p;
	*len = n;
	return 0;
}
