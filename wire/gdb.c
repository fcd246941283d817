/* SPDX-License-Identifier: MIT */
#include "wire/gdb.h"

#include <string.h>

enum { OUTSIDE, BODY, ESCAPED, REPEAT, SUM_HIGH, SUM_LOW };

#define REPEAT_MIN 3  /* N - 29 of the shortest run, "* " */
#define REPEAT_MAX 97 /* of '~' */

/* -- out ----------------------------------------------------------------- */

static bool must_escape(uint8_t c)
{
	return c == '$' || c == '#' || c == GDB_ESCAPE || c == '*';
}

size_t gdb_escaped_len(const uint8_t *buf, size_t len)
{
	size_t n = len;

	for (size_t i = 0; i < len; i++)
		n += must_escape(buf[i]);
	return n;
}

static const char digits[] = "0123456789abcdef";

int gdb_frame(const uint8_t *body, size_t len, uint8_t *out, size_t cap,
	      size_t *out_len)
{
	uint8_t sum = 0;
	size_t n = 0;

	if (cap < 4 || gdb_escaped_len(body, len) > cap - 4)
		return E_TOO_LARGE;
	out[n++] = '$';
	for (size_t i = 0; i < len; i++) {
		if (must_escape(body[i])) {
			out[n++] = GDB_ESCAPE;
			out[n++] = body[i] ^ GDB_ESCAPE_XOR;
		} else {
			out[n++] = body[i];
		}
	}
	for (size_t i = 1; i < n; i++)
		sum = (uint8_t)(sum + out[i]);
	out[n++] = '#';
	out[n++] = (uint8_t)digits[sum >> 4];
	out[n++] = (uint8_t)digits[sum & 0xf];
	*out_len = n;
	return 0;
}

/* -- in ------------------------------------------------------------------ */

void gdb_rx_init(struct gdb_rx *rx, uint8_t *buf, size_t cap)
{
	memset(rx, 0, sizeof(*rx));
	rx->buf = buf;
	rx->cap = cap;
}

static int digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static void put(struct gdb_rx *rx, uint8_t c, unsigned times)
{
	for (; times > 0; times--) {
		if (rx->len == rx->cap) {
			rx->long_ = true;
			return;
		}
		rx->buf[rx->len++] = c;
	}
}

static void repeat(struct gdb_rx *rx, uint8_t c)
{
	unsigned n = c < GDB_REPEAT_BIAS ? 0 : c - GDB_REPEAT_BIAS;

	if (rx->len == 0 || n < REPEAT_MIN || n > REPEAT_MAX)
		rx->bad = true;
	else
		put(rx, rx->buf[rx->len - 1], n);
}

static enum gdb_event outside(struct gdb_rx *rx, uint8_t c)
{
	if (c == GDB_ACK)
		return GDB_EV_ACK;
	if (c == GDB_NAK)
		return GDB_EV_NAK;
	if (c != '$' && c != '%')
		return GDB_EV_NOISE;
	rx->state = BODY;
	rx->len = 0;
	rx->sum = 0;
	rx->notice = c == '%';
	rx->bad = rx->long_ = false;
	return GDB_EV_NOTHING;
}

static void body(struct gdb_rx *rx, uint8_t c)
{
	rx->sum = (uint8_t)(rx->sum + c);
	switch (rx->state) {
	case ESCAPED:
		put(rx, c ^ GDB_ESCAPE_XOR, 1);
		rx->state = BODY;
		break;
	case REPEAT:
		repeat(rx, c);
		rx->state = BODY;
		break;
	default:
		if (c == GDB_ESCAPE)
			rx->state = ESCAPED;
		else if (c == '*')
			rx->state = REPEAT;
		else
			put(rx, c, 1);
	}
}

static enum gdb_event whole(struct gdb_rx *rx, int low)
{
	rx->state = OUTSIDE;
	rx->buf[rx->len] = '\0';
	if (rx->bad || low < 0 || (rx->said | low) != rx->sum)
		return GDB_EV_BAD;
	if (rx->long_)
		return GDB_EV_TOO_LONG;
	return rx->notice ? GDB_EV_NOTICE : GDB_EV_PACKET;
}

