/* SPDX-License-Identifier: MIT */
/*
 * Frames (seal/link.h).  The check of a head is made with that of its body:
 * between two characters of swd-pins there is no time for it.
 */
#include <string.h>

#include "loader/loader.h"

TARGET_RAM int line_receive(uint8_t *p, uint32_t cap)
{
	uint8_t *body = p + LINK_HEAD_LEN;
	uint32_t crc, sent;

	do {
		link_get(p, cap);
		p[0] = LINK_SYNC;
	} while (link_head_decode(p, &loader.head));
	crc = link_crc32(body, loader.head.len);
	memcpy(&sent, body + loader.head.len, sizeof(sent));
	return crc == sent ? 0 : E_CHECKSUM;
}

TARGET_RAM void line_send(void)
{
	link_put(loader.answer.head, loader.answer_len);
}
