/* SPDX-License-Identifier: MIT */
/*
 * server/sandbox.h - what a role gives up once it has started.
 *
 * No new privileges; Landlock: no file but those below one folder (none for
 * the edge); seccomp: a list of system calls per role, in which nobody can
 * start a program, trace a process or (ledger, signer) open a socket.  A call
 * outside the list ends the process.
 */
#ifndef SERVER_SANDBOX_H
#define SERVER_SANDBOX_H

#include "base/error.h"

#define SANDBOX_WHY_CAP 256

enum sandbox_kind { SANDBOX_EDGE, SANDBOX_LEDGER, SANDBOX_SIGNER };

/* dir: the folder that stays usable, or NULL.  All threads that exist are
 * covered.  Landlock is left out where the kernel has none. */
MUST_USE int sandbox_enter(enum sandbox_kind kind, const char *dir,
			   char why[SANDBOX_WHY_CAP]);

#endif
