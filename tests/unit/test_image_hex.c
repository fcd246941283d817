/* SPDX-License-Identifier: MIT */
/* image/: Intel HEX, recognition of formats, binaries, merging, reading. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/lib/images.h"
#include "wire/const.h"

_Static_assert(IMAGE_BYTES_MAX == IMAGE_MAX,
	       "what can be read can be released, and the other way round");

#define END ":00000001FF\n"

static void test_types(void **state)
{
	(void)state;
	expect_text(":0100000001FE\n" END, "00000000:01");
	/* the example of Wikipedia's and many other pages */
	expect_text(":10010000214601360121470136007EFE09D2190140\n" END,
		    "00000100:214601360121470136007efe09d21901");
	/* 04: upper half */
	expect_text(":020000040800F2\n:020010000102EB\n" END, "08000010:0102");
	/* 02: segment, also above 1 MB minus 16 */
	expect_text(":020000021200EA\n:0100000055AA\n" END, "00012000:55");
	expect_text(":02000002FFFFFE\n:0100000055AA\n" END, "000ffff0:55");
	/* 04 after 02 and back */
	expect_text(":020000021000EC\n:0100000055AA\n"
		    ":020000040001F9\n:0100010056A8\n" END,
		    "00010000:5556");
	/* 03 and 05: start addresses, checked but of no use */
	expect_text(":0400000300003800C1\n:04000005080001AD41\n"
		    ":0100000001FE\n" END,
		    "00000000:01");
	/* either case, CR LF, CR, blanks, no last line end, records in any
	 * order, empty data records */
	expect_text(":01000000ab54\r\n\r\n \t\r\n:00000200FE\r\n"
		    "  :01000100CD31  \r:00000001ff",
		    "00000000:abcd");
}

static void test_order_and_joining(void **state)
{
	(void)state;
	expect_text(":0100020003FA\n:0100000001FE\n:0100010002FC\n" END,
		    "00000000:010203");
	expect_text(":0100020003FA\n:0100000001FE\n" END,
		    "00000000:01 00000002:03");
}

/* "wrap": segmented offsets wrap at 64 kB within the segment, linear ones go
 * on, and nothing goes beyond 4 GB. */
static void test_wrapping(void **state)
{
	(void)state;
	expect_text(":020000021000EC\n:02FFFF000102FD\n" END,
		    "00010000:02 0001ffff:01");
	expect_text(":020000040001F9\n:02FFFF000102FD\n" END, "0001ffff:0102");
	expect_text(":02FFFF000102FD\n" END, "0000ffff:0102");
	expect_text(":02000004FFFFFC\n:01FFFF000100\n" END, "ffffffff:01");
	refuse_text(":02000004FFFFFC\n:02FFFF000102FD\n" END, E_RANGE, 2,
		    "past the end of the address space");
}

static void test_refusals(void **state)
{
	(void)state;
	refuse_text(":0100000001FF\n" END, E_CHECKSUM, 1,
		    "checksum is ff, should be fe");
	refuse_text(":0100000001FE\n", E_TRUNCATED, 1, "end-of-file");
	refuse_text(":0100000001FE\n" END ":0100000001FE\n", E_TRAILING, 3,
		    "after the end-of-file record");
	refuse_text(":0100000001FE\nhello\n" END, E_SYNTAX, 2,
		    "begins with ':'");
	refuse_text(":0100000001F\n" END, E_SYNTAX, 1, "odd number");
	refuse_text(":01000000G1FE\n" END, E_SYNTAX, 1,
		    "0x47 is not a hexadecimal digit");
	refuse_text(":0200000001FD\n" END, E_TRUNCATED, 1, "length field");
	refuse_text(":000000000100FF\n" END, E_TRUNCATED, 1, "length field");
	refuse_text(":\n" END, E_TRUNCATED, 1, "the record has 0 bytes");
	refuse_text(":01\n" END, E_TRUNCATED, 1, "the record has 1 bytes");
	refuse_text(":0000000000000000\n", E_TRUNCATED, 1, "length field");
	refuse_text(":0100000601F8\n" END, E_SYNTAX, 1,
		    "record type 06 is unknown");
	refuse_text(":010000FF01FF\n" END, E_SYNTAX, 1, "ff is unknown");
	refuse_text(":0100000408F3\n" END, E_SYNTAX, 1, "2 data bytes");
	refuse_text(":0300000208000003\n" END, E_CHECKSUM, 1, "should be f3");
	refuse_text(":03000002080000F3\n" END, E_SYNTAX, 1, "2 data bytes");
	refuse_text(":0200000300FFFC\n" END, E_SYNTAX, 1, "4 data bytes");
	refuse_text(":0200000500FFFA\n" END, E_SYNTAX, 1, "4 data bytes");
	refuse_text(":0100000100FE\n", E_SYNTAX, 1, "0 data bytes");
	refuse_text(END, E_SYNTAX, 0, "nothing to program");
	refuse_text(":0100000001FE\n:0100000001FE\n" END, E_OVERLAP, 2,
		    "0x00000000 is defined already at f:1");
	refuse_text(":0200010001"
		    "02FA\n:0300000001020"
		    "3F7\n" END,
		    E_OVERLAP, 2, "at f:1");
}

