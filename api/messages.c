/* SPDX-License-Identifier: MIT */
/* The shapes of api/messages.h, one table per struct, and the routes. */
#include "api/messages.h"

#include <stdio.h>
#include <string.h>

#include "api/shape_impl.h"
#include "wire/credential.h"
#include "wire/hello.h"
#include "wire/layout.h"

/* A field: JSON name = member name. */
#define FIELD(st, kind, member, must, lo, hi)                                \
	{                                                                    \
		.name = #member, .type = (kind),                             \
		.offset = offsetof(struct st, member),                       \
		.cap = sizeof(((struct st *)0)->member), .required = (must), \
		.min = (lo), .max = (hi),                                    \
	}
#define U32(st, m, must) FIELD(st, SHAPE_U32, m, must, 0, 0)
#define U32_IN(st, m, must, lo, hi) FIELD(st, SHAPE_U32, m, must, lo, hi)
#define U64(st, m, must) FIELD(st, SHAPE_U64, m, must, 0, 0)
#define TEXT(st, m, must) FIELD(st, SHAPE_TEXT, m, must, (must) ? 1 : 0, 0)
#define NAME(st, m, must) FIELD(st, SHAPE_NAME, m, must, 0, 0)
#define BYTES(st, m, must, least)                                            \
	{                                                                    \
		.name = #m, .type = SHAPE_BYTES,                             \
		.offset = offsetof(struct st, m),                            \
		.cap = sizeof(((struct st *)0)->m.data), .required = (must), \
		.min = (least),                                              \
	}
#define BLOB(st, m, must, least, most)                           \
	{                                                        \
		.name = #m, .type = SHAPE_BLOB,                  \
		.offset = offsetof(struct st, m), .cap = (most), \
		.required = (must), .min = (least),              \
	}
#define SHAPE(st, text)                                                \
	const struct shape st##_shape = {                              \
		.name = (text),                                        \
		.size = sizeof(struct st),                             \
		.fields = st##_fields,                                 \
		.count = sizeof(st##_fields) / sizeof(st##_fields[0]), \
	}
/* A list answer: { "rows": [...] } */
#define LIST_SHAPE(st, of, text)                          \
	static const struct shape_field st##_fields[] = { \
		{ .name = "rows",                         \
		  .type = SHAPE_LIST,                     \
		  .offset = offsetof(struct st, rows),    \
		  .cap = ROWS_MAX,                        \
		  .item = &of##_shape },                  \
	};                                                \
	SHAPE(st, text)

#define CERT_MAX 4096
#define CHANNELS_MAX 64
#define CHUNKS_MAX ((IMAGE_MAX) + (IMAGE_MAX) / 16)

static const struct shape_field refusal_fields[] = {
	NAME(refusal, code, true), TEXT(refusal, cause, true),
	TEXT(refusal, next, true), NAME(refusal, who, true),
	U32(refusal, http, true),
};
SHAPE(refusal, "refusal");

static const struct shape_field grant_request_fields[] = {
	NAME(grant_request, order, true),
	BYTES(grant_request, uid, true, 1),
	BYTES(grant_request, nonce, true, NONCE_LEN),
	U32_IN(grant_request, channel, false, 0, CHANNELS_MAX - 1),
	U32(grant_request, dpidr, true),
	U32(grant_request, cpuid, true),
	U32(grant_request, designer, true),
	U32(grant_request, part, true),
	U32(grant_request, device_id, true),
	U32(grant_request, flash_kb, true),
	U32(grant_request, ap_idr, false),
	U32(grant_request, vtor, false),
	NAME(grant_request, link, false),
};
SHAPE(grant_request, "grant request");

static const struct shape_field grant_answer_fields[] = {
	U64(grant_answer, grant, true),
	U32(grant_answer, attempt, true),
	U32(grant_answer, lease_s, true),
	NAME(grant_answer, state, true),
	NAME(grant_answer, mode, true),
	NAME(grant_answer, product, true),
	NAME(grant_answer, release, true),
	TEXT(grant_answer, serial, false),
	TEXT(grant_answer, header_digest, true),
	U32(grant_answer, left, true),
	BYTES(grant_answer, challenge, false, 0),
	NAME(grant_answer, proof, false),
};
SHAPE(grant_answer, "grant");

static const struct shape_field deliver_request_fields[] = {
	U64(deliver_request, grant, true),
	U32(deliver_request, attempt, true),
	BYTES(deliver_request, nonce, true, NONCE_LEN),
};
SHAPE(deliver_request, "deliver request");

