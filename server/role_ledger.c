/* SPDX-License-Identifier: MIT */
/* The ledger role: takes all requests that wait, has them decided in one
 * transaction, and only then sends the answers. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/version.h"
#include "server/ledger.h"
#include "server/log.h"
#include "server/roles.h"
#include "server/sandbox.h"
#include "server/signer_ipc.h"

#define BATCH_MAX 256

static const struct ipc_rule edge_rules[] = {
	{ MSG_REQUEST, REQUEST_HEAD_LEN + PACKED_REQUEST_MAX },
	{ MSG_REFUSED, REFUSED_MAX },
};

struct batch {
	size_t count;
	uint64_t ids[BATCH_MAX];
	struct ledger_job jobs[BATCH_MAX];
	void *requests[BATCH_MAX];
};

/* ---- messages to jobs -------------------------------------------------- */

/* The edge has checked all this; a request that breaks its shape here means
 * that the edge is not what it should be. */
static int job_read(struct batch *b, const struct ipc_msg *m)
{
	struct ledger_job *job = &b->jobs[b->count];
	const struct api_route *route;
	void *request = NULL;
	struct rd r;
	int err;

	memset(job, 0, sizeof(*job));
	rd_init(&r, m->data, m->len);
	job->op = (enum api_op)rd_u8(&r);
	job->caller.port = (enum api_port)rd_u8(&r);
	rd_copy(&r, job->caller.id, sizeof(job->caller.id));
	route = api_route(job->op);
	if (r.err || !route || route->port != job->caller.port)
		return E_SYNTAX;
	request = calloc(1, route->request->size);
	job->answer = calloc(1, route->answer->size);
	err = request && job->answer ? 0 : E_NOMEM;
	if (!err)
		err = shape_unpack(route->request, r.p, r.left, request);
	if (err) {
		free(request);
		free(job->answer);
		return err;
	}
	job->request = request;
	b->requests[b->count] = request;
	b->ids[b->count++] = m->id;
	return 0;
}

static bool port_exists(enum api_port port)
{
	return port == PORT_FLASHER || port == PORT_ENROL || port == PORT_ADMIN;
}

/* What the edge has refused by itself.  The cause may quote the caller. */
static int refused_read(struct batch *b, const struct ipc_msg *m)
{
	struct ledger_refused *refused = calloc(1, sizeof(*refused));
	struct ledger_job *job = &b->jobs[b->count];
	const struct api_route *route;
	struct rd r;

	if (!refused)
		return E_NOMEM;
	memset(job, 0, sizeof(*job));
	rd_init(&r, m->data, m->len);
	job->op = LEDGER_REFUSED;
	refused->op = (enum api_op)rd_u8(&r);
	job->caller.port = (enum api_port)rd_u8(&r);
	rd_copy(&r, job->caller.id, sizeof(job->caller.id));
	refused->code = (enum refusal_code)rd_u8(&r);
	route = api_route(refused->op);
	if (r.err || r.left >= TEXT_CAP || refused->code == R_NONE ||
	    refused->code >= R_COUNT || !port_exists(job->caller.port) ||
	    (refused->op && (!route || route->port != job->caller.port))) {
		free(refused);
		return E_SYNTAX;
	}
	for (size_t i = 0; i < r.left; i++)
		refused->cause[i] = r.p[i] < ' ' || r.p[i] > '~' ? '?'
								 : (char)r.p[i];
	job->request = refused;
	b->requests[b->count++] = refused;
	return 0;
}

static int answer_put(struct ipc *edge, uint64_t id, enum api_op op,
		      bool refused, const struct shape *shape, const void *what)
{
	uint8_t *packed = NULL, *msg;
	size_t len = 0;
	int err = shape_pack(shape, what, &packed, &len);

	if (err)
		return err;
	msg = malloc(len + 2);
	if (!msg) {
		free(packed);
		return E_NOMEM;
	}
	msg[0] = (uint8_t)op;
	msg[1] = refused;
	memcpy(msg + 2, packed, len);
	free(packed);
	err = len + 2 > PACKED_ANSWER_MAX
		      ? E_TOO_LARGE
		      : ipc_put(edge, MSG_ANSWER, id, msg, len + 2);
	free(msg);
	return err;
}

static int job_answer(struct ipc *edge, uint64_t id, struct ledger_job *job)
{
	const struct api_route *route = api_route(job->op);
	int err = E_REFUSED;

	if (!route)
		return 0; /* the edge has answered */
	if (!job->refusal.http)
		err = answer_put(edge, id, job->op, false, route->answer,
				 job->answer);
	if (!err)
		return 0;
	if (err != E_REFUSED) {
		log_line(LOG_LEVEL_ERROR, "the answer to %s %s is unusable: %s",
			 route->method, route->path, error_name(err));
		refusal_set(&job->refusal, R_INTERNAL, NULL);
	}
	return answer_put(edge, id, job->op, true, &refusal_shape,
			  &job->refusal);
}

