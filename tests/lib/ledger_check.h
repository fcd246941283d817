/* SPDX-License-Identifier: MIT */
/*
 * tests/lib/ledger_check.h - what is always true of a ledger's database.
 *
 * Reads the tables with SQL of its own, through the ledger's connection (the
 * file is locked).  Prints what does not hold and returns how many.
 */
#ifndef TESTS_LIB_LEDGER_CHECK_H
#define TESTS_LIB_LEDGER_CHECK_H

#include "server/ledger.h"

int ledger_check(struct ledger *l);
/* One number by SQL; -1 if there is none. */
int64_t ledger_number(struct ledger *l, const char *sql);

#endif
