/* SPDX-License-Identifier: MIT */
/* wire/gdb.c, wire/gdb_xml.c: packets as "Debugging with GDB" writes them, and
 * documents as OpenOCD 0.12 and QEMU 7.2 send them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/gdb.h"
#include "wire/gdb_xml.h"

static void test_frame(void **state)
{
	static const struct {
		const char *body, *frame;
	} cases[] = {
		{ "", "$#00" },
		{ "OK", "$OK#9a" },
		{ "m20000000,4", "$m20000000,4#4f" },
		{ "a$b#c}d*e", "$a}\x04"
			       "b}\x03"
			       "c}]d}\ne#51" },
	};
	uint8_t out[64];
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const uint8_t *body = (const uint8_t *)cases[i].body;
		size_t n = strlen(cases[i].body), want = strlen(cases[i].frame);

		assert_int_equal(gdb_frame(body, n, out, want, &len), 0);
		assert_int_equal(len, want);
		assert_memory_equal(out, cases[i].frame, len);
		assert_int_equal(gdb_frame(body, n, out, want - 1, &len),
				 E_TOO_LARGE);
		assert_int_equal(gdb_escaped_len(body, n) + 4, want);
	}
}

static enum gdb_event feed(struct gdb_rx *rx, const char *text, size_t len)
{
	enum gdb_event ev = GDB_EV_NOTHING;

	for (size_t i = 0; i < len; i++)
		ev = gdb_rx_byte(rx, (uint8_t)text[i]);
	return ev;
}

static void test_receive(void **state)
{
	static const struct {
		const char *bytes;
		enum gdb_event last;
		const char *body;
	} cases[] = {
		{ "+", GDB_EV_ACK, NULL },
		{ "-", GDB_EV_NAK, NULL },
		{ "x", GDB_EV_NOISE, NULL },
		{ "\x03", GDB_EV_NOISE, NULL },
		{ "$OK#9a", GDB_EV_PACKET, "OK" },
		{ "$OK#9A", GDB_EV_PACKET, "OK" },
		{ "$#00", GDB_EV_PACKET, "" },
		{ "$OK#9b", GDB_EV_BAD, NULL },
		{ "$OK#9g", GDB_EV_BAD, NULL },
		{ "$OK#g9", GDB_EV_BAD, NULL },
		{ "%Stop:T05#99", GDB_EV_NOTICE, "Stop:T05" },
		/* the manual's own example of a run */
		{ "$0* #7a", GDB_EV_PACKET, "0000" },
		{ "$* #4a", GDB_EV_BAD, NULL },	    /* of nothing */
		{ "$0*\x1f#79", GDB_EV_BAD, NULL }, /* of two */
		{ "$0*#5a", GDB_EV_BAD, NULL },	    /* without a length */
		{ "$a}\x04z#db", GDB_EV_BAD, NULL },
		{ "$a}\x04z#5c", GDB_EV_PACKET, "a$z" },
		{ "$a}#de", GDB_EV_BAD, NULL }, /* of nothing */
		/* cut off, and begun anew */
		{ "$abc$OK#9a", GDB_EV_PACKET, "OK" },
		{ "$OK#", GDB_EV_NOTHING, NULL },
		{ "$OK#9", GDB_EV_NOTHING, NULL },
	};
	uint8_t buf[9];
	struct gdb_rx rx;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		gdb_rx_init(&rx, buf, 8);
		assert_int_equal(
			feed(&rx, cases[i].bytes, strlen(cases[i].bytes)),
			cases[i].last);
		if (cases[i].body != NULL)
			assert_string_equal((char *)buf, cases[i].body);
	}
}

static void test_too_long(void **state)
{
	uint8_t buf[10] = { 0 };
	struct gdb_rx rx;

	(void)state;
	buf[9] = 0x5a;
	gdb_rx_init(&rx, buf, 8);
	assert_int_equal(feed(&rx, "$01234567#9c", 12), GDB_EV_PACKET);
	assert_int_equal(feed(&rx, "$012345678#d4", 13), GDB_EV_TOO_LONG);
	assert_int_equal(feed(&rx, "$0*~#d8", 7), GDB_EV_TOO_LONG);
	assert_int_equal(buf[9], 0x5a);
	/* and the next one is good again */
	assert_int_equal(feed(&rx, "$OK#9a", 6), GDB_EV_PACKET);
}

