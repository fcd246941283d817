/* SPDX-License-Identifier: MIT */
/*
 * For cores that multiply 32 x 32 bits to 64 (Cortex-M3 and later); made for
 * size.  Needs no library: includes what it uses of BearSSL's source (0.6).
 * Compile with -I$BEARSSL/inc -I$BEARSSL/src -fwhole-program.
 */
#include "inner.h"
#ifndef PRIM_STEP
#define PRIM_STEP() ((void)0)
#endif
#ifndef PRIM_STEP_OFTEN
#define PRIM_STEP_OFTEN() ((void)0)
#endif

/*
 * Cores that load and store words at any address; BearSSL's own switch for
 * that would let the compiler use double words, which they do not.
 */
#ifdef __ARM_FEATURE_UNALIGNED
struct any_u32 {
	uint32_t v;
} __attribute__((packed));
#define br_dec32le(p) (((const struct any_u32 *)(const void *)(p))->v)
#define br_enc32le(p, x) (((struct any_u32 *)(void *)(p))->v = (x))
#endif

/* clang-format off */
/* The order matters: the last one defines macros like M. */
#include <codec/ccopy.c>
#include <codec/dec32be.c>
#include <codec/enc32be.c>
#include <small/sha2small.c>
#include <small/ec_c25519_m31.c>
#include <small/chacha20_ct.c>
#include <small/poly1305_ctmul.c>
/* clang-format on */

#define POLY1305 br_poly1305_ctmul_run
#include "seal/prim_bearssl_glue.h"
