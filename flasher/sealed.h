/* SPDX-License-Identifier: MIT */
/*
 * flasher/sealed.h - the sealed part of a job: from a chip that was prepared
 * and power-cycled to one that holds its firmware and its credential.
 *
 * The station relays.  It has the chunks as the order's ciphertext, and of
 * keys only the link key of this attempt, for the outer layer; what message 2,
 * report and commit say is between server and chip.
 */
#ifndef FLASHER_SEALED_H
#define FLASHER_SEALED_H

#include "api/messages.h"
#include "flasher/cache.h"
#include "flasher/link.h"
#include "wire/hello.h"

enum sealed_state {
	SEALED_DARK,	  /* the loader has not been heard yet */
	SEALED_READY,	  /* it waits for hello */
	SEALED_CLAIMED,	  /* message 1 is here */
	SEALED_SHAKEN,	  /* message 2 is here */
	SEALED_STREAM,	  /* the loader has taken it, and wants chunks */
	SEALED_REPORTED,  /* its report is here */
	SEALED_COMMITTED, /* the commit is here */
	SEALED_DONE,	  /* the loader has taken that too */
};

struct sealed {
	enum sealed_state state;
	const struct loader_set *loader;
	struct relay *relay;
	bool resumed; /* with the loader that an earlier attempt left there */
	/* what goes out next; type 0 = ask */
	struct link_head next;
	const uint8_t *next_body;
	/* the loader's last answer, and how often in a row */
	struct link_head last;
	unsigned repeats;
	/* what nobody believes yet, because it would end the attempt */
	struct link_head doubted;
	unsigned doubts;
	uint32_t done; /* plaintext bytes that the chip has taken */
	uint8_t hello[HELLO_LEN];
	struct handshake_request claim;
	struct handshake_answer shaken;
	uint8_t link_key[LINK_KEY_LEN], done_token[DONE_TOKEN_LEN];
	struct installed_request report;
	struct installed_answer committed;
	/* two chunks under the link key: the even one, the odd one */
	uint8_t frame[2][LINK_BODY_MAX];
};

/* Wipes and frees; s may be zero. */
void sealed_end(struct sealed *s);

#endif
