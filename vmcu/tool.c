/* SPDX-License-Identifier: MIT */
/* Subcommands that do not run a chip: ctl, copy, flip, dump. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hex.h"
#include "vmcu/net.h"
#include "vmcu/problem.h"
#include "vmcu/run.h"

static int usage(const char *text)
{
	problem(NULL, "usage: signet-vmcu %s", text);
	return VMCU_EXIT_USAGE;
}

/* next NULL: signet-vmcu --help. */
static int failed(const char *what, const char *why, const char *next)
{
	problem(next, "%s: %s", what, why);
	return VMCU_EXIT_FAILED;
}

static int failed_by(const char *what, int err)
{
	return failed(what, error_text(err), problem_next(err));
}

#define NEXT_BENCH "start one: signet-vmcu run --control SOCKET"
#define NEXT_COPY "give as many hex digits as the chip's UID has"

/* -- ctl ------------------------------------------------------------------ */

static int send_all(int fd, const char *p, size_t len)
{
	while (len != 0) {
		ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return E_IO;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* The first byte is the exit code, the second a newline, the rest text. */
static int show_answer(int fd)
{
	char buf[4096];
	size_t at = 0; /* bytes of the head that have come */
	int code = -1;
	ssize_t n;

	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0 ||
	       (n < 0 && errno == EINTR)) {
		char *p = buf;
		size_t len = n > 0 ? (size_t)n : 0;

		while (at < 2 && len != 0) {
			if (at++ == 0)
				code = *p - '0';
			p++;
			len--;
		}
		fwrite(p, 1, len, code == 0 ? stdout : stderr);
		fflush(stdout);
	}
	return at == 2 ? code : -1;
}

/* The two ends may stand in different folders: a board's file is named from
 * this one.  Returns the argument, or the whole path in buf. */
static const char *from_here(int argc, char **argv, int i, char *buf,
			     size_t cap)
{
	char *cwd;
	bool value = strcmp(argv[i - 1], "--uid") == 0 ||
		     strcmp(argv[i - 1], "--profile") == 0;

	bool insert = argc >= 3 && strcmp(argv[1], "insert") == 0;
	bool capture = argc >= 3 && strcmp(argv[1], "capture") == 0 &&
		       strcmp(argv[2], "off") != 0;

	if (i < 2 || (!insert && !capture) || value || argv[i][0] == '-' ||
	    argv[i][0] == '/')
		return argv[i];
	cwd = getcwd(NULL, 0);
	if (cwd == NULL ||
	    (size_t)snprintf(buf, cap, "%s/%s", cwd, argv[i]) >= cap)
		buf = argv[i];
	free(cwd);
	return buf;
}

int tool_ctl(int argc, char **argv)
{
	char why[NET_WHY_CAP], path[4096];
	int fd, code;

	if (argc < 2)
		return usage("ctl SOCKET COMMAND [ARGUMENT...]");
	if (net_connect_unix(argv[0], &fd, why) != 0)
		return failed("ctl", why, NEXT_BENCH);
	for (int i = 1; i < argc; i++) {
		const char *s = from_here(argc, argv, i, path, sizeof(path));

		if (send_all(fd, s, strlen(s) + 1) != 0)
			break; /* the answer, or its absence, tells */
	}
	(void)shutdown(fd, SHUT_WR);
	code = show_answer(fd);
	close(fd);
	if (code < 0)
		return failed(argv[0], "the virtual MCU closed the connection",
			      "see what it said last; start it again");
	return code;
}

/* -- state files ---------------------------------------------------------- */

static int open_state(const char *path, struct mcu **out)
{
	struct mcu_config cfg = { .state = path };
	char why[256] = "";
	int err;

	if (access(path, R_OK) != 0)
		return failed(path, strerror(errno), problem_next(E_SYNTAX));
	err = mcu_new(&cfg, out, why);
	return err == 0 ? 0 : failed(path, why, problem_next(err));
}

static int copy_into(const char *path, const uint8_t *uid, size_t uid_len,
		     struct mcu *from)
{
	struct mcu_config cfg = { .chip = mcu_chip(from),
				  .state = path,
				  .uid = uid,
				  .uid_len = uid_len };
	struct mcu *to = NULL;
	char why[256] = "";
	int err = mcu_new(&cfg, &to, why);

	if (err != 0)
		return failed(path, why, NEXT_COPY);
	err = mcu_copy_from(to, from);
	if (err == 0)
		err = mcu_save(to);
	mcu_free(to);
	return err == 0 ? VMCU_EXIT_OK : failed_by(path, err);
}

int tool_copy(int argc, char **argv)
{
	uint8_t uid[MCU_UID_MAX];
	size_t uid_len;
	struct mcu *from = NULL;
	int code;

	if (argc != 4 || strcmp(argv[2], "--uid") != 0)
		return usage("copy FROM TO --uid HEX");
	if (hex_decode(argv[3], uid, sizeof(uid), &uid_len) != 0 ||
	    uid_len == 0)
		return failed("--uid", "hex digits are needed", NEXT_COPY);
	if (access(argv[1], F_OK) == 0)
		return failed(argv[1], "exists already",
			      "name a file that does not exist yet");
	code = open_state(argv[0], &from);
	if (code == 0)
		code = copy_into(argv[1], uid, uid_len, from);
	mcu_free(from);
	return code;
}

static bool number(const char *s, unsigned long max, unsigned long *out)
{
	char *end;

	if (*s < '0' || *s > '9')
		return false;
	errno = 0;
	*out = strtoul(s, &end, 0);
	return *end == '\0' && errno == 0 && *out <= max;
}

int tool_flip(int argc, char **argv)
{
	unsigned long addr, bit;
	struct mcu *m = NULL;
	int code, err;

	if (argc != 3 || !number(argv[1], UINT32_MAX, &addr) ||
	    !number(argv[2], 7, &bit))
		return usage("flip FILE ADDRESS BIT   (bit 0 to 7)");
	code = open_state(argv[0], &m);
	if (code != 0)
		return code;
	err = mcu_flash_flip(m, (uint32_t)addr, (unsigned)bit);
	if (err == 0)
		err = mcu_save(m);
	mcu_free(m);
	return err == 0 ? VMCU_EXIT_OK : failed_by(argv[1], err);
}

static int write_file(const char *path, const uint8_t *p, size_t len)
{
	FILE *f = fopen(path, "wbe");
	bool ok = f != NULL && fwrite(p, 1, len, f) == len;

	if (f != NULL && fclose(f) != 0)
		ok = false;
	return ok ? VMCU_EXIT_OK : failed(path, strerror(errno), NEXT_WRITABLE);
}

int tool_dump(int argc, char **argv)
{
	struct mcu *m = NULL;
	uint8_t *p = NULL;
	size_t len;
	int code;

	if (argc != 2)
		return usage("dump FILE OUT.bin");
	code = open_state(argv[0], &m);
	if (code != 0)
		return code;
	len = mcu_flash_len(m);
	p = malloc(len);
	if (p == NULL || mcu_flash_peek(m, mcu_flash_base(m), p, len) != 0)
		code = failed_by(argv[0], E_NOMEM);
	else
		code = write_file(argv[1], p, len);
	free(p);
	mcu_free(m);
	return code;
}
