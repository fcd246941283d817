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

#include "chip/stm32l4/target.h"
#include "loader/layout.h"
#include "seal/link.h"
#include "seal/noise.h"
#include "wire/hello.h"
#include "wire/record.h"

/* Message 2 as it is laid out on the wire (wire/hello.h); behind segments
 * follow the patches.  tests/unit/test_loader fills it by the codec. */
struct delivery_wire {
	uint8_t version;
	uint8_t content_key[32], link_key[32], done_token[32];
	uint8_t header_digest[32], digest[32];
	uint8_t chunk_len[4], boot_words[8];
	uint8_t segment_count;
	uint8_t rest[]; /* segments, u16 patch bytes, patches */
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

struct frame { /* as it goes over the wire */
	uint8_t head[LINK_HEAD_LEN];
	uint8_t body[SMALL_BODY + LINK_TAIL_LEN];
};

struct loader { /* what is used most first: short instructions reach it */
	enum loader_step step;
	uint16_t want, chunks;
	uint32_t chunk_len, total;
	struct link_head head; /* of the frame that came */
	uint32_t answer_len;
	uint8_t turn, line, segment_count;
	struct target_rng rng;
	uint8_t k1[32], k2[32];
	struct noise noise;
	uint8_t hello[HELLO_LEN];
	struct {
		uint8_t head[LINK_HEAD_LEN];
		uint8_t body[ANSWER_MAX + LINK_TAIL_LEN];
	} answer;
	struct segment segments[SEGMENTS_MAX + 1];
	uint8_t delivery[DELIVERY_MAX] __attribute__((aligned(8)));
	/* one is received into while the other is programmed; together they
	 * hold message 2 */
	struct frame frame[2] __attribute__((aligned(8)));
};
extern struct loader loader;

/* -- line.c: frames over whichever line speaks first ----------------------- */
/* Waits for a whole frame; its head, body (at most cap bytes) in place.
 * 0, or E_CHECKSUM when it came damaged. */
MUST_USE int line_receive(uint8_t *head, uint8_t *body, uint32_t cap);
/* loader.answer. */
void line_send(void);
/* Sets it: type, index, and len bytes that are in its body already. */
void line_answer(enum link_type type, uint32_t index, uint32_t len);

/* -- link_uart.c, link_swd.c ----------------------------------------------- */
enum { LINE_NONE, LINE_UART, LINE_SWD };
#define LINE_LOST (-1)
/* All of a frame behind LINK_SYNC; false: lost on the way, or too large. */
bool uart_get(uint8_t *head, uint8_t *body, uint32_t cap);
void uart_put(const uint8_t *p, uint32_t len);
/* The data wire at the next rising edge of the clock, or LINE_LOST when
 * none comes. */
int swd_edge(uint32_t patience);
bool swd_get(uint8_t *head, uint8_t *body, uint32_t cap);
void swd_put(const uint8_t *p, uint32_t len);
void swd_busy(void);
void swd_release(void);

/* -- handshake.c ----------------------------------------------------------- */
void handshake_begin(const uint8_t *hello);
void handshake_end(uint8_t *body, uint32_t len);

/* -- stream.c -------------------------------------------------------------- */
void stream_begin(void);
void stream_chunk(uint8_t *body, uint32_t len);

/* -- finish.c -------------------------------------------------------------- */
void report_make(void);
void commit_take(uint8_t *body, uint32_t len);
__attribute__((noreturn)) void finish(void);

void loader_fault(enum link_fault why);

#endif
