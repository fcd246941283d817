/* SPDX-License-Identifier: MIT */
/*
 * The loader as one translation unit, so that the compiler sees all of it
 * (-fwhole-program) and leaves out what is never reached.
 *
 * ChaCha20 runs block by block with the flash driver between the blocks:
 * decryption in the shadow of programming.
 */
#include <stddef.h>
#include <stdint.h>

#include "target.h"

static uint32_t whole_chacha(const void *key, const void *iv, uint32_t counter,
			     void *data, size_t len);

#define PRIM_RAM TARGET_RAM
#define PRIM_FAR __attribute__((long_call))
#define PRIM_CHACHA whole_chacha
#define PRIM_IDLE() target_feed()
#include LOADER_PRIM
/* BearSSL's macros */
#undef K
#undef M

static TARGET_RAM uint32_t whole_chacha(const void *key, const void *iv,
					uint32_t counter, void *data,
					size_t len)
{
	uint8_t *p = data;

	while (len) {
		size_t n = len < 64 ? len : 64;

		target_pump(); /* looks ... */
		target_pump(); /* ... and stores */
		counter = br_chacha20_ct_run(key, iv, counter, p, n);
		p += n;
		len -= n;
	}
	return counter;
}

#include "base/ct.c"
/* finish() clears all of RAM at once */
#define ct_wipe(p, len) ((void)(p), (void)(len))
#include "chip/target_flash.c"
#include "chip/target_rng.c"
#include "seal/link.c"
#include "seal/noise.c"
#include "target.c"

#include "loader/finish.c"
#include "loader/handshake.c"
#include "loader/line.c"
#include LOADER_LINK
#include "loader/main.c"
#include "loader/stream.c"
