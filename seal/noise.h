/* SPDX-License-Identifier: MIT */
/*
 * seal/noise.h - Noise_NK and Noise_NKpsk0 with 25519, ChaChaPoly, SHA256
 * (Noise Protocol Framework, revision 34), one source for both ends.
 *
 *   NK:        <- s   ...   -> e, es        <- e, ee
 *   NKpsk0:    <- s   ...   -> psk, e, es   <- e, ee
 *
 * Freestanding: no allocation, no inner pointers; the caller owns the state
 * and wipes it with noise_wipe().  The primitives are link-time functions of
 * seal/prim.h (OpenSSL on the host, BearSSL on the chip).  A message that does
 * not authenticate leaves the state as it was.
 */
#ifndef SEAL_NOISE_H
#define SEAL_NOISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define NOISE_KEY_LEN 32
#define NOISE_TAG_LEN 16
#define NOISE_OVERHEAD (NOISE_KEY_LEN + NOISE_TAG_LEN) /* per message */

struct noise {
	uint8_t ck[32], h[32];
	uint8_t e[32]; /* initiator: own ephemeral, the private half;
			* responder: the peer's, the public half */
	bool initiator, psk;
	uint8_t step; /* messages done: 0, 1, 2 */
};

/* psk NULL = NK, else NKpsk0.  rs is the responder's static public key. */
void noise_init(struct noise *s, bool initiator, const uint8_t rs[32],
		const void *prologue, size_t prologue_len,
		const uint8_t psk[32]);
/* Initiator, message 1: e_priv is a fresh ephemeral private key.  out gets
 * len + NOISE_OVERHEAD bytes.  E_CRYPTO when rs is a low-order point; E_STATE
 * out of turn or when the psk is missing.  In all four the same. */
MUST_USE int noise_write1(struct noise *s, const uint8_t rs[32],
			  const uint8_t psk[32], const uint8_t e_priv[32],
			  const void *payload, size_t len, uint8_t *out);
/* The same in two steps: what costs the time and needs no message, from e->priv
 * and the peer's public key; and the message.  An ephemeral serves once.
 * E_CRYPTO, E_STATE as above. */
struct noise_ephemeral {
	uint8_t priv[32], pub[32], dh[32];
};
MUST_USE int noise_ephemeral_make(struct noise_ephemeral *e,
				  const uint8_t peer[32]);
MUST_USE int noise_write1_with(struct noise *s, const uint8_t psk[32],
			       const struct noise_ephemeral *e,
			       const void *payload, size_t len, uint8_t *out);
/* Responder, message 1: s_priv is its static private key.  payload gets len -
 * NOISE_OVERHEAD bytes; E_DECRYPT leaves zeros there.  It may be msg or msg +
 * NOISE_KEY_LEN, which costs the message. */
MUST_USE int noise_read1(struct noise *s, const uint8_t s_priv[32],
			 const uint8_t psk[32], const uint8_t *msg, size_t len,
			 uint8_t *payload);
MUST_USE int noise_write2(struct noise *s, const uint8_t e_priv[32],
			  const void *payload, size_t len, uint8_t *out);
MUST_USE int noise_read2(struct noise *s, const uint8_t *msg, size_t len,
			 uint8_t *payload);
/* Split(): k1 initiator -> responder, k2 responder -> initiator; hash is the
 * handshake hash, or NULL.  Only after message 2. */
MUST_USE int noise_split(const struct noise *s, uint8_t k1[32], uint8_t k2[32],
			 uint8_t hash[32]);
void noise_wipe(struct noise *s);

/* A transport message: ChaCha20-Poly1305, nonce = 4 zero bytes || n u64 LE (of
 * which we count 32 bits), no AAD.  seal writes len + NOISE_TAG_LEN bytes, open
 * len - NOISE_TAG_LEN (zeros when it fails: E_DECRYPT, E_TRUNCATED).  out may
 * be in. */
void noise_seal(const uint8_t k[32], uint32_t n, const void *in, size_t len,
		uint8_t *out);
MUST_USE int noise_open(const uint8_t k[32], uint32_t n, const uint8_t *in,
			size_t len, uint8_t *out);

/* HMAC-SHA256 (RFC 2104) and HKDF's output blocks 1..count, 32 bytes each
 * (RFC 5869 with an empty info), as Noise defines them. */
void noise_hkdf(const uint8_t key[32], const void *input, size_t len,
		uint8_t *out, int count);

#endif
