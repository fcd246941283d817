/* SPDX-License-Identifier: MIT */
/*
 * signet_verify_bearssl.h - the crypto of signet_verify.h by BearSSL.
 *
 * Pass &signet_bearssl as the first argument of signet_verify_*(), and link
 * exactly one of
 *
 *	signet_verify_bearssl.c      when BearSSL is linked as a library
 *	signet_verify_bearssl_i15.c  small: generic, 15-bit words
 *	signet_verify_bearssl_m15.c  fast on Cortex-M0: P-256 in 13-bit words
 *	signet_verify_bearssl_i31.c  Cortex-M3 and later: generic, 31-bit words
 *	signet_verify_bearssl_m31.c  fast on Cortex-M3 and later
 *
 * The last four need no library: they include what they use of BearSSL's
 * source (0.6), so that the compiler can leave out what P-256 verification
 * never reaches.  Compile them with -I$BEARSSL/inc -I$BEARSSL/src
 * -fwhole-program.  Sizes and times: docs/integrator.md.
 */
#ifndef SIGNET_VERIFY_BEARSSL_H
#define SIGNET_VERIFY_BEARSSL_H

#include "signet_verify.h"

extern const struct signet_crypto signet_bearssl;

#endif
