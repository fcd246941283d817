/* SPDX-License-Identifier: MIT */
/*
 * A probe that goes away, falls silent or talks nonsense, at every answer in
 * turn: probe/ must come back with the right error, and stay there.  The good
 * conversation is that of signet-vmcu (tests/e2e/target.sh); here a child
 * plays a probe that is broken on purpose.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "probe/dbg.h"
#include "wire/dap.h"

enum fault { NO_FAULT, CLOSES, SILENT, GARBAGE, HALF, FOREIGN };

static int listener;
static char uri[64];

static bool get(int fd, uint8_t *p, size_t len)
{
	while (len > 0) {
		ssize_t n = read(fd, p, len);

		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

static void put(int fd, const uint8_t *packet, size_t len)
{
	uint8_t head[8] = {
		'D', 'A', 'P', 0, len & 0xff, len >> 8, DAP_TCP_RESPONSE, 0
	};

	if (write(fd, head, 8) != 8 || write(fd, packet, len) != (ssize_t)len)
		_exit(1);
}

/* Just enough of a probe to be opened: answers DAP_Info, nothing else. */
static void answer(int fd, const uint8_t *request)
{
	uint8_t text[] = { 0, 2, 'x', 0 }, size[] = { 0, 2, 0, 1 };
	uint8_t one[] = { 0, 1, 1 }, ok[] = { request[0], 0 };

	if (request[0] != DAP_INFO)
		put(fd, ok, 2);
	else if (request[1] == DAP_INFO_PACKET_SIZE)
		put(fd, size, 4);
	else if (request[1] >= 0xf0)
		put(fd, one, 3);
	else
		put(fd, text, 4);
}

static void misbehave(int fd, enum fault fault, const uint8_t *request)
{
	uint8_t foreign[] = { (uint8_t)(request[0] + 1), 0 };

	switch (fault) {
	case CLOSES:
		_exit(0);
	case GARBAGE:
		if (write(fd, "HTTP/1.1 400 Bad Request\r\n\r\n", 28) != 28)
			_exit(1);
		break;
	case HALF:
		if (write(fd, "DAP\0\x04\0\x02\0\0", 9) != 9)
			_exit(1);
		_exit(0);
	case FOREIGN:
		put(fd, foreign, 2);
		break;
	default:
		break;
	}
}

static void play_probe(enum fault fault, unsigned at)
{
	int fd = accept(listener, NULL, NULL);
	uint8_t head[8] = { 0 }, request[1024] = { 0 };
	unsigned n = 0;

	while (get(fd, head, 8) &&
	       get(fd, request, head[4] | (size_t)head[5] << 8)) {
		if (n++ == at)
			misbehave(fd, fault, request);
		else
			answer(fd, request);
	}
	_exit(0);
}

static int talk(struct probe **ret_probe, enum fault fault, unsigned at,
		pid_t *ret_child, char why[256])
{
	struct probe_config cfg = { .uri = uri, .timeout_ms = 200 };

	*ret_child = fork();
	if (*ret_child == 0)
		play_probe(fault, at);
	return probe_open(&cfg, ret_probe, why);
}

static void end(pid_t child)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

#define INFO_PACKETS 7

static void test_open_faults(void **state)
{
	static const struct {
		enum fault fault;
		int err;
		const char *word;
	} cases[] = {
		{ CLOSES, E_PROBE_LOST, "went away" },
		{ SILENT, E_PROBE_LOST, "no answer for 200 ms" },
		{ GARBAGE, E_PROBE, "not CMSIS-DAP" },
		{ HALF, E_PROBE_LOST, "went away" },
		{ FOREIGN, E_PROBE, "probe" },
	};
	char why[256];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (unsigned at = 0; at < INFO_PACKETS; at++) {
			struct probe *p = NULL;
			pid_t child;

			assert_int_equal(
				talk(&p, cases[i].fault, at, &child, why),
				cases[i].err);
			assert_null(p);
			assert_non_null(strstr(why, cases[i].word));
			end(child);
		}
}

/* Once lost, always lost: no call waits for its time-out again. */
static void test_stays_lost(void **state)
{
	struct probe *p = NULL;
	uint32_t word = 0x5a5a5a5a;
	char why[256];
	pid_t child;

	(void)state;
	assert_int_equal(talk(&p, CLOSES, INFO_PACKETS, &child, why), 0);
	assert_string_equal(probe_info(p)->product, "x");
	assert_int_equal(probe_info(p)->packet_size, 256);
	assert_int_equal(probe_delay_us(p, 10), E_PROBE_LOST);
	assert_int_equal(probe_delay_us(p, 10), E_PROBE_LOST);
	assert_int_equal(dbg_read32(p, 0x20000000, &word), E_PROBE_LOST);
	assert_int_equal(word, 0x5a5a5a5a); /* no output on failure */
	assert_int_equal(dbg_connect(p), E_PROBE_LOST);
	assert_int_equal(probe_nreset(p, true), E_PROBE_LOST);
	assert_true(strlen(probe_why(p)) > 10);
	probe_close(p);
	end(child);
}

static void test_lost_in_stream(void **state)
{
	static uint8_t block[8192];
	struct probe *p = NULL;
	char why[256];
	pid_t child;

	(void)state;
	assert_int_equal(talk(&p, CLOSES, INFO_PACKETS + 3, &child, why), 0);
	assert_int_equal(dbg_write(p, 0x20000000, block, sizeof(block)),
			 E_PROBE);
	end(child);
	assert_int_equal(dbg_read(p, 0x20000000, block, sizeof(block)),
			 E_PROBE_LOST);
	probe_close(p);
}

static void test_bad_addresses(void **state)
{
	static const struct {
		const char *uri;
		int err;
	} cases[] = {
		{ "jtag:", E_ARG },
		{ "tcp:", E_ARG },
		{ "tcp:localhost", E_ARG },
		{ "tcp::4441", E_ARG },
		{ "tcp:127.0.0.1:", E_ARG },
		{ "tcp:127.0.0.1:1", E_PROBE_LOST },
		{ "tcp:no.such.host.invalid:1", E_PROBE_LOST },
	};
	struct probe *p = NULL;
	char why[256];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct probe_config cfg = { .uri = cases[i].uri,
					    .timeout_ms = 200 };

		assert_int_equal(probe_open(&cfg, &p, why), cases[i].err);
		assert_non_null(strstr(why, "probe"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open_faults),
		cmocka_unit_test(test_stays_lost),
		cmocka_unit_test(test_lost_in_stream),
		cmocka_unit_test(test_bad_addresses),
	};
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);

	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listener, (struct sockaddr *)&a, sizeof(a)) != 0 ||
	    listen(listener, 4) != 0 ||
	    getsockname(listener, (struct sockaddr *)&a, &len) != 0)
		return 1;
	snprintf(uri, sizeof(uri), "tcp:127.0.0.1:%u", ntohs(a.sin_port));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
