/* SPDX-License-Identifier: MIT */
/*
 * tests/lib/chip_peer.h - the loader's end of the whole link, with no chip.
 *
 * soft_chip.h makes the messages; this puts them into frames and follows the
 * loader's rules (docs/protocol.md, "Link frames"): one answer to each frame
 * that arrives, the same bytes again when the frame was not for now.  A test
 * connects send to its station's end and hands over what that end says:
 *
 *	struct chip_peer p = { .send = to_station, .user = &bed };
 *
 *	p.soft.chip = chip_find(FAMILY_STM32L4);   uid, loader_digest,
 *	... soft_chip_claim(&p.soft, &header);     server_pub, psk likewise
 *	p.flash = calloc(1, 256 << 10);            and flash_base, flash_len
 *	chip_peer_start(&p);                       power on
 *	chip_peer_bytes(&p, bytes, len);           as often as there are any
 *
 * At CHIP_PEER_DONE the image, patches applied, is in flash, and both records
 * are in credential and firmware.  chip_peer_start() again is a power cut.
 */
#ifndef TESTS_LIB_CHIP_PEER_H
#define TESTS_LIB_CHIP_PEER_H

#include "seal/link.h"
#include "tests/lib/soft_chip.h"
#include "wire/record.h"

enum chip_peer_step {
	CHIP_PEER_READY,
	CHIP_PEER_HELLO, /* message 1 is out */
	CHIP_PEER_STREAM,
	CHIP_PEER_REPORT,
	CHIP_PEER_DONE,
};

struct chip_peer {
	/* set by the caller */
	struct soft_chip soft;
	void (*send)(void *user, const uint8_t *p, size_t len);
	void *user;
	uint8_t *flash;
	uint32_t flash_base, flash_len;
	/* results */
	enum chip_peer_step step;
	uint8_t credential[RECORD_CREDENTIAL_CAP];
	uint8_t firmware[RECORD_FIRMWARE_CAP];
	unsigned int damaged, ignored; /* frames */
	/* inside */
	struct link_rx rx;
	uint16_t want, chunks;
	uint32_t total;
	uint8_t hello[HELLO_LEN];
	uint8_t body[LINK_BODY_MAX + LINK_TAIL_LEN];
	uint8_t answer[LINK_FRAME_MAX];
	size_t answer_len;
};

void chip_peer_start(struct chip_peer *p);
void chip_peer_bytes(struct chip_peer *p, const uint8_t *bytes, size_t len);

#endif
