/* SPDX-License-Identifier: MIT */
#include "server/roles.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ct.h"

const char *const role_names[ROLE_COUNT] = { "edge", "ledger", "signer" };

#define TEXT(st, m)                                                        \
	{                                                                  \
		.name = #m, .type = SHAPE_TEXT, .offset = offsetof(st, m), \
		.cap = sizeof(((st *)0)->m),                               \
	}
#define PLAIN(st, m, kind)                                             \
	{                                                              \
		.name = #m, .type = (kind), .offset = offsetof(st, m), \
	}
#define U32(st, m) PLAIN(st, m, SHAPE_U32)
#define BOOL(st, m) PLAIN(st, m, SHAPE_BOOL)

static const struct shape_field config_fields[] = {
	TEXT(struct role_config, dir),
	TEXT(struct role_config, passphrase),
	TEXT(struct role_config, names),
	TEXT(struct role_config, flasher_address),
	TEXT(struct role_config, enrol_address),
	TEXT(struct role_config, admin_address),
	U32(struct role_config, flasher_port),
	U32(struct role_config, enrol_port),
	U32(struct role_config, admin_port),
	TEXT(struct role_config, enrol_host),
	U32(struct role_config, connections),
	U32(struct role_config, per_ip),
	U32(struct role_config, request_s),
	U32(struct role_config, idle_s),
	U32(struct role_config, unknown_after_s),
	U32(struct role_config, tls_key_s),
	U32(struct role_config, log_level),
	BOOL(struct role_config, log_json),
	BOOL(struct role_config, sandbox),
};

const struct shape role_config_shape = {
	.name = "role configuration",
	.size = sizeof(struct role_config),
	.fields = config_fields,
	.count = sizeof(config_fields) / sizeof(config_fields[0]),
};

static const struct shape_field ready_fields[] = {
	U32(struct role_ready, flasher_port),
	U32(struct role_ready, enrol_port),
	U32(struct role_ready, admin_port),
	TEXT(struct role_ready, why),
};

const struct shape role_ready_shape = {
	.name = "role report",
	.size = sizeof(struct role_ready),
	.fields = ready_fields,
	.count = sizeof(ready_fields) / sizeof(ready_fields[0]),
};

int role_ready_send(struct ipc *control, const struct role_ready *ready)
{
	uint8_t *buf;
	size_t len;
	int err = shape_pack(&role_ready_shape, ready, &buf, &len);

	if (err)
		return err;
	err = ipc_send(control, MSG_READY, 0, buf, len);
	free(buf);
	return err;
}

int role_failed(struct ipc *control, const char *fmt, ...)
{
	struct role_ready ready = { 0 };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(ready.why, sizeof(ready.why), fmt, ap);
	va_end(ap);
	for (char *p = ready.why; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = ' ';
	if (role_ready_send(control, &ready))
		fprintf(stderr, "signetd: %s\n", ready.why);
	return 1;
}
