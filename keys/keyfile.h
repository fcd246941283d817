/* SPDX-License-Identifier: MIT */
/*
 * keys/keyfile.h - private keys at rest, and the passphrases that open them.
 *
 * A key file is PKCS#8 PEM, encrypted when a passphrase is given (see
 * crypto_key_export()), mode 0600, written whole or not at all: a new file
 * beside it, fsync, rename, fsync of the folder.  A private key file that
 * anybody but its owner may read or write is refused, encrypted or not.
 *
 * Every function explains its failure in one line in why[]; no line ever
 * carries key or passphrase bytes.
 */
#ifndef KEYS_KEYFILE_H
#define KEYS_KEYFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "crypto/crypto.h"

#define KEYFILE_WHY_CAP 256
#define KEYFILE_MAX 8192   /* bytes of PEM */
#define PASSPHRASE_CAP 256 /* with NUL */

/*
 * Writes k to path; pass NULL or "" writes it unencrypted.  replace = false
 * never touches an existing file (E_EXISTS), not even in a race.
 */
MUST_USE int keyfile_save(const char *path, const struct crypto_key *k,
			  const char *pass, bool replace,
			  char why[KEYFILE_WHY_CAP]);
/*
 * E_NOT_FOUND, E_AUTH (others may read it, or it is not a regular file),
 * E_PASSPHRASE (encrypted, and pass is NULL or wrong), E_KEY (no key that we
 * can use).
 */
MUST_USE int keyfile_load(const char *path, const char *pass,
			  struct crypto_key **out, char why[KEYFILE_WHY_CAP]);
/* True in *out when the file needs a passphrase; same checks of mode. */
MUST_USE int keyfile_is_encrypted(const char *path, bool *out,
				  char why[KEYFILE_WHY_CAP]);

/* The public half, SubjectPublicKeyInfo PEM, mode 0644. */
MUST_USE int keyfile_save_public(const char *path, enum crypto_key_type type,
				 const uint8_t *pub, size_t len,
				 char why[KEYFILE_WHY_CAP]);
MUST_USE int keyfile_load_public(const char *path,
				 enum crypto_key_type *out_type, uint8_t *out,
				 size_t cap, size_t *out_len,
				 char why[KEYFILE_WHY_CAP]);

/*
 * Any small file by the same rules: whole or not at all, mode as given.  For
 * tokens, certificates and state beside the keys.
 */
MUST_USE int keyfile_write(const char *path, const void *p, size_t len,
			   unsigned int mode, bool replace,
			   char why[KEYFILE_WHY_CAP]);
/*
 * Reads a whole file of at most max bytes, malloc'ed and NUL-terminated (wipe
 * and free).  secret = true refuses files that others may read or write
 * (E_AUTH).
 */
MUST_USE int keyfile_read(const char *path, size_t max, bool secret,
			  uint8_t **out, size_t *out_len,
			  char why[KEYFILE_WHY_CAP]);

/*
 * Where a passphrase comes from.  The first of these that is there wins:
 * file (from --passphrase-file), $CREDENTIALS_DIRECTORY/credential (systemd),
 * the file that $SIGNET_PASSPHRASE_FILE names, the terminal (/dev/tty,
 * without echo).  A file's first line counts, without its line end.
 */
struct passphrase_source {
	const char *file;	/* or NULL */
	const char *credential; /* name below $CREDENTIALS_DIRECTORY, or NULL */
	const char *prompt;	/* "Passphrase for device.key"; NULL: never ask
				 */
	bool confirm;		/* ask twice; for new keys */
};

/*
 * E_NOT_FOUND when there is no source at all; E_AUTH when a passphrase file
 * is readable by others; E_PASSPHRASE when it is empty or too long, or the
 * two answers differ.  A source that is named but fails never falls through
 * to the next.  Wipe out after use.
 */
MUST_USE int passphrase_get(const struct passphrase_source *s,
			    char out[PASSPHRASE_CAP],
			    char why[KEYFILE_WHY_CAP]);

#endif
