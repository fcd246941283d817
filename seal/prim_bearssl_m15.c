/* SPDX-License-Identifier: MIT */
/*
 * For Cortex-M0; made for size.  Its only multiplication is 32 x 32 bits to 32,
 * and takes the same time for all numbers.  So these are BearSSL's (0.6)
 * implementations in words of 13 bits, whose products and sums fit that:
 * nothing here multiplies by itself, and nothing calls libgcc's 64-bit
 * multiplication, which jumps on a carry there, so that its time depends on
 * secrets.  docs/architecture.md has what else was measured.
 *
 * Otherwise as seal/prim_bearssl_m31.c.
 */
#include "inner.h"
#ifndef PRIM_STEP
#define PRIM_STEP() ((void)0)
#endif
#ifndef PRIM_STEP_OFTEN
#define PRIM_STEP_OFTEN() ((void)0)
#endif

/* clang-format off */
#include <codec/ccopy.c>
#include <codec/dec32be.c>
#include <codec/enc32be.c>
#include <least/sha2small.c>
#include <small/ec_c25519_m15.c>
#include <small/chacha20_ct.c>
#include <small/poly1305_ctmul32.c>
/* clang-format on */

#define POLY1305 br_poly1305_ctmul32_run
#include "seal/prim_bearssl_glue.h"
