/* SPDX-License-Identifier: MIT */
#include "keys/keyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ct.h"

enum { MODE_PRIVATE = 0600, MODE_PUBLIC = 0644, MODE_OTHERS = 077 };

__attribute__((format(printf, 2, 3))) static void explain(
	char why[KEYFILE_WHY_CAP], const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, KEYFILE_WHY_CAP, fmt, ap);
	va_end(ap);
}

static int errno_to_error(int e)
{
	switch (e) {
	case ENOENT:
		return E_NOT_FOUND;
	case EEXIST:
		return E_EXISTS;
	case EACCES:
	case EPERM:
		return E_AUTH;
	case ENOSPC:
	case EDQUOT:
		return E_DISK_FULL;
	default:
		return E_IO;
	}
}

static int explain_errno(char why[KEYFILE_WHY_CAP], const char *path,
			 const char *doing)
{
	int e = errno;

	explain(why, "%s: cannot %s: %s", path, doing, strerror(e));
	return errno_to_error(e);
}

static int write_all(int fd, const uint8_t *p, size_t len)
{
	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* The new name is safe only when the folder that holds it is. */
static int sync_folder(const char *path)
{
	char copy[PATH_MAX];
	int fd;
	int r;

	if (snprintf(copy, sizeof(copy), "%s", path) >= (int)sizeof(copy)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	r = fsync(fd);
	close(fd);
	return r;
}

static int fill(int fd, const void *p, size_t len, unsigned int mode)
{
	/* mkstemp made it 0600; the umask has no say in what is asked for. */
	if (fchmod(fd, mode) || write_all(fd, p, len))
		return -1;
	return fsync(fd);
}

int keyfile_write(const char *path, const void *p, size_t len,
		  unsigned int mode, bool replace, char why[KEYFILE_WHY_CAP])
{
	char temp[PATH_MAX];
	int err = 0;
	int fd;

	if (snprintf(temp, sizeof(temp), "%s.XXXXXX", path) >=
	    (int)sizeof(temp)) {
		explain(why, "the path is too long");
		return E_ARG;
	}
	fd = mkostemp(temp, O_CLOEXEC);
	if (fd < 0)
		return explain_errno(why, path, "create the file");
	if (fill(fd, p, len, mode))
		err = explain_errno(why, path, "write the file");
	if (close(fd) && !err)
		err = explain_errno(why, path, "write the file");
	if (!err && renameat2(AT_FDCWD, temp, AT_FDCWD, path,
			      replace ? 0 : RENAME_NOREPLACE)) {
		err = explain_errno(why, path, "put the file in its place");
		if (err == E_EXISTS)
			explain(why,
				"%s: there is a file already; it was left as "
				"it is",
				path);
	}
	if (err) {
		unlink(temp);
		return err;
	}
	if (sync_folder(path))
		return explain_errno(why, path, "make the file durable");
	return 0;
}

static int check_file(int fd, const char *path, size_t max, bool secret,
		      size_t *out_size, char why[KEYFILE_WHY_CAP])
{
	struct stat st;

	if (fstat(fd, &st))
		return explain_errno(why, path, "examine the file");
	if (!S_ISREG(st.st_mode)) {
		explain(why, "%s: not a regular file", path);
		return E_AUTH;
	}
	if (secret && st.st_mode & MODE_OTHERS) {
		explain(why,
			"%s: mode is %04o, so others may use it; run: "
			"chmod 600 '%s'",
			path, (unsigned int)st.st_mode & 07777, path);
		return E_AUTH;
	}
	if (st.st_size < 0 || (uintmax_t)st.st_size > max) {
		explain(why, "%s: has %jd bytes, at most %zu are allowed", path,
			(intmax_t)st.st_size, max);
		return E_TOO_LARGE;
	}
	*out_size = (size_t)st.st_size;
	return 0;
}

/* Reads what is there, up to cap; -1 with errno. */
static ssize_t read_all(int fd, uint8_t *p, size_t cap)
{
	size_t got = 0;

	while (got < cap) {
		ssize_t n = read(fd, p + got, cap - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (!n)
			break;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

int keyfile_read(const char *path, size_t max, bool secret, uint8_t **out,
		 size_t *out_len, char why[KEYFILE_WHY_CAP])
{
	uint8_t *buf = NULL;
	size_t size = 0;
	ssize_t n;
	int err;
	/* Not blocking: a FIFO in the place of a key must not hang us. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return explain_errno(why, path, "open the file");
	err = check_file(fd, path, max, secret, &size, why);
	if (err)
		goto out;
	buf = malloc(size + 1);
	if (!buf) {
		explain(why, "%s: out of memory", path);
		err = E_NOMEM;
		goto out;
	}
	n = read_all(fd, buf, size);
	if (n < 0) {
		err = explain_errno(why, path, "read the file");
		goto out;
	}
	if ((size_t)n != size) {
		explain(why, "%s: changed while it was read", path);
		err = E_IO;
		goto out;
	}
	buf[size] = '\0';
	*out = buf;
	*out_len = size;
	buf = NULL; /* transferred */
out:
	if (buf)
		ct_wipe(buf, size);
	free(buf);
	close(fd);
	return err;
}

static int save_text(const char *path, char *pem, unsigned int mode,
		     bool replace, char why[KEYFILE_WHY_CAP])
{
	int err = keyfile_write(path, pem, strlen(pem), mode, replace, why);

	ct_wipe(pem, strlen(pem));
	free(pem);
	return err;
}

int keyfile_save(const char *path, const struct crypto_key *k, const char *pass,
		 bool replace, char why[KEYFILE_WHY_CAP])
{
	char *pem;
	int err = crypto_key_export(k, pass && *pass ? pass : NULL, &pem);

	if (err) {
		explain(why, "%s: cannot encode the key: %s", path,
			error_text(err));
		return err;
	}
	return save_text(path, pem, MODE_PRIVATE, replace, why);
}

/* A NUL inside would hide the rest of the file from the PEM reader. */
static int read_pem(const char *path, bool secret, char **out,
		    char why[KEYFILE_WHY_CAP])
{
	uint8_t *buf;
	size_t len;
	int err = keyfile_read(path, KEYFILE_MAX, secret, &buf, &len, why);

	if (err)
		return err;
	if (strlen((char *)buf) != len) {
		ct_wipe(buf, len);
		free(buf);
		explain(why, "%s: not a PEM file", path);
		return E_KEY;
	}
	*out = (char *)buf;
	return 0;
}

static void free_pem(char *pem)
{
	ct_wipe(pem, strlen(pem));
	free(pem);
}

int keyfile_load(const char *path, const char *pass, struct crypto_key **out,
		 char why[KEYFILE_WHY_CAP])
{
	char *pem;
	int err = read_pem(path, true, &pem, why);

	if (err)
		return err;
	err = crypto_key_import(pem, pass, out);
	free_pem(pem);
	if (err == E_PASSPHRASE)
		explain(why, "%s: %s", path,
			pass ? "wrong passphrase"
			     : "the key is encrypted and there is no "
			       "passphrase for it");
	else if (err == E_KEY)
		explain(why,
			"%s: holds no intact private key of type P-256, "
			"X25519 or Ed25519 in PEM form",
			path);
	else if (err)
		explain(why, "%s: %s", path, error_text(err));
	return err;
}

int keyfile_is_encrypted(const char *path, bool *out, char why[KEYFILE_WHY_CAP])
{
	char *pem;
	int err = read_pem(path, true, &pem, why);

	if (err)
		return err;
	/* PKCS#8, and the older form that OpenSSL still reads. */
	*out = strstr(pem, "-----BEGIN ENCRYPTED PRIVATE KEY-----") ||
	       strstr(pem, "Proc-Type: 4,ENCRYPTED");
	free_pem(pem);
	return 0;
}

int keyfile_save_public(const char *path, enum crypto_key_type type,
			const uint8_t *pub, size_t len,
			char why[KEYFILE_WHY_CAP])
{
	char *pem;
	int err = crypto_pub_export(type, pub, len, &pem);

	if (err) {
		explain(why, "%s: cannot encode the key: %s", path,
			error_text(err));
		return err;
	}
	return save_text(path, pem, MODE_PUBLIC, true, why);
}

int keyfile_load_public(const char *path, enum crypto_key_type *out_type,
			uint8_t *out, size_t cap, size_t *out_len,
			char why[KEYFILE_WHY_CAP])
{
	char *pem;
	int err = read_pem(path, false, &pem, why);

	if (err)
		return err;
	err = crypto_pub_import(pem, out_type, out, cap, out_len);
	free_pem(pem);
	if (err)
		explain(why,
			"%s: holds no public key of type P-256, X25519 or "
			"Ed25519 in PEM form",
			path);
	return err;
}
