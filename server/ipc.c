/* SPDX-License-Identifier: MIT */
#include "server/ipc.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/ct.h"
#include "base/rw.h"

#define HEAD_LEN 16
#define READ_STEP 65536
#define KEEP_MAX (1u << 20) /* larger buffers are given back when empty */

struct buffer {
	uint8_t *data;
	size_t at, len, cap; /* data[at..len) is in use */
};

struct ipc {
	int fd;
	const struct ipc_rule *rules;
	size_t rule_count;
	struct buffer rx, tx;
	pthread_mutex_t lock; /* tx */
	int broken;	      /* first error, kept for ever */
};

int ipc_new(int fd, const struct ipc_rule *rules, size_t count,
	    struct ipc **out)
{
	struct ipc *c = calloc(1, sizeof(*c));

	if (!c)
		return E_NOMEM;
	c->fd = fd;
	c->rules = rules;
	c->rule_count = count;
	pthread_mutex_init(&c->lock, NULL);
	*out = c;
	return 0;
}

/* Messages may carry content keys and passphrases. */
static void buffer_drop(struct buffer *b)
{
	if (b->data)
		ct_wipe(b->data, b->cap);
	free(b->data);
	memset(b, 0, sizeof(*b));
}

void ipc_free(struct ipc *c)
{
	if (!c)
		return;
	close(c->fd);
	buffer_drop(&c->rx);
	buffer_drop(&c->tx);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

int ipc_fd(const struct ipc *c)
{
	return c->fd;
}

/* Room for more bytes after len. */
static int buffer_room(struct buffer *b, size_t more)
{
	size_t cap = b->cap ? b->cap : READ_STEP;
	uint8_t *data;

	if (b->at == b->len) {
		if (b->cap > KEEP_MAX)
			buffer_drop(b);
		b->at = b->len = 0;
	}
	if (b->at && b->cap - b->len < more) {
		memmove(b->data, b->data + b->at, b->len - b->at);
		b->len -= b->at;
		b->at = 0;
	}
	if (b->data && b->cap - b->len >= more)
		return 0;
	while (cap - b->len < more)
		cap *= 2;
	data = malloc(cap); /* not realloc: the old bytes must be wiped */
	if (!data)
		return E_NOMEM;
	if (b->data) {
		memcpy(data, b->data, b->len);
		ct_wipe(b->data, b->cap);
	}
	free(b->data);
	b->data = data;
	b->cap = cap;
	return 0;
}

/* ---- sending ----------------------------------------------------------- */

static int put_locked(struct ipc *c, uint16_t type, uint64_t id,
		      const void *data, size_t len)
{
	struct wr w;
	size_t n;
	int err;

	if (len > UINT32_MAX - HEAD_LEN)
		return E_TOO_LARGE;
	err = buffer_room(&c->tx, HEAD_LEN + len);
	if (err)
		return err;
	wr_init(&w, c->tx.data + c->tx.len, HEAD_LEN + len);
	wr_u32(&w, (uint32_t)len);
	wr_u16(&w, type);
	wr_u16(&w, 0);
	wr_u64(&w, id);
	wr_bytes(&w, data, len);
	err = wr_end(&w, &n);
	if (!err)
		c->tx.len += n;
	return err;
}

static int flush_locked(struct ipc *c)
{
	struct buffer *b = &c->tx;
	ssize_t n;

	while (b->at < b->len) {
		n = send(c->fd, b->data + b->at, b->len - b->at, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return E_NET;
		b->at += (size_t)n;
	}
	if (b->len) /* a passphrase may have gone through */
		ct_wipe(b->data, b->len);
	return 0;
}

int ipc_put(struct ipc *c, uint16_t type, uint64_t id, const void *data,
	    size_t len)
{
	int err;

	pthread_mutex_lock(&c->lock);
	err = put_locked(c, type, id, data, len);
	pthread_mutex_unlock(&c->lock);
	return err;
}

int ipc_flush(struct ipc *c)
{
	int err;

	pthread_mutex_lock(&c->lock);
	err = flush_locked(c);
	pthread_mutex_unlock(&c->lock);
	return err;
}

int ipc_send(struct ipc *c, uint16_t type, uint64_t id, const void *data,
	     size_t len)
{
	int err;

	pthread_mutex_lock(&c->lock);
	err = put_locked(c, type, id, data, len);
	if (!err)
		err = flush_locked(c);
	pthread_mutex_unlock(&c->lock);
	return err;
}

/* ---- receiving --------------------------------------------------------- */

static int breaks(struct ipc *c, int err)
{
	c->broken = err;
	return err;
}

int ipc_fill(struct ipc *c, int wait)
{
	int err = c->broken ? c->broken : buffer_room(&c->rx, READ_STEP);
	ssize_t n;

	if (err)
		return err;
	do {
		n = recv(c->fd, c->rx.data + c->rx.len, c->rx.cap - c->rx.len,
			 wait ? 0 : MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return 0;
	if (n <= 0)
		return breaks(c, E_NET);
	c->rx.len += (size_t)n;
	return 0;
}

static bool allowed(const struct ipc *c, uint16_t type, uint32_t len)
{
	for (size_t i = 0; i < c->rule_count; i++)
		if (c->rules[i].type == type)
			return len <= c->rules[i].max;
	return false;
}

int ipc_next(struct ipc *c, struct ipc_msg *out)
{
	struct rd r;
	uint32_t len;
	uint16_t type, zero;
	uint64_t id;

	if (c->broken)
		return c->broken;
	if (c->rx.len - c->rx.at < HEAD_LEN)
		return 0;
	rd_init(&r, c->rx.data + c->rx.at, HEAD_LEN);
	len = rd_u32(&r);
	type = rd_u16(&r);
	zero = rd_u16(&r);
	id = rd_u64(&r);
	if (zero || !allowed(c, type, len))
		return breaks(c, E_SYNTAX);
	if (c->rx.len - c->rx.at - HEAD_LEN < len)
		return 0;
	out->type = type;
	out->id = id;
	out->data = c->rx.data + c->rx.at + HEAD_LEN;
	out->len = len;
	c->rx.at += HEAD_LEN + len;
	return 1;
}

int ipc_recv(struct ipc *c, struct ipc_msg *out)
{
	int n, err;

	for (;;) {
		n = ipc_next(c, out);
		if (n)
			return n < 0 ? n : 0;
		err = ipc_fill(c, 1);
		if (err)
			return err;
	}
}
