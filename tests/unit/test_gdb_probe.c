/* SPDX-License-Identifier: MIT */
/*
 * GDB servers that break off, fall silent or talk nonsense, at every packet in
 * turn, and servers that know less than others.  A child plays the server with
 * just enough of the protocol; good conversations with real ones are
 * tests/judge/gdb-probe-openocd.sh and tests/judge/microbit.sh.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "probe/dbg.h"
#include "probe/link.h"
#include "tests/lib/gdb_server.h"
#include "wire/gdb.h"

static char uri[GDB_URI_CAP];

/* -- the tests ------------------------------------------------------------ */

#define USUAL "PacketSize=400;QStartNoAckMode+;vContSupported+"
#define ACKS "PacketSize=400"

static int talk(const struct gdb_plan *plan, struct probe **out,
		pid_t *ret_child, char why[256])
{
	struct probe_config cfg = { .uri = uri,
				    .timeout_ms = plan->timeout_ms };

	*ret_child = gdb_serve(plan, uri);
	return probe_open(&cfg, out, why);
}

/* Everything that a job does, in short. */
static int work(struct probe *p)
{
	static const uint8_t bytes[12] = "}*#$ escapes";
	uint8_t back[12];
	uint32_t v = 0;
	int err = dbg_connect(p);

	if (err == 0)
		err = dbg_reset_halt(p);
	if (err == 0)
		err = dbg_write(p, GDB_BED_RAM, bytes, sizeof(bytes));
	if (err == 0)
		err = dbg_read(p, GDB_BED_RAM, back, sizeof(back));
	if (err == 0)
		assert_memory_equal(back, bytes, sizeof(bytes));
	dbg_queue_reg_write(p, 15, GDB_BED_RAM);
	dbg_queue_write32(p, GDB_BED_RAM + 16, 0x12345678);
	if (err == 0)
		err = dbg_resume(p);
	if (err == 0)
		err = dbg_poll32(p, GDB_BED_RAM + 16, 0xffff, 0x5678, 100000);
	if (err == 0)
		err = dbg_halt(p);
	if (err == 0)
		err = dbg_step(p);
	if (err == 0)
		err = dbg_reg_read(p, 15, &v);
	if (err == 0)
		assert_int_equal(v, GDB_BED_RAM);
	return err;
}

/* How many packets the work is. */
#define PACKETS_MAX 60

static void test_good(void **state)
{
	static const struct gdb_plan plans[] = {
		{ .supported = USUAL, .version = "pyOCD 1" },
		{ .supported = ACKS, .version = "pyOCD 1" },
		{ .supported = "", .version = "pyOCD 1", .no_vcont = true },
		{ .supported = USUAL, .version = "pyOCD 1", .no_x = true },
		{ .supported = USUAL, .version = "pyOCD 1", .no_p = true },
		{ .supported = "PacketSize=104", .version = "pyOCD 1" },
	};
	char why[256];

	(void)state;
	for (size_t i = 0; i < sizeof(plans) / sizeof(plans[0]); i++) {
		struct probe *p = NULL;
		pid_t child;

		assert_int_equal(talk(&plans[i], &p, &child, why), 0);
		assert_string_equal(probe_info(p)->product, "pyOCD");
		assert_int_equal(work(p), 0);
		dbg_disconnect(p);
		probe_close(p);
		gdb_serve_end(child);
	}
}

/* One run with the fault at one packet; false = it was never reached. */
static bool one_fault(const struct gdb_plan *plan, unsigned at, int *ret_err)
{
	struct gdb_plan broken = *plan;
	struct probe *p = NULL;
	char why[256] = "";
	pid_t child;
	int err;

	broken.at = at;
	err = talk(&broken, &p, &child, why);
	if (err == 0) {
		err = work(p);
		snprintf(why, sizeof(why), "%s", probe_why(p));
	}
	assert_true(err == 0 || strlen(why) > 10);
	probe_close(p);
	gdb_serve_end(child);
	*ret_err = err;
	return err != 0;
}

