/* SPDX-License-Identifier: MIT */
#include "flasher/blocks.h"

#include <string.h>

/* A gap shorter than this is cheaper to send than a block of its own. */
#define GAP_MAX 64

void blocks_init(struct blocks *b, const struct target_plan *plan)
{
	memset(b, 0, sizeof(*b));
	b->header = plan->header;
	b->source = plan->source;
	b->source_arg = plan->source_arg;
}

/* Makes sure that data and segment have something left; 0 bytes left and no
 * error is the end. */
static int refill(struct blocks *b)
{
	const struct firmware_info *fw = &b->header->fw;
	int err;

	if (b->segment < fw->segment_count &&
	    b->offset == fw->segments[b->segment].len) {
		b->segment++;
		b->offset = 0;
	}
	if (b->segment == fw->segment_count)
		return b->left == 0 ? 0 : E_RANGE;
	if (b->left != 0)
		return 0;
	err = b->source(b->source_arg, b->chunk, &b->data, &b->left);
	if (err != 0)
		return err;
	b->chunk++;
	return b->left == 0 ? E_RANGE : 0;
}

/* Room for the bytes at addr in a block that begins at base and has len
 * bytes; 0 = they belong to the next block. */
static uint32_t room(uint32_t base, uint32_t len, uint32_t cap, uint32_t unit,
		     uint32_t addr)
{
	uint32_t end = base + len;
	uint32_t next_unit = (end + unit - 1) / unit * unit;

	if (addr >= next_unit && addr - end >= GAP_MAX)
		return 0;
	return addr - base < cap ? base + cap - addr : 0;
}

int blocks_next(struct blocks *b, uint32_t unit, uint8_t *out, uint32_t cap,
		uint32_t *ret_base, uint32_t *ret_len)
{
	uint32_t base = 0, len = 0;
	int err;

	while ((err = refill(b)) == 0 && b->left != 0) {
		const struct segment *s = &b->header->fw.segments[b->segment];
		uint32_t addr = s->address + b->offset;
		uint32_t n;

		if (len == 0)
			base = addr / unit * unit;
		n = room(base, len, cap, unit, addr);
		if (n == 0)
			break;
		if (n > s->len - b->offset)
			n = s->len - b->offset;
		if (n > b->left)
			n = (uint32_t)b->left;
		memset(out + len, 0xff, addr - base - len);
		memcpy(out + (addr - base), b->data, n);
		len = addr - base + n;
		b->data += n;
		b->left -= n;
		b->offset += n;
	}
	if (err != 0)
		return err;
	while (len % unit != 0)
		out[len++] = 0xff;
	*ret_base = base;
	*ret_len = len;
	return 0;
}
