/* SPDX-License-Identifier: MIT */
/*
 * base/error.h - the one error list of Signet.
 *
 * Every fallible function returns int: 0 on success, a negative E_* value on
 * failure.  The list is append-only, in ranges, so that a number seen in a
 * log of an old station still means the same thing.  Outputs are written only
 * on success.
 *
 * Ranges: -1.. general, -100.. wire formats, -200.. crypto, -300.. policy
 * (the server says no), -400.. reported by or about the target, -500..
 * storage, -600.. probe and debug link, -700.. network.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#define MUST_USE __attribute__((warn_unused_result))

/* X(symbol, number, text for people) */
#define ERROR_LIST(X)                                                        \
	X(E_ARG, -1, "invalid argument")                                     \
	X(E_NOMEM, -2, "out of memory")                                      \
	X(E_SPACE, -3, "buffer too small")                                   \
	X(E_IO, -4, "input/output error")                                    \
	X(E_NOT_FOUND, -5, "not found")                                      \
	X(E_EXISTS, -6, "already exists")                                    \
	X(E_STATE, -7, "not possible in this state")                         \
	X(E_TIMEOUT, -8, "timed out")                                        \
	X(E_CONFIG, -9, "configuration error")                               \
	X(E_INTERNAL, -10, "internal error")                                 \
	X(E_INTERRUPTED, -11, "interrupted")                                 \
	X(E_UNSUPPORTED, -12, "not supported")                               \
	X(E_SYNTAX, -100, "malformed data")                                  \
	X(E_TRUNCATED, -101, "data ends too early")                          \
	X(E_TRAILING, -102, "unexpected data after the end")                 \
	X(E_NOT_CANONICAL, -103, "encoding is not canonical")                \
	X(E_VERSION, -104, "unknown format version")                         \
	X(E_TOO_LARGE, -105, "larger than allowed")                          \
	X(E_CHECKSUM, -106, "checksum is wrong")                             \
	X(E_OVERLAP, -107, "address ranges overlap")                         \
	X(E_RANGE, -108, "value out of range")                               \
	X(E_CRITICAL, -109, "unknown critical field")                        \
	X(E_CRYPTO, -200, "cryptographic operation failed")                  \
	X(E_SIGNATURE, -201, "signature is not valid")                       \
	X(E_KEY, -202, "key is not usable")                                  \
	X(E_PASSPHRASE, -203, "wrong passphrase")                            \
	X(E_DECRYPT, -204, "decryption failed: wrong key or altered data")   \
	X(E_RANDOM, -205, "random number generator failed")                  \
	X(E_REFUSED, -300, "refused by the server")                          \
	X(E_AUTH, -301, "not authorised")                                    \
	X(E_TARGET, -400, "target reported an error")                        \
	X(E_TARGET_LOST, -401, "target does not answer")                     \
	X(E_TARGET_VERIFY, -402, "target content differs after programming") \
	X(E_TARGET_FLASH, -403, "flash controller reported an error")        \
	X(E_TARGET_PROTECTED, -404, "target is read-protected")              \
	X(E_TARGET_OPEN, -405, "read protection does not hold")              \
	X(E_TARGET_FINGERPRINT, -406, "target is not the expected chip")     \
	X(E_TARGET_NO_PROOF, -407, "firmware did not prove its start")       \
	X(E_TARGET_POWER, -408, "target power could not be switched")        \
	X(E_TARGET_CHIP, -409, "target is another chip of the family")       \
	X(E_DB, -500, "database error")                                      \
	X(E_DB_UNCERTAIN, -501, "fate of a commit is unknown")               \
	X(E_DISK_FULL, -502, "no space left on the disk")                    \
	X(E_DB_BUSY, -503, "database is locked by another process")          \
	X(E_PROBE, -600, "probe reported an error")                          \
	X(E_PROBE_LOST, -601, "probe does not answer")                       \
	X(E_DAP_WAIT, -602, "debug port answers WAIT for too long")          \
	X(E_DAP_FAULT, -603, "debug port answers FAULT")                     \
	X(E_DAP_PARITY, -604, "parity error on the debug wire")              \
	X(E_DAP_NO_ACK, -605, "nobody answers on the debug wire")            \
	X(E_NET, -700, "network error")                                      \
	X(E_TLS, -701, "TLS handshake failed")                               \
	X(E_HTTP, -702, "unexpected HTTP answer")

enum error_code {
	E_OK = 0,
#define X(sym, num, text) sym = (num),
	ERROR_LIST(X)
#undef X
};

/* Static text for people ("signature is not valid"); never NULL. */
const char *error_text(int err);

/* Static symbol name ("E_SIGNATURE") for logs and JSON; never NULL. */
const char *error_name(int err);

#endif