static const struct shape_field deliver_answer_fields[] = {
	U64(deliver_answer, grant, true),
	U32(deliver_answer, attempt, true),
	BLOB(deliver_answer, credential, true, 1, CREDENTIAL_MAX),
	BLOB(deliver_answer, key_enc, true, 32, 32),
	BLOB(deliver_answer, key_sealed, true, 48, 48),
};
SHAPE(deliver_answer, "delivery");

static const struct shape_field report_request_fields[] = {
	U64(report_request, grant, true),    U32(report_request, attempt, true),
	NAME(report_request, outcome, true), NAME(report_request, phase, false),
	TEXT(report_request, detail, false),
};
SHAPE(report_request, "report");

static const struct shape_field report_answer_fields[] = {
	U64(report_answer, grant, true),
	NAME(report_answer, state, true),
	U32(report_answer, attempts_left, true),
};
SHAPE(report_answer, "report answer");

static const struct shape_field release_fetch_fields[] = {
	NAME(release_fetch, order, true),
};
SHAPE(release_fetch, "release fetch");

static const struct shape_field release_answer_fields[] = {
	NAME(release_answer, version, true),
	BLOB(release_answer, header, true, 1, RELEASE_HEADER_MAX + 256),
	BLOB(release_answer, firmware, true, 1, FIRMWARE_SIG_MAX),
	BLOB(release_answer, chunks, true, 1, CHUNKS_MAX),
};
SHAPE(release_answer, "encrypted release");

static const struct shape_field handshake_request_fields[] = {
	U64(handshake_request, grant, true),
	U32(handshake_request, attempt, true),
	BLOB(handshake_request, message, true, NOISE_MESSAGE_OVERHEAD,
	     CLAIM_MAX + NOISE_MESSAGE_OVERHEAD),
	TEXT(handshake_request, loader, false),
};
SHAPE(handshake_request, "handshake");

static const struct shape_field handshake_answer_fields[] = {
	U64(handshake_answer, grant, true),
	U32(handshake_answer, attempt, true),
	BLOB(handshake_answer, message2, true, NOISE_MESSAGE_OVERHEAD,
	     DELIVERY_MAX + NOISE_MESSAGE_OVERHEAD),
	BLOB(handshake_answer, key_enc, true, 32, 32),
	BLOB(handshake_answer, key_sealed, true, 64, 64),
};
SHAPE(handshake_answer, "handshake answer");

static const struct shape_field installed_request_fields[] = {
	U64(installed_request, grant, true),
	U32(installed_request, attempt, true),
	BLOB(installed_request, report, true, SEALED_OVERHEAD,
	     REPORT_MAX + SEALED_OVERHEAD),
};
SHAPE(installed_request, "installed");

static const struct shape_field installed_answer_fields[] = {
	U64(installed_answer, grant, true),
	U32(installed_answer, attempt, true),
	BLOB(installed_answer, commit, true, SEALED_OVERHEAD,
	     COMMIT_MAX + SEALED_OVERHEAD),
	NAME(installed_answer, state, true),
	TEXT(installed_answer, serial, false),
};
SHAPE(installed_answer, "commit");

static const struct shape_field loader_fetch_fields[] = {
	NAME(loader_fetch, order, true),
	NAME(loader_fetch, link, true),
};
SHAPE(loader_fetch, "loader fetch");

static const struct shape_field loader_answer_fields[] = {
	NAME(loader_answer, chip, true),
	NAME(loader_answer, family, true),
	NAME(loader_answer, link, true),
	BLOB(loader_answer, loader, true, LOADER_LEN, LOADER_LEN),
	BLOB(loader_answer, stub, true, 1, STUB_CODE_LEN),
	TEXT(loader_answer, digest, true),
};
SHAPE(loader_answer, "loader for stations");

static const struct shape_field stage0_request_fields[] = {
	NAME(stage0_request, batch, true),
	TEXT(stage0_request, loader, true),
	BYTES(stage0_request, uid, true, 1),
	U32(stage0_request, dpidr, true),
	U32(stage0_request, cpuid, true),
	U32(stage0_request, designer, true),
	U32(stage0_request, part, true),
	U32(stage0_request, device_id, true),
	U32(stage0_request, flash_kb, true),
	U32(stage0_request, ap_idr, false),
	U32(stage0_request, vtor, false),
};
SHAPE(stage0_request, "stage-0 request");

static const struct shape_field stage0_answer_fields[] = {
	NAME(stage0_answer, family, true),
	BLOB(stage0_answer, key_enc, true, 32, 32),
	BLOB(stage0_answer, key_sealed, true, 48, 48),
};
SHAPE(stage0_answer, "stage-0 secret");

