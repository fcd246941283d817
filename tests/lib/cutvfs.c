/* SPDX-License-Identifier: MIT */
#include "tests/lib/cutvfs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3.h>

#define INODES_MAX 1024
#define NAME_MAX_LEN 128
#define SECTOR 512

struct bytes {
	uint8_t *data;
	size_t len, cap;
};

struct inode {
	struct bytes now;
	char name[NAME_MAX_LEN]; /* "" = not in the directory */
	bool synced;		 /* once at least: its name is durable */
};

enum op_kind {
	OP_CREATE,
	OP_UNLINK,
	OP_PUT,
	OP_CUT,
	OP_SYNC,
	OP_SYNC_FAILED,
	OP_DIRSYNC,
};

struct op {
	enum op_kind kind;
	size_t inode;
	char *name;
	size_t offset, len;
	uint8_t *data;
};

static struct inode inodes[INODES_MAX];
static size_t inode_count;
static struct inode saved[INODES_MAX];
static size_t saved_count;
static struct op *ops;
static size_t op_count, op_cap;
static bool recording;
static size_t full_in, sync_in;
static bool hit;

static void *need(void *p)
{
	if (!p)
		abort();
	return p;
}

/* -- bytes --------------------------------------------------------------- */
static void bytes_size(struct bytes *b, size_t len)
{
	if (len > b->cap) {
		b->cap = len * 2;
		b->data = need(realloc(b->data, b->cap));
	}
	if (len > b->len)
		memset(b->data + b->len, 0, len - b->len);
	b->len = len;
}

static void bytes_put(struct bytes *b, size_t offset, const void *p, size_t len)
{
	if (offset + len > b->len)
		bytes_size(b, offset + len);
	memcpy(b->data + offset, p, len);
}

static void bytes_copy(struct bytes *to, const struct bytes *from)
{
	to->len = 0;
	bytes_size(to, from->len);
	if (from->len > 0)
		memcpy(to->data, from->data, from->len);
}

/* -- the record ---------------------------------------------------------- */
static void note(enum op_kind kind, size_t inode, const char *name,
		 size_t offset, const void *data, size_t len)
{
	struct op *o;

	if (!recording)
		return;
	if (op_count == op_cap) {
		op_cap = op_cap ? 2 * op_cap : 1024;
		ops = need(realloc(ops, op_cap * sizeof(*ops)));
	}
	o = &ops[op_count++];
	*o = (struct op){ kind, inode, NULL, offset, len, NULL };
	if (name)
		o->name = need(strdup(name));
	if (data) {
		o->data = need(malloc(len ? len : 1));
		memcpy(o->data, data, len);
	}
}

static void forget_files(void)
{
	for (size_t i = 0; i < inode_count; i++)
		free(inodes[i].now.data);
	memset(inodes, 0, sizeof(inodes));
	inode_count = 0;
}

void cutvfs_reset(void)
{
	forget_files();
	for (size_t i = 0; i < op_count; i++) {
		free(ops[i].name);
		free(ops[i].data);
	}
	op_count = 0;
	recording = false;
	full_in = sync_in = 0;
	hit = false;
}

void cutvfs_record(bool on)
{
	recording = on;
}

size_t cutvfs_position(void)
{
	return op_count;
}

/* -- after a cut --------------------------------------------------------- */
static uint32_t mix(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 16;
}

static void put_sectors(struct bytes *b, const struct op *o, uint32_t *seed)
{
	for (size_t at = 0; at < o->len;) {
		size_t n = SECTOR - (o->offset + at) % SECTOR;

		if (n > o->len - at)
			n = o->len - at;
		if (mix(seed) & 1)
			bytes_put(b, o->offset + at, o->data + at, n);
		at += n;
	}
}

static void replay_op(size_t i, bool durable, size_t n, enum cut_policy policy,
		      uint32_t *seed)
{
	const struct op *o = &ops[i];
	struct inode *f = &inodes[o->inode];
	bool keep = durable || policy == CUT_KEEP ||
		    (policy == CUT_SHUFFLE && (mix(seed) & 1));

	if (o->kind == OP_PUT && policy == CUT_SHUFFLE && !durable)
		put_sectors(&f->now, o, seed);
	else if (o->kind == OP_PUT && keep)
		bytes_put(&f->now, o->offset, o->data,
			  !durable && i == n - 1 ? o->len / 2 : o->len);
	else if (o->kind == OP_CUT && keep)
		bytes_size(&f->now, o->offset);
	else if (o->kind == OP_CREATE && keep)
		snprintf(f->name, NAME_MAX_LEN, "%s", o->name);
	else if (o->kind == OP_UNLINK && keep)
		f->name[0] = '\0';
}

