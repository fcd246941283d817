/* SPDX-License-Identifier: MIT */
/*
 * wire/record.h - what the last 1 kB of a device's flash holds.
 *
 * Offsets count from the start of the reserved top 8 kB (RESERVED_LEN).
 * A record is: magic u32 LE, type u16 LE, length u16 LE, data, padded with FF
 * to a multiple of 8.  Erased flash (FF) reads as "no record".  Records carry
 * no checksum of their own: what they hold is signed.
 */
#ifndef WIRE_RECORD_H
#define WIRE_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "wire/const.h"

#define RECORD_MAGIC 0x544e4753u /* "SGNT" */
#define RECORD_HEAD_LEN 8

enum record_type {
	RECORD_FIRMWARE = 1,   /* COSE_Sign1 of firmware_info */
	RECORD_CREDENTIAL = 2, /* COSE_Sign1 of credential claims */
};

#define RECORD_FIRMWARE_OFFSET 0x1c00
#define RECORD_FIRMWARE_CAP 512
#define RECORD_CREDENTIAL_OFFSET 0x1e00
#define RECORD_CREDENTIAL_CAP 480

/* Writes head, data and FF padding; *out_len is a multiple of 8. */
MUST_USE int record_encode(enum record_type type, const uint8_t *data,
			   size_t len, uint8_t *out, size_t cap,
			   size_t *out_len);
/* Finds the data in buf (the record's whole place).  E_NOT_FOUND when the
 * place is erased, E_SYNTAX when it holds something else. */
MUST_USE int record_decode(enum record_type type, const uint8_t *buf,
			   size_t cap, const uint8_t **data, size_t *len);

#endif
