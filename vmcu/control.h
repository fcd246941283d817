/* SPDX-License-Identifier: MIT */
/*
 * vmcu/control.h - the bench's hands: a unix socket for power, reset, board
 * swaps, faults and questions, and the client that speaks to it.
 *
 * A request is the arguments, each ended by a NUL, then end of file.  The
 * answer is one line with the exit code, then text until end of file.
 */
#ifndef VMCU_CONTROL_H
#define VMCU_CONTROL_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmcu/bench.h"
#include "vmcu/dap_server.h"
#include "vmcu/net.h"
#include "vmcu/usbredir.h"

#define CONTROL_CLIENTS 8
#define CONTROL_FDS (1 + CONTROL_CLIENTS)
#define CONTROL_REQUEST_CAP 4096
#define CONTROL_OUT_CAP (BENCH_UART_CAP + 4096)

struct control_client {
	int fd; /* -1 = free */
	char in[CONTROL_REQUEST_CAP];
	size_t in_len;
	bool answered, follow;
	uint64_t pos; /* of the UART, while following */
	struct net_out out;
};

struct control {
	struct bench *bench;	/* borrowed */
	struct dap_server *dap; /* borrowed, for its counters */
	struct usbredir *usb;	/* borrowed; NULL = none */
	int listen_fd;
	const char *path;
	uint64_t uart_pos; /* what `ctl uart` has not shown yet */
	bool quit;
	struct control_client clients[CONTROL_CLIENTS];
};

MUST_USE int control_init(struct control *c, struct bench *b,
			  struct dap_server *dap, const char *path,
			  char why[NET_WHY_CAP]);
void control_close(struct control *c);
void control_poll(const struct control *c, struct pollfd *fds);
void control_ready(struct control *c, const struct pollfd *fds);
/* Hands new UART bytes to followers; call whenever time has moved. */
void control_follow(struct control *c);

/* -- vmcu/command.c: the commands ---------------------------------------- */
struct control_text { /* the answer under construction; keeps what fits */
	char *buf;
	size_t cap, len;
};
void control_print(struct control_text *t, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void control_print_bytes(struct control_text *t, const uint8_t *p, size_t len);
/* Returns the exit code. */
int control_command(struct control *c, struct control_client *client, int argc,
		    char **argv, struct control_text *out);
/* For --help: one line per command. */
void control_usage(struct control_text *out);

#endif
