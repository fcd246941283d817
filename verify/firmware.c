/* SPDX-License-Identifier: MIT */
#include "base/ct.h"
#include "verify/verify.h"

#include <string.h>

#define FLASH_STEP 64 /* bytes hashed at once; on the stack */

/* See enum device_mark. */
enum firmware_mark {
	FIRMWARE_SIGNATURE = 0x10204081,
	FIRMWARE_PRODUCT = 0x02081021,
	FIRMWARE_ROLLBACK = 0x00410205,
	FIRMWARE_DIGEST = 0x04004103,
	FIRMWARE_ALL = FIRMWARE_SIGNATURE + FIRMWARE_PRODUCT +
		       FIRMWARE_ROLLBACK + FIRMWARE_DIGEST,
};

static const struct object_kind firmware_kind = {
	RECORD_FIRMWARE,
	LABEL_FIRMWARE,
	"no firmware signature is stored",
	"firmware signature is malformed",
	"firmware is not signed by the release key",
};

static void put_u32(uint8_t out[4], uint32_t v)
{
	for (unsigned i = 0; i < 4; i++)
		out[i] = (uint8_t)(v >> (8 * i));
}

/* The release digest (wire/release.h) of what is in memory now. */
struct hashed {
	const struct signet_crypto *env;
	void (*flash_read)(uint32_t address, void *out, size_t len);
	union hash_ctx ctx;
	uint8_t digest[DIGEST_LEN];
	bool done;
};

static void segment_hash(struct hashed *h, const struct segment *s)
{
	uint8_t buf[FLASH_STEP];
	uint32_t done, n;

	put_u32(buf, s->address);
	put_u32(buf + 4, s->len);
	h->env->hash_update(h->ctx.bytes, buf, 8);
	for (done = 0; done < s->len; done += n) {
		n = s->len - done;
		if (n > FLASH_STEP)
			n = FLASH_STEP;
		h->flash_read(s->address + done, buf, n);
		h->env->hash_update(h->ctx.bytes, buf, n);
	}
}

static void memory_digest(struct hashed *h, const struct firmware_info *f)
{
	h->env->hash_init(h->ctx.bytes);
	h->env->hash_update(h->ctx.bytes, LABEL_IMAGE, sizeof(LABEL_IMAGE) - 1);
	for (unsigned i = 0; i < f->segment_count; i++)
		segment_hash(h, &f->segments[i]);
	h->env->hash_final(h->ctx.bytes, h->digest);
	h->done = true;
}

/* Decodes anew as well: a value disturbed on its way is wrong only once.  The
 * memory is hashed once, that is where the time goes. */
static void firmware_round(const struct signet_policy *policy,
			   const struct signed_object *o,
			   struct firmware_info *f, struct hashed *h,
			   struct evidence *e)
{
	/* volatile: the second round must compare again */
	const volatile uint32_t *rollback = &f->rollback;
	int err = firmware_info_decode(o->cose.payload, o->cose.payload_len, f);

	if (err) {
		evidence_add(e, 0, false, err, firmware_kind.malformed);
		return;
	}
	if (!h->done)
		memory_digest(h, f);
	evidence_add(e, FIRMWARE_SIGNATURE, o->answer == VERDICT_YES,
		     E_SIGNATURE, firmware_kind.forged);
	evidence_add(e, FIRMWARE_PRODUCT,
		     text_equal(f->product, policy->product), E_AUTH,
		     "firmware is for another product");
	evidence_add(e, FIRMWARE_ROLLBACK, *rollback >= policy->rollback_min,
		     E_VERSION, "firmware is too old (rollback number)");
	evidence_add(e, FIRMWARE_DIGEST,
		     ct_equal(h->digest, f->digest, DIGEST_LEN), E_CHECKSUM,
		     "firmware was altered (digest differs)");
}

void signet_verify_firmware(
	const struct signet_crypto *env, const struct signet_policy *policy,
	const uint8_t *buf, size_t len,
	void (*flash_read)(uint32_t address, void *out, size_t len),
	struct firmware_info *out, struct signet_reason *why, struct verdict *v)
{
	struct signed_object o;
	struct firmware_info f;
	struct evidence e;
	struct hashed h;

	verdict_deny(v);
	evidence_init(&e);
	h.env = env;
	h.flash_read = flash_read;
	h.done = false;
	signed_object_open(env, &firmware_kind, policy->release_pub, buf, len,
			   &o, &e);
	for (unsigned i = 0; i < VERIFY_ROUNDS && !e.why.err; i++)
		firmware_round(policy, &o, &f, &h, &e);
	if (evidence_conclude(&e, FIRMWARE_ALL, why, v) && out)
		memcpy(out, &f, sizeof(f));
}