/* A file that was cut off is never taken for whole. */
static void test_truncated(void **state)
{
	static const char whole[] = ":020000040800F2\n"
				    ":10000000000102030405060708090A0B0C0D0E"
				    "0F78\n"
				    ":00000001FF";
	char text[sizeof(whole)];
	char why[IMAGE_ERROR_CAP];
	struct image img;

	(void)state;
	for (size_t n = 0; n < sizeof(whole) - 1; n++) {
		memcpy(text, whole, n);
		text[n] = '\0';
		if (!try_text(text, &img, why))
			fail_msg("%zu bytes were taken for whole", n);
	}
	assert_int_equal(try_text(whole, &img, why), 0);
	image_free(&img);
}

/* One byte more than is allowed, 16 in a line. */
static void test_limits(void **state)
{
	enum { LINES = IMAGE_MAX / 16 + 1, LINE = 64 };
	size_t cap = (size_t)LINES * 2 * LINE;
	char *text = malloc(cap);
	char why[IMAGE_ERROR_CAP];
	struct image img;
	size_t n = 0;

	(void)state;
	assert_non_null(text);
	for (unsigned int i = 0; i < LINES; i++) {
		unsigned int at = i * 16;
		unsigned int sum = 0x10 + (at >> 8 & 255) + (at & 255);

		if (!(at & 0xffff))
			n += (size_t)snprintf(text + n, cap - n,
					      ":02000004%04X%02X\n", at >> 16,
					      (0u - 6 - (at >> 16)) & 255);
		n += (size_t)snprintf(text + n, cap - n, ":10%04X00%032d%02X\n",
				      at & 0xffff, 0, (0u - sum) & 255);
		if (i < LINES - 2)
			continue;
		snprintf(text + n, cap - n, END);
		if (i == LINES - 1)
			break;
		assert_int_equal(try_text(text, &img, why), 0);
		assert_int_equal(img.count, 1);
		assert_int_equal(img.segments[0].len, IMAGE_MAX);
		image_free(&img);
	}
	assert_int_equal(try_text(text, &img, why), E_TOO_LARGE);
	assert_non_null(strstr(why, "larger than 2097152 bytes"));
	free(text);
}

static void test_recognition(void **state)
{
	(void)state;
	refuse_text("", E_TRUNCATED, 0, "empty");
	refuse_text("\n\n", E_SYNTAX, 0, "neither Intel HEX");
	refuse_text("hello", E_SYNTAX, 0, "needs its address");
	refuse_text("\x7f"
		    "EL",
		    E_SYNTAX, 0, "neither");
	refuse_text("SX\n", E_SYNTAX, 0, "neither");
}

static int parse_binary(const char *bytes, size_t len, uint32_t address,
			struct image *out, char why[IMAGE_ERROR_CAP])
{
	return image_parse("b", (const uint8_t *)bytes, len, 1, address, out,
			   why);
}

