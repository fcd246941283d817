/* SPDX-License-Identifier: MIT */
/*
 * For cores that multiply 32 x 32 to 64 bits (Cortex-M3 and later); made for
 * size.  Needs no library: includes what it uses of BearSSL's source (0.6).
 * Compile with -I$BEARSSL/inc -I$BEARSSL/src -fwhole-program.
 */
#include "inner.h"

/*
 * These cores load and store words at any address; BearSSL's own switch for
 * that would let the compiler use double words, which they do not.
 */
struct any_u32 {
	uint32_t v;
} __attribute__((packed));
#define br_dec32le(p) (((const struct any_u32 *)(const void *)(p))->v)
#define br_enc32le(p, x) (((struct any_u32 *)(void *)(p))->v = (x))

/*
 * One multiplication in loops instead of two without: 1,160 bytes less.
 * Column by column, so that the sum stays in registers; its bound is the one
 * that BearSSL's mul9() explains.
 */
static void mul9_loop(uint32_t *d, const uint32_t *a, const uint32_t *b)
{
	uint64_t sum = 0;

	for (int i = 0; i < 17; i++) {
		const uint32_t *x = a + (i < 9 ? 0 : i - 8);
		const uint32_t *y = b + (i < 9 ? i : 8);
		const uint32_t *end = a + (i < 9 ? i : 8);

		do
			sum += MUL31(*x++, *y--);
		while (x <= end);
		d[i] = (uint32_t)sum & 0x3FFFFFFF;
		sum >>= 30;
	}
	d[17] = (uint32_t)sum;
}

/*
 * Puts it in the place of mul9(), and f255_mul() in that of f255_square().
 * The macros see the definitions, where an argument begins with const, and
 * turn them into functions that nobody calls; and the calls, where it is the
 * name of a variable.
 */
static void f255_mul(uint32_t *, const uint32_t *, const uint32_t *);

static void f255_mul_to(const uint32_t *a, const uint32_t *b, uint32_t *d)
{
	f255_mul(d, a, b);
}

/* clang-format off */
#define MUL9_const __attribute__((unused)) mul9_unused(uint32_t *d, const
#define MUL9_a mul9_loop(t, a
#define mul9(d, a, b) MUL9_##a, b)
#define SQUARE_const __attribute__((unused)) square_unused(const
#define SQUARE_a f255_mul_to(a, a
#define SQUARE_b f255_mul_to(b, b
#define SQUARE_x3 f255_mul_to(x3, x3
#define SQUARE_z3 f255_mul_to(z3, z3
#define f255_square(d, a) SQUARE_##a, d)

/* The order matters: the last one defines macros like M. */
#include <codec/ccopy.c>
#include <codec/dec32be.c>
#include <codec/enc32be.c>
#include <small/sha2small.c>
#include <ec/ec_c25519_m31.c>
#include <small/chacha20_ct.c>
#include <symcipher/poly1305_ctmul.c>
/* clang-format on */

#define POLY1305 br_poly1305_ctmul_run
#include "seal/prim_bearssl_glue.h"