/* Every byte there and back. */
static void test_roundtrip(void **state)
{
	uint8_t body[256], frame[GDB_FRAME_LEN(256)], buf[257];
	struct gdb_rx rx;
	size_t len;

	(void)state;
	for (unsigned i = 0; i < 256; i++)
		body[i] = (uint8_t)i;
	assert_int_equal(gdb_frame(body, 256, frame, sizeof(frame), &len), 0);
	gdb_rx_init(&rx, buf, 256);
	for (size_t i = 0; i + 1 < len; i++)
		assert_int_equal(gdb_rx_byte(&rx, frame[i]), GDB_EV_NOTHING);
	assert_int_equal(gdb_rx_byte(&rx, frame[len - 1]), GDB_EV_PACKET);
	assert_int_equal(rx.len, 256);
	assert_memory_equal(buf, body, 256);
}

static void test_numbers(void **state)
{
	const uint8_t *text = (const uint8_t *)"20000000,ff:123456789";
	uint8_t bytes[2] = { 0x5a, 0x5a };
	uint32_t v = 0;
	size_t at = 0;

	(void)state;
	assert_int_equal(gdb_number(text, 21, &at, &v), 0);
	assert_int_equal(v, 0x20000000);
	assert_int_equal(at, 8);
	assert_int_equal(gdb_number(text, 21, &at, &v), E_SYNTAX); /* a comma */
	at = 9;
	assert_int_equal(gdb_number(text, 10, &at, &v), 0);
	assert_int_equal(v, 0xf);
	at = 12;
	assert_int_equal(gdb_number(text, 21, &at, &v), E_SYNTAX); /* 33 bits */
	assert_int_equal(at, 12);
	assert_int_equal(gdb_unhex((const uint8_t *)"0g", 2, bytes, 1),
			 E_SYNTAX);
	assert_int_equal(gdb_unhex((const uint8_t *)"012", 3, bytes, 1),
			 E_SYNTAX);
	assert_int_equal(gdb_unhex((const uint8_t *)"0123", 4, bytes, 1),
			 E_SYNTAX);
	assert_int_equal(bytes[0], 0x5a);
	assert_int_equal(gdb_unhex((const uint8_t *)"aB01", 4, bytes, 2), 0);
	assert_int_equal(bytes[0], 0xab);
}

static void test_stop(void **state)
{
	struct gdb_stop s = { 0, false };

	(void)state;
	assert_int_equal(gdb_stop_decode((const uint8_t *)"S05", 3, &s), 0);
	assert_int_equal(s.signal, GDB_SIGNAL_TRAP);
	assert_false(s.exited);
	assert_int_equal(
		gdb_stop_decode((const uint8_t *)"T02thread:01;", 13, &s), 0);
	assert_int_equal(s.signal, GDB_SIGNAL_INT);
	assert_int_equal(gdb_stop_decode((const uint8_t *)"W00", 3, &s), 0);
	assert_true(s.exited);
	assert_int_equal(gdb_stop_decode((const uint8_t *)"S0", 2, &s),
			 E_SYNTAX);
	assert_int_equal(gdb_stop_decode((const uint8_t *)"E01", 3, &s),
			 E_SYNTAX);
	assert_int_equal(gdb_stop_decode((const uint8_t *)"Sxx", 3, &s),
			 E_SYNTAX);
}

static void test_features(void **state)
{
	static const char ocd[] =
		"PacketSize=4000;qXfer:memory-map:read+;qXfer:features:read+;"
		"qXfer:threads:read+;QStartNoAckMode+;vContSupported+";
	static const struct {
		const char *answer;
		int err;
		size_t size;
	} sizes[] = {
		{ "PacketSize=1000;x+", 0, 0xffc },
		{ "x+", 0, GDB_BODY_LEAST },
		{ "", 0, GDB_BODY_LEAST },
		{ "PacketSize=ffffffff", 0, GDB_BODY_MAX },
		{ "PacketSize=0", E_RANGE, 0 },
		{ "PacketSize=1", E_RANGE, 0 },
		{ "PacketSize=103", E_RANGE, 0 },
		{ "PacketSize=104", 0, 0x100 },
		{ "PacketSize=", E_RANGE, 0 },
		{ "PacketSize=-1", E_RANGE, 0 },
		{ "PacketSize=100000000", E_RANGE, 0 },
		{ "PacketSize=1000x;", E_RANGE, 0 },
	};

	(void)state;
	assert_string_equal(gdb_feature(ocd, "QStartNoAckMode"), "");
	assert_string_equal(gdb_feature(ocd, "vContSupported"), "");
	assert_null(gdb_feature(ocd, "QStart"));
	assert_null(gdb_feature(ocd, "qXfer:memory-map:write"));
	assert_null(gdb_feature("xQStartNoAckMode+", "QStartNoAckMode"));
	assert_null(gdb_feature("QStartNoAckMode-", "QStartNoAckMode"));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t n = 0;

		assert_int_equal(gdb_packet_size(sizes[i].answer, &n),
				 sizes[i].err);
		assert_int_equal(n, sizes[i].size);
	}
}

