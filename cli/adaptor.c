/* SPDX-License-Identifier: MIT */
#include "cli/adaptor.h"

#include <string.h>

#include "crypto/crypto.h"

/*
 * The library lends SIGNET_HASH_CTX_MAX bytes; what lies there is a pointer,
 * because OpenSSL's contexts are its own.  A hash that could not be made reads
 * as zeros, which no signature fits.
 */
struct holder {
	struct crypto_sha256 *h;
};

static struct crypto_sha256 *ctx_get(const void *ctx)
{
	struct holder holder;

	memcpy(&holder, ctx, sizeof(holder));
	return holder.h;
}

static void ctx_set(void *ctx, struct crypto_sha256 *h)
{
	struct holder holder = { h };

	memcpy(ctx, &holder, sizeof(holder));
}

static void hash_init(void *ctx)
{
	struct crypto_sha256 *h = NULL;

	if (crypto_sha256_new(&h) != 0)
		h = NULL;
	ctx_set(ctx, h);
}

static void hash_update(void *ctx, const void *p, size_t len)
{
	struct crypto_sha256 *h = ctx_get(ctx);

	if (h == NULL || crypto_sha256_update(h, p, len) == 0)
		return;
	crypto_sha256_free(h);
	ctx_set(ctx, NULL);
}

static void hash_final(void *ctx, uint8_t out[32])
{
	struct crypto_sha256 *h = ctx_get(ctx);

	memset(out, 0, 32);
	if (h && crypto_sha256_final(h, out) != 0)
		memset(out, 0, 32);
	ctx_set(ctx, NULL);
}

static uint32_t p256_verify(const uint8_t pub[65], const uint8_t hash[32],
			    const uint8_t sig[64])
{
	return crypto_es256_verify_hash(pub, hash, sig) == 0 ? VERDICT_YES
							     : VERDICT_NO;
}

const struct signet_crypto *adaptor_openssl(void)
{
	static const struct signet_crypto env = {
		.hash_init = hash_init,
		.hash_update = hash_update,
		.hash_final = hash_final,
		.p256_verify = p256_verify,
	};

	return &env;
}
