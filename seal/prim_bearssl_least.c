/* SPDX-License-Identifier: MIT */
/* As seal/prim_bearssl_m31.c, smaller: for Cortex-M0. */
#define PRIM_LEAST
#include "seal/prim_bearssl_m31.c"
