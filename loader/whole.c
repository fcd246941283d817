/* SPDX-License-Identifier: MIT */
/*
 * The loader as one translation unit, so that the compiler sees all of it
 * (-fwhole-program) and leaves out what is never reached.
 *
 * Between the steps of checks and ciphers the flash driver has its turn:
 * decryption in the shadow of programming.
 */
#include <stddef.h>
#include <stdint.h>

#include "target.h"

#define PRIM_RAM TARGET_RAM
#define PRIM_FAR __attribute__((long_call))
#define PRIM_IDLE() target_feed()
#define PRIM_STEP() target_step()
#define LINK_STEP() target_step()

static inline void target_step(void)
{
	if (!TARGET_STILL)
		target_pump();
}

/* Where nobody clocks the core it is not decryption that the stream waits for:
 * it may look more often. */
#define PRIM_STEP_OFTEN() target_step_often()
static inline void target_step_often(void)
{
	if (!LINK_CLOCKED && !TARGET_STILL)
		target_pump();
}

#include LOADER_PRIM
/* BearSSL's macros */
#undef K
#undef M

#include "base/ct.c"
/* finish() clears all of RAM at once */
#define ct_wipe(p, len) ((void)(p), (void)(len))
#include "chip/target_flash.c"
#include "chip/target_rng.c"
#include "seal/link.c"
#include "seal/noise.c"
#include "target.c"
#include "chip/target_lock.c"

#include "loader/finish.c"
#include "loader/handshake.c"
#include "loader/line.c"
#include LOADER_LINK
#include "loader/main.c"
#include "loader/stream.c"
