/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/ct.h"
#include "keys/keyfile.h"

enum { FILE_MAX = 4096 };

static int say(char why[KEYFILE_WHY_CAP], int err, const char *text)
{
	snprintf(why, KEYFILE_WHY_CAP, "%s", text);
	return err;
}

static int from_file(const char *path, char out[PASSPHRASE_CAP],
		     char why[KEYFILE_WHY_CAP])
{
	uint8_t *buf;
	size_t len;
	size_t n;
	int err = keyfile_read(path, FILE_MAX, true, &buf, &len, why);

	if (err)
		return err;
	n = strcspn((char *)buf, "\r\n");
	if (!n || n >= PASSPHRASE_CAP) {
		err = E_PASSPHRASE;
		snprintf(why, KEYFILE_WHY_CAP,
			 "%s: the first line must hold 1 to %d bytes, it has "
			 "%zu",
			 path, PASSPHRASE_CAP - 1, n);
	} else {
		memcpy(out, buf, n);
		out[n] = '\0';
	}
	ct_wipe(buf, len);
	free(buf);
	return err;
}

/* $CREDENTIALS_DIRECTORY/name; false when there is none such. */
static bool credential_path(const char *name, char path[PATH_MAX])
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");

	if (!name || !dir || !*dir)
		return false;
	if (snprintf(path, PATH_MAX, "%s/%s", dir, name) >= PATH_MAX)
		return false;
	return access(path, F_OK) == 0;
}

static int put(int fd, const char *s)
{
	size_t len = strlen(s);

	return write(fd, s, len) == (ssize_t)len ? 0 : E_IO;
}

/* One line from the terminal, which is in canonical mode; interrupt is the
 * character that gives up. */
static int get_line(int fd, char interrupt, char out[PASSPHRASE_CAP])
{
	size_t len = 0;
	char c;

	for (;;) {
		ssize_t n = read(fd, &c, 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return E_IO;
		if (!n || c == '\n')
			break;
		if (c == interrupt)
			return E_INTERRUPTED;
		if (len == PASSPHRASE_CAP - 1)
			return E_PASSPHRASE;
		out[len++] = c;
	}
	out[len] = '\0';
	return len ? 0 : E_PASSPHRASE;
}

/*
 * Asks without echo.  Control-C is read as a character that ends the line
 * (ISIG off, VEOL) instead of as a signal, so that nothing can end the
 * program while the terminal is silent.
 */
static int ask(int fd, const char *prompt, char out[PASSPHRASE_CAP])
{
	struct termios old;
	struct termios silent;
	int err;

	if (tcgetattr(fd, &old))
		return E_IO;
	silent = old;
	silent.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL | ISIG);
	silent.c_lflag |= ICANON;
	silent.c_cc[VEOL] = old.c_cc[VINTR];
	err = tcsetattr(fd, TCSAFLUSH, &silent) ? E_IO : 0;
	if (!err)
		err = put(fd, prompt);
	if (!err)
		err = put(fd, ": ");
	if (!err)
		err = get_line(fd, (char)old.c_cc[VINTR], out);
	/* The line end that was not echoed; that it fails changes nothing. */
	(void)put(fd, "\n");
	tcsetattr(fd, TCSAFLUSH, &old);
	return err;
}

static int ask_again(int fd, const char *first)
{
	char second[PASSPHRASE_CAP];
	int err = ask(fd, "The same once more", second);

	if (!err && strcmp(first, second) != 0)
		err = E_PASSPHRASE;
	ct_wipe(second, sizeof(second));
	return err;
}

static int from_terminal(const struct passphrase_source *s,
			 char out[PASSPHRASE_CAP], char why[KEYFILE_WHY_CAP])
{
	char answer[PASSPHRASE_CAP];
	int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return say(why, E_NOT_FOUND,
			   "no terminal to ask for a passphrase; use "
			   "--passphrase-file or SIGNET_PASSPHRASE_FILE");
	err = ask(fd, s->prompt, answer);
	if (err == E_PASSPHRASE)
		say(why, err, "the passphrase must have 1 to 255 bytes");
	else if (err == E_INTERRUPTED)
		say(why, err, "interrupted");
	else if (err)
		say(why, err, "cannot read the passphrase from the terminal");
	if (!err && s->confirm) {
		err = ask_again(fd, answer);
		if (err)
			say(why, err, "the two answers differ");
	}
	if (!err)
		memcpy(out, answer, sizeof(answer));
	ct_wipe(answer, sizeof(answer));
	close(fd);
	return err;
}

int passphrase_get(const struct passphrase_source *s, char out[PASSPHRASE_CAP],
		   char why[KEYFILE_WHY_CAP])
{
	char path[PATH_MAX];
	const char *named = getenv("SIGNET_PASSPHRASE_FILE");

	if (s->file)
		return from_file(s->file, out, why);
	if (credential_path(s->credential, path))
		return from_file(path, out, why);
	if (named && *named)
		return from_file(named, out, why);
	if (s->prompt)
		return from_terminal(s, out, why);
	return say(why, E_NOT_FOUND,
		   "there is no passphrase: no --passphrase-file, no systemd "
		   "credential, no SIGNET_PASSPHRASE_FILE");
}