/* -- documents ------------------------------------------------------------ */

static void test_memory_map(void **state)
{
	static const char map[] =
		"<memory-map>\n"
		"<memory type=\"ram\" start=\"0x00000000\" "
		"length=\"0x08000000\"/>\n"
		"<!-- <memory type=\"rom\" start=\"1\" length=\"1\"/> -->"
		"<memory type=\"flash\" start=\"0x08000000\" "
		"length=\"0x40000\">\n"
		"<property name=\"blocksize\">0x800</property>\n"
		"</memory>\n"
		"<memory type='rom' start='134479872' length='0xf7fc0000'/>\n"
		"<memory type=\"ram\" start=\"0x100000000\" length=\"1\"/>\n"
		"</memory-map>\n";
	struct gdb_region r[GDB_REGIONS_MAX];
	size_t n = 0;

	(void)state;
	assert_int_equal(gdb_memory_map(map, r, &n), 0);
	assert_int_equal(n, 3);
	assert_int_equal(r[0].type, GDB_RAM);
	assert_int_equal(r[1].type, GDB_FLASH);
	assert_int_equal(r[1].start, 0x08000000);
	assert_int_equal(r[1].len, 0x40000);
	assert_int_equal(r[1].block, 0x800);
	assert_int_equal(r[2].type, GDB_ROM);
	assert_int_equal(r[2].start, 0x08040000);
	assert_int_equal(r[2].len, 0xf7fc0000);
}

static void add(char *text, size_t cap, const char *more)
{
	size_t len = strlen(text);

	assert_true(len + strlen(more) < cap);
	memcpy(text + len, more, strlen(more) + 1);
}

static void test_memory_map_bad(void **state)
{
	static const char *const maps[] = {
		"",
		"no map",
		"<memory-map><memory type=\"flash\" start=\"0\" length=\"16\"/>"
		"</memory-map>", /* no block size */
		"<memory-map><memory type=\"flash\" start=\"0\" length=\"16\">"
		"<property name=\"blocksize\">0</property></memory>",
		"<memory-map><memory type=\"flash\" start=\"0\" length=\"16\">"
		"<property name=\"blocksize\">17</property></memory>",
		"<memory-map><memory type=\"tape\" start=\"0\" length=\"16\"/>",
		"<memory-map><memory type=\"ram\" length=\"16\"/>",
		"<memory-map><memory type=\"ram\" start=\"x\" length=\"16\"/>",
		"<memory-map><memory type=\"ram\" start=\"0x\" length=\"1\"/>",
		"<memory-map><memory type=\"ram\" start=\"0\" "
		"length=\"0x11111111111111111\"/>",
		"<memory-map><memory type=\"ram\" start=\"0\" length=\"1\" x=",
		"<memory-map><memory type=\"ram start=\"0\" length=\"1\"/>",
	};
	struct gdb_region r[GDB_REGIONS_MAX];
	char many[4096] = "<memory-map>";
	size_t n = 77;

	(void)state;
	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]) - 2; i++)
		assert_int_equal(gdb_memory_map(maps[i], r, &n), E_SYNTAX);
	for (unsigned i = 0; i <= GDB_REGIONS_MAX; i++)
		add(many, sizeof(many),
		    "<memory type=\"ram\" start=\"0\" length=\"1\"/>");
	assert_int_equal(gdb_memory_map(many, r, &n), E_TOO_LARGE);
	assert_int_equal(n, 77);
}

