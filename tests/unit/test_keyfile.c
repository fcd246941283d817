/* SPDX-License-Identifier: MIT */
/* keys/: key files, who may read them, and where passphrases come from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <pty.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "keys/keyfile.h"

static char dir[64];
static char why[KEYFILE_WHY_CAP];

static const char *in_dir(const char *name)
{
	static char path[4][512];
	static int turn;

	turn = (turn + 1) % 4;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", dir, name);
	return path[turn];
}

static int setup(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/signet-keyfile-XXXXXX");
	assert_non_null(mkdtemp(dir));
	unsetenv("CREDENTIALS_DIRECTORY");
	unsetenv("SIGNET_PASSPHRASE_FILE");
	return 0;
}

static int count_files(void)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	int n = 0;

	assert_non_null(d);
	while ((e = readdir(d)))
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

static int teardown(void **state)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	(void)state;
	assert_non_null(d);
	while ((e = readdir(d)))
		if (e->d_name[0] != '.')
			remove(in_dir(e->d_name));
	closedir(d);
	return rmdir(dir);
}

static void put(const char *name, const char *text, mode_t mode)
{
	FILE *f = fopen(in_dir(name), "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	fclose(f);
	assert_int_equal(chmod(in_dir(name), mode), 0);
}

static unsigned int mode_of(const char *name)
{
	struct stat st;

	assert_int_equal(stat(in_dir(name), &st), 0);
	return st.st_mode & 07777;
}

static void check_same(const struct crypto_key *a, const struct crypto_key *b)
{
	uint8_t x[P256_PUB_LEN], y[P256_PUB_LEN];
	size_t n, m;

	assert_int_equal(crypto_key_public(a, x, sizeof(x), &n), 0);
	assert_int_equal(crypto_key_public(b, y, sizeof(y), &m), 0);
	assert_int_equal(n, m);
	assert_memory_equal(x, y, n);
}

static void test_save_and_load(void **state)
{
	const char *path = in_dir("device.key");
	struct crypto_key *k, *back;
	bool encrypted;

	(void)state;
	assert_int_equal(crypto_key_generate(CRYPTO_P256, &k), 0);
	umask(0);
	assert_int_equal(keyfile_save(path, k, "swordfish", false, why), 0);
	umask(022);
	assert_int_equal(mode_of("device.key"), 0600);
	assert_int_equal(count_files(), 1);
	assert_int_equal(keyfile_is_encrypted(path, &encrypted, why), 0);
	assert_true(encrypted);
	assert_int_equal(keyfile_load(path, NULL, &back, why), E_PASSPHRASE);
	assert_non_null(strstr(why, "encrypted"));
	assert_int_equal(keyfile_load(path, "shark", &back, why), E_PASSPHRASE);
	assert_non_null(strstr(why, "wrong passphrase"));
	assert_int_equal(keyfile_load(path, "swordfish", &back, why), 0);
	check_same(k, back);
	crypto_key_free(back);
	/* without a passphrase; over the old one only when told */
	assert_int_equal(keyfile_save(path, k, NULL, false, why), E_EXISTS);
	assert_non_null(strstr(why, "left as it is"));
	assert_int_equal(count_files(), 1);
	assert_int_equal(keyfile_save(path, k, "", true, why), 0);
	assert_int_equal(keyfile_is_encrypted(path, &encrypted, why), 0);
	assert_false(encrypted);
	assert_int_equal(keyfile_load(path, NULL, &back, why), 0);
	check_same(k, back);
	crypto_key_free(back);
	crypto_key_free(k);
}

static void test_refuses_readable_keys(void **state)
{
	static const mode_t bad[] = { 0640, 0604, 0660, 0610, 0602, 0644 };
	const char *path = in_dir("open.key");
	struct crypto_key *k, *back;

	(void)state;
	assert_int_equal(crypto_key_generate(CRYPTO_P256, &k), 0);
	assert_int_equal(keyfile_save(path, k, "x", false, why), 0);
	crypto_key_free(k);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(chmod(path, bad[i]), 0);
		assert_int_equal(keyfile_load(path, "x", &back, why), E_AUTH);
		assert_non_null(strstr(why, "chmod 600"));
		assert_non_null(strstr(why, path));
	}
	assert_int_equal(chmod(path, 0400), 0);
	assert_int_equal(keyfile_load(path, "x", &back, why), 0);
	crypto_key_free(back);
}

