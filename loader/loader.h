/* SPDX-License-Identifier: MIT */
/*
 * loader/loader.h - the program that installs one sealed firmware.
 *
 * It takes turns with the station: every frame that arrives whole gets exactly
 * one answer, which says what the loader wants next.  A frame that is damaged,
 * unexpected or not authentic changes nothing and gets the same answer again,
 * byte for byte.
 */
#ifndef LOADER_LOADER_H
#define LOADER_LOADER_H

#include "seal/link.h"
#include "seal/noise.h"
#include "target.h"
#include "wire/hello.h"
#include "wire/record.h"

/* What of message 2 is kept until the commit. */
struct ending {
	uint8_t done_token[DONE_TOKEN_LEN];
	uint32_t boot_words[2]; /* as they lie in flash: */
	uint32_t final_options[FINAL_OPTIONS_LEN / 4];
};

/* Message 2 as it is laid out on the wire (wire/hello.h), the segments in their
 * place in memory; behind them follow the patches.  tests/unit/test_loader
 * fills it by the codec. */
struct delivery_wire {
	uint8_t before[2]; /* so that segments are aligned */
	uint8_t version;
	uint8_t content_key[32], link_key[32];
	/* of the image's digest only the room is used: for the chunks' AAD */
	uint8_t header_digest[32], index[4], last, digest_rest[27];
	uint8_t chunk_len[4], ending[sizeof(struct ending)];
	uint8_t segment_count;
	struct segment segments[]; /* u16 patch bytes, patches */
};

#define CLAIM_LEN (4 + UID_MAX + TARGET_WORDS * 8 + 16)
#define REPORT_LEN (1 + DIGEST_LEN + 1 + TARGET_WORDS * 8)
#define ANSWER_MAX (CLAIM_LEN + NOISE_OVERHEAD)
#define LOADER_CHUNK_MAX SEALED_CHUNK_MAX
#define SMALL_BODY (LOADER_CHUNK_MAX + 2 * NOISE_TAG_LEN)
#define LARGE_BODY (DELIVERY_MAX + NOISE_OVERHEAD)

enum loader_step {
	STEP_READY,
	STEP_HELLO, /* message 1 is out */
	STEP_STREAM,
	STEP_REPORT,
	STEP_DONE,
	STEP_FAULT,
};

/* As prologue_make() lays it out; test_loader holds it to that. */
struct prologue {
	uint8_t label[sizeof(LABEL_HANDSHAKE) - 1];
	uint8_t hello[HELLO_LEN];
	uint8_t uid[TARGET_UID_LEN];
	uint8_t digest[DIGEST_LEN];
};

struct frame { /* as it goes over the wire */
	uint8_t head[LINK_HEAD_LEN];
	uint8_t body[SMALL_BODY + LINK_TAIL_LEN];
};

struct loader { /* what is used most first: short instructions reach it */
	enum loader_step step;
	uint16_t want;
	uint32_t chunk_len, total;
	struct link_head head; /* of the frame that came */
	uint32_t answer_len;
	bool again; /* flash was not blank */
	uint8_t turn;
	struct target_rng rng;
	uint8_t k[2][32]; /* k1: report, k2: commit */
	struct noise noise;
	struct noise_ephemeral ephemeral;
	struct prologue prologue;
	struct ending ending;
	struct {
		uint8_t head[LINK_HEAD_LEN];
		uint8_t body[ANSWER_MAX + LINK_TAIL_LEN];
	} answer;
	/* frames other than chunks; message 2 is opened where it lies */
	union {
		uint8_t raw[2 + LINK_HEAD_LEN + LARGE_BODY + LINK_TAIL_LEN];
		struct {
			uint8_t head[LINK_HEAD_LEN + NOISE_KEY_LEN];
			struct delivery_wire wire;
		} delivery;
	} in;
	/* one is received into while the other is programmed */
	struct frame frame[2] __attribute__((aligned(8)));
};
extern struct loader loader;
/*
 * A part of it as a base from which short instructions reach the rest: else
 * every address in it would be a constant of its own.
 */
#define LOADER_BASE(p) __asm__("" : "+r"(p))
/* Called from the other memory, in few places. */
#define LOADER_FAR __attribute__((long_call))
#define IN_HEAD (loader.in.raw + 2)
#define IN_BODY (IN_HEAD + LINK_HEAD_LEN)

/* -- line.c: frames over the link's line ----------------------------------- */
/* Waits for a whole frame of at most cap bytes of body, all at p; its head in
 * loader.head.  0, or E_CHECKSUM when it came damaged. */
MUST_USE int line_receive(uint8_t *p, uint32_t cap);
/* loader.answer. */
void line_send(void);
/* Sets it: type, index, and len bytes that are in its body already. */
void line_answer(enum link_type type, uint32_t index, uint32_t len);

/* -- link_uart.c or link_swd.c: one of them is in a loader ----------------- */
void link_start(void);
/* Waits for LINK_SYNC and takes all of a frame behind it; a frame that is lost
 * on the way or larger than cap is none. */
void link_get(uint8_t *p, uint32_t cap);
void link_put(const uint8_t *p, uint32_t len);

/* -- handshake.c ----------------------------------------------------------- */
MUST_USE int handshake_key(void);
void handshake_begin(void);
void handshake_end(void);

/* -- stream.c -------------------------------------------------------------- */
/* Is something in flash?  Takes milliseconds, so it is done while nobody
 * waits. */
void stream_look(void);
void stream_begin(void);
void stream_chunk(uint8_t *body, uint32_t len);

/* -- finish.c -------------------------------------------------------------- */
LOADER_FAR void report_make(void);
void commit_take(void);
__attribute__((noreturn)) void finish(void);

void loader_fault(enum link_fault why);

#endif
