/* SPDX-License-Identifier: MIT */
/*
 * flasher/blocks.h - a release's chunks, cut anew into blocks that a flash
 * algorithm can program: aligned to the program unit, gaps filled with FF.
 */
#ifndef FLASHER_BLOCKS_H
#define FLASHER_BLOCKS_H

#include "flasher/target.h"

struct blocks {
	const struct release_header *header;
	target_source *source;
	void *source_arg;
	uint32_t chunk;	     /* next chunk to ask for */
	const uint8_t *data; /* what is left of the current one */
	size_t left;
	uint32_t segment; /* current one, and how far it is done */
	uint32_t offset;
};

void blocks_init(struct blocks *b, const struct target_plan *plan);
/*
 * The next block, at most cap bytes (a multiple of unit); *ret_len = 0 at the
 * end.  Blocks ascend and never share a unit.  E_* of the source, or E_RANGE
 * when it gives more or less than the header promises.
 */
MUST_USE int blocks_next(struct blocks *b, uint32_t unit, uint8_t *out,
			 uint32_t cap, uint32_t *ret_base, uint32_t *ret_len);

#endif