static void test_bad_files(void **state)
{
	struct crypto_key *k;
	char *big;

	(void)state;
	assert_int_equal(keyfile_load(in_dir("none"), NULL, &k, why),
			 E_NOT_FOUND);
	assert_non_null(strstr(why, "No such file"));
	assert_int_equal(keyfile_load(dir, NULL, &k, why), E_AUTH);
	assert_int_equal(mkfifo(in_dir("fifo"), 0600), 0);
	assert_int_equal(keyfile_load(in_dir("fifo"), NULL, &k, why), E_AUTH);
	put("empty", "", 0600);
	assert_int_equal(keyfile_load(in_dir("empty"), NULL, &k, why), E_KEY);
	put("text", "no key\n", 0600);
	assert_int_equal(keyfile_load(in_dir("text"), "x", &k, why), E_KEY);
	big = malloc(KEYFILE_MAX + 2);
	assert_non_null(big);
	memset(big, 'x', KEYFILE_MAX + 1);
	big[KEYFILE_MAX + 1] = '\0';
	put("big", big, 0600);
	free(big);
	assert_int_equal(keyfile_load(in_dir("big"), NULL, &k, why),
			 E_TOO_LARGE);
}

/* A key whose file was cut off anywhere is no key. */
static void test_truncated(void **state)
{
	const char *path = in_dir("whole.key");
	struct crypto_key *k;
	uint8_t *pem;
	size_t len;

	(void)state;
	assert_int_equal(crypto_key_generate(CRYPTO_ED25519, &k), 0);
	assert_int_equal(keyfile_save(path, k, NULL, false, why), 0);
	crypto_key_free(k);
	assert_int_equal(keyfile_read(path, KEYFILE_MAX, true, &pem, &len, why),
			 0);
	for (size_t n = 0; n + 1 < len; n++) {
		assert_int_equal(keyfile_write(path, pem, n, 0600, true, why),
				 0);
		k = NULL;
		if (keyfile_load(path, NULL, &k, why) == 0)
			fail_msg("%zu of %zu bytes were a key", n, len);
	}
	free(pem);
}

/* The disk fills up (here: a file size limit): the old file stays whole, and
 * no half one is left beside it. */
static void test_disk_full(void **state)
{
	struct rlimit old, tight = { 100, 100 };
	uint8_t *back;
	char data[200];
	size_t len;
	int err, files;

	(void)state;
	memset(data, 'n', sizeof(data));
	assert_int_equal(
		keyfile_write(in_dir("state"), "old", 3, 0644, false, why), 0);
	files = count_files();
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	tight.rlim_max = old.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
	err = keyfile_write(in_dir("state"), data, sizeof(data), 0644, true,
			    why);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(err, E_IO);
	assert_non_null(strstr(why, "cannot write"));
	assert_int_equal(count_files(), files);
	assert_int_equal(
		keyfile_read(in_dir("state"), 10, false, &back, &len, why), 0);
	assert_string_equal((char *)back, "old");
	free(back);
	assert_int_equal(
		keyfile_write("/nowhere/at/all", "x", 1, 0600, true, why),
		E_NOT_FOUND);
}

static void test_public(void **state)
{
	uint8_t pub[P256_PUB_LEN], back[P256_PUB_LEN];
	enum crypto_key_type type;
	struct crypto_key *k;
	size_t len, n;

	(void)state;
	assert_int_equal(crypto_key_generate(CRYPTO_P256, &k), 0);
	assert_int_equal(crypto_key_public(k, pub, sizeof(pub), &len), 0);
	assert_int_equal(keyfile_save_public(in_dir("d.pub"), CRYPTO_P256, pub,
					     len, why),
			 0);
	assert_int_equal(mode_of("d.pub"), 0644);
	assert_int_equal(keyfile_load_public(in_dir("d.pub"), &type, back,
					     sizeof(back), &n, why),
			 0);
	assert_int_equal(type, CRYPTO_P256);
	assert_memory_equal(pub, back, len);
	/* a private key in its place is not a public key */
	assert_int_equal(keyfile_save(in_dir("p"), k, NULL, false, why), 0);
	assert_int_equal(keyfile_load_public(in_dir("p"), &type, back,
					     sizeof(back), &n, why),
			 E_KEY);
	crypto_key_free(k);
}

static int get(const char *file, const char *credential, char *out)
{
	const struct passphrase_source s = { .file = file,
					     .credential = credential };

	return passphrase_get(&s, out, why);
}

