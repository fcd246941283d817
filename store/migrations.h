/* SPDX-License-Identifier: MIT */
/*
 * store/migrations.h - the database's schema, as the steps that led to it.
 *
 * Step n turns version n - 1 into version n (PRAGMA user_version).  Each runs
 * in one transaction.  Steps are never edited once released; a change is a
 * new step.
 */
#ifndef STORE_MIGRATIONS_H
#define STORE_MIGRATIONS_H

#include <stddef.h>

#define STORE_APPLICATION_ID 0x53474e54 /* "SGNT", PRAGMA application_id */

extern const char *const store_migrations[];
extern const size_t store_migration_count;

#endif
