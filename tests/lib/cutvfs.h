/* SPDX-License-Identifier: MIT */
/*
 * tests/lib/cutvfs.h - a disk in memory whose plug can be pulled.
 *
 * An SQLite VFS ("cut").  It remembers every write, truncation, sync, and
 * change of the directory in order.  From that record it can show the disk as
 * a power cut after the first n operations might have left it; and it can
 * refuse the k-th write (disk full) or fail the k-th sync.
 */
#ifndef TESTS_LIB_CUTVFS_H
#define TESTS_LIB_CUTVFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CUTVFS_NAME "cut"

void cutvfs_register(void);
/* Forgets all files and the record. */
void cutvfs_reset(void);

/* -- power cuts ---------------------------------------------------------- */
void cutvfs_record(bool on);
size_t cutvfs_position(void); /* operations recorded so far */

enum cut_policy {
	CUT_LOSE,    /* only what was synced is there */
	CUT_KEEP,    /* everything is there, the last write torn in half */
	CUT_SHUFFLE, /* of what was not synced, some 512-byte sectors */
	CUT_POLICIES,
};
/* The disk after the first n recorded operations and a cut. */
void cutvfs_restore(size_t n, enum cut_policy policy, uint32_t seed);

/* -- failures ------------------------------------------------------------ */
/* The files as they are now, to come back to. */
void cutvfs_save(void);
void cutvfs_rewind(void);
/* The k-th write from now (from 1) and all after it find the disk full; 0
 * heals it. */
void cutvfs_full_at(size_t k);
/* The k-th sync from now fails, once; what it should have synced is there or
 * not as sqlite reads it: the data stays.  0 heals. */
void cutvfs_sync_fails_at(size_t k);
bool cutvfs_hit(void); /* did the failure come? */

#endif
