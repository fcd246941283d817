/* SPDX-License-Identifier: MIT */
/* Report, commit, records, marker; then nothing is left of us in RAM. */
#include <string.h>

#include "loader/loader.h"
#include "seal/prim.h"

#define RECORDS (TARGET_TOP + RECORD_FIRMWARE_OFFSET)
#define RECORDS_LEN (MARKER_OFFSET - RECORD_FIRMWARE_OFFSET)
/* What else is in the records' page: nothing, or stub and secret. */
#define SHARED (RECORD_FIRMWARE_OFFSET % TARGET_PAGE_LEN != 0)
#define KEEP_AT (TARGET_TOP + (SHARED ? STUB_OFFSET : RECORD_FIRMWARE_OFFSET))
#define KEEP_LEN (SHARED ? STUB_LEN : 0)

static void digest_make(uint8_t out[DIGEST_LEN])
{
	const struct delivery_wire *d = &loader.in.delivery.wire;
	struct prim_sha256 c;

	LOADER_BASE(d);
	prim_sha256_init(&c);
	prim_sha256_update(&c, LABEL_IMAGE, sizeof(LABEL_IMAGE) - 1);
	for (unsigned i = 0; i < d->segment_count; i++) {
		const struct segment *s = d->segments + i;

		prim_sha256_update(&c, s, sizeof(*s));
		prim_sha256_update(&c, (const void *)s->address, s->len);
	}
	prim_sha256_final(&c, out);
}

__attribute__((noinline)) void report_make(void)
{
	uint8_t *p = loader.answer.body;

	LOADER_BASE(p);
	target_ecc = 0;
	if (target_flash_wait()) {
		loader_fault(LINK_FAULT_FLASH);
		return;
	}
	p[0] = HELLO_VERSION;
	digest_make(p + 1);
	p[1 + DIGEST_LEN] = TARGET_WORDS;
	target_words(p + 2 + DIGEST_LEN);
	if (target_ecc) {
		loader_fault(LINK_FAULT_FLASH);
		return;
	}
	prim_aead_seal(loader.k[0], 0, NULL, 0, p, REPORT_LEN, p + REPORT_LEN);
	loader.step = STEP_REPORT;
	line_answer(LINK_REPORT, 0, REPORT_LEN + NOISE_TAG_LEN);
}

/* One record of the commit: its place, or 0. */
static int record_put(const uint8_t **p, const uint8_t *end, uint32_t at,
		      uint32_t cap)
{
	const uint8_t *q = *p;
	uint32_t len;

	if (end - q < 2)
		return E_TRUNCATED;
	len = q[0] | (uint32_t)q[1] << 8;
	q += 2;
	if (len % 8 || len > cap || len > (uint32_t)(end - q))
		return E_SYNTAX;
	*p = q + len;
	/* the source must be aligned, which the message is not */
	memcpy(&loader.frame, q, len);
	return target_flash_put(at, &loader.frame, len);
}

static int records_put(const uint8_t *p, const uint8_t *end)
{
	int err;

	err = record_put(&p, end, TARGET_TOP + RECORD_CREDENTIAL_OFFSET,
			 RECORD_CREDENTIAL_CAP);
	if (!err)
		err = record_put(&p, end, RECORDS, RECORD_FIRMWARE_CAP);
	if (!err)
		err = target_flash_put(TARGET_TOP + BOOT_WORDS_OFFSET,
				       loader.ending.boot_words,
				       8 + FINAL_OPTIONS_LEN);
	return err;
}

/*
 * Torn cells among the records, or others than these: the page is made anew,
 * with the stub if that is in it.
 */
__attribute__((noinline)) void commit_take(void)
{
	const uint32_t zero[2] = { 0 };
	uint8_t *body = IN_BODY;
	uint32_t len = loader.head.len - NOISE_TAG_LEN;
	int err;

	LOADER_BASE(body);
	if (len > COMMIT_MAX ||
	    prim_aead_open(loader.k[1], 0, NULL, 0, body, len, body + len) ||
	    body[0] != HELLO_VERSION)
		return;
	target_ecc = 0;
	err = target_flash_unlock();
	if (!err && !target_flash_blank(RECORDS, RECORDS_LEN))
		err = target_flash_renew(KEEP_AT, KEEP_LEN,
					 (target_unit *)&loader.frame);
	if (!err)
		err = records_put(body + 1, body + len);
	if (!err)
		err = target_flash_put(TARGET_TOP + MARKER_OFFSET, zero, 8);
	if (err) {
		loader_fault(LINK_FAULT_FLASH);
		return;
	}
	loader.step = STEP_DONE;
	memcpy(loader.answer.body, loader.ending.done_token, DONE_TOKEN_LEN);
	line_answer(LINK_DONE, 0, DONE_TOKEN_LEN);
}
