/* SPDX-License-Identifier: MIT */
/*
 * tests/lib/sealed_bed.h - a virtual chip with the loader on it, and the
 * station's and the server's end of the sealed link, in one process.
 *
 * The server's end is seal/ and wire/ over OpenSSL with a key of the test's
 * own (tests/target/loader/loader_keys.h has the public half).  Functions that
 * "must" succeed end the test when they do not.
 */
#ifndef TESTS_LIB_SEALED_BED_H
#define TESTS_LIB_SEALED_BED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "seal/link.h"
#include "seal/noise.h"
#include "tests/lib/bed_chip.h"
#include "vmcu/mcu.h"
#include "wire/hello.h"

enum bed_line { BED_UART, BED_SWD };

struct bed_frame {
	struct link_head head;
	uint8_t body[LINK_BODY_MAX + LINK_TAIL_LEN];
};

struct sealed_bed {
	struct mcu *mcu;
	const struct bed_chip *chip;
	enum bed_line line;
	uint8_t *image; /* as installed */
	uint32_t image_len;
	struct delivery delivery;
	const uint32_t *chunk_len; /* said in its place: no encoder would */
	struct hello hello;
	struct noise noise;
	uint8_t k1[32], k2[32];
	struct claim claim;
	struct report report;
	struct bed_frame frame; /* the last answer */
	uint64_t swd_period;	/* picoseconds */
	/* uart: an answer that has not come by then is asked for; 0: never */
	unsigned ask_ms, asked;
	uint64_t spent[4]; /* virtual ps: handshake, stream, report, commit */
};

#define BED_ENTRY 0x100		    /* the firmware: an endless loop there */
#define BED_OPTR_LOCKED 0xfdeff8bbu /* level 1, SRAM2 erased by reset */

/* Chip with boot words, that line's loader and stub as step 3 leaves it; not
 * started. */
void sealed_bed_new(struct sealed_bed *b, enum bed_line line, uint32_t optr);
void sealed_bed_new_on(struct sealed_bed *b, const struct bed_chip *chip,
		       enum bed_line line, uint32_t option);
uint32_t sealed_bed_top(const struct sealed_bed *b);
void sealed_bed_free(struct sealed_bed *b);
/* What step 3 programs at the beginning of flash; returns its length. */
#define BED_BOOT_MAX 16
size_t sealed_bed_boot(const struct sealed_bed *b, uint8_t out[BED_BOOT_MAX]);
/* Random bytes, len of them from where images begin; the first double word as
 * the layout demands, if that is the flash's beginning. */
void sealed_bed_image(struct sealed_bed *b, uint32_t len);
void sealed_bed_start(struct sealed_bed *b); /* power cycle */

/* One frame there, one back; false when no answer came. */
bool sealed_bed_turn(struct sealed_bed *b, uint8_t type, uint16_t index,
		     const uint8_t *body, uint16_t len);
/* The whole job; each returns the answer's type, 0 for none. */
unsigned sealed_bed_hello(struct sealed_bed *b);
unsigned sealed_bed_deliver(struct sealed_bed *b);
unsigned sealed_bed_chunk(struct sealed_bed *b, uint16_t n);
uint16_t sealed_bed_chunks(const struct sealed_bed *b);
unsigned sealed_bed_commit(struct sealed_bed *b);

#endif