static void test_faults(void **state)
{
	static const struct {
		enum gdb_fault fault;
		const char *supported;
		bool recovers;
	} cases[] = {
		{ GDB_CLOSES, USUAL, false },  { GDB_CLOSES, ACKS, false },
		{ GDB_GARBAGE, USUAL, false }, { GDB_GARBAGE, ACKS, false },
		{ GDB_HALF, USUAL, false },    { GDB_HALF, ACKS, false },
		{ GDB_BAD_SUM, ACKS, false },  { GDB_BAD_SUM_ONCE, ACKS, true },
		{ GDB_NAK_ONCE, ACKS, true },  { GDB_NAK_ALWAYS, ACKS, false },
		{ GDB_ENDLESS, USUAL, false }, { GDB_PRINTS, USUAL, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct gdb_plan plan = { .fault = cases[i].fault,
					 .supported = cases[i].supported,
					 .version = "pyOCD 1",
					 .timeout_ms = cases[i].recovers
							       ? 0
							       : 400 };
		unsigned at = 0, good = 0;
		int err;

		/* until the work is done before the fault would come */
		for (; at < PACKETS_MAX && good < 3; at++) {
			if (!one_fault(&plan, at, &err))
				good += !cases[i].recovers;
			else
				assert_true(err == E_PROBE_LOST ||
					    err == E_PROBE ||
					    err == E_DAP_NO_ACK);
			if (cases[i].recovers)
				assert_int_equal(err, 0);
		}
		assert_true(cases[i].recovers == (at == PACKETS_MAX));
	}
}

/* Silence costs its time limit each: a few places only. */
static void test_silence(void **state)
{
	static const unsigned places[] = { 0, 1, 3, 5, 9, 13 };

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct gdb_plan plan = { .fault = GDB_SILENT,
					 .supported = USUAL,
					 .version = "pyOCD 1",
					 .timeout_ms = 100 };
		int err;

		assert_true(one_fault(&plan, places[i], &err));
		assert_int_equal(err, E_PROBE_LOST);
		plan.fault = GDB_ODD;
		if (one_fault(&plan, places[i], &err))
			assert_true(err != 0);
	}
}

static void test_packet_size(void **state)
{
	static const char *const bad[] = { "PacketSize=0", "PacketSize=1",
					   "PacketSize=zz", "E01" };
	char why[256];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct gdb_plan plan = { .supported = bad[i] };
		struct probe *p = NULL;
		pid_t child;

		assert_int_equal(talk(&plan, &p, &child, why), E_PROBE);
		assert_null(p);
		gdb_serve_end(child);
	}
}

static void test_accesses(void **state)
{
	struct gdb_plan plan = { .supported = USUAL, .version = "pyOCD 1" };
	static uint8_t block[3000];
	uint32_t v = 0x5a5a5a5a;
	struct probe *p = NULL;
	char why[256];
	pid_t child;

	(void)state;
	assert_int_equal(talk(&plan, &p, &child, why), 0);
	assert_int_equal(dbg_connect(p), 0);
	assert_int_equal(dbg_read32(p, 0x08000000, &v), E_DAP_FAULT);
	assert_int_equal(v, 0x5a5a5a5a);
	assert_non_null(strstr(probe_why(p), "0x08000000"));
	assert_int_equal(dbg_recover(p), 0);
	assert_int_equal(dbg_write(p, 0x08000000, block, 4), E_DAP_FAULT);
	assert_int_equal(dbg_read(p, GDB_BED_RAM + 1, block, 4), E_ARG);
	assert_int_equal(dbg_write(p, GDB_BED_RAM, block, 3), E_ARG);
	assert_int_equal(
		dbg_read(p, GDB_BED_RAM + GDB_BED_RAM_LEN - 4, block, 8),
		E_DAP_FAULT);
	/* the first error of a batch, and nothing after it */
	dbg_queue_write32(p, GDB_BED_RAM, 1);
	dbg_queue_read32(p, 0x08000010, &v);
	dbg_queue_write32(p, GDB_BED_RAM, 2);
	assert_int_equal(dbg_flush(p), E_DAP_FAULT);
	assert_int_equal(dbg_read32(p, GDB_BED_RAM, &v), 0);
	assert_int_equal(v, 1);
	assert_int_equal(dbg_poll32(p, GDB_BED_RAM, ~0u, 2, 1000), E_TIMEOUT);
	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = (uint8_t)(i % 7 == 0 ? '}' : i);
	assert_int_equal(dbg_write(p, GDB_BED_RAM, block, sizeof(block)), 0);
	memset(block, 0, sizeof(block));
	assert_int_equal(dbg_read(p, GDB_BED_RAM, block, sizeof(block)), 0);
	for (size_t i = 0; i < sizeof(block); i++)
		assert_int_equal(block[i], (uint8_t)(i % 7 == 0 ? '}' : i));
	assert_int_equal(dbg_reg_read(p, 20, &v), E_UNSUPPORTED);
	assert_int_equal(probe_nreset(p, true), E_UNSUPPORTED);
	assert_int_equal(probe_uart_open(p, 115200), E_UNSUPPORTED);
	assert_int_equal(probe_link_can(p, PROBE_LINE_UART), E_UNSUPPORTED);
	assert_int_equal(probe_link_can(p, PROBE_LINE_SWD_PINS), E_UNSUPPORTED);
	assert_non_null(strstr(probe_why(p), "no raw SWD"));
	assert_false(probe_info(p)->silent);
	probe_close(p);
	gdb_serve_end(child);
}

