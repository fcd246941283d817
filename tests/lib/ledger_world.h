/* SPDX-License-Identifier: MIT */
/*
 * tests/lib/ledger_world.h - what the tests of sealed orders have in common: a
 * ledger, an order "o1" of five, and two flashers.
 */
#ifndef TESTS_LIB_LEDGER_WORLD_H
#define TESTS_LIB_LEDGER_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/ledger_sealed.h"

struct world {
	struct bed bed;
	struct vault vault;
	struct bed_flasher fl1, fl2;
};

/* A test with a world of its own in *state. */
int world_begin(void **state);
int world_end(void **state);
#define WORLD_TEST(name) \
	cmocka_unit_test_setup_teardown(name, world_begin, world_end)

/* A grant of fl1's for the chip, and its message 1. */
void world_start(struct world *w, uint32_t chip, uint64_t nonce, struct job *j);
/* The order's, by state. */
void world_counts(struct world *w, uint32_t reserved, uint32_t delivered,
		  uint32_t installed, uint32_t closed);
/* The newest log entry is this. */
void world_event(struct world *w, const char *event, const char *code);
/* The release's chunks open with what was delivered; the records are the
 * job's. */
void world_chunks(struct world *w, const struct delivery *d);
void world_records(const struct job *j, struct credential *out);

#endif
