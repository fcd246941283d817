/* SPDX-License-Identifier: MIT */
/*
 * flasher/link.h - frames between station and loader (seal/link.h), over one
 * of the lines of probe/link.h.
 *
 * The loader speaks only when it is spoken to.  A frame that is lost or
 * damaged on its way there, or an answer on its way back, is cured by asking:
 * LINK_ASK changes nothing, and the loader says what it wants.  So the caller
 * acts on what the loader says, never on what it believes to have sent.
 */
#ifndef FLASHER_LINK_H
#define FLASHER_LINK_H

#include "probe/link.h"
#include "seal/link.h"

#define RELAY_WHY_CAP 256
/* A chip that works on a frame for longer than this is lost. */
#define RELAY_BUSY_US 5000000u

struct relay; /* opaque; borrows the probe */

struct relay_frame { /* valid until the next call */
	struct link_head head;
	const uint8_t *body;
};

/* The target's power has just come on.  Failures are in why. */
MUST_USE int relay_open(struct probe *p, enum probe_line line, uint32_t rate,
			struct relay **out, char why[RELAY_WHY_CAP]);
void relay_close(struct relay *r);
const char *relay_why(const struct relay *r);

/*
 * Sends a frame and gets the loader's answer; NULL asks what it wants.  An
 * answer that does not come is asked for LINK_RETRIES times: then
 * E_TARGET_LOST.
 */
MUST_USE int relay_talk(struct relay *r, const struct link_head *h,
			const uint8_t *body, struct relay_frame *out);

/* Asks once.  0 when nobody answers as the loader does: it is no more.
 * E_STATE when it does. */
MUST_USE int relay_gone(struct relay *r);

/*
 * What will follow if the next answer is as it should be: on a line that
 * buffers (uart), the next relay_talk() sends it right behind its own frame, so
 * that the wire does not rest while the chip works; the relay_talk() after
 * that, if it is given the same head, has only to listen.  Else it waits for
 * the answer to what was sent too early, and forgets it.  Elsewhere this does
 * nothing.
 */
void relay_ahead(struct relay *r, const struct link_head *h,
		 const uint8_t *body);

struct relay_count { /* since relay_open() */
	uint32_t sent, asked, damaged;
	uint32_t ahead; /* of those sent: in time for the wire not to rest */
};
const struct relay_count *relay_counts(const struct relay *r);

#endif
