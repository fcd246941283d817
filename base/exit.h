/* SPDX-License-Identifier: MIT */
/*
 * base/exit.h - exit codes of signet, signet-flasher and signetd.
 *
 * Scripts rely on them: append-only.  signet-vmcu has 0, 1 and 2 of them.  The
 * manual pages of all four carry this one table (tests/e2e/man.sh compares).
 */
#ifndef BASE_EXIT_H
#define BASE_EXIT_H

/* X(symbol, number, text) */
#define EXIT_LIST(X)                                                          \
	X(EXIT_DONE, 0, "done")                                               \
	X(EXIT_REFUSED, 1, "refused by the server")                           \
	X(EXIT_USAGE, 2, "the command line is wrong")                         \
	X(EXIT_SERVER, 3, "the server cannot be reached")                     \
	X(EXIT_LOCAL, 4, "a local file, key, passphrase or setting is wrong") \
	X(EXIT_BUG, 5, "internal error, or an answer nobody understands")     \
	X(EXIT_DEVICE, 6, "a device could not be built (probe or target)")    \
	X(EXIT_STOPPED, 7, "stopped by the operator")

enum exit_code {
#define X(sym, num, text) sym = (num),
	EXIT_LIST(X)
#undef X
};

#endif
