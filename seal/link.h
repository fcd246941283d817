/* SPDX-License-Identifier: MIT */
/*
 * seal/link.h - frames between station and loader.
 *
 * Before the link key exists frames carry hello, message 1 and message 2 in
 * clear framing (they protect themselves).  Afterwards each chunk travels as a
 * frame sealed under the attempt's link key: frame n always carries
 * chunk n, nonce n, so a resent frame is the same bytes and no nonce is ever
 * used for two plaintexts.  The inner bytes are the cached ciphertext of the
 * order: two layers, the outer one different for every device and attempt.
 *
 *   wire:  sync 0xA5, type u8, index u16, length u16, head check u16
 *          (CRC-16/CCITT-FALSE over type..length), body[length], body check
 *          u32 (CRC-32 of IEEE 802.3 over the body)
 *
 * The checks only find line noise early; authenticity is the AEAD's.  On
 * swd-pins no body byte sequence may look like an SWD line reset (50 clocks
 * with SWDIO high) or the 16-bit switch: see loader/link_swd.c.
 *
 *   station -> loader: LINK_HELLO, LINK_MSG2, LINK_DATA n, LINK_COMMIT,
 *                      LINK_ASK (what do you want next?)
 *   loader -> station: LINK_READY, LINK_MSG1, LINK_WANT n (cumulative: every
 *                      chunk below n is programmed or buffered), LINK_REPORT,
 *                      LINK_DONE, LINK_FAULT code
 *
 * Of what the loader says, LINK_MSG1 and LINK_REPORT are sealed end to end, and
 * LINK_DONE proves itself by the done token of message 2.  The rest says what
 * to send next and nothing more: forged, it costs a question, or the attempt.
 *
 * A frame that is damaged, unexpected or does not authenticate changes
 * nothing; the loader answers with what it wants.  The station resends up to
 * LINK_RETRIES times without an answer, LINK_REPEATS times with the same one.
 */
#ifndef SEAL_LINK_H
#define SEAL_LINK_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define LINK_SYNC 0xa5
#define LINK_HEAD_LEN 8
#define LINK_TAIL_LEN 4
#define LINK_BODY_MAX 2048
#define LINK_RETRIES 8
/* At one flipped bit in 10,000 every second chunk comes damaged. */
#define LINK_REPEATS 40

enum link_type {
	LINK_HELLO = 1,
	LINK_MSG2 = 2,
	LINK_DATA = 3,
	LINK_COMMIT = 4,
	LINK_ASK = 5,
	LINK_READY = 0x81,
	LINK_MSG1 = 0x82,
	LINK_WANT = 0x83,
	LINK_REPORT = 0x84,
	LINK_DONE = 0x85,
	LINK_FAULT = 0x86,
};

/* index of a LINK_FAULT frame: why the loader stopped. */
enum link_fault {
	LINK_FAULT_OPEN = 1,   /* the chip is not locked as it must be */
	LINK_FAULT_RANDOM = 2, /* its RNG failed the tests */
	LINK_FAULT_FLASH = 3,  /* flash controller, or content in the way */
	LINK_FAULT_LAYOUT = 4, /* chunk length or segment not for this chip */
	LINK_FAULT_CRYPTO = 5,
};

/* Frames count chunks in 16 bits. */
#define LINK_CHUNKS_MAX 65536u

struct link_head {
	uint8_t type;
	uint16_t index;
	uint16_t len;
};

void link_head_encode(const struct link_head *h, uint8_t out[LINK_HEAD_LEN]);
/* E_SYNTAX without sync, E_CHECKSUM, E_TOO_LARGE. */
MUST_USE int link_head_decode(const uint8_t in[LINK_HEAD_LEN],
			      struct link_head *out);
uint32_t link_crc32(const void *p, size_t len);

/* A whole frame: out gets LINK_HEAD_LEN + h->len + LINK_TAIL_LEN bytes, which
 * is returned.  body may stand at out + LINK_HEAD_LEN already. */
#define LINK_FRAME_MAX (LINK_HEAD_LEN + LINK_BODY_MAX + LINK_TAIL_LEN)
size_t link_frame(const struct link_head *h, const uint8_t *body, uint8_t *out);

/* A receiver fed with bytes as they come.  Zero it and set buf to begin; a
 * frame can follow noise and other frames directly. */
struct link_rx {
	uint8_t *buf;	       /* LINK_BODY_MAX + LINK_TAIL_LEN bytes */
	uint32_t have;	       /* bytes of the frame so far */
	struct link_head head; /* valid when a frame is whole */
	uint8_t raw[LINK_HEAD_LEN];
};
/* 1 when b ends a frame (head, and body in buf), 0 when more must come, E_* of
 * link_head_decode() or E_CHECKSUM (body) when one was damaged. */
MUST_USE int link_rx_byte(struct link_rx *rx, uint8_t b);

/* A data frame's body: chunk ciphertext sealed with link key and nonce index;
 * out gets len + 16 and may be in. */
void link_seal(const uint8_t key[32], uint16_t index, const uint8_t *in,
	       size_t len, uint8_t *out);
/* In place; len includes the tag.  A body that does not open becomes zeros:
 * E_DECRYPT, E_TRUNCATED. */
MUST_USE int link_open(const uint8_t key[32], uint16_t index, uint8_t *body,
		       size_t len);

#endif
