/* SPDX-License-Identifier: MIT */
/*
 * For all our cores; made for size.  Fast where 32 x 32 bits multiply to 64
 * (Cortex-M3 and later); on Cortex-M0 that is libgcc's function, and still a
 * third faster than BearSSL's 15-bit words, and 400 bytes less.  Needs no
 * library: includes what it uses of BearSSL's source (0.6).  Compile with
 * -I$BEARSSL/inc -I$BEARSSL/src -fwhole-program.
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

/*
 * PRIM_LEAST: bytes before time, see seal/reroll.awk.  libgcc's multiplication
 * takes 64 bits by 64; ours are below 2^31 each, so that nothing is carried in
 * the middle: half of it, and twice as fast.
 */
#ifdef PRIM_LEAST
#ifndef PRIM_RAM
#define PRIM_RAM
#endif
PRIM_RAM __attribute__((noinline)) static uint64_t mul31(uint32_t x, uint32_t y)
{
	uint32_t xl = x & 0xffff, xh = x >> 16;
	uint32_t yl = y & 0xffff, yh = y >> 16;
	uint32_t middle = xl * yh + xh * yl;
	uint64_t outer = (uint64_t)(xh * yh) << 32 | xl * yl;

	return outer + ((uint64_t)middle << 16);
}
#undef MUL31
#define MUL31(x, y) mul31((uint32_t)(x), (uint32_t)(y))
#endif
/* clang-format off */
/* The order matters: the last one defines macros like M. */
#include <codec/ccopy.c>
#include <codec/dec32be.c>
#include <codec/enc32be.c>
#ifdef PRIM_LEAST
#include <least/sha2small.c>
#include <least/ec_c25519_m31.c>
#else
#include <small/sha2small.c>
#include <small/ec_c25519_m31.c>
#endif
#include <small/chacha20_ct.c>
#include <small/poly1305_ctmul.c>
/* clang-format on */

#define POLY1305 br_poly1305_ctmul_run
#include "seal/prim_bearssl_glue.h"
