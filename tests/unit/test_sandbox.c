/* SPDX-License-Identifier: MIT */
/* Each role's sandbox, tried from inside: what must work, and what must not. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define PUT(dst, src) snprintf((dst), sizeof(dst), "%s", (src))
#include "crypto/crypto.h"
#include "server/sandbox.h"

static char dir[64], inside[80], outside[80];

static int setup(void **state)
{
	int fd;

	(void)state;
	PUT(dir, "/tmp/signet-box-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(outside, sizeof(outside), "%s/secret", dir);
	fd = open(outside, O_WRONLY | O_CREAT, 0600);
	close(fd);
	snprintf(inside, sizeof(inside), "%s/keys", dir);
	return mkdir(inside, 0700);
}

static int forget(const char *path, const struct stat *st, int flag,
		  struct FTW *at)
{
	(void)st;
	(void)flag;
	(void)at;
	return remove(path);
}

static int teardown(void **state)
{
	(void)state;
	return nftw(dir, forget, 8, FTW_DEPTH | FTW_PHYS);
}

/* Runs act in a sandboxed child: its exit status, or minus its signal. */
static int try(enum sandbox_kind kind, int (*act)(void))
{
	char why[SANDBOX_WHY_CAP];
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (sandbox_enter(kind, kind == SANDBOX_EDGE ? NULL : inside,
				  why))
			_exit(99);
		_exit(act());
	}
	assert_true(waitpid(pid, &status, 0) == pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static int act_exec(void)
{
	char *argv[] = { (char *)"true", NULL };

	execv("/bin/true", argv);
	return 1;
}

static int act_trace(void)
{
	return ptrace(PTRACE_ATTACH, getppid(), 0, 0) ? 1 : 0;
}

static int act_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) < 0;
}

static int act_fork(void)
{
	return fork() < 0;
}

static int act_read_outside(void)
{
	return open(outside, O_RDONLY) < 0 ? (errno == EACCES ? 7 : 1) : 0;
}

static int act_write_inside(void)
{
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "%s/new", inside);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || write(fd, "x", 1) != 1 || fsync(fd))
		return 1;
	close(fd);
	return unlink(path) ? 1 : 0;
}

static int act_crypto(void)
{
	uint8_t sig[P256_SIG_LEN], buf[32];
	struct crypto_key *k;

	if (crypto_random(buf, sizeof(buf)) ||
	    crypto_key_generate(CRYPTO_P256, &k) ||
	    crypto_es256_sign(k, "x", 1, sig))
		return 1;
	crypto_key_free(k);
	return 0;
}

static void test_signer(void **state)
{
	(void)state;
	assert_int_equal(try(SANDBOX_SIGNER, act_crypto), 0);
	assert_int_equal(try(SANDBOX_SIGNER, act_write_inside), 0);
	assert_int_equal(try(SANDBOX_SIGNER, act_exec), -SIGSYS);
	assert_int_equal(try(SANDBOX_SIGNER, act_trace), -SIGSYS);
	assert_int_equal(try(SANDBOX_SIGNER, act_socket), -SIGSYS);
	assert_int_equal(try(SANDBOX_SIGNER, act_fork), -SIGSYS);
	assert_int_equal(try(SANDBOX_SIGNER, act_read_outside), 7);
}

static void test_ledger(void **state)
{
	(void)state;
	assert_int_equal(try(SANDBOX_LEDGER, act_write_inside), 0);
	assert_int_equal(try(SANDBOX_LEDGER, act_exec), -SIGSYS);
	assert_int_equal(try(SANDBOX_LEDGER, act_trace), -SIGSYS);
	assert_int_equal(try(SANDBOX_LEDGER, act_socket), -SIGSYS);
	assert_int_equal(try(SANDBOX_LEDGER, act_read_outside), 7);
}

static void test_edge(void **state)
{
	(void)state;
	assert_int_equal(try(SANDBOX_EDGE, act_crypto), 0);
	assert_int_equal(try(SANDBOX_EDGE, act_exec), -SIGSYS);
	assert_int_equal(try(SANDBOX_EDGE, act_trace), -SIGSYS);
	assert_int_equal(try(SANDBOX_EDGE, act_socket), -SIGSYS);
	assert_int_equal(try(SANDBOX_EDGE, act_read_outside), 7);
	assert_int_not_equal(try(SANDBOX_EDGE, act_write_inside), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signer),
		cmocka_unit_test(test_ledger),
		cmocka_unit_test(test_edge),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