static void job_clear(struct batch *b, size_t i)
{
	const struct api_route *route = api_route(b->jobs[i].op);

	if (route) {
		shape_clear(route->request, b->requests[i]);
		shape_clear(route->answer, b->jobs[i].answer);
	}
	free(b->requests[i]);
	free(b->jobs[i].answer);
}

static int batch_run(struct ledger *l, struct ipc *edge, struct batch *b)
{
	int err;

	if (!b->count)
		return 0;
	err = ledger_batch(l, b->jobs, b->count);
	if (err)
		log_line(LOG_LEVEL_ERROR, "nothing could be committed: %s",
			 error_text(err));
	err = 0;
	for (size_t i = 0; i < b->count; i++) {
		if (!err)
			err = job_answer(edge, b->ids[i], &b->jobs[i]);
		job_clear(b, i);
	}
	log_line(LOG_LEVEL_DEBUG, "%zu requests in one transaction", b->count);
	b->count = 0;
	return err ? err : ipc_flush(edge);
}

/* Everything that has arrived, in batches as large as possible. */
static int serve_ready(struct ledger *l, struct ipc *edge, struct batch *b)
{
	struct ipc_msg m;
	int n, err;

	for (;;) {
		err = ipc_fill(edge, 0);
		if (err)
			return err;
		while ((n = ipc_next(edge, &m)) > 0) {
			err = m.type == MSG_REFUSED ? refused_read(b, &m)
						    : job_read(b, &m);
			if (err)
				return err == E_NOMEM ? err : E_SYNTAX;
			if (b->count == BATCH_MAX)
				break;
		}
		if (n < 0)
			return n;
		if (!b->count)
			return 0;
		err = batch_run(l, edge, b);
		if (err)
			return err;
	}
}

/* ---- the loop ---------------------------------------------------------- */

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t tick(struct ledger *l, int64_t next)
{
	int64_t now = now_ms();
	int err;

	if (now < next)
		return next;
	err = ledger_tick(l);
	if (err)
		log_line(LOG_LEVEL_ERROR, "leases cannot be looked after: %s",
			 error_text(err));
	return now + 1000;
}

static int serve(struct ledger *l, struct ipc *control, struct ipc *edge)
{
	struct batch *b = calloc(1, sizeof(*b));
	struct pollfd p[] = {
		{ .fd = ipc_fd(control), .events = POLLIN },
		{ .fd = ipc_fd(edge), .events = POLLIN },
	};
	int64_t next = now_ms() + 1000, wait;
	int err = b ? 0 : E_NOMEM;

	while (!err) {
		wait = next - now_ms();
		if (poll(p, 2, wait < 0 ? 0 : (int)wait) < 0 && errno != EINTR)
			err = E_IO;
		if (!err && p[1].revents)
			err = serve_ready(l, edge, b);
		if (err == E_NET) {
			p[1].fd = -1; /* the edge has ended; await the stop */
			err = 0;
		}
		if (p[0].revents)
			break; /* told to stop, or the parent is gone */
		next = tick(l, next);
	}
	free(b);
	if (err)
		log_line(LOG_LEVEL_ERROR, "the edge's message is unusable: %s",
			 error_text(err));
	return err ? 1 : 0;
}

int ledger_main(struct ipc *control, const struct role_config *cfg)
{
	struct ipc *edge = NULL, *signer = NULL;
	struct role_ready ready = { 0 };
	struct signer_client client;
	struct ledger *l = NULL;
	char path[ROLE_TEXT_CAP + 24], dir[ROLE_TEXT_CAP + 8], why[256];
	struct ledger_config lc = {
		.db_path = path,
		.signer = &client.port,
		.flasher_port = cfg->flasher_port,
		.enrol_host = cfg->enrol_host,
		.unknown_after_s = cfg->unknown_after_s,
		.version = SIGNET_VERSION,
	};
	int status = 1;

	snprintf(dir, sizeof(dir), "%s/db", cfg->dir);
	snprintf(path, sizeof(path), "%s/db/signet.db", cfg->dir);
	if (ipc_new(FD_LEDGER, edge_rules,
		    sizeof(edge_rules) / sizeof(edge_rules[0]), &edge) ||
	    ipc_new(FD_SIGNER, signer_answer_rules, signer_answer_rule_count,
		    &signer))
		return role_failed(control, "out of memory");
	signer_client_init(&client, signer);
	if (ledger_open(&lc, &l, why)) {
		status = role_failed(control, "%s", why);
		goto out;
	}
	if (cfg->sandbox && sandbox_enter(SANDBOX_LEDGER, dir, why)) {
		status = role_failed(control, "%s", why);
		goto out;
	}
	if (!role_ready_send(control, &ready))
		status = serve(l, control, edge);
out:
	ledger_close(l);
	ipc_free(edge);
	ipc_free(signer);
	return status;
}
