/* SPDX-License-Identifier: MIT */
/*
 * signet_verify.h - is this device genuine, and is this firmware ours?
 *
 * The library that a customer's bootloader or firmware links.  C99, no
 * allocation, no static state, no inner pointers.  Hash and signature check
 * are passed in, so any crypto library will do; signet_verify_bearssl.c ships
 * an adaptor for BearSSL.
 *
 * Results are `struct verdict` (hardened: see below).  Check them twice:
 *
 *	struct verdict v;
 *	signet_verify_device(&env, &policy, uid, 12, cred, n, digest, &out, &v);
 *	if (!verdict_ok(&v) || !verdict_ok(&v))
 *		refuse();
 *
 * `make verify-dist` delivers the library as two files, signet_verify.h and
 * signet_verify.c, with everything they need inside.
 */
#ifndef SIGNET_VERIFY_H
#define SIGNET_VERIFY_H

#include <stddef.h>
#include <stdint.h>

#include "base/hard.h"
#include "wire/credential.h"
#include "wire/release.h"

#define SIGNET_HASH_CTX_MAX 128 /* bytes, 8-aligned, lent to the adaptor */

/* The crypto that the caller brings. */
struct signet_crypto {
	void (*hash_init)(void *ctx); /* SHA-256 */
	void (*hash_update)(void *ctx, const void *p, size_t len);
	void (*hash_final)(void *ctx, uint8_t out[32]);
	/* ES256 over a hash: pub is 0x04||X||Y, sig is R||S.  Returns
	 * VERDICT_YES when good, VERDICT_NO otherwise. */
	uint32_t (*p256_verify)(const uint8_t pub[65], const uint8_t hash[32],
				const uint8_t sig[64]);
};

/* What the device expects; compiled in. */
struct signet_policy {
	const char *product;
	uint8_t family;		    /* enum family */
	const uint8_t *device_pub;  /* 65 bytes */
	const uint8_t *release_pub; /* 65 bytes */
	uint32_t rollback_min;	    /* oldest firmware that may run */
};

/* Why a check said no: 0, or the E_* of the first failed check.  For messages
 * only; decide on the verdict. */
struct signet_reason {
	int err;
	const char *what; /* static text: "UID in the credential differs" */
};

/*
 * The credential in buf[len] (a COSE_Sign1, or the whole flash record) is by
 * this product's device key, for this UID and family, and for the firmware
 * with this digest.  out is filled on yes only.
 */
void signet_verify_device(const struct signet_crypto *env,
			  const struct signet_policy *policy,
			  const uint8_t *uid, size_t uid_len,
			  const uint8_t *buf, size_t len,
			  const uint8_t digest[32], struct credential *out,
			  struct signet_reason *why, struct verdict *v);

/*
 * The firmware in memory is what the release key signed.  buf is the firmware
 * record; flash_read copies target memory (on the chip: memcpy from the
 * address).  out is filled on yes only.
 */
void signet_verify_firmware(const struct signet_crypto *env,
			    const struct signet_policy *policy,
			    const uint8_t *buf, size_t len,
			    void (*flash_read)(uint32_t address, void *out,
					       size_t len),
			    struct firmware_info *out,
			    struct signet_reason *why, struct verdict *v);

#endif
