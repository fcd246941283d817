/* SPDX-License-Identifier: MIT */
/*
 * server/parent.h - starts the roles, watches over them, stops them.
 *
 * One binary, executed anew for each role with --role; the roles speak over
 * socket pairs that they inherit.  A role that dies ends the whole server: a
 * half server would refuse or, worse, hang.
 */
#ifndef SERVER_PARENT_H
#define SERVER_PARENT_H

#include "server/roles.h"

/* cfg with the passphrase.  Prints the ports when all roles are ready;
 * ready_file (or NULL) gets them as JSON.  Returns the exit status. */
int parent_run(const struct role_config *cfg, const char *ready_file);
/* The other side: `signetd --role NAME`. */
int parent_role_main(const char *name);

#endif