static void test_registers(void **state)
{
	/* QEMU: numbers count on, but for one; and a document within one */
	static const char outer[] =
		"<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM "
		"\"gdb-target.dtd\"><target><architecture>arm</architecture>"
		"<xi:include href=\"arm-m-profile.xml\"/><xi:include "
		"href=\"system-registers.xml\"/></target>";
	static const char inner[] =
		"<feature name=\"org.gnu.gdb.arm.m-profile\">\n"
		"<reg name=\"r0\" bitsize=\"32\"/>\n"
		"<reg name=\"r1\" bitsize=\"32\"/>\n"
		"<reg name=\"xpsr\" bitsize=\"32\" regnum=\"25\"/>\n"
		"<reg name=\"other\" bitsize=\"64\"/>\n"
		"<reg name=\"primask\" bitsize=\"1\"/>\n</feature>";
	/* OpenOCD: a number each */
	static const char ocd[] =
		"<target version=\"1.0\"><feature name=\"x\">"
		"<reg name=\"pc\" bitsize=\"32\" regnum=\"15\" "
		"save-restore=\"yes\" type=\"code_ptr\" group=\"general\"/>"
		"<reg name=\"xPSR\" bitsize=\"32\" regnum=\"16\"/>"
		"<reg name=\"primask\" bitsize=\"8\" regnum=\"19\"/>";
	char annex[GDB_INCLUDES_MAX][GDB_ANNEX_CAP];
	struct gdb_regs r;
	size_t n = 0;

	(void)state;
	memset(&r, 0, sizeof(r));
	assert_int_equal(gdb_registers(outer, &r, annex, &n), 0);
	assert_int_equal(n, 2);
	assert_string_equal(annex[0], "arm-m-profile.xml");
	assert_string_equal(annex[1], "system-registers.xml");
	assert_int_equal(gdb_registers(inner, &r, annex, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(r.reg[1].number, 1);
	assert_int_equal(r.reg[GDB_REG_XPSR].number, 25);
	assert_int_equal(r.reg[GDB_REG_PRIMASK].number, 27);
	assert_int_equal(r.reg[GDB_REG_PRIMASK].bits, 1);
	assert_false(r.reg[2].known);
	memset(&r, 0, sizeof(r));
	assert_int_equal(gdb_registers(ocd, &r, annex, &n), 0);
	assert_int_equal(r.reg[GDB_REG_PC].number, 15);
	assert_int_equal(r.reg[GDB_REG_XPSR].number, 16);
	assert_int_equal(r.reg[GDB_REG_PRIMASK].number, 19);
	gdb_registers_default(&r);
	assert_int_equal(r.reg[GDB_REG_PC].number, 15);
	assert_int_equal(r.reg[GDB_REG_XPSR].number, 25);
	assert_false(r.reg[GDB_REG_PRIMASK].known);
}

static void test_registers_bad(void **state)
{
	static const struct {
		const char *xml;
		int err;
	} cases[] = {
		{ "", E_SYNTAX },
		{ "<target><reg bitsize=\"32\"/>", E_SYNTAX },
		{ "<target><reg name=\"r0\"/>", E_SYNTAX },
		{ "<target><reg name=\"r0\" bitsize=\"64\"/>", E_RANGE },
		{ "<target><reg name=\"r0\" bitsize=\"0\"/>", E_RANGE },
		{ "<target><reg name=\"r0\" bitsize=\"32\" regnum=\"x\"/>",
		  E_SYNTAX },
		{ "<target><reg name=\"r0\" bitsize=\"32\" regnum=\"65536\"/>",
		  E_RANGE },
		{ "<target><xi:include/>", E_SYNTAX },
	};
	char annex[GDB_INCLUDES_MAX][GDB_ANNEX_CAP];
	char many[1024] = "<target>";
	struct gdb_regs r;
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(&r, 0, sizeof(r));
		assert_int_equal(gdb_registers(cases[i].xml, &r, annex, &n),
				 cases[i].err);
	}
	for (unsigned i = 0; i <= GDB_INCLUDES_MAX; i++)
		add(many, sizeof(many), "<xi:include href=\"a\"/>");
	assert_int_equal(gdb_registers(many, &r, annex, &n), E_TOO_LARGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frame),
		cmocka_unit_test(test_receive),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_roundtrip),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_features),
		cmocka_unit_test(test_memory_map),
		cmocka_unit_test(test_memory_map_bad),
		cmocka_unit_test(test_registers),
		cmocka_unit_test(test_registers_bad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
