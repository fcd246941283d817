/* SPDX-License-Identifier: MIT */
#include "vmcu/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/rw.h"

#define STATE_MAGIC 0x434d5653u /* "SVMC" */
#define STATE_VERSION 2
#define HEAD_LEN (4 + 4 + 2 * STATE_NAME_LEN + 4 + STATE_UID_MAX + 4)

static uint32_t crc32(const uint8_t *p, size_t len)
{
	uint32_t crc = 0xffffffff;

	while (len-- > 0) {
		crc ^= *p++;
		for (int i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

static size_t section_len(const struct state_section *s)
{
	switch (s->kind) {
	case STATE_FLAGS:
		return s->count / 8;
	case STATE_U32:
		return s->count * 4;
	case STATE_U64:
		return s->count * 8;
	default:
		return s->count;
	}
}

void state_copy(const struct state_table *to, const struct state_table *from)
{
	for (unsigned i = 0; i < to->count; i++) {
		const struct state_section *s = &to->section[i];
		size_t len = section_len(s);

		if (s->kind == STATE_FLAGS)
			len = s->count;
		memcpy(s->data, from->section[i].data, len);
	}
}

static size_t file_len(const struct state_table *t)
{
	size_t len = HEAD_LEN + 4;

	for (unsigned i = 0; i < t->count; i++)
		len += 8 + section_len(&t->section[i]);
	return len;
}

/* -- writing --------------------------------------------------------------- */

static void put_name(struct wr *w, const char *name)
{
	char buf[STATE_NAME_LEN] = { 0 };

	memcpy(buf, name, strnlen(name, sizeof(buf)));
	wr_bytes(w, buf, sizeof(buf));
}

static void put_section(struct wr *w, const struct state_section *s)
{
	const uint8_t *p = s->data;

	wr_bytes(w, s->tag, 4);
	wr_u32(w, (uint32_t)section_len(s));
	if (s->kind == STATE_BYTES)
		wr_bytes(w, p, s->count);
	for (size_t i = 0; s->kind == STATE_U32 && i < s->count; i++)
		wr_u32(w, ((const uint32_t *)s->data)[i]);
	for (size_t i = 0; s->kind == STATE_U64 && i < s->count; i++)
		wr_u64(w, ((const uint64_t *)s->data)[i]);
	for (size_t i = 0; s->kind == STATE_FLAGS && i < s->count; i += 8) {
		uint8_t bits = 0;

		for (unsigned j = 0; j < 8; j++)
			bits |= (uint8_t)((p[i + j] != 0) << j);
		wr_u8(w, bits);
	}
}

static int encode(const struct state_table *t, const struct state_name *name,
		  uint8_t *buf, size_t cap)
{
	uint8_t uid[STATE_UID_MAX] = { 0 };
	struct wr w;
	size_t len;

	memcpy(uid, t->uid, t->uid_len);
	wr_init(&w, buf, cap);
	wr_u32(&w, STATE_MAGIC);
	wr_u32(&w, STATE_VERSION);
	put_name(&w, name->chip);
	put_name(&w, name->profile);
	wr_u32(&w, (uint32_t)t->uid_len);
	wr_bytes(&w, uid, sizeof(uid));
	wr_u32(&w, t->count);
	for (unsigned i = 0; i < t->count; i++)
		put_section(&w, &t->section[i]);
	wr_u32(&w, crc32(buf, w.len));
	return wr_end(&w, &len);
}

/* -- reading --------------------------------------------------------------- */

static int refuse(char why[256], int err, const char *path, const char *reason)
{
	snprintf(why, 256, "state file %.180s: %s", path, reason);
	return err;
}

static int check_head(const struct state_name *name, struct rd *r,
		      const char *path, char why[256])
{
	struct state_name is = { "", "" };
	uint32_t magic = rd_u32(r), version = rd_u32(r);

	if (magic != STATE_MAGIC)
		return refuse(why, E_SYNTAX, path, "is not a state file");
	if (version != STATE_VERSION)
		return refuse(why, E_VERSION, path, "has an unknown version");
	rd_copy(r, is.chip, STATE_NAME_LEN);
	rd_copy(r, is.profile, STATE_NAME_LEN);
	if (strcmp(is.chip, name->chip) != 0)
		return refuse(why, E_STATE, path, "is of another chip");
	if (strcmp(is.profile, name->profile) != 0)
		return refuse(why, E_STATE, path,
			      "is of another profile of this chip");
	return 0;
}

static int check_file(const struct state_table *t,
		      const struct state_name *name, const uint8_t *buf,
		      size_t len, const char *path, char why[256], struct rd *r)
{
	size_t want = file_len(t);
	struct rd tail;
	int err;

	rd_init(r, buf, len);
	if (len < 8)
		return refuse(why, E_TRUNCATED, path, "is truncated");
	err = check_head(name, r, path, why);
	if (err)
		return err;
	if (len < want)
		return refuse(why, E_TRUNCATED, path, "is truncated");
	if (len > want)
		return refuse(why, E_TRAILING, path,
			      "is longer than it should be");
	rd_init(&tail, buf + want - 4, 4);
	if (rd_u32(&tail) != crc32(buf, want - 4))
		return refuse(why, E_CHECKSUM, path,
			      "is damaged (checksum is wrong)");
	return 0;
}

static void get_section(struct rd *r, const struct state_section *s)
{
	uint8_t *p = s->data;

	if (s->kind == STATE_BYTES)
		rd_copy(r, p, s->count);
	for (size_t i = 0; s->kind == STATE_U32 && i < s->count; i++)
		((uint32_t *)s->data)[i] = rd_u32(r);
	for (size_t i = 0; s->kind == STATE_U64 && i < s->count; i++)
		((uint64_t *)s->data)[i] = rd_u64(r);
	for (size_t i = 0; s->kind == STATE_FLAGS && i < s->count; i += 8) {
		uint8_t bits = rd_u8(r);

		for (unsigned j = 0; j < 8; j++)
			p[i + j] = bits >> j & 1;
	}
}

/* The sections of the table, in its order; keep: store them. */
static bool walk(const struct state_table *t, struct rd r, bool keep)
{
	uint8_t uid[STATE_UID_MAX];

	if (rd_u32(&r) != t->uid_len)
		return false;
	rd_copy(&r, uid, sizeof(uid));
	if (rd_u32(&r) != t->count)
		return false;
	if (keep)
		memcpy(t->uid, uid, t->uid_len);
	for (unsigned i = 0; i < t->count; i++) {
		const struct state_section *s = &t->section[i];
		char tag[4];

		rd_copy(&r, tag, sizeof(tag));
		if (memcmp(tag, s->tag, 4) != 0 || rd_u32(&r) != section_len(s))
			return false;
		if (keep)
			get_section(&r, s);
		else
			(void)rd_bytes(&r, section_len(s));
	}
	(void)rd_u32(&r); /* the checksum: done already */
	return rd_end(&r) == 0;
}

/* All of the file, or as much as one byte more than there should be. */
static int slurp(const char *path, uint8_t *buf, size_t cap, size_t *out_len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n = 1;

	if (fd < 0)
		return errno == ENOENT ? E_NOT_FOUND : E_IO;
	while (len < cap && (n = read(fd, buf + len, cap - len)) > 0)
		len += (size_t)n;
	close(fd);
	if (n < 0)
		return E_IO;
	*out_len = len;
	return 0;
}

int state_load(const struct state_table *t, const struct state_name *name,
	       const char *path, char why[256])
{
	size_t cap = file_len(t) + 1, len;
	uint8_t *buf = malloc(cap);
	struct rd r;
	int err = E_NOMEM;

	if (buf == NULL)
		goto out;
	err = slurp(path, buf, cap, &len);
	if (err == E_IO)
		(void)refuse(why, err, path, "cannot be read");
	if (err)
		goto out;
	err = check_file(t, name, buf, len, path, why, &r);
	if (err)
		goto out;
	if (walk(t, r, false))
		(void)walk(t, r, true);
	else
		err = refuse(why, E_SYNTAX, path, "does not fit this chip");
out:
	free(buf);
	return err;
}

void state_name(const char *path, struct state_name *out)
{
	uint8_t head[8 + 2 * STATE_NAME_LEN];
	struct rd r;
	size_t len;

	memset(out, 0, sizeof(*out));
	if (slurp(path, head, sizeof(head), &len) != 0)
		return;
	rd_init(&r, head, len);
	if (rd_u32(&r) != STATE_MAGIC || rd_u32(&r) != STATE_VERSION)
		return;
	rd_copy(&r, out->chip, STATE_NAME_LEN);
	rd_copy(&r, out->profile, STATE_NAME_LEN);
}

static int write_all(int fd, const uint8_t *p, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return errno == ENOSPC ? E_DISK_FULL : E_IO;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* The rename itself must survive a crash too. */
static int sync_folder(const char *path)
{
	char folder[4096];
	char *slash;
	int fd, err;

	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (slash == NULL)
		snprintf(folder, sizeof(folder), ".");
	else
		slash[slash == folder] = '\0';
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return E_IO;
	err = fsync(fd) ? E_IO : 0;
	close(fd);
	return err;
}

/* Into a file of its own, so that two that save the same chip do not write
 * into each other's; its name ends in six X. */
static int write_file(char *path, const uint8_t *buf, size_t len)
{
	int fd = mkostemp(path, O_CLOEXEC);
	int err;

	if (fd < 0)
		return E_IO;
	err = write_all(fd, buf, len);
	if (!err && fsync(fd) != 0)
		err = E_IO;
	if (close(fd) != 0 && !err)
		err = E_IO;
	return err;
}

int state_save(const struct state_table *t, const struct state_name *name,
	       const char *path)
{
	size_t len = file_len(t);
	char temp[4096];
	uint8_t *buf;
	int err;

	if ((size_t)snprintf(temp, sizeof(temp), "%s.new.XXXXXX", path) >=
	    sizeof(temp))
		return E_ARG;
	buf = malloc(len);
	if (buf == NULL)
		return E_NOMEM;
	err = encode(t, name, buf, len);
	if (!err)
		err = write_file(temp, buf, len);
	if (!err && rename(temp, path) != 0)
		err = E_IO;
	if (!err)
		err = sync_folder(path);
	if (err)
		unlink(temp);
	free(buf);
	return err;
}
