/* SPDX-License-Identifier: MIT */
/* What the listener of the tests and the demonstration makes of a capture:
 * frames of both UART wires in the order of time, and nothing else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/lib/trace.h"

#define BIT_NS 500 /* 2 Mbaud */

struct vcd {
	FILE *f;
	uint64_t now;
	char path[32];
};

static void open_vcd(struct vcd *v)
{
	static const char *const names[] = { "vdd",	     "swclk", "swdio",
					     "swdio_target", "tx",    "rx" };

	v->now = 1000;
	snprintf(v->path, sizeof(v->path), "/tmp/test_trace.XXXXXX");
	v->f = fdopen(mkstemp(v->path), "w");
	assert_non_null(v->f);
	for (int i = 0; i < 6; i++)
		fprintf(v->f, "$var wire 1 %c %s $end\n", 'a' + i, names[i]);
	fprintf(v->f, "#0\n1a\n0b\n1c\n0d\n1e\n1f\n");
}

static void put(struct vcd *v, char wire, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned bits = (unsigned)p[i] << 1 | 0x200;

		for (int b = 0; b < 10; b++, v->now += BIT_NS)
			fprintf(v->f, "#%llu\n%u%c\n",
				(unsigned long long)v->now, bits >> b & 1,
				wire);
	}
}

/* Head checks worked out by Python's binascii.crc_hqx(head, 0xffff). */
static const uint8_t ask[] = { 0xa5, 5, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4 };
static const uint8_t data[] = { 0xa5, 3, 7, 0, 2, 0, 0, 0, 9, 8, 1, 2, 3, 4 };
static const uint8_t ready[] = { 0xa5, 0x81, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4 };

static void put_frame(struct vcd *v, char wire, const uint8_t *frame,
		      size_t len, uint16_t check)
{
	uint8_t buf[32];

	memcpy(buf, frame, len);
	buf[6] = (uint8_t)check;
	buf[7] = (uint8_t)(check >> 8);
	put(v, wire, buf, len);
}
#define ASK_CHECK 0x325b
#define DATA_CHECK 0xc891
#define READY_CHECK 0x998d

struct seen {
	unsigned n;
	uint8_t type[8];
	uint64_t at[8];
	uint8_t body[2];
};

static void see(void *user, const struct trace_frame *f)
{
	struct seen *s = user;

	assert_true(s->n < 8);
	s->type[s->n] = f->type;
	s->at[s->n++] = f->at;
	if (f->len == 2)
		memcpy(s->body, f->body, 2);
}

static void frames_in_order_of_time(void **state)
{
	static const uint8_t noise[] = { 0xa5, 0x6e, 1, 0, 0, 0,
					 0,    0,    0, 0, 0, 0 };
	struct seen s = { 0 };
	struct trace *t;
	struct vcd v;

	(void)state;
	open_vcd(&v);
	put_frame(&v, 'f', ask, sizeof(ask), ASK_CHECK);
	put_frame(&v, 'e', ready, sizeof(ready), READY_CHECK);
	put(&v, 'e', noise, sizeof(noise)); /* no frame: what a program says */
	put_frame(&v, 'f', data, sizeof(data), DATA_CHECK);
	put_frame(&v, 'f', data, sizeof(data), DATA_CHECK ^ 0x100);
	put_frame(&v, 'e', ready, sizeof(ready), READY_CHECK);
	fclose(v.f);
	t = trace_load(v.path, 0);
	unlink(v.path);
	trace_frames(t, see, &s);
	trace_free(t);
	assert_int_equal(s.n, 4);
	assert_memory_equal(s.type, ((uint8_t[]){ 5, 0x81, 3, 0x81 }), 4);
	assert_memory_equal(s.body, ((uint8_t[]){ 9, 8 }), 2);
	assert_int_equal(s.at[0], 1000);
	assert_int_equal(s.at[1], 1000 + sizeof(ask) * 10 * BIT_NS);
	for (unsigned i = 1; i < s.n; i++)
		assert_true(s.at[i - 1] < s.at[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_in_order_of_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
