/* SPDX-License-Identifier: MIT */
/* Shapes: JSON and binary form, what they refuse, and that they agree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PUT(dst, src) snprintf((dst), sizeof(dst), "%s", (src))
#include "api/messages.h"
#include "api/request.h"

#define GRANT                                                         \
	"{\"order\":\"o-1\",\"uid\":\"00112233445566778899aabb\","    \
	"\"nonce\":\"000102030405060708090a0b0c0d0e0f\",\"dpidr\":1," \
	"\"cpuid\":2,\"designer\":3,\"part\":4,\"device_id\":5,"      \
	"\"flash_kb\":256}"

static char why[SHAPE_WHY_CAP];

static int parse(const struct shape *s, const char *json, void *out)
{
	return shape_from_json(s, json, strlen(json), out, why);
}

static void test_grant_request(void **state)
{
	struct grant_request g;

	(void)state;
	assert_int_equal(parse(&grant_request_shape, GRANT, &g), 0);
	assert_string_equal(g.order, "o-1");
	assert_int_equal(g.uid.len, 12);
	assert_int_equal(g.uid.data[1], 0x11);
	assert_int_equal(g.nonce.len, 16);
	assert_int_equal(g.flash_kb, 256);
	assert_int_equal(g.channel, 0);
}

/* Each refusal names the field, or the place. */
static const struct {
	const struct shape *shape;
	const char *json, *says;
} refused[] = {
	{ &order_change_shape, "{\"order\":\"a\"}", "action: is missing" },
	{ &order_change_shape, "{\"order\":1,\"action\":\"pause\"}",
	  "order: must be 1 to 31 characters" },
	{ &order_change_shape, "{\"order\":\"A\",\"action\":\"end\"}",
	  "order: must be" },
	{ &order_change_shape, "{\"order\":\"-a\",\"action\":\"end\"}",
	  "order: must be" },
	{ &order_change_shape, "{\"order\":\"\",\"action\":\"end\"}",
	  "order: must be" },
	{ &order_change_shape,
	  "{\"order\":\"0123456789012345678901234567890x\","
	  "\"action\":\"end\"}",
	  "order: must be" },
	{ &order_change_shape, "{\"order\":\"a\",\"action\":\"end\",\"x\":1}",
	  "x: is not a field of the order change" },
	{ &order_change_shape,
	  "{\"order\":\"a\",\"order\":\"b\",\"action\":\"end\"}", "duplicate" },
	{ &order_change_shape, "[]", "must be a JSON object" },
	{ &order_change_shape, "", "not valid JSON" },
	{ &order_change_shape, "{\"order\":\"a\\u0000b\"", "not valid" },
	{ &order_change_shape, "{\"order\":\"a\",\"action\":\"end\"} x",
	  "not valid JSON" },
	{ &query_shape, "{\"limit\":1001}",
	  "limit: must be an integer from 0 to 1000" },
	{ &query_shape, "{\"limit\":-1}", "limit: must be" },
	{ &query_shape, "{\"limit\":1.0}", "limit: must be" },
	{ &query_shape, "{\"limit\":\"1\"}", "limit: must be" },
	{ &query_shape, "{\"limit\":99999999999999999999}", "not valid JSON" },
	{ &query_shape, "{\"after\":9007199254740992}",
	  "after: must be an integer from 0 to 9007199254740991" },
	{ &query_shape, "{\"uid\":\"0\"}", "uid: must be hex" },
	{ &query_shape, "{\"uid\":\"zz\"}", "uid: must be hex" },
	{ &query_shape, "{\"uid\":\"00112233445566778899aabbcc\"}",
	  "uid: must be hex digits, at most 12 bytes" },
	{ &query_shape, "{\"uid\":[[[[1]]]]}", "nested deeper" },
	{ &grant_change_shape,
	  "{\"grant\":1,\"action\":\"scrap\",\"reason\":\"a\\nb\"}",
	  "reason: must be text" },
	{ &release_upload_shape, "{\"product\":\"p\",\"file\":\"QQ\"}",
	  "file: must be base64" },
	{ &release_upload_shape, "{\"product\":\"p\",\"file\":\"Q Q=\"}",
	  "file: must be" },
	{ &release_upload_shape, "{\"product\":\"p\",\"file\":\"QR==\"}",
	  "file: must be" },
	{ &release_upload_shape, "{\"product\":\"p\",\"file\":\"\"}",
	  "file: must be" },
	{ &release_upload_shape, "{\"product\":\"p\",\"file\":null}",
	  "file: must be" },
	{ &product_list_shape, "{\"rows\":[{\"name\":\"p\"}]}",
	  "rows[0].family: is missing" },
	{ &product_list_shape, "{\"rows\":{}}", "rows: must be an array" },
};

