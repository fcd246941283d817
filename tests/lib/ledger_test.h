/* SPDX-License-Identifier: MIT */
/*
 * tests/lib/ledger_test.h - what the tests of the ledger's operations have in
 * common: a bed each, and what they check again and again.
 */
#ifndef TESTS_LIB_LEDGER_TEST_H
#define TESTS_LIB_LEDGER_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/ledger_bed.h"

/* A test with a bed of its own in *state. */
int bed_test_begin(void **state);
int bed_test_end(void **state);
#define BED_TEST(name) \
	cmocka_unit_test_setup_teardown(name, bed_test_begin, bed_test_end)

/* The newest log entry is this. */
void bed_logged(struct bed *b, const char *event, const char *actor,
		const char *order, const char *code);
/* What a flasher was given opens the release of order "o1". */
void bed_key_opens(struct bed *b, const struct bed_flasher *f,
		   const struct deliver_answer *d);
/* The chip's whole way to "closed". */
void bed_build(struct bed *b, const struct bed_flasher *f, const char *order,
	       uint32_t chip, uint64_t nonce);

#endif
