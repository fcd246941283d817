/* SPDX-License-Identifier: MIT */
/*
 * noise_openssl.h - Noise NK and NKpsk0 a second time, written token by token
 * from the specification on OpenSSL's own HMAC, X25519 and ChaCha20-Poly1305.
 * It shares no line with seal/ and checks nothing: it only computes what the
 * two ends must come to.
 */
#ifndef TESTS_LIB_NOISE_OPENSSL_H
#define TESTS_LIB_NOISE_OPENSSL_H

#include <stddef.h>
#include <stdint.h>

struct noise_openssl {
	uint8_t k1[32], k2[32], hash[32];
};

/* Both messages of one handshake; psk NULL = NK.  Ends the program when
 * OpenSSL fails. */
void noise_openssl(struct noise_openssl *out, const void *prologue,
		   size_t prologue_len, const uint8_t *psk,
		   const uint8_t s_priv[32], const uint8_t e1[32],
		   const uint8_t e2[32], const void *text1, size_t len1,
		   uint8_t *m1, const void *text2, size_t len2, uint8_t *m2);

#endif
