/* SPDX-License-Identifier: MIT */
/* probe/link_impl.h - inside a link; for probe/link*.c only. */
#ifndef PROBE_LINK_IMPL_H
#define PROBE_LINK_IMPL_H

#include "probe/internal.h"
#include "probe/line.h"
#include "probe/link.h"

struct link_ops {
	bool asks; /* the chip must be seen to listen before it is written to */
	int (*open)(struct probe_link *l);
	void (*close)(struct probe_link *l);
	int (*write)(struct probe_link *l, const uint8_t *buf, size_t len);
	int (*read)(struct probe_link *l, size_t want, uint8_t *out, size_t cap,
		    size_t *out_len, enum probe_line_state *ret_state);
};

struct probe_link {
	const struct link_ops *ops;
	struct probe *probe; /* borrowed */
	uint32_t rate;
	uint64_t us;
	unsigned idle; /* reads in a row that brought nothing */
	bool quiet;
	/* swd-pins */
	struct line_rx rx;
	unsigned high; /* clocks with the wire high, in a row */
};

extern const struct link_ops link_swd_ops, link_uart_ops;

/* Waits in the probe, and counts it. */
MUST_USE int link_pause(struct probe_link *l, uint32_t us);

#endif
