/* SPDX-License-Identifier: MIT */
#include "wire/hello.h"

#include <string.h>

#include "wire/name.h"
#include "wire/record.h"

void hello_encode(const struct hello *h, uint8_t out[HELLO_LEN])
{
	struct wr w;
	size_t n = strlen(h->order);

	memset(out, 0, HELLO_LEN);
	wr_init(&w, out, HELLO_LEN);
	wr_u8(&w, HELLO_VERSION);
	wr_bytes(&w, h->order, n);
	w.len = 1 + NAME_CAP;
	wr_u64(&w, h->grant);
	wr_u32(&w, h->attempt);
	wr_bytes(&w, h->challenge, CHALLENGE_LEN);
}

static void rd_version(struct rd *r)
{
	if (rd_u8(r) != HELLO_VERSION)
		rd_fail(r, E_VERSION);
}

/* One spelling of each name: nothing but zeros behind its end. */
static void rd_name(struct rd *r, char out[NAME_CAP])
{
	size_t n = 0;

	rd_copy(r, out, NAME_CAP);
	if (r->err)
		return;
	while (n < NAME_CAP && out[n])
		n++;
	if (n == NAME_CAP || !name_valid(out))
		rd_fail(r, E_SYNTAX);
	for (; n < NAME_CAP; n++)
		if (out[n])
			rd_fail(r, E_NOT_CANONICAL);
}

int hello_decode(const uint8_t *buf, size_t len, struct hello *out)
{
	struct hello h;
	struct rd r;
	int err;

	rd_init(&r, buf, len);
	rd_version(&r);
	rd_name(&r, h.order);
	h.grant = rd_u64(&r);
	h.attempt = rd_u32(&r);
	rd_copy(&r, h.challenge, CHALLENGE_LEN);
	err = rd_end(&r);
	if (!err)
		*out = h;
	return err;
}

size_t prologue_make(const uint8_t hello[HELLO_LEN], const uint8_t *uid,
		     size_t uid_len, const uint8_t loader_digest[DIGEST_LEN],
		     uint8_t out[PROLOGUE_MAX])
{
	struct wr w;

	wr_init(&w, out, PROLOGUE_MAX);
	wr_bytes(&w, LABEL_HANDSHAKE, sizeof(LABEL_HANDSHAKE) - 1);
	wr_bytes(&w, hello, HELLO_LEN);
	wr_bytes(&w, uid, uid_len);
	wr_bytes(&w, loader_digest, DIGEST_LEN);
	return w.len;
}

/* Whole flash units, and not more than the record's place holds. */
static int record_check(const uint8_t *p, size_t len, size_t cap)
{
	if (!p || len < RECORD_HEAD_LEN || len > cap || len % 8)
		return E_RANGE;
	return 0;
}

static int commit_check(const struct commit *c)
{
	int err = record_check(c->credential, c->credential_len,
			       RECORD_CREDENTIAL_CAP);

	if (err)
		return err;
	return record_check(c->firmware, c->firmware_len, RECORD_FIRMWARE_CAP);
}

int commit_encode(const struct commit *c, uint8_t *out, size_t cap,
		  size_t *out_len)
{
	struct wr w;
	int err = commit_check(c);

	if (err)
		return err;
	wr_init(&w, out, cap);
	wr_u8(&w, HELLO_VERSION);
	wr_u16(&w, (uint16_t)c->credential_len);
	wr_bytes(&w, c->credential, c->credential_len);
	wr_u16(&w, (uint16_t)c->firmware_len);
	wr_bytes(&w, c->firmware, c->firmware_len);
	return wr_end(&w, out_len);
}

int commit_decode(const uint8_t *buf, size_t len, struct commit *out)
{
	struct commit c;
	struct rd r;
	int err;

	rd_init(&r, buf, len);
	rd_version(&r);
	c.credential_len = rd_u16(&r);
	c.credential = rd_bytes(&r, c.credential_len);
	c.firmware_len = rd_u16(&r);
	c.firmware = rd_bytes(&r, c.firmware_len);
	err = rd_end(&r);
	if (!err)
		err = commit_check(&c);
	if (!err)
		*out = c;
	return err;
}
