/* SPDX-License-Identifier: MIT */
/*
 * Runs a fuzz target over the files and folders given as arguments, so that
 * the corpus is a test for every compiler.  Without arguments it fails: a
 * replay of nothing proves nothing.
 *
 * Each file also goes in shortened to every length up to 64 bytes from its
 * ends, which is where hand-written decoders go wrong.
 */
#ifndef SIGNET_LIBFUZZER /* which brings a main of its own */
#include <dirent.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { SHORTENED = 64, PATH_CAP = 4096 };

/* An exact copy, so that a sanitizer sees every byte read beyond the end. */
static void run_copy(const uint8_t *p, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	if (!copy)
		abort();
	if (len)
		memcpy(copy, p, len);
	LLVMFuzzerTestOneInput(copy, len);
	free(copy);
}

static void run_lengths(const uint8_t *p, size_t len)
{
	run_copy(p, len);
	for (size_t n = 0; n < len && n < SHORTENED; n++) {
		run_copy(p, n);
		run_copy(p, len - 1 - n);
	}
}

static int run_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *buf = NULL;
	size_t len = 0;
	int failed = 1;

	if (!f || fseek(f, 0, SEEK_END))
		goto out;
	len = (size_t)ftell(f);
	rewind(f);
	buf = malloc(len + 1);
	if (!buf || fread(buf, 1, len, f) != len)
		goto out;
	run_lengths(buf, len);
	failed = 0;
out:
	if (failed)
		perror(path);
	if (f)
		fclose(f);
	free(buf);
	return failed ? -1 : 1;
}

/* Number of files run, or -1. */
static long run_path(const char *path)
{
	char child[PATH_CAP];
	struct dirent *entry;
	struct stat st;
	long total = 0;
	DIR *dir;

	if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode))
		return run_file(path);
	dir = opendir(path);
	if (!dir) {
		perror(path);
		return -1;
	}
	while (total >= 0 && (entry = readdir(dir))) {
		long n;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(child, sizeof(child), "%s/%s", path, entry->d_name);
		n = run_path(child);
		total = n < 0 ? n : total + n;
	}
	closedir(dir);
	return total;
}

int main(int argc, char **argv)
{
	long total = 0;

	for (int i = 1; i < argc; i++) {
		long n = run_path(argv[i]);

		if (n < 0)
			return 1;
		total += n;
	}
	if (!total) {
		fprintf(stderr, "usage: %s FILE-OR-FOLDER...\n", argv[0]);
		return 2;
	}
	printf("%s: %ld files\n", argv[0], total);
	return 0;
}
#endif