static const struct shape_field enrol_request_fields[] = {
	TEXT(enrol_request, secret, true),
	BLOB(enrol_request, csr, true, 1, CERT_MAX),
	BYTES(enrol_request, kem_pub, true, 32),
	U32_IN(enrol_request, channels, true, 1, CHANNELS_MAX),
	NAME(enrol_request, station, true),
};
SHAPE(enrol_request, "enrolment");

static const struct shape_field enrol_answer_fields[] = {
	NAME(enrol_answer, flasher, true),
	BLOB(enrol_answer, certificate, true, 1, CERT_MAX),
	BLOB(enrol_answer, ca, true, 1, CERT_MAX),
	U32(enrol_answer, flasher_port, true),
};
SHAPE(enrol_answer, "enrolment answer");

static const struct shape_field product_fields[] = {
	NAME(product, name, true),
	NAME(product, family, true),
	TEXT(product, modes, false),
	NAME(product, demands, false),
	TEXT(product, label, false),
	BLOB(product, release_pub, true, 65, 65),
	BLOB(product, device_pub, false, 65, 65),
	TEXT(product, created, false),
};
SHAPE(product, "product");

static const struct shape_field release_fields[] = {
	NAME(release, product, true),	  NAME(release, version, true),
	U32(release, rollback, true),	  U32(release, size, true),
	TEXT(release, digest, true),	  NAME(release, mode, false),
	TEXT(release, created, false),	  TEXT(release, serial_at, false),
	TEXT(release, protection, false),
};
SHAPE(release, "release");

static const struct shape_field release_upload_fields[] = {
	NAME(release_upload, product, true),
	BLOB(release_upload, file, true, 1, RELEASE_FILE_CAP),
};
SHAPE(release_upload, "release upload");

static const struct shape_field order_fields[] = {
	NAME(order, name, true),
	NAME(order, product, true),
	NAME(order, release, true),
	NAME(order, mode, false),
	NAME(order, batch, false),
	NAME(order, manufacturer, true),
	U32_IN(order, quantity, true, 1, INT32_MAX),
	U32_IN(order, retries, false, 0, 1000),
	U32_IN(order, lease_s, false, 0, 86400),
	TEXT(order, serial_prefix, false),
	U64(order, serial_first, false),
	TEXT(order, opens, false),
	TEXT(order, closes, false),
	NAME(order, state, false),
	NAME(order, proof, false),
	U32(order, reserved, false),
	U32(order, delivered, false),
	U32(order, installed, false),
	U32(order, closed, false),
	U32(order, unknown, false),
	U32(order, scrapped, false),
	TEXT(order, created, false),
};
SHAPE(order, "order");

static const struct shape_field order_change_fields[] = {
	NAME(order_change, order, true),
	NAME(order_change, action, true),
};
SHAPE(order_change, "order change");

static const struct shape_field flasher_fields[] = {
	NAME(flasher, name, true),
	NAME(flasher, manufacturer, true),
	U32_IN(flasher, channels, false, 0, CHANNELS_MAX),
	NAME(flasher, state, false),
	TEXT(flasher, fingerprint, false),
	TEXT(flasher, seen, false),
	TEXT(flasher, created, false),
	TEXT(flasher, code, false),
};
SHAPE(flasher, "flasher");

static const struct shape_field device_fields[] = {
	U64(device, grant, true),
	NAME(device, order, false),
	NAME(device, product, false),
	NAME(device, release, false),
	NAME(device, family, false),
	BYTES(device, uid, false, 0),
	TEXT(device, serial, false),
	NAME(device, flasher, false),
	NAME(device, state, false),
	NAME(device, proof, false),
	U32(device, attempts, false),
	TEXT(device, changed, false),
	BLOB(device, credential, false, 0, CREDENTIAL_MAX),
};
SHAPE(device, "device");

static const struct shape_field grant_change_fields[] = {
	U64(grant_change, grant, true),
	NAME(grant_change, action, true),
	TEXT(grant_change, reason, false),
};
SHAPE(grant_change, "grant change");

static const struct shape_field loader_fields[] = {
	NAME(loader, chip, true),     NAME(loader, family, true),
	NAME(loader, link, false),    TEXT(loader, digest, true),
	U32(loader, stub, false),     NAME(loader, state, false),
	TEXT(loader, created, false),
};
SHAPE(loader, "loader");

static const struct shape_field loader_upload_fields[] = {
	NAME(loader_upload, chip, true),
	NAME(loader_upload, link, true),
	BLOB(loader_upload, loader, true, LOADER_LEN, LOADER_LEN),
	BLOB(loader_upload, stub, true, 1, STUB_CODE_LEN),
};
SHAPE(loader_upload, "loader upload");