static void test_passphrase_files(void **state)
{
	char long_line[PASSPHRASE_CAP + 1];
	char out[PASSPHRASE_CAP];

	(void)state;
	put("pass", "correct horse\nsecond line\n", 0600);
	put("crlf", "dos\r\n", 0400);
	put("bare", "no line end", 0600);
	put("empty.pass", "\n", 0600);
	put("open.pass", "x\n", 0644);
	assert_int_equal(get(in_dir("pass"), NULL, out), 0);
	assert_string_equal(out, "correct horse");
	assert_int_equal(get(in_dir("crlf"), NULL, out), 0);
	assert_string_equal(out, "dos");
	assert_int_equal(get(in_dir("bare"), NULL, out), 0);
	assert_string_equal(out, "no line end");
	assert_int_equal(get(in_dir("empty.pass"), NULL, out), E_PASSPHRASE);
	assert_int_equal(get(in_dir("open.pass"), NULL, out), E_AUTH);
	assert_int_equal(get(in_dir("missing"), NULL, out), E_NOT_FOUND);
	memset(long_line, 'p', sizeof(long_line));
	long_line[PASSPHRASE_CAP] = '\0';
	put("long", long_line, 0600);
	assert_int_equal(get(in_dir("long"), NULL, out), E_PASSPHRASE);
	long_line[PASSPHRASE_CAP - 1] = '\0';
	put("long", long_line, 0600);
	assert_int_equal(get(in_dir("long"), NULL, out), 0);
	assert_string_equal(out, long_line);
}

static void test_passphrase_order(void **state)
{
	char out[PASSPHRASE_CAP];

	(void)state;
	assert_int_equal(get(NULL, "cred", out), E_NOT_FOUND);
	assert_non_null(strstr(why, "--passphrase-file"));
	put("env", "from env\n", 0600);
	setenv("SIGNET_PASSPHRASE_FILE", in_dir("env"), 1);
	setenv("CREDENTIALS_DIRECTORY", dir, 1);
	assert_int_equal(get(NULL, "cred", out), 0);
	assert_string_equal(out, "from env");
	put("cred", "from systemd\n", 0400);
	assert_int_equal(get(NULL, "cred", out), 0);
	assert_string_equal(out, "from systemd");
	put("file", "from file\n", 0400);
	assert_int_equal(get(in_dir("file"), "cred", out), 0);
	assert_string_equal(out, "from file");
	/* named but unusable: no falling through */
	assert_int_equal(get(in_dir("gone"), "cred", out), E_NOT_FOUND);
	unsetenv("SIGNET_PASSPHRASE_FILE");
	unsetenv("CREDENTIALS_DIRECTORY");
}

/* Types keys at a pseudo terminal; returns the result of passphrase_get() in
 * the child, and all that the terminal showed. */
static int at_terminal(bool confirm, const char *keys, const char *expect,
		       char *shown, size_t cap)
{
	struct passphrase_source s = { .prompt = "Passphrase for test",
				       .confirm = confirm };
	char out[PASSPHRASE_CAP];
	size_t len = 0;
	ssize_t n;
	int master, status;
	const char *next = keys;
	pid_t pid = forkpty(&master, NULL, NULL, NULL);

	assert_true(pid >= 0);
	if (!pid) {
		int err = passphrase_get(&s, out, why);
		struct termios t;

		if (!err && strcmp(out, expect) != 0)
			err = -99;
		/* the terminal echoes again */
		if (tcgetattr(0, &t) || !(t.c_lflag & ECHO) ||
		    !(t.c_lflag & ISIG))
			err = -98;
		_exit(-err);
	}
	/* An answer is typed after its prompt: earlier input is flushed. */
	while (len + 1 < cap &&
	       (n = read(master, shown + len, cap - len - 1)) > 0) {
		len += (size_t)n;
		shown[len] = '\0';
		if (*next && len >= 2 && !strcmp(shown + len - 2, ": ")) {
			size_t line = strcspn(next, "\n\003") + 1;

			assert_int_equal(write(master, next, line), line);
			next += line;
		}
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(master);
	assert_true(WIFEXITED(status));
	return (int8_t)-WEXITSTATUS(status);
}

static void test_terminal(void **state)
{
	char shown[1024] = "";

	(void)state;
	assert_int_equal(at_terminal(false, "open sesame\n", "open sesame",
				     shown, sizeof(shown)),
			 0);
	assert_non_null(strstr(shown, "Passphrase for test: "));
	assert_null(strstr(shown, "sesame"));
	assert_int_equal(
		at_terminal(true, "one\none\n", "one", shown, sizeof(shown)),
		0);
	assert_null(strstr(shown, "one\r"));
	assert_int_equal(
		at_terminal(true, "one\ntwo\n", "", shown, sizeof(shown)),
		(int8_t)E_PASSPHRASE);
	assert_int_equal(at_terminal(false, "\n", "", shown, sizeof(shown)),
			 (int8_t)E_PASSPHRASE);
	assert_int_equal(
		at_terminal(false, "half\003", "", shown, sizeof(shown)),
		E_INTERRUPTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_save_and_load),
		cmocka_unit_test(test_refuses_readable_keys),
		cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_disk_full),
		cmocka_unit_test(test_public),
		cmocka_unit_test(test_passphrase_files),
		cmocka_unit_test(test_passphrase_order),
		cmocka_unit_test(test_terminal),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