/*
 * Is operation i on the disk for certain?  Data: when the next sync of its
 * file succeeded.  A failed sync is harsh: what it should have written counts
 * as written by no later one (Linux marks such pages clean).  Names: when the
 * directory was synced later.
 */
static void find_durable(size_t n, bool *durable)
{
	enum op_kind next[INODES_MAX], names = OP_PUT;

	for (size_t i = 0; i < INODES_MAX; i++)
		next[i] = OP_PUT; /* no sync to come */
	for (size_t i = n; i-- > 0;) {
		const struct op *o = &ops[i];

		if (o->kind == OP_SYNC || o->kind == OP_SYNC_FAILED)
			next[o->inode] = o->kind;
		else if (o->kind == OP_DIRSYNC)
			names = OP_DIRSYNC;
		else if (o->kind == OP_CREATE || o->kind == OP_UNLINK)
			durable[i] = names == OP_DIRSYNC;
		else
			durable[i] = next[o->inode] == OP_SYNC;
	}
}

void cutvfs_restore(size_t n, enum cut_policy policy, uint32_t seed)
{
	bool *durable = need(calloc(n + 1, sizeof(*durable)));

	recording = false;
	full_in = sync_in = 0;
	forget_files();
	for (size_t i = 0; i < n; i++)
		if (ops[i].inode >= inode_count)
			inode_count = ops[i].inode + 1;
	find_durable(n, durable);
	for (size_t i = 0; i < n; i++)
		replay_op(i, durable[i], n, policy, &seed);
	free(durable);
}

/* -- failures ------------------------------------------------------------ */
void cutvfs_save(void)
{
	for (size_t i = 0; i < saved_count; i++)
		free(saved[i].now.data);
	memset(saved, 0, sizeof(saved));
	for (size_t i = 0; i < inode_count; i++) {
		saved[i] = inodes[i];
		saved[i].now = (struct bytes){ NULL, 0, 0 };
		bytes_copy(&saved[i].now, &inodes[i].now);
	}
	saved_count = inode_count;
}

void cutvfs_rewind(void)
{
	forget_files();
	for (size_t i = 0; i < saved_count; i++) {
		inodes[i] = saved[i];
		inodes[i].now = (struct bytes){ NULL, 0, 0 };
		bytes_copy(&inodes[i].now, &saved[i].now);
	}
	inode_count = saved_count;
	full_in = sync_in = 0;
	hit = false;
}

void cutvfs_full_at(size_t k)
{
	full_in = k;
	if (k > 0)
		hit = false;
}

void cutvfs_sync_fails_at(size_t k)
{
	sync_in = k;
	if (k > 0)
		hit = false;
}

bool cutvfs_hit(void)
{
	return hit;
}

static bool disk_full(void)
{
	if (full_in == 0)
		return false;
	if (full_in > 1) {
		full_in--;
		return false;
	}
	hit = true;
	return true;
}

static bool sync_fails(void)
{
	if (sync_in == 0 || --sync_in > 0)
		return false;
	hit = true;
	return true;
}

/* -- SQLite's side ------------------------------------------------------- */
struct file {
	sqlite3_file base;
	size_t inode;
};

static struct inode *of(sqlite3_file *f)
{
	return &inodes[((struct file *)f)->inode];
}

static int f_close(sqlite3_file *f)
{
	(void)f;
	return SQLITE_OK;
}

static int f_read(sqlite3_file *f, void *p, int len, sqlite3_int64 at)
{
	const struct bytes *b = &of(f)->now;
	size_t n = (size_t)len, have;

	have = (size_t)at < b->len ? b->len - (size_t)at : 0;
	if (have >= n) {
		memcpy(p, b->data + at, n);
		return SQLITE_OK;
	}
	if (have > 0)
		memcpy(p, b->data + at, have);
	memset((uint8_t *)p + have, 0, n - have);
	return SQLITE_IOERR_SHORT_READ;
}

static int f_write(sqlite3_file *f, const void *p, int len, sqlite3_int64 at)
{
	if (disk_full())
		return SQLITE_FULL;
	note(OP_PUT, ((struct file *)f)->inode, NULL, (size_t)at, p,
	     (size_t)len);
	bytes_put(&of(f)->now, (size_t)at, p, (size_t)len);
	return SQLITE_OK;
}

static int f_truncate(sqlite3_file *f, sqlite3_int64 len)
{
	note(OP_CUT, ((struct file *)f)->inode, NULL, (size_t)len, NULL, 0);
	bytes_size(&of(f)->now, (size_t)len);
	return SQLITE_OK;
}