enum gdb_event gdb_rx_byte(struct gdb_rx *rx, uint8_t c)
{
	int d;

	switch (rx->state) {
	case OUTSIDE:
		return outside(rx, c);
	case SUM_HIGH:
		d = digit(c);
		rx->bad = rx->bad || d < 0;
		rx->said = (uint8_t)(d < 0 ? 0 : d << 4);
		rx->state = SUM_LOW;
		return GDB_EV_NOTHING;
	case SUM_LOW:
		return whole(rx, digit(c));
	default:
		break;
	}
	if (c == '$') /* the one before was cut off */
		return outside(rx, c);
	if (c != '#') {
		body(rx, c);
		return GDB_EV_NOTHING;
	}
	rx->bad = rx->bad || rx->state != BODY;
	rx->state = SUM_HIGH;
	return GDB_EV_NOTHING;
}

/* -- what stands in bodies ----------------------------------------------- */

void gdb_hex(const uint8_t *buf, size_t len, uint8_t *out)
{
	for (size_t i = 0; i < len; i++) {
		out[2 * i] = (uint8_t)digits[buf[i] >> 4];
		out[2 * i + 1] = (uint8_t)digits[buf[i] & 0xf];
	}
}

int gdb_unhex(const uint8_t *text, size_t text_len, uint8_t *out, size_t len)
{
	if (text_len % 2 != 0 || text_len / 2 != len)
		return E_SYNTAX;
	for (size_t i = 0; i < text_len; i++)
		if (digit(text[i]) < 0)
			return E_SYNTAX;
	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)((unsigned)digit(text[2 * i]) << 4 |
				   (unsigned)digit(text[2 * i + 1]));
	return 0;
}

int gdb_number(const uint8_t *text, size_t len, size_t *at, uint32_t *out)
{
	size_t i = *at;
	uint32_t v = 0;

	while (i < len && digit(text[i]) >= 0) {
		if (i - *at == 8)
			return E_SYNTAX;
		v = v << 4 | (uint32_t)digit(text[i++]);
	}
	if (i == *at)
		return E_SYNTAX;
	*at = i;
	*out = v;
	return 0;
}

int gdb_stop_decode(const uint8_t *text, size_t len, struct gdb_stop *out)
{
	struct gdb_stop stop = { 0, false };

	if (len < 3 || digit(text[1]) < 0 || digit(text[2]) < 0)
		return E_SYNTAX;
	if (text[0] == 'W' || text[0] == 'X')
		stop.exited = true;
	else if (text[0] != 'S' && text[0] != 'T')
		return E_SYNTAX;
	stop.signal = (uint8_t)(digit(text[1]) << 4 | digit(text[2]));
	*out = stop;
	return 0;
}

const char *gdb_feature(const char *answer, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = answer; p != NULL; p = strchr(p, ';')) {
		if (*p == ';')
			p++;
		if (strncmp(p, name, len) != 0)
			continue;
		if (p[len] == '=')
			return p + len + 1;
		if (p[len] == '+' && (p[len + 1] == ';' || !p[len + 1]))
			return "";
	}
	return NULL;
}

int gdb_packet_size(const char *answer, size_t *out)
{
	const char *value = gdb_feature(answer, "PacketSize");
	size_t at = 0;
	uint32_t n;

	if (value == NULL) {
		*out = GDB_BODY_LEAST;
		return 0;
	}
	if (gdb_number((const uint8_t *)value, strlen(value), &at, &n) != 0 ||
	    (value[at] != ';' && value[at] != '\0') || n < GDB_BODY_MIN + 4)
		return E_RANGE;
	n -= 4; /* $ # and the sum count too */
	*out = n < GDB_BODY_MAX ? n : GDB_BODY_MAX;
	return 0;
}