static void test_refusals(void **state)
{
	uint8_t out[2048];

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		int err = parse(refused[i].shape, refused[i].json, out);

		if (!err || !strstr(why, refused[i].says))
			fail_msg("%s: error %d, says \"%s\"", refused[i].json,
				 err, why);
	}
}

static void test_quantity(void **state)
{
	static const char form[] =
		"{\"name\":\"o\",\"product\":\"p\",\"release\":\"1\","
		"\"manufacturer\":\"m\",\"quantity\":%s}";
	static const struct {
		const char *quantity;
		bool good;
	} all[] = { { "0", false },	     { "1", true },
		    { "2147483647", true },  { "2147483648", false },
		    { "4294967296", false }, { "-1", false },
		    { "true", false },	     { "null", false } };
	struct order o;
	char json[256];

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		snprintf(json, sizeof(json), form, all[i].quantity);
		assert_int_equal(parse(&order_shape, json, &o) == 0,
				 all[i].good);
		if (!all[i].good)
			assert_non_null(strstr(
				why, "quantity: must be an integer from 1 to "
				     "2147483647"));
	}
}

static void fill_order(struct order *o)
{
	memset(o, 0, sizeof(*o));
	PUT(o->name, "spring.2");
	PUT(o->product, "lamp");
	PUT(o->release, "1.0.0");
	PUT(o->manufacturer, "acme");
	PUT(o->serial_prefix, "L\xc3\xa4mp-"); /* UTF-8 stays whole */
	o->quantity = 8;
	o->serial_first = (UINT64_C(1) << 53) - 1;
}

/* struct -> JSON -> struct -> binary -> struct, all the same */
static void test_round_trip(void **state)
{
	struct order rows[2], *back;
	struct order_list list = { { rows, 2 } }, a, b;
	uint8_t *packed, *longer;
	size_t len;
	char *json;

	(void)state;
	fill_order(&rows[0]);
	fill_order(&rows[1]);
	memset(rows[1].name, 0, sizeof(rows[1].name));
	PUT(rows[1].name, "other");
	assert_int_equal(
		shape_to_json(&order_list_shape, &list, true, &json, &len), 0);
	assert_int_equal(shape_from_json(&order_list_shape, json, len, &a, why),
			 0);
	assert_int_equal(shape_pack(&order_list_shape, &a, &packed, &len), 0);
	assert_int_equal(shape_unpack(&order_list_shape, packed, len, &b), 0);
	assert_int_equal(b.rows.count, 2);
	back = b.rows.items;
	assert_memory_equal(&back[0], &rows[0], sizeof(rows[0]));
	assert_memory_equal(&back[1], &rows[1], sizeof(rows[1]));
	/* every shorter or longer form is refused */
	shape_clear(&order_list_shape, &b);
	for (size_t cut = 0; cut < len; cut++)
		assert_int_not_equal(
			shape_unpack(&order_list_shape, packed, cut, &b), 0);
	longer = calloc(1, len + 1);
	assert_non_null(longer);
	memcpy(longer, packed, len);
	assert_int_equal(shape_unpack(&order_list_shape, longer, len + 1, &b),
			 E_TRAILING);
	shape_clear(&order_list_shape, &a);
	free(longer);
	free(packed);
	free(json);
}

static void test_blob_sizes(void **state)
{
	(void)state;
	for (size_t n = 1; n < 70; n++) {
		struct deliver_answer d = { .grant = 1, .attempt = 1 }, back;
		uint8_t bytes[70], key[48] = { 7 };
		char *json;
		size_t len;

		memset(bytes, (int)(n * 37), n);
		d.credential = (struct blob){ bytes, n };
		d.key_enc = (struct blob){ key, 32 };
		d.key_sealed = (struct blob){ key, 48 };
		assert_int_equal(shape_to_json(&deliver_answer_shape, &d, false,
					       &json, &len),
				 0);
		assert_int_equal(shape_from_json(&deliver_answer_shape, json,
						 len, &back, why),
				 0);
		assert_int_equal(back.credential.len, n);
		assert_memory_equal(back.credential.data, bytes, n);
		shape_clear(&deliver_answer_shape, &back);
		free(json);
	}
}

