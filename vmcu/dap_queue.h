/* SPDX-License-Identifier: MIT */
/*
 * vmcu/dap_queue.h - DAP_QueueCommands: packets of that kind wait until
 * another kind follows, or until the probe's packet buffers are full; then
 * all of them run in order (CMSIS-DAP 2.1.1, DAP_QueueCommands).
 */
#ifndef VMCU_DAP_QUEUE_H
#define VMCU_DAP_QUEUE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "vmcu/dap_probe.h"
#include "wire/dap.h"

/* Answers that one packet can give rise to. */
#define DAP_QUEUE_ANSWERS (DAP_PACKET_COUNT + 1)

struct dap_queue {
	uint8_t buf[DAP_PACKET_COUNT][DAP_PACKET_MAX];
	size_t len[DAP_PACKET_COUNT];
	unsigned count;
};

/* Takes one answer; 0 or E_*, which ends the run. */
typedef int dap_queue_emit(void *user, const uint8_t *resp, size_t len);

/* One packet of 1 to DAP_PACKET_MAX bytes; the first failure of emit. */
MUST_USE int dap_queue_take(struct dap_queue *q, struct dprobe *p,
			    const uint8_t *req, size_t len,
			    dap_queue_emit *emit, void *user);

#endif
