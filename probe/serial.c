/* SPDX-License-Identifier: MIT */
#include "probe/serial.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "probe/tcp.h"

#define WRITE_MS 3000

struct serial {
	int fd;
	bool tty;
	char name[256];
};

static const struct {
	uint32_t baud;
	speed_t code;
} speeds[] = {
	{ 300, B300 },	       { 600, B600 },	      { 1200, B1200 },
	{ 2400, B2400 },       { 4800, B4800 },	      { 9600, B9600 },
	{ 19200, B19200 },     { 38400, B38400 },     { 57600, B57600 },
	{ 115200, B115200 },   { 230400, B230400 },   { 460800, B460800 },
	{ 500000, B500000 },   { 576000, B576000 },   { 921600, B921600 },
	{ 1000000, B1000000 }, { 1152000, B1152000 }, { 1500000, B1500000 },
	{ 2000000, B2000000 }, { 2500000, B2500000 }, { 3000000, B3000000 },
	{ 3500000, B3500000 }, { 4000000, B4000000 },
};

static int tty_open(struct serial *s, char why[256])
{
	s->fd = open(s->name, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (s->fd < 0) {
		snprintf(why, 256, "serial line %.100s: %s", s->name,
			 strerror(errno));
		return E_PROBE_LOST;
	}
	if (!isatty(s->fd)) {
		snprintf(why, 256, "serial line %.100s is no terminal",
			 s->name);
		return E_ARG;
	}
	s->tty = true;
	return 0;
}

int serial_open(const char *name, uint32_t timeout_ms, struct serial **out,
		char why[256])
{
	struct serial *s;
	int err;

	if (strncmp(name, "tcp:", 4) != 0 && name[0] != '/') {
		snprintf(why, 256,
			 "serial line %.100s is neither /dev/... nor "
			 "tcp:HOST:PORT",
			 name);
		return E_ARG;
	}
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return E_NOMEM;
	s->fd = -1;
	snprintf(s->name, sizeof(s->name), "%s", name);
	if (name[0] == '/')
		err = tty_open(s, why);
	else
		err = tcp_open("serial line", name + 4, timeout_ms, &s->fd,
			       why);
	if (err != 0) {
		serial_close(s);
		return err;
	}
	*out = s;
	return 0;
}

void serial_close(struct serial *s)
{
	if (s == NULL)
		return;
	if (s->fd >= 0)
		close(s->fd);
	free(s);
}

const char *serial_name(const struct serial *s)
{
	return s->name;
}

static int tty_speed(const struct serial *s, uint32_t baud)
{
	size_t i = 0, n = sizeof(speeds) / sizeof(speeds[0]);
	struct termios t;

	while (i < n && speeds[i].baud != baud)
		i++;
	if (i == n)
		return E_UNSUPPORTED;
	if (tcgetattr(s->fd, &t) != 0)
		return E_PROBE_LOST;
	cfmakeraw(&t);
	t.c_cflag |= CLOCAL | CREAD;
	t.c_cflag &= ~(tcflag_t)(CRTSCTS | CSTOPB);
	t.c_cc[VMIN] = 0;
	t.c_cc[VTIME] = 0;
	if (cfsetispeed(&t, speeds[i].code) != 0 ||
	    cfsetospeed(&t, speeds[i].code) != 0)
		return E_UNSUPPORTED;
	if (tcsetattr(s->fd, TCSANOW, &t) != 0 ||
	    tcflush(s->fd, TCIOFLUSH) != 0)
		return E_PROBE_LOST;
	return 0;
}

int serial_speed(struct serial *s, uint32_t baud)
{
	uint8_t old[256];
	size_t len = 1;
	int err = s->tty ? tty_speed(s, baud) : 0;

	while (err == 0 && len > 0)
		err = serial_read(s, old, sizeof(old), &len);
	return err;
}

int serial_read(struct serial *s, uint8_t *out, size_t cap, size_t *out_len)
{
	ssize_t n;

	do
		n = read(s->fd, out, cap);
	while (n < 0 && errno == EINTR);
	/* a terminal without bytes says 0, a stream that has ended too */
	if ((n < 0 && errno == EAGAIN) || (n == 0 && s->tty && cap > 0)) {
		*out_len = 0;
		return 0;
	}
	if (n <= 0)
		return E_PROBE_LOST;
	*out_len = (size_t)n;
	return 0;
}

int serial_write(struct serial *s, const uint8_t *buf, size_t len)
{
	while (len > 0) {
		ssize_t n = s->tty ? write(s->fd, buf, len)
				   : send(s->fd, buf, len, MSG_NOSIGNAL);

		if (n > 0) {
			buf += n;
			len -= (size_t)n;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0 || errno != EAGAIN)
			return E_PROBE_LOST;
		if (!tcp_wait(s->fd, POLLOUT, tcp_now_ms() + WRITE_MS))
			return E_TIMEOUT;
	}
	return 0;
}
