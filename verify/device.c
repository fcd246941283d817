/* SPDX-License-Identifier: MIT */
#include "base/ct.h"
#include "verify/verify.h"

#include <string.h>

/* Odd, different, and no sum of some of them is a sum of others. */
enum device_mark {
	DEVICE_SIGNATURE = 0x10204081,
	DEVICE_PRODUCT = 0x02081021,
	DEVICE_FAMILY = 0x00410205,
	DEVICE_UID = 0x04004103,
	DEVICE_DIGEST = 0x00820409,
	DEVICE_ALL = DEVICE_SIGNATURE + DEVICE_PRODUCT + DEVICE_FAMILY +
		     DEVICE_UID + DEVICE_DIGEST,
};

static const struct object_kind credential_kind = {
	RECORD_CREDENTIAL,
	LABEL_CREDENTIAL,
	"no credential is stored",
	"credential is malformed",
	"credential is not signed by the device key",
};

/* Decodes anew as well: a value disturbed on its way is wrong only once. */
static void device_round(const struct signet_policy *policy, const uint8_t *uid,
			 size_t uid_len, const uint8_t digest[32],
			 const struct signed_object *o, struct credential *c,
			 struct evidence *e)
{
	/* volatile: the second round must compare again */
	const volatile uint8_t *family = &c->family;
	int err = credential_decode(o->cose.payload, o->cose.payload_len, c);

	if (err) {
		evidence_add(e, 0, false, err, credential_kind.malformed);
		return;
	}
	evidence_add(e, DEVICE_SIGNATURE, o->answer == VERDICT_YES, E_SIGNATURE,
		     credential_kind.forged);
	evidence_add(e, DEVICE_PRODUCT, text_equal(c->product, policy->product),
		     E_AUTH, "credential is for another product");
	evidence_add(e, DEVICE_FAMILY, *family == policy->family, E_AUTH,
		     "credential is for another chip family");
	evidence_add(e, DEVICE_UID,
		     uid_len == c->uid_len && uid_len &&
			     ct_equal(uid, c->uid, c->uid_len),
		     E_AUTH, "credential is for another chip (UID differs)");
	evidence_add(e, DEVICE_DIGEST, ct_equal(digest, c->digest, DIGEST_LEN),
		     E_AUTH, "credential is for other firmware");
}

void signet_verify_device(const struct signet_crypto *env,
			  const struct signet_policy *policy,
			  const uint8_t *uid, size_t uid_len,
			  const uint8_t *buf, size_t len,
			  const uint8_t digest[32], struct credential *out,
			  struct signet_reason *why, struct verdict *v)
{
	struct signed_object o;
	struct credential c;
	struct evidence e;

	verdict_deny(v);
	evidence_init(&e);
	signed_object_open(env, &credential_kind, policy->device_pub, buf, len,
			   &o, &e);
	for (unsigned i = 0; i < VERIFY_ROUNDS && !e.why.err; i++)
		device_round(policy, uid, uid_len, digest, &o, &c, &e);
	if (evidence_conclude(&e, DEVICE_ALL, why, v) && out)
		memcpy(out, &c, sizeof(c));
}
