/* SPDX-License-Identifier: MIT */
/*
 * For cores with a 32-bit multiplier only (Cortex-M0); made for size, slow.
 * X25519 and Poly1305 share one multiplication in 15-bit words.  Needs no
 * library: includes what it uses of BearSSL's source (0.6).  Compile with
 * -I$BEARSSL/inc -I$BEARSSL/src -fwhole-program.
 */
#include "inner.h"
#ifndef PRIM_STEP
#define PRIM_STEP() ((void)0)
#endif

/* clang-format off */
#include <codec/ccopy.c>
#include <codec/dec32be.c>
#include <codec/enc32be.c>
#include <small/sha2small.c>
#include <int/i15_add.c>
#include <int/i15_decmod.c>
#include <int/i15_encode.c>
#include <int/i15_montmul.c>
#include <int/i15_muladd.c>
#include <int/i15_sub.c>
#include <small/chacha20_ct.c>
#include <ec/ec_c25519_i15.c>
#undef P0I /* both files have one */
#include <symcipher/poly1305_i15.c>
/* clang-format on */

#define POLY1305 br_poly1305_i15_run
#include "seal/prim_bearssl_glue.h"
