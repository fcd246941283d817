/* SPDX-License-Identifier: MIT */
#include "vmcu/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "vmcu/bitbang.h"
#include "vmcu/control.h"
#include "vmcu/dap_server.h"
#include "vmcu/problem.h"
#include "vmcu/uart_server.h"
#include "vmcu/usbredir.h"

#define REAL_POLL_MS 5
/* A bench that was held up does not make up for more than this. */
#define REAL_CATCH_UP_PS (WIRETIME_PS / 20)

enum {
	FD_SIGNAL,
	FD_DAP,
	FD_BITBANG = FD_DAP + DAP_SERVER_FDS,
	FD_USB = FD_BITBANG + BITBANG_FDS,
	FD_UART = FD_USB + USBREDIR_FDS,
	FD_CONTROL = FD_UART + UART_SERVER_FDS,
	FD_COUNT = FD_CONTROL + CONTROL_FDS
};

struct loop {
	struct bench *bench;
	struct dap_server dap;
	struct bitbang bitbang;
	struct usbredir usb;
	struct uart_server uart;
	struct control control;
	int signal_fd;
	struct timespec wall; /* last look at the clock, --speed real */
};

static int signals_open(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* -- the bench, piece by piece -------------------------------------------- */

static int open_chip(struct loop *l, const struct run_options *o, char why[256])
{
	const struct mcu_config *cfg = &o->mcu;
	int err = bench_new(cfg, &l->bench, why);
	const uint8_t *uid;
	size_t len;

	if (err != 0 || cfg->uid == NULL)
		return err;
	uid = mcu_uid(l->bench->mcu, &len);
	if (memcmp(uid, cfg->uid, len) == 0)
		return 0;
	snprintf(why, 256, "state file %.180s: the chip in it has another UID",
		 cfg->state);
	return E_STATE;
}

static int open_jtag(struct loop *l, const struct run_options *o, char why[256])
{
	struct bench *b = l->bench;

	b->swj.fiction = o->fiction_jtag;
	swj_power_on_reset(&b->swj);
	if (o->bitbang == NULL || swj_has_jtag(&b->swj))
		return 0;
	snprintf(why, 256, "--bitbang: %s has SWD alone", mcu_chip(b->mcu));
	return E_UNSUPPORTED;
}

static int open_dap(struct loop *l, const struct run_options *o, char why[256])
{
	int err = dap_server_init(&l->dap, l->bench, o->dap, o->packet_ps, why);

	l->dap.probe.serial = o->usb_serial;
	return err;
}

static int open_bitbang(struct loop *l, const struct run_options *o,
			char why[256])
{
	return bitbang_init(&l->bitbang, l->bench, o->bitbang, o->jtag_hz, why);
}

static int open_usb(struct loop *l, const struct run_options *o, char why[256])
{
	return usbredir_init(&l->usb, &l->dap.probe, o->usbredir, why);
}

static int open_uart(struct loop *l, const struct run_options *o, char why[256])
{
	return uart_server_init(&l->uart, l->bench, o->uart, why);
}

static int open_control(struct loop *l, const struct run_options *o,
			char why[256])
{
	int err = control_init(&l->control, l->bench, &l->dap, o->control, why);

	l->control.usb = &l->usb;
	return err;
}

static int open_capture(struct loop *l, const struct run_options *o,
			char why[256])
{
	return o->capture != NULL ? bench_capture(l->bench, o->capture, why)
				  : 0;
}

static int open_faults(struct loop *l, const struct run_options *o,
		       char why[256])
{
	int err = 0;

	for (unsigned i = 0; err == 0 && i < o->fault_count; i++)
		err = bench_fault(l->bench, o->faults[i], why);
	return err;
}

#define NEXT_ADDRESS                                                    \
	"give 127.0.0.1:PORT with a port that nobody uses, or port 0, " \
	"which takes a free one"
static const struct {
	int (*open)(struct loop *l, const struct run_options *o, char why[256]);
	const char *next; /* NULL: by the error */
} pieces[] = {
	{ open_chip, NULL },
	{ open_jtag, "use --dap, or --fiction-jtag for a JTAG port that no "
		     "silicon has" },
	{ open_dap, NEXT_ADDRESS },
	{ open_bitbang, NEXT_ADDRESS },
	{ open_usb, NEXT_ADDRESS },
	{ open_uart, NEXT_ADDRESS },
	{ open_control, "name another socket, or end the bench that has this "
			"one: signet-vmcu ctl SOCKET quit" },
	{ open_capture, NEXT_WRITABLE },
	{ open_faults, NEXT_HELP },
};

static int loop_open(struct loop *l, const struct run_options *o)
{
	int err = 0;

	l->dap.fd = l->dap.listen_fd = -1;
	l->bitbang.fd = l->bitbang.listen_fd = -1;
	l->usb.fd = l->usb.listen_fd = -1;
	l->uart.fd = l->uart.listen_fd = -1;
	l->signal_fd = signals_open();
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		char why[256] = "";

		err = pieces[i].open(l, o, why);
		if (err == 0)
			continue;
		problem(pieces[i].next != NULL ? pieces[i].next
					       : problem_next(err),
			"%s", *why != '\0' ? why : error_text(err));
		return err;
	}
	if (o->prepare != NULL)
		o->prepare(l->bench, o->prepare_user);
	return 0;
}

