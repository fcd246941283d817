/* SPDX-License-Identifier: MIT */
/*
 * The state file: what a chip keeps without power.
 *
 *   "SVMC", version u32, chip name 16, profile name 16, uid 12,
 *   option pairs 5 x u64, OTP 1024, flash 256 KiB, ECC bitmap 4 KiB,
 *   CRC-32 (IEEE) of all that u32
 *
 * Little-endian.  Written to FILE.new, synced, renamed over FILE.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/rw.h"
#include "vmcu/stm32l4/l4.h"

#define STATE_MAGIC 0x434d5653u /* "SVMC" */
#define STATE_VERSION 1
#define NAME_LEN L4_NAME_LEN
#define ECC_LEN (L4_DWORDS / 8)
#define STATE_LEN                                                  \
	(4 + 4 + 2 * NAME_LEN + 12 + 8 * OPT_COUNT + L4_OTP_SIZE + \
	 L4_FLASH_SIZE + ECC_LEN + 4)

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

static void put_name(struct wr *w, const char *name)
{
	char buf[NAME_LEN] = { 0 };

	snprintf(buf, sizeof(buf), "%s", name);
	wr_bytes(w, buf, sizeof(buf));
}

static int encode(const struct l4 *l, uint8_t *buf)
{
	struct wr w;
	size_t len;

	wr_init(&w, buf, STATE_LEN);
	wr_u32(&w, STATE_MAGIC);
	wr_u32(&w, STATE_VERSION);
	put_name(&w, l->m->chip->name);
	put_name(&w, l->profile->name);
	wr_bytes(&w, l->uid, sizeof(l->uid));
	for (unsigned i = 0; i < OPT_COUNT; i++)
		wr_u64(&w, l->opt.stored[i]);
	wr_bytes(&w, l->otp, L4_OTP_SIZE);
	wr_bytes(&w, l->flash, L4_FLASH_SIZE);
	for (unsigned i = 0; i < ECC_LEN; i++) {
		uint8_t bits = 0;

		for (unsigned j = 0; j < 8; j++)
			bits |= (uint8_t)((l->ecc_bad[8 * i + j] != 0) << j);
		wr_u8(&w, bits);
	}
	wr_u32(&w, crc32(buf, w.len));
	return wr_end(&w, &len);
}

static int refuse(char why[256], int err, const char *path, const char *reason)
{
	snprintf(why, 256, "state file %.180s: %s", path, reason);
	return err;
}

static int check_head(struct l4 *l, struct rd *r, const char *path,
		      char why[256])
{
	char chip[NAME_LEN + 1] = { 0 }, profile[NAME_LEN + 1] = { 0 };
	uint32_t magic = rd_u32(r), version = rd_u32(r);

	if (magic != STATE_MAGIC)
		return refuse(why, E_SYNTAX, path, "is not a state file");
	if (version != STATE_VERSION)
		return refuse(why, E_VERSION, path, "has an unknown version");
	rd_copy(r, chip, NAME_LEN);
	rd_copy(r, profile, NAME_LEN);
	if (strcmp(chip, l->m->chip->name) != 0)
		return refuse(why, E_STATE, path, "is of another chip");
	if (strcmp(profile, l->profile->name) != 0)
		return refuse(why, E_STATE, path,
			      "is of another profile of this chip");
	return 0;
}

static int decode(struct l4 *l, struct rd *r)
{
	rd_copy(r, l->uid, sizeof(l->uid));
	for (unsigned i = 0; i < OPT_COUNT; i++)
		l->opt.stored[i] = rd_u64(r);
	rd_copy(r, l->otp, L4_OTP_SIZE);
	rd_copy(r, l->flash, L4_FLASH_SIZE);
	for (unsigned i = 0; i < ECC_LEN; i++) {
		uint8_t bits = rd_u8(r);

		for (unsigned j = 0; j < 8; j++)
			l->ecc_bad[8 * i + j] = bits >> j & 1;
	}
	(void)rd_u32(r); /* checked already */
	return rd_end(r);
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

static int check_file(struct l4 *l, const uint8_t *buf, size_t len,
		      const char *path, char why[256], struct rd *r)
{
	struct rd tail;
	int err;

	rd_init(r, buf, len);
	if (len < 8)
		return refuse(why, E_TRUNCATED, path, "is truncated");
	err = check_head(l, r, path, why);
	if (err)
		return err;
	if (len < STATE_LEN)
		return refuse(why, E_TRUNCATED, path, "is truncated");
	if (len > STATE_LEN)
		return refuse(why, E_TRAILING, path,
			      "is longer than it should be");
	rd_init(&tail, buf + STATE_LEN - 4, 4);
	if (rd_u32(&tail) != crc32(buf, STATE_LEN - 4))
		return refuse(why, E_CHECKSUM, path,
			      "is damaged (checksum is wrong)");
	return 0;
}

int l4_state_load(struct l4 *l, const char *path, char why[256])
{
	uint8_t *buf = malloc(STATE_LEN + 1);
	struct rd r;
	size_t len;
	int err = E_NOMEM;

	if (buf == NULL)
		goto out;
	err = slurp(path, buf, STATE_LEN + 1, &len);
	if (err == E_IO)
		(void)refuse(why, err, path, "cannot be read");
	if (err)
		goto out;
	err = check_file(l, buf, len, path, why, &r);
	if (err)
		goto out;
	err = decode(l, &r);
	if (!err)
		l4_flash_changed(l, 0, L4_FLASH_SIZE);
out:
	free(buf);
	return err;
}

/* The profile that a state file was made with; "" if it cannot be told. */
void l4_state_profile(const char *path, char out[L4_NAME_LEN + 1])
{
	uint8_t head[8 + 2 * NAME_LEN];
	struct rd r;
	size_t len;

	memset(out, 0, L4_NAME_LEN + 1);
	if (slurp(path, head, sizeof(head), &len) != 0)
		return;
	rd_init(&r, head, len);
	if (rd_u32(&r) != STATE_MAGIC || rd_u32(&r) != STATE_VERSION)
		return;
	(void)rd_bytes(&r, NAME_LEN);
	rd_copy(&r, out, NAME_LEN);
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

static int write_file(const char *path, const uint8_t *buf, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
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

int l4_state_save(struct l4 *l, const char *path)
{
	char temp[4096];
	uint8_t *buf;
	int err;

	if ((size_t)snprintf(temp, sizeof(temp), "%s.new", path) >=
	    sizeof(temp))
		return E_ARG;
	buf = malloc(STATE_LEN);
	if (buf == NULL)
		return E_NOMEM;
	err = encode(l, buf);
	if (!err)
		err = write_file(temp, buf, STATE_LEN);
	if (!err && rename(temp, path) != 0)
		err = E_IO;
	if (!err)
		err = sync_folder(path);
	if (err)
		unlink(temp);
	free(buf);
	return err;
}