/* What the JSON reader refuses, the binary reader refuses too. */
static void test_unpack_judges(void **state)
{
	struct order_change c = { "a", "end" }, out;
	struct order o, o_out;
	uint8_t *packed;
	size_t len;

	(void)state;
	assert_int_equal(shape_pack(&order_change_shape, &c, &packed, &len), 0);
	packed[2] = 'A';
	assert_int_not_equal(
		shape_unpack(&order_change_shape, packed, len, &out), 0);
	packed[2] = '\0';
	assert_int_not_equal(
		shape_unpack(&order_change_shape, packed, len, &out), 0);
	free(packed);
	fill_order(&o);
	o.quantity = 0;
	assert_int_equal(shape_pack(&order_shape, &o, &packed, &len), 0);
	assert_int_equal(shape_unpack(&order_shape, packed, len, &o_out),
			 E_RANGE);
	free(packed);
}

/* A list that promises more rows than bytes must not cost memory. */
static void test_unpack_greedy(void **state)
{
	static const uint8_t greedy[] = { 0xe8, 0x03, 0, 0, 1, 2, 3 };
	static const uint8_t beyond[] = { 0xff, 0xff, 0xff, 0xff };
	struct order_list l;

	(void)state;
	assert_int_equal(
		shape_unpack(&order_list_shape, greedy, sizeof(greedy), &l),
		E_RANGE);
	assert_int_equal(
		shape_unpack(&order_list_shape, beyond, sizeof(beyond), &l),
		E_RANGE);
}

static void test_lax(void **state)
{
	static const char json[] = "{\"order\":\"a\",\"action\":\"end\","
				   "\"since_version_9\":[1]}";
	struct order_change c;

	(void)state;
	assert_int_not_equal(parse(&order_change_shape, json, &c), 0);
	assert_int_equal(shape_from_json_lax(&order_change_shape, json,
					     strlen(json), &c, why),
			 0);
}

static void test_paths(void **state)
{
	struct api_params p = { .count = 0 };

	(void)state;
	assert_true(api_path_match("/v1/grants/{grant}/deliver",
				   "/v1/grants/17/deliver", &p));
	assert_int_equal(p.count, 1);
	assert_string_equal(p.items[0].name, "grant");
	assert_string_equal(p.items[0].value, "17");
	assert_false(api_path_match("/v1/grants", "/v1/grants/", &p));
	assert_false(api_path_match("/v1/grants", "/v1/grantsx", &p));
	assert_false(api_path_match("/v1/grants", "/v1", &p));
	assert_false(api_path_match("/v1/grants/{grant}/deliver",
				    "/v1/grants//deliver", &p));
	assert_false(api_path_match("/v1/grants/{grant}/deliver",
				    "/v1/grants/1/report", &p));
	assert_int_equal(p.count, 1);
}

static int decode(enum api_op op, const char *name, const char *value,
		  const char *body, void *out)
{
	struct api_params p = { .count = 0 };

	if (name)
		assert_int_equal(api_params_add(&p, name, value), 0);
	return api_request_decode(api_route(op), &p, body,
				  body ? strlen(body) : 0, out, why);
}

static void test_request_parts(void **state)
{
	struct order_change c;
	struct deliver_request d;
	struct query q;

	(void)state;
	assert_int_equal(decode(OP_ORDER_CHANGE, "order", "o1",
				"{\"action\":\"end\"}", &c),
			 0);
	assert_string_equal(c.order, "o1");
	assert_int_not_equal(decode(OP_ORDER_CHANGE, "order", "o1",
				    "{\"action\":\"end\",\"order\":\"o2\"}",
				    &c),
			     0);
	assert_non_null(strstr(why, "order: is given twice"));
	assert_int_not_equal(decode(OP_DELIVER, "grant", "abc",
				    "{\"attempt\":1,\"nonce\":"
				    "\"000102030405060708090a0b0c0d0e0f\"}",
				    &d),
			     0);
	assert_non_null(strstr(why, "grant: must be an integer"));
	assert_int_equal(decode(OP_LOG, "limit", "20", NULL, &q), 0);
	assert_int_equal(q.limit, 20);
	assert_int_not_equal(decode(OP_LOG, "colour", "red", NULL, &q), 0);
	assert_non_null(strstr(why, "colour: is not a field"));
	assert_int_not_equal(decode(OP_LOG, NULL, NULL, "[1]", &q), 0);
}

