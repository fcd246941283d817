/* SPDX-License-Identifier: MIT */
#include "vmcu/dap_queue.h"

#include <string.h>

static int run_packet(struct dprobe *p, const uint8_t *req, size_t len,
		      dap_queue_emit *emit, void *user)
{
	uint8_t resp[DAP_PACKET_MAX];
	size_t n = dprobe_packet(p, req, len, resp);

	return n != 0 ? emit(user, resp, n) : 0;
}

static int run_queue(struct dap_queue *q, struct dprobe *p,
		     dap_queue_emit *emit, void *user)
{
	unsigned count = q->count;
	int err = 0;

	q->count = 0;
	for (unsigned i = 0; i < count && err == 0; i++) {
		q->buf[i][0] = DAP_EXECUTE_COMMANDS;
		err = run_packet(p, q->buf[i], q->len[i], emit, user);
	}
	return err;
}

int dap_queue_take(struct dap_queue *q, struct dprobe *p, const uint8_t *req,
		   size_t len, dap_queue_emit *emit, void *user)
{
	int err = 0;

	if (req[0] == DAP_QUEUE_COMMANDS) {
		memcpy(q->buf[q->count], req, len);
		q->len[q->count++] = len;
		return q->count == DAP_PACKET_COUNT
			       ? run_queue(q, p, emit, user)
			       : 0;
	}
	if (q->count != 0)
		err = run_queue(q, p, emit, user);
	return err != 0 ? err : run_packet(p, req, len, emit, user);
}
