/* SPDX-License-Identifier: MIT */
/*
 * probe/tcp.h - a byte stream with deadlines: what every probe on the network,
 * and every serial line, is reached by.  For probe/ only.
 */
#ifndef PROBE_TCP_H
#define PROBE_TCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

int64_t tcp_now_ms(void);
/* Waits for poll events until the deadline; false = too late. */
bool tcp_wait(int fd, short events, int64_t deadline);

/* "HOST:PORT" or "[V6]:PORT"; what = "probe" in why[].  Not blocking, no
 * delay.  E_ARG, E_PROBE_LOST. */
MUST_USE int tcp_open(const char *what, const char *address,
		      uint32_t timeout_ms, int *ret_fd, char why[256]);
/* 0 or E_PROBE_LOST. */
MUST_USE int tcp_send_all(int fd, const uint8_t *p, size_t len);
MUST_USE int tcp_receive_all(int fd, uint8_t *p, size_t len, int64_t deadline);
/* At least one byte, at most cap: E_TIMEOUT when none came until the deadline,
 * E_PROBE_LOST when the other end is gone. */
MUST_USE int tcp_receive_some(int fd, uint8_t *p, size_t cap, int64_t deadline,
			      size_t *out_len);

#endif