static int f_sync(sqlite3_file *f, int flags)
{
	struct inode *i = of(f);

	(void)flags;
	if (sync_fails()) {
		note(OP_SYNC_FAILED, ((struct file *)f)->inode, NULL, 0, NULL,
		     0);
		return SQLITE_IOERR_FSYNC;
	}
	note(OP_SYNC, ((struct file *)f)->inode, NULL, 0, NULL, 0);
	/* As SQLite's own VFS: the first sync of a new file syncs the
	 * directory too. */
	if (!i->synced)
		note(OP_DIRSYNC, ((struct file *)f)->inode, NULL, 0, NULL, 0);
	i->synced = true;
	return SQLITE_OK;
}

static int f_size(sqlite3_file *f, sqlite3_int64 *out)
{
	*out = (sqlite3_int64)of(f)->now.len;
	return SQLITE_OK;
}

static int f_lock(sqlite3_file *f, int level)
{
	(void)f;
	(void)level;
	return SQLITE_OK;
}

static int f_reserved(sqlite3_file *f, int *out)
{
	(void)f;
	*out = 0;
	return SQLITE_OK;
}

static int f_control(sqlite3_file *f, int op, void *arg)
{
	(void)f;
	(void)op;
	(void)arg;
	return SQLITE_NOTFOUND;
}

static int f_sector(sqlite3_file *f)
{
	(void)f;
	return 4096;
}

static int f_characteristics(sqlite3_file *f)
{
	(void)f;
	return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static const sqlite3_io_methods methods = {
	.iVersion = 1,
	.xClose = f_close,
	.xRead = f_read,
	.xWrite = f_write,
	.xTruncate = f_truncate,
	.xSync = f_sync,
	.xFileSize = f_size,
	.xLock = f_lock,
	.xUnlock = f_lock,
	.xCheckReservedLock = f_reserved,
	.xFileControl = f_control,
	.xSectorSize = f_sector,
	.xDeviceCharacteristics = f_characteristics,
};

static struct inode *find(const char *name, size_t *out)
{
	for (size_t i = inode_count; i-- > 0;) {
		if (name && strcmp(inodes[i].name, name) == 0) {
			*out = i;
			return &inodes[i];
		}
	}
	return NULL;
}

static int v_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags,
		  int *out_flags)
{
	struct file *file = (struct file *)f;
	size_t i;

	(void)v;
	memset(file, 0, sizeof(*file));
	if (!find(name, &i)) {
		if (!(flags & SQLITE_OPEN_CREATE))
			return SQLITE_CANTOPEN;
		if (inode_count == INODES_MAX)
			abort();
		i = inode_count++;
		snprintf(inodes[i].name, NAME_MAX_LEN, "%s", name ? name : "");
		note(OP_CREATE, i, inodes[i].name, 0, NULL, 0);
	}
	file->inode = i;
	file->base.pMethods = &methods;
	if (out_flags)
		*out_flags = flags;
	return SQLITE_OK;
}

static int v_delete(sqlite3_vfs *v, const char *name, int sync_dir)
{
	size_t i;

	(void)v;
	if (!find(name, &i))
		return SQLITE_IOERR_DELETE_NOENT;
	note(OP_UNLINK, i, NULL, 0, NULL, 0);
	inodes[i].name[0] = '\0';
	if (sync_dir)
		note(OP_DIRSYNC, i, NULL, 0, NULL, 0);
	return SQLITE_OK;
}

static int v_access(sqlite3_vfs *v, const char *name, int flags, int *out)
{
	size_t i;

	(void)v;
	(void)flags;
	*out = find(name, &i) != NULL;
	return SQLITE_OK;
}

static int v_path(sqlite3_vfs *v, const char *name, int len, char *out)
{
	(void)v;
	sqlite3_snprintf(len, out, "%s", name);
	return SQLITE_OK;
}

static int v_random(sqlite3_vfs *v, int len, char *out)
{
	(void)v;
	/* The same every time: salts of the log do not vary between runs. */
	memset(out, 7, (size_t)len);
	return len;
}

static int v_sleep(sqlite3_vfs *v, int us)
{
	(void)v;
	return us;
}

static int v_time(sqlite3_vfs *v, double *out)
{
	(void)v;
	*out = 2460000.5;
	return SQLITE_OK;
}

void cutvfs_register(void)
{
	static sqlite3_vfs vfs = {
		.iVersion = 1,
		.szOsFile = sizeof(struct file),
		.mxPathname = NAME_MAX_LEN - 16,
		.zName = CUTVFS_NAME,
		.xOpen = v_open,
		.xDelete = v_delete,
		.xAccess = v_access,
		.xFullPathname = v_path,
		.xRandomness = v_random,
		.xSleep = v_sleep,
		.xCurrentTime = v_time,
	};

	if (sqlite3_vfs_register(&vfs, 0) != SQLITE_OK)
		abort();
}