/* What the client makes, the server reads back as the same struct; for every
 * operation, its longest body is within the server's limit. */
static void test_request_round_trip(void **state)
{
	struct grant_change in = { 77, "scrap", "fell \"down\"" }, out;
	struct api_params p = { .count = 0 };
	char target[API_TARGET_CAP], *body;
	struct query q = { .order = "o1", .limit = 5 };
	size_t len;

	(void)state;
	assert_int_equal(api_request_encode(api_route(OP_GRANT_CHANGE), &in,
					    target, &body, &len),
			 0);
	assert_string_equal(target, "/v1/grants/77/change");
	assert_true(len < api_request_body_max(api_route(OP_GRANT_CHANGE)));
	assert_true(api_path_match("/v1/grants/{grant}/change", target, &p));
	assert_int_equal(api_request_decode(api_route(OP_GRANT_CHANGE), &p,
					    body, len, &out, why),
			 0);
	assert_memory_equal(&in, &out, sizeof(in));
	free(body);
	assert_int_equal(api_request_encode(api_route(OP_DEVICES), &q, target,
					    &body, &len),
			 0);
	assert_null(body);
	assert_string_equal(target, "/v1/devices?order=o1&limit=5");
	PUT(q.order, "../x");
	assert_int_equal(api_request_encode(api_route(OP_DEVICES), &q, target,
					    &body, &len),
			 E_ARG);
}

/* Every route can be found by its own pattern alone. */
static void test_routes(void **state)
{
	(void)state;
	for (int a = 1; a < OP_COUNT; a++) {
		const struct api_route *ra = api_route((enum api_op)a);

		assert_int_equal(ra->op, a);
		for (int b = a + 1; b < OP_COUNT; b++) {
			const struct api_route *rb = api_route((enum api_op)b);

			assert_false(ra->port == rb->port &&
				     !strcmp(ra->method, rb->method) &&
				     !strcmp(ra->path, rb->path));
		}
	}
	assert_null(api_route(OP_NONE));
	assert_null(api_route(OP_COUNT));
}

static void test_refusal_texts(void **state)
{
	char longest[400], *json;
	struct refusal r;
	size_t len;

	(void)state;
	for (int c = 1; c < R_COUNT; c++) {
		refusal_set(&r, (enum refusal_code)c, NULL);
		assert_true(r.code[0] && r.cause[0] && r.next[0] && r.who[0]);
		assert_true(r.http >= 400 && r.http < 600);
		assert_int_equal(
			shape_to_json(&refusal_shape, &r, false, &json, &len),
			0);
		free(json);
	}
	/* any bytes in a cause still make an answer, cut between characters */
	memset(longest, 0, sizeof(longest));
	for (size_t i = 0; i + 1 < sizeof(longest); i++)
		longest[i] = i % 2 ? (char)0xa4 : (char)0xc3;
	refusal_set(&r, R_STATE, longest);
	assert_int_equal(strlen(r.cause) % 2, 0);
	assert_int_equal(shape_to_json(&refusal_shape, &r, false, &json, &len),
			 0);
	free(json);
	refusal_set(&r, R_STATE, "bad \xff byte\n");
	assert_int_equal(shape_to_json(&refusal_shape, &r, false, &json, &len),
			 0);
	free(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grant_request),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_quantity),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_blob_sizes),
		cmocka_unit_test(test_unpack_judges),
		cmocka_unit_test(test_unpack_greedy),
		cmocka_unit_test(test_lax),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_request_parts),
		cmocka_unit_test(test_request_round_trip),
		cmocka_unit_test(test_routes),
		cmocka_unit_test(test_refusal_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