static void test_binary(void **state)
{
	char why[IMAGE_ERROR_CAP];
	struct image img;

	(void)state;
	assert_int_equal(parse_binary(":S1\0", 4, 0x08004000, &img, why), 0);
	expect_image(&img, "08004000:3a533100");
	image_free(&img);
	assert_int_equal(parse_binary("ab", 2, 0xfffffffe, &img, why), 0);
	image_free(&img);
	assert_int_equal(parse_binary("abc", 3, 0xfffffffe, &img, why),
			 E_RANGE);
	assert_int_equal(parse_binary("", 0, 0, &img, why), E_SYNTAX);
	assert_string_equal(why, "b: holds nothing to program");
	assert_int_equal(parse_binary(":0100000001FE\n" END, 26, 0, &img, why),
			 E_ARG);
	assert_non_null(strstr(why, "without @ADDRESS"));
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	fclose(f);
}

static void test_load(void **state)
{
	char dir[] = "/tmp/signet-image-XXXXXX";
	char path[64], name[128], why[IMAGE_ERROR_CAP];
	struct image img;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/a@b.bin", dir);
	write_file(path, "xy");
	snprintf(name, sizeof(name), "%s@0x100", path);
	assert_int_equal(image_load(name, &img, why), 0);
	expect_image(&img, "00000100:7879");
	image_free(&img);
	snprintf(name, sizeof(name), "%s@256", path);
	assert_int_equal(image_load(name, &img, why), 0);
	expect_image(&img, "00000100:7879");
	image_free(&img);
	/* no address, none that is one, too large, of a missing file */
	assert_int_equal(image_load(path, &img, why), E_SYNTAX);
	snprintf(name, sizeof(name), "%s@flash", path);
	assert_int_equal(image_load(name, &img, why), E_NOT_FOUND);
	assert_non_null(strstr(why, "\"flash\" is no address"));
	snprintf(name, sizeof(name), "%s@0x100000000", path);
	assert_int_equal(image_load(name, &img, why), E_NOT_FOUND);
	snprintf(name, sizeof(name), "%s@-1", path);
	assert_int_equal(image_load(name, &img, why), E_NOT_FOUND);
	snprintf(name, sizeof(name), "%s/none.hex", dir);
	assert_int_equal(image_load(name, &img, why), E_NOT_FOUND);
	assert_int_equal(image_load(dir, &img, why), E_IO);
	assert_non_null(strstr(why, "not a regular file"));
	/* a text file by its own name */
	write_file(path, ":0100000001FE\n" END);
	assert_int_equal(image_load(path, &img, why), 0);
	image_free(&img);
	unlink(path);
	rmdir(dir);
}

static void parse_ok(const char *text, struct image *out)
{
	char why[IMAGE_ERROR_CAP];

	assert_int_equal(try_text(text, out, why), 0);
}

static void test_merge_and_read(void **state)
{
	char why[IMAGE_ERROR_CAP];
	uint8_t out[6];
	struct image a, b;

	(void)state;
	parse_ok(":0100000001FE\n:0100040005F6\n" END, &a);
	parse_ok(":0200010002"
		 "03F8\n" END,
		 &b);
	assert_int_equal(image_merge(&a, &b, why), 0);
	expect_image(&a, "00000000:010203 00000004:05");
	/* b is left alone; what is there already cannot be added again */
	expect_image(&b, "00000001:0203");
	assert_int_equal(image_merge(&a, &b, why), E_OVERLAP);
	assert_non_null(strstr(why, "0x00000001 is defined already"));
	expect_image(&a, "00000000:010203 00000004:05");

	image_read(&a, 0, 0xff, out, 6);
	assert_memory_equal(out, "\1\2\3\xff\5\xff", 6);
	image_read(&a, 1, 0, out, 3);
	assert_memory_equal(out, "\2\3\0", 3);
	image_read(&a, 0xfffffffe, 0xee, out, 2);
	assert_memory_equal(out, "\xee\xee", 2);
	image_free(&a);
	image_free(&b);
	image_free(&a); /* twice does no harm */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_order_and_joining),
		cmocka_unit_test(test_wrapping),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_recognition),
		cmocka_unit_test(test_binary),
		cmocka_unit_test(test_load),
		cmocka_unit_test(test_merge_and_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