static void test_peculiar(void **state)
{
	static const struct {
		struct gdb_plan plan;
		int err; /* of the work */
	} cases[] = {
		/* part of what was asked for is no answer */
		{ { .supported = USUAL,
		    .version = "pyOCD",
		    .short_reads = true },
		  E_DAP_FAULT },
		/* a core that cannot be stopped */
		{ { .supported = USUAL,
		    .version = "pyOCD",
		    .deaf = true,
		    .timeout_ms = 1500 },
		  E_DAP_NO_ACK },
		/* nobody attached, and no way to scan */
		{ { .supported = USUAL, .version = "pyOCD", .dark = true },
		  E_DAP_NO_ACK },
		/* no monitor at all: the core's own reset register */
		{ { .supported = USUAL, .scs = true }, 0 },
		{ { .supported = USUAL }, E_DAP_FAULT },
		/* a target that must be looked for */
		{ { .supported = ACKS,
		    .version = "Black Magic Probe 2.0",
		    .no_vcont = true,
		    .dark = true,
		    .scans = true,
		    .scs = true },
		  0 },
		{ { .supported = ACKS,
		    .version = "Black Magic Probe 2.0",
		    .dark = true },
		  E_DAP_NO_ACK },
		/* one that says what it is in another way */
		{ { .supported = USUAL ";QNonStop+",
		    .version = "Error: unrecognized command 'version'" },
		  0 },
		{ { .supported = USUAL,
		    .version = "Open On-Chip Debugger 0.12.0" },
		  0 },
	};
	char why[256];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct probe *p = NULL;
		pid_t child;

		assert_int_equal(talk(&cases[i].plan, &p, &child, why), 0);
		assert_int_equal(work(p), cases[i].err);
		probe_close(p);
		gdb_serve_end(child);
	}
}

/* OpenOCD: DPIDR from its monitor, late errors, and the lie that is refused. */
static void test_openocd(void **state)
{
	struct gdb_plan plan = { .supported = USUAL,
				 .version = "Open On-Chip Debugger 0.12.0",
				 .late_error = true };
	struct probe *p = NULL;
	uint8_t word[4] = { 0 };
	char why[256];
	pid_t child;

	(void)state;
	assert_int_equal(talk(&plan, &p, &child, why), 0);
	assert_true(probe_info(p)->dpidr);
	assert_true(probe_info(p)->silent);
	assert_int_equal(dbg_dpidr(p), 0x0bb11477);
	assert_int_equal(dbg_ap_idr(p), 0x04770021);
	assert_int_equal(dbg_connect(p), 0);
	assert_int_equal(dbg_write(p, 0x08000000, word, 4), E_DAP_FAULT);
	assert_int_equal(dbg_write(p, GDB_BED_RAM, word, 4), 0);
	probe_close(p);
	gdb_serve_end(child);
	plan.lies = true;
	p = NULL;
	assert_int_equal(talk(&plan, &p, &child, why), E_UNSUPPORTED);
	assert_non_null(strstr(why, "gdb_report_data_abort enable"));
	gdb_serve_end(child);
}

/* Black Magic: no target before it was looked for. */
static void test_scan(void **state)
{
	struct gdb_plan plan = { .supported = USUAL,
				 .version = "Black Magic Probe",
				 .dark = true,
				 .scans = true };
	struct probe *p = NULL;
	char why[256];
	pid_t child;

	(void)state;
	assert_int_equal(talk(&plan, &p, &child, why), 0);
	assert_string_equal(probe_info(p)->product, "Black Magic");
	probe_close(p);
	gdb_serve_end(child);
}

static void test_addresses(void **state)
{
	static const struct {
		const char *uri, *serial;
		int err;
	} cases[] = {
		{ "gdb:", NULL, E_ARG },
		{ "gdb:localhost", NULL, E_ARG },
		{ "gdb:127.0.0.1:1", NULL, E_PROBE_LOST },
		{ "gdb:no.such.host.invalid:1", NULL, E_PROBE_LOST },
	};
	struct gdb_plan plan = { .supported = USUAL };
	static const struct {
		const char *name;
		int err;
	} lines[] = {
		{ "ttyS0", E_ARG },	  { "/dev/no-such-line", E_PROBE_LOST },
		{ "/dev/null", E_ARG },	  { "tcp:127.0.0.1:1", E_PROBE_LOST },
		{ "tcp:nowhere", E_ARG },
	};
	struct probe *p = NULL;
	char why[256];
	pid_t child;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct probe_config cfg = { .uri = cases[i].uri,
					    .timeout_ms = 200 };

		assert_int_equal(probe_open(&cfg, &p, why), cases[i].err);
		assert_true(strlen(why) > 10);
	}
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct probe_config cfg = { .uri = uri,
					    .serial = lines[i].name,
					    .timeout_ms = 200 };

		child = gdb_serve(&plan, uri);
		assert_int_equal(probe_open(&cfg, &p, why), lines[i].err);
		assert_non_null(strstr(why, "serial line"));
		gdb_serve_end(child);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_packet_size),
		cmocka_unit_test(test_accesses),
		cmocka_unit_test(test_peculiar),
		cmocka_unit_test(test_openocd),
		cmocka_unit_test(test_scan),
		cmocka_unit_test(test_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