static int loop_close(struct loop *l)
{
	char why[BENCH_WHY_CAP];
	int err, save_err;

	if (l->bench == NULL)
		return 0;
	if (l->control.bench != NULL)
		control_close(&l->control);
	if (l->uart.bench != NULL)
		uart_server_close(&l->uart);
	if (l->usb.probe != NULL)
		usbredir_close(&l->usb);
	if (l->bitbang.bench != NULL)
		bitbang_close(&l->bitbang);
	if (l->dap.probe.bench != NULL)
		dap_server_close(&l->dap);
	if (l->signal_fd >= 0)
		close(l->signal_fd);
	err = bench_capture(l->bench, NULL, why);
	if (err != 0)
		problem(NEXT_WRITABLE, "%s", why);
	save_err = bench_save(l->bench, why);
	if (save_err != 0)
		problem(problem_next(save_err), "%s", why);
	bench_free(l->bench);
	return err != 0 ? err : save_err;
}

/* -- telling that all is ready -------------------------------------------- */

static void print_json_string(FILE *f, const char *s)
{
	fputc('"', f);
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			fprintf(f, "\\%c", *s);
		else if ((unsigned char)*s < 0x20)
			fprintf(f, "\\u%04x", (unsigned)*s);
		else
			fputc(*s, f);
	}
	fputc('"', f);
}

static void print_ready(FILE *f, const struct loop *l, const char *control)
{
	fprintf(f, "{\"pid\":%ld,\"dap\":", (long)getpid());
	print_json_string(f, l->dap.name);
	fprintf(f, ",\"bitbang\":");
	print_json_string(f, l->bitbang.name);
	fprintf(f, ",\"usbredir\":");
	print_json_string(f, l->usb.name);
	fprintf(f, ",\"uart\":");
	print_json_string(f, l->uart.name);
	fprintf(f, ",\"control\":");
	print_json_string(f, control != NULL ? control : "");
	fprintf(f, "}\n");
}

/* Whoever waits for the file sees it whole or not at all. */
static int write_ready(const struct loop *l, const struct run_options *o)
{
	char *part = NULL;
	FILE *f = NULL;
	int err = 0;

	print_ready(stdout, l, o->control);
	fflush(stdout);
	if (o->ready_file == NULL)
		return 0;
	if (asprintf(&part, "%s.part", o->ready_file) < 0)
		return E_NOMEM;
	f = fopen(part, "we");
	if (f == NULL) {
		err = E_IO;
		goto out;
	}
	print_ready(f, l, o->control);
	if (fclose(f) != 0 || rename(part, o->ready_file) != 0)
		err = E_IO;
out:
	if (err != 0)
		problem(NEXT_WRITABLE, "cannot write %s: %s", o->ready_file,
			strerror(errno));
	free(part);
	return err;
}

/* -- the loop ------------------------------------------------------------- */

/* --speed real: virtual time keeps up with the wall clock, and runs ahead of
 * it only by what wires and packets cost. */
static void follow_wall(struct loop *l)
{
	struct timespec now;
	uint64_t ps;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ps = (uint64_t)(now.tv_sec - l->wall.tv_sec) * WIRETIME_PS +
	     (uint64_t)(now.tv_nsec - l->wall.tv_nsec) * 1000;
	l->wall = now;
	bench_run(l->bench, ps < REAL_CATCH_UP_PS ? ps : REAL_CATCH_UP_PS);
}

static bool told_to_stop(struct loop *l, const struct pollfd *fd)
{
	struct signalfd_siginfo si;

	return fd->revents != 0 &&
	       read(l->signal_fd, &si, sizeof(si)) == (ssize_t)sizeof(si);
}

static void loop_run(struct loop *l, bool real_time)
{
	struct pollfd fds[FD_COUNT];

	clock_gettime(CLOCK_MONOTONIC, &l->wall);
	while (!l->control.quit) {
		fds[FD_SIGNAL] = (struct pollfd){ .fd = l->signal_fd,
						  .events = POLLIN };
		dap_server_poll(&l->dap, fds + FD_DAP);
		bitbang_poll(&l->bitbang, fds + FD_BITBANG);
		usbredir_poll(&l->usb, fds + FD_USB);
		uart_server_poll(&l->uart, fds + FD_UART);
		control_poll(&l->control, fds + FD_CONTROL);
		if (poll(fds, FD_COUNT, real_time ? REAL_POLL_MS : -1) < 0 &&
		    errno != EINTR)
			return;
		if (told_to_stop(l, fds + FD_SIGNAL))
			return;
		dap_server_ready(&l->dap, fds + FD_DAP);
		bitbang_ready(&l->bitbang, fds + FD_BITBANG);
		usbredir_ready(&l->usb, fds + FD_USB);
		uart_server_ready(&l->uart, fds + FD_UART);
		control_ready(&l->control, fds + FD_CONTROL);
		if (real_time)
			follow_wall(l);
		uart_server_follow(&l->uart);
		control_follow(&l->control);
	}
}

int run_bench(const struct run_options *o)
{
	static struct loop l; /* too large for the stack */
	int err;

	memset(&l, 0, sizeof(l));
	err = loop_open(&l, o);
	if (err == 0) {
		bench_power(l.bench, !o->power_off);
		err = write_ready(&l, o);
	}
	if (err == 0)
		loop_run(&l, o->real_time);
	if (loop_close(&l) != 0 || err != 0)
		return VMCU_EXIT_FAILED;
	return VMCU_EXIT_OK;
}