static const struct shape_field loader_change_fields[] = {
	TEXT(loader_change, digest, true),
	NAME(loader_change, action, true),
};
SHAPE(loader_change, "loader change");

static const struct shape_field stage0_batch_fields[] = {
	NAME(stage0_batch, name, true),
	NAME(stage0_batch, family, true),
	NAME(stage0_batch, manufacturer, true),
	U32(stage0_batch, chips, false),
	TEXT(stage0_batch, created, false),
};
SHAPE(stage0_batch, "batch");

static const struct shape_field log_entry_fields[] = {
	U64(log_entry, seq, true),     TEXT(log_entry, time, false),
	NAME(log_entry, event, false), NAME(log_entry, actor, false),
	NAME(log_entry, order, false), TEXT(log_entry, subject, false),
	NAME(log_entry, code, false),  U32(log_entry, count, false),
	TEXT(log_entry, text, false),
};
SHAPE(log_entry, "log entry");

static const struct shape_field query_fields[] = {
	NAME(query, product, false),
	NAME(query, order, false),
	NAME(query, flasher, false),
	NAME(query, event, false),
	BYTES(query, uid, false, 0),
	U64(query, after, false),
	U32_IN(query, limit, false, 0, ROWS_MAX),
};
SHAPE(query, "query");

LIST_SHAPE(product_list, product, "list of products");
LIST_SHAPE(release_list, release, "list of releases");
LIST_SHAPE(order_list, order, "list of orders");
LIST_SHAPE(flasher_list, flasher, "list of flashers");
LIST_SHAPE(device_list, device, "list of devices");
LIST_SHAPE(log_list, log_entry, "log");
LIST_SHAPE(loader_list, loader, "list of loaders");
LIST_SHAPE(stage0_batches, stage0_batch, "list of batches");

static const struct shape_field status_fields[] = {
	NAME(status, version, true),	TEXT(status, started, true),
	U64(status, log_entries, true), U32(status, orders_open, true),
	U64(status, devices, true),
};
SHAPE(status, "status");

static const struct shape_field server_keys_fields[] = {
	BLOB(server_keys, release_hpke_pub, true, 32, 32),
	BLOB(server_keys, ca, true, 1, CERT_MAX),
	BLOB(server_keys, noise_pub, true, 32, 32),
};
SHAPE(server_keys, "server keys");

/* ---- routes ------------------------------------------------------------ */

const struct api_route api_routes[] = {
#define X(op, method, path, port, req, ans) \
	{ op, method, path, port, &req##_shape, &ans##_shape },
	OP_LIST(X)
#undef X
};

_Static_assert(sizeof(api_routes) / sizeof(api_routes[0]) == OP_COUNT - 1,
	       "one route per operation");

const struct api_route *api_route(enum api_op op)
{
	if (op <= OP_NONE || op >= OP_COUNT)
		return NULL;
	return &api_routes[op - 1];
}

/* ---- refusals ---------------------------------------------------------- */

static const struct {
	const char *code, *who, *cause, *next;
	uint32_t http;
} refusals[] = { [R_NONE] = { "internal", "owner", "the server failed",
			      "tell the owner; see the server's log", 500 },
#define X(sym, text, http, who, cause, next) \
	[sym] = { text, who, cause, next, http },
		 REFUSAL_LIST(X)
#undef X
};

/* Text of any origin into a TEXT field: no control bytes, cut between
 * characters, pure ASCII if it is not UTF-8. */
static void refusal_text(char out[TEXT_CAP], const char *in)
{
	size_t len = strnlen(in, TEXT_CAP - 1);

	while (len && in[len] && ((unsigned char)in[len] & 0xc0) == 0x80)
		len--;
	memcpy(out, in, len);
	out[len] = '\0';
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)out[i] < 0x20 || out[i] == 0x7f)
			out[i] = ' ';
	if (shape_text_ok(&refusal_fields[1], out, len))
		return;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)out[i] >= 0x80)
			out[i] = '?';
}

void refusal_set(struct refusal *r, enum refusal_code code, const char *detail)
{
	if (code <= R_NONE || code >= R_COUNT)
		code = R_INTERNAL;
	memset(r, 0, sizeof(*r));
	snprintf(r->code, sizeof(r->code), "%s", refusals[code].code);
	snprintf(r->who, sizeof(r->who), "%s", refusals[code].who);
	refusal_text(r->next, refusals[code].next);
	refusal_text(r->cause,
		     detail && detail[0] ? detail : refusals[code].cause);
	r->http = refusals[code].http;
}
