/* SPDX-License-Identifier: MIT */
/*
 * vmcu/bitbang.h - OpenOCD's remote_bitbang protocol, JTAG: one character
 * per pin change.  '0'..'7' set TCK (4), TMS (2) and TDI (1); 'R' asks for
 * TDO and is answered '0' or '1'; 'r' 's' 't' 'u' set TRST (2) and SRST (1),
 * asserted = 1; 'B' 'b' are an LED; 'Q' ends.  Anything else ends the
 * connection.  Each TCK cycle costs one period of --jtag-clock.
 */
#ifndef VMCU_BITBANG_H
#define VMCU_BITBANG_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmcu/bench.h"
#include "vmcu/net.h"

#define BITBANG_FDS 2
#define BITBANG_OUT 65536

struct bitbang {
	struct bench *bench; /* borrowed */
	uint64_t tck_ps;
	bool tck;
	int listen_fd, fd;
	char name[NET_NAME_CAP];
	struct net_out out;
};

MUST_USE int bitbang_init(struct bitbang *s, struct bench *b,
			  const char *address, uint32_t clock_hz,
			  char why[NET_WHY_CAP]);
void bitbang_close(struct bitbang *s);
void bitbang_poll(const struct bitbang *s, struct pollfd *fds);
void bitbang_ready(struct bitbang *s, const struct pollfd *fds);

/* The protocol without a socket.  E_SYNTAX: unknown character; E_INTERRUPTED:
 * the client said 'Q'; E_SPACE: more questions than BITBANG_OUT answers. */
MUST_USE int bitbang_take(struct bitbang *s, const uint8_t *p, size_t len);

#endif
