/* SPDX-License-Identifier: MIT */
/*
 * vmcu/state.h - the state file: what a chip keeps without power.
 *
 *   "SVMC", version u32, chip name 16, profile name 16,
 *   length of the UID u32, UID, padded to 16,
 *   number of sections u32, then each: tag 4, length u32, bytes,
 *   CRC-32 (IEEE) of all that u32
 *
 * Little-endian.  A family says by a table which sections it has; a file with
 * others is refused.  Written to FILE.new, synced, renamed over FILE.
 */
#ifndef VMCU_STATE_H
#define VMCU_STATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define STATE_NAME_LEN 16
#define STATE_UID_MAX 16

enum state_kind {
	STATE_BYTES,
	STATE_FLAGS, /* one byte in memory, one bit in the file; count % 8 = 0
		      */
	STATE_U32,
	STATE_U64,
};

struct state_section {
	char tag[5];
	enum state_kind kind;
	void *data; /* borrowed */
	size_t count;
};

#define STATE_SECTIONS_MAX 12
struct state_table {
	uint8_t *uid; /* borrowed */
	size_t uid_len;
	struct state_section section[STATE_SECTIONS_MAX];
	unsigned count;
};

struct state_name {
	char chip[STATE_NAME_LEN + 1], profile[STATE_NAME_LEN + 1];
};

/* The sections of one table into those of another of the same chip. */
void state_copy(const struct state_table *to, const struct state_table *from);
/* What a state file was made with; both "" if it cannot be told. */
void state_name(const char *path, struct state_name *out);
/* E_NOT_FOUND when there is no file.  Anything else than success changes
 * nothing, neither file nor chip, and leaves a reason in why[]. */
MUST_USE int state_load(const struct state_table *t,
			const struct state_name *name, const char *path,
			char why[256]);
MUST_USE int state_save(const struct state_table *t,
			const struct state_name *name, const char *path);

#endif
