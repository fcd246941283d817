/* SPDX-License-Identifier: MIT */
/*
 * wire/const.h - numbers and labels that exist once.
 *
 * docs/protocol.md lists the same values; tests/unit/test_protocol_doc checks
 * the page against this header.
 */
#ifndef WIRE_CONST_H
#define WIRE_CONST_H

/* Context labels: COSE external AAD and HPKE info strings, so that nothing
 * signed or sealed for one purpose is ever taken for another. */
#define LABEL_CREDENTIAL "signet credential v1"
#define LABEL_FIRMWARE "signet firmware v1"
#define LABEL_RELEASE "signet release v1"
#define LABEL_IMAGE "signet image v1"
#define LABEL_HPKE_RELEASE "signet hpke release v1"
#define LABEL_HPKE_CONTENT_KEY "signet hpke content key v1"
#define LABEL_HPKE_STORED_KEY "signet hpke stored key v1"
#define LABEL_HPKE_SESSION "signet hpke session v1"
#define LABEL_HPKE_LINK "signet hpke link v1"
#define LABEL_HPKE_MASTER "signet hpke stage0 master v1"
#define LABEL_HPKE_STAGE0 "signet hpke stage0 v1"
#define LABEL_HANDSHAKE "signet handshake v1"
#define LABEL_STAGE0 "signet stage0 v1"

/* Names chosen by people (product, order, flasher, version): 1..31 bytes of
 * a-z 0-9 . _ - , beginning with a letter or digit. */
#define NAME_CAP 32

#define UID_MAX 12	 /* bytes; 12 on STM32, 8 on nRF51 */
#define SERIAL_CAP 32	 /* serial number text, with NUL */
#define DIGEST_LEN 32	 /* SHA-256 */
#define CHALLENGE_LEN 32 /* of a sealed attempt, see wire/hello.h */
#define LINK_KEY_LEN 32
#define DONE_TOKEN_LEN 16
#define CREDENTIAL_MAX 472 /* fits its record, see wire/record.h */
#define FIRMWARE_SIG_MAX 504
#define RELEASE_HEADER_MAX 1024
#define SEGMENTS_MAX 16
#define OPTIONS_MAX 8
#define CHUNK_LEN 512	 /* default plaintext bytes per chunk */
#define CHUNK_LEN_MIN 64 /* and chunk lengths are multiples of it */
#define CHUNK_LEN_MAX 65536
#define IMAGE_MAX (2u << 20)
#define RESERVED_LEN 8192 /* the top of flash that images leave free */

/* UID families: the number in credentials, and the name people type. */
#define FAMILY_LIST(X)                  \
	X(FAMILY_STM32F1, 1, "stm32f1") \
	X(FAMILY_STM32F0, 2, "stm32f0") \
	X(FAMILY_STM32L4, 3, "stm32l4") \
	X(FAMILY_NRF51, 4, "nrf51")

enum family {
	FAMILY_NONE = 0,
#define X(sym, num, name) sym = (num),
	FAMILY_LIST(X)
#undef X
};

/* How the owner knows that a real, locked chip got the unit
 * (docs/threat-model.md): nothing; a stage-0 secret; or not at all, by a chip
 * whose lock falls to any debugger. */
#define PROOF_LIST(X)                \
	X(PROOF_NONE, 0, "none")     \
	X(PROOF_STAGE0, 1, "stage0") \
	X(PROOF_DEMO, 2, "demonstration")

enum proof_step {
#define X(sym, num, name) sym = (num),
	PROOF_LIST(X)
#undef X
};

/* Lines to a loader whose debug port is shut: each loader speaks one. */
#define LOADER_LINK_LIST(X)            \
	X(LOADER_LINK_UART, 1, "uart") \
	X(LOADER_LINK_SWD_PINS, 2, "swd-pins")

enum loader_link {
	LOADER_LINK_NONE = 0,
#define X(sym, num, name) sym = (num),
	LOADER_LINK_LIST(X)
#undef X
};

#endif
