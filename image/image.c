/* SPDX-License-Identifier: MIT */
#include "image/image.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "image/internal.h"

/* ELF files with debug information are many times the image. */
#define FILE_MAX (64u << 20)

static bool is_elf(const uint8_t *buf, size_t len)
{
	return len >= 4 && memcmp(buf, "\177ELF", 4) == 0;
}

/* The first line decides, whatever the name ends in. */
static bool is_hex(const uint8_t *line, size_t len)
{
	return len >= 1 && line[0] == ':';
}

static bool is_srec(const uint8_t *line, size_t len)
{
	return len >= 2 && line[0] == 'S' && line[1] >= '0' && line[1] <= '9';
}

typedef int reader(struct builder *b, const uint8_t *buf, size_t len);

static reader *recognise(const uint8_t *buf, size_t len)
{
	struct lines l = { buf, len, 0 };
	const uint8_t *line;
	size_t line_len;

	if (is_elf(buf, len))
		return image_read_elf;
	if (!lines_next(&l, &line, &line_len))
		return NULL;
	if (is_hex(line, line_len))
		return image_read_hex;
	return is_srec(line, line_len) ? image_read_srec : NULL;
}

/* True when buf is a whole file of a format that has addresses of its own; a
 * raw binary only happens to begin like one. */
static bool is_other_format(const uint8_t *buf, size_t len)
{
	char why[IMAGE_ERROR_CAP];
	struct builder b = { .name = "", .why = why };
	reader *read = recognise(buf, len);
	bool yes = read && !read(&b, buf, len);

	builder_free(&b);
	return yes;
}

static int read_binary(struct builder *b, const uint8_t *buf, size_t len,
		       uint32_t address)
{
	if (is_other_format(buf, len))
		return builder_fail(b, E_ARG,
				    "is an Intel HEX, S-record or ELF file "
				    "with addresses of its own; give it "
				    "without @ADDRESS");
	return builder_add(b, address, buf, len);
}

static int read_recognised(struct builder *b, const uint8_t *buf, size_t len)
{
	reader *read = recognise(buf, len);

	if (!len)
		return builder_fail(b, E_TRUNCATED, "the file is empty");
	if (!read)
		return builder_fail(b, E_SYNTAX,
				    "neither Intel HEX, S-record nor ELF; a "
				    "raw binary needs its address: "
				    "FILE@0x08000000");
	return read(b, buf, len);
}

int image_parse(const char *name, const uint8_t *buf, size_t len, int binary,
		uint32_t address, struct image *out, char why[IMAGE_ERROR_CAP])
{
	struct builder b = { .name = name, .why = why };
	int err;

	if (binary)
		err = read_binary(&b, buf, len, address);
	else
		err = read_recognised(&b, buf, len);
	if (!err)
		err = builder_finish(&b, out);
	builder_free(&b);
	return err;
}

/* Splits "path@address"; false when there is no number after the last @. */
static bool split_address(const char *name, char *path, size_t cap,
			  uint32_t *address)
{
	const char *at = strrchr(name, '@');
	unsigned long long v;
	char *end;

	if (!at || at == name || (size_t)(at - name) >= cap || at[1] < '0' ||
	    at[1] > '9')
		return false;
	errno = 0;
	v = strtoull(at + 1, &end, 0);
	if (errno || *end || v > UINT32_MAX)
		return false;
	memcpy(path, name, (size_t)(at - name));
	path[at - name] = '\0';
	*address = (uint32_t)v;
	return true;
}

static int open_file(struct builder *b, const char *path, FILE **out,
		     size_t *out_size)
{
	FILE *f = fopen(path, "rbe");
	struct stat st;
	int err = 0;

	if (!f) {
		const char *at = strrchr(path, '@');

		return builder_fail(b, errno == ENOENT ? E_NOT_FOUND : E_IO,
				    "%s%s%s%s", strerror(errno),
				    at ? " (and \"" : "", at ? at + 1 : "",
				    at ? "\" is no address)" : "");
	}
	if (fstat(fileno(f), &st))
		err = builder_fail(b, E_IO, "%s", strerror(errno));
	else if (!S_ISREG(st.st_mode))
		err = builder_fail(b, E_IO, "not a regular file");
	else if (st.st_size > (off_t)FILE_MAX)
		err = builder_fail(b, E_TOO_LARGE,
				   "the file is larger than %u MB",
				   FILE_MAX >> 20);
	if (err) {
		fclose(f);
		return err;
	}
	*out = f;
	*out_size = (size_t)st.st_size;
	return 0;
}

static int read_file(struct builder *b, const char *path, uint8_t **out,
		     size_t *out_len)
{
	FILE *f = NULL;
	size_t size = 0;
	uint8_t *buf;
	int err = open_file(b, path, &f, &size);

	if (err)
		return err;
	buf = malloc(size + 1);
	if (!buf)
		err = builder_fail(b, E_NOMEM, "out of memory");
	else if (fread(buf, 1, size, f) != size)
		err = builder_fail(b, E_IO, "cannot be read to its end");
	fclose(f);
	if (err) {
		free(buf);
		return err;
	}
	*out = buf;
	*out_len = size;
	return 0;
}

int image_load(const char *name, struct image *out, char why[IMAGE_ERROR_CAP])
{
	char path[4096];
	uint32_t address = 0;
	bool binary = split_address(name, path, sizeof(path), &address);
	struct builder b = { .name = binary ? path : name, .why = why };
	uint8_t *buf = NULL;
	size_t len = 0;
	int err = read_file(&b, b.name, &buf, &len);

	if (err)
		return err;
	err = image_parse(b.name, buf, len, binary, address, out, why);
	free(buf);
	return err;
}

static int add_all(struct builder *b, const struct image *img)
{
	int err = 0;

	for (size_t i = 0; !err && i < img->count; i++)
		err = builder_add(b, img->segments[i].address,
				  img->segments[i].data, img->segments[i].len);
	return err;
}

int image_merge(struct image *img, const struct image *more,
		char why[IMAGE_ERROR_CAP])
{
	struct builder b = { .name = "merged image", .why = why };
	struct image merged;
	int err = add_all(&b, img);

	if (!err)
		err = add_all(&b, more);
	if (!err)
		err = builder_finish(&b, &merged);
	builder_free(&b);
	if (err)
		return err;
	image_free(img);
	*img = merged;
	return 0;
}

void image_read(const struct image *img, uint32_t address, uint8_t fill,
		uint8_t *out, size_t len)
{
	memset(out, fill, len);
	for (size_t i = 0; i < img->count; i++) {
		const struct image_segment *s = &img->segments[i];
		uint64_t from = s->address > address ? s->address : address;
		uint64_t to = (uint64_t)s->address + s->len;

		if (to > (uint64_t)address + len)
			to = (uint64_t)address + len;
		if (from < to)
			memcpy(out + (from - address),
			       s->data + (from - s->address),
			       (size_t)(to - from));
	}
}

void image_free(struct image *img)
{
	for (size_t i = 0; i < img->count; i++)
		free(img->segments[i].data);
	free(img->segments);
	img->segments = NULL;
	img->count = 0;
}
