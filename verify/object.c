/* SPDX-License-Identifier: MIT */
#include "base/ct.h"
#include "verify/verify.h"

bool text_equal(const char *a, const char *b)
{
	/* volatile: the second round must compare again */
	const volatile char *x = a;
	const volatile char *y = b;

	while (*x && *x == *y) {
		x++;
		y++;
	}
	return *x == *y;
}

/* The key number in the object is no evidence, but a wrong one says that
 * something is wrong, and no byte of a record may be changed unnoticed. */
static int object_key(const struct signet_crypto *env, const uint8_t pub[65],
		      const struct cose_sign1 *s)
{
	union hash_ctx ctx;
	uint8_t id[DIGEST_LEN];

	env->hash_init(ctx.bytes);
	env->hash_update(ctx.bytes, pub, 65);
	env->hash_final(ctx.bytes, id);
	return ct_equal(id, s->kid, COSE_KID_LEN) ? 0 : E_KEY;
}

/* SHA-256 of the Sig_structure, without ever holding it in one piece. */
static int object_hash(const struct signet_crypto *env, const char *label,
		       const struct cose_sign1 *s, uint8_t out[DIGEST_LEN])
{
	union hash_ctx ctx;
	uint8_t prefix[COSE_PREFIX_MAX];
	size_t len;
	int err;

	err = cose_tbs_prefix(label, s->payload_len, prefix, sizeof(prefix),
			      &len);
	if (err)
		return err;
	env->hash_init(ctx.bytes);
	env->hash_update(ctx.bytes, prefix, len);
	env->hash_update(ctx.bytes, s->payload, s->payload_len);
	env->hash_final(ctx.bytes, out);
	return 0;
}

void signed_object_open(const struct signet_crypto *env,
			const struct object_kind *kind, const uint8_t pub[65],
			const uint8_t *buf, size_t len,
			struct signed_object *out, struct evidence *e)
{
	const uint8_t *data;
	uint8_t hash[DIGEST_LEN];
	size_t n;
	int err;

	out->answer = VERDICT_NO;
	err = record_decode(kind->type, buf, len, &data, &n);
	if (err == E_NOT_FOUND) {
		evidence_add(e, 0, false, err, kind->none);
		return;
	}
	if (err) { /* no record head: perhaps the bare object */
		data = buf;
		n = len;
	}
	err = cose_decode(data, n, &out->cose);
	if (!err)
		err = object_hash(env, kind->label, &out->cose, hash);
	if (err) {
		evidence_add(e, 0, false, err, kind->malformed);
		return;
	}
	err = object_key(env, pub, &out->cose);
	if (!err) {
		out->answer = env->p256_verify(pub, hash, out->cose.sig);
		err = out->answer == VERDICT_YES ? 0 : E_SIGNATURE;
	}
	if (err)
		evidence_add(e, 0, false, err, kind->forged);
}
