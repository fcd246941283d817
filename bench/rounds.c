/* SPDX-License-Identifier: MIT */
#include "bench/rounds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUESTS_EACH 3 /* of a device: bench/plant.h */

static const char *const names[FIGURES] = {
	[BARE_PER_S] = "echo_bare_per_s",
	[SERVER_PER_S] = "echo_http_server_per_s",
	[REQUESTS_PER_S] = "durable_requests_per_s",
	[DEVICES_PER_S] = "devices_per_s",
	[REQUESTS_TO_BARE] = "ratio_requests_to_bare_echo",
	[REQUESTS_TO_SERVER] = "ratio_requests_to_http_server_echo",
	[DEVICES_TO_BARE] = "ratio_devices_to_bare_echo",
	[DEVICES_TO_SERVER] = "ratio_devices_to_http_server_echo",
	[CPU_REQUESTS_TO_BARE] = "ratio_by_processor_time",
	[BARE_CPU] = "echo_bare_cpu_us",
	[BARE_CLIENT_CPU] = "echo_bare_client_cpu_us",
	[SERVER_CPU] = "echo_http_server_cpu_us",
	[SERVER_CLIENT_CPU] = "echo_http_server_client_cpu_us",
	[GRANTS_CLIENT_CPU] = "request_client_cpu_us",
	[GRANTS_CPU] = "request_cpu_us",
};

static double rate(const struct load_result *r)
{
	return (double)r->answers / r->seconds;
}

static double ratio(double a, double b)
{
	return b > 0 ? a / b : 0;
}

static double each_us(double seconds, const struct load_result *r)
{
	return ratio(seconds * 1e6, (double)r->answers);
}

static double server_cpu(const struct load_result *r)
{
	double sum = 0;

	for (unsigned i = 0; i < USAGE_MAX; i++)
		sum += r->server_cpu[i];
	return each_us(sum, r);
}

void rounds_add(struct rounds *r, const struct load_result *bare,
		const struct load_result *server,
		const struct load_result *grants)
{
	double v[FIGURES] = { 0 };

	if (r->count == ROUNDS_MAX)
		return;
	if (bare) {
		v[BARE_PER_S] = rate(bare);
		v[BARE_CPU] = server_cpu(bare);
		v[BARE_CLIENT_CPU] = each_us(bare->cpu, bare);
	}
	if (server) {
		v[SERVER_PER_S] = rate(server);
		v[SERVER_CPU] = server_cpu(server);
		v[SERVER_CLIENT_CPU] = each_us(server->cpu, server);
	}
	v[REQUESTS_PER_S] = rate(grants);
	v[DEVICES_PER_S] = rate(grants) / REQUESTS_EACH;
	v[REQUESTS_TO_BARE] = ratio(v[REQUESTS_PER_S], v[BARE_PER_S]);
	v[REQUESTS_TO_SERVER] = ratio(v[REQUESTS_PER_S], v[SERVER_PER_S]);
	v[DEVICES_TO_BARE] = ratio(v[DEVICES_PER_S], v[BARE_PER_S]);
	v[DEVICES_TO_SERVER] = ratio(v[DEVICES_PER_S], v[SERVER_PER_S]);
	v[GRANTS_CPU] = server_cpu(grants);
	v[GRANTS_CLIENT_CPU] = each_us(grants->cpu, grants);
	v[CPU_REQUESTS_TO_BARE] = ratio(v[BARE_CPU] + v[BARE_CLIENT_CPU],
					v[GRANTS_CPU] + v[GRANTS_CLIENT_CPU]);
	for (unsigned i = 0; i < USAGE_MAX; i++)
		v[ROLE_CPU + i] = each_us(grants->server_cpu[i], grants);
	for (unsigned f = 0; f < FIGURES; f++)
		r->of[f][r->count] = v[f];
	r->count++;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void sorted(const struct rounds *r, unsigned f, double out[ROUNDS_MAX])
{
	memcpy(out, r->of[f], r->count * sizeof(*out));
	qsort(out, r->count, sizeof(*out), by_value);
}

double rounds_median(const struct rounds *r, enum figure f)
{
	double v[ROUNDS_MAX];
	unsigned n = r->count;

	if (!n)
		return 0;
	sorted(r, f, v);
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

static void print_row(const struct rounds *r, const char *text, unsigned f,
		      int digits, const char *unit)
{
	double v[ROUNDS_MAX];

	sorted(r, f, v);
	printf("%-34s %9.*f %-11s (%.*f to %.*f)\n", text, digits,
	       rounds_median(r, f), unit, digits, v[0], digits,
	       v[r->count - 1]);
}

void rounds_print(const struct rounds *r, const struct usage *roles)
{
	static const struct {
		enum figure f;
		const char *text, *unit;
		int digits;
	} rows[] = {
		{ BARE_PER_S, "bare HTTPS echo", "requests/s", 0 },
		{ SERVER_PER_S, "echo by http/server", "requests/s", 0 },
		{ REQUESTS_PER_S, "durable requests", "requests/s", 0 },
		{ DEVICES_PER_S, "whole devices, 3 requests each", "/s", 0 },
		{ REQUESTS_TO_BARE, "requests / bare echo", "", 2 },
		{ REQUESTS_TO_SERVER, "requests / echo by http/server", "", 2 },
		{ DEVICES_TO_BARE, "devices / bare echo", "", 2 },
		{ CPU_REQUESTS_TO_BARE, "same by processor time, requests", "",
		  2 },
		{ BARE_CPU, "a bare echo costs its server", "us", 1 },
		{ BARE_CLIENT_CPU, "... and the load generator", "us", 1 },
		{ SERVER_CPU, "an echo costs http/server", "us", 1 },
		{ GRANTS_CPU, "a durable request costs signetd", "us", 1 },
		{ GRANTS_CLIENT_CPU, "... and the load generator", "us", 1 },
	};
	char text[40];

	if (!r->count)
		return;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rounds_median(r, rows[i].f) > 0) /* measured */
			print_row(r, rows[i].text, rows[i].f, rows[i].digits,
				  rows[i].unit);
	for (unsigned i = 0; i < roles->count; i++) {
		snprintf(text, sizeof(text), "    of it %s", roles->of[i].name);
		print_row(r, text, ROLE_CPU + i, 1, "us");
	}
}

static int json_add(json_t *to, const struct rounds *r, unsigned f,
		    const char *name)
{
	json_t *each = json_array();

	for (unsigned i = 0; each && i < r->count; i++)
		if (json_array_append_new(each, json_real(r->of[f][i])))
			return -1;
	return json_object_set_new(to, name,
				   json_pack("{s:f,s:o}", "median",
					     rounds_median(r, f), "each",
					     each));
}

json_t *rounds_json(const struct rounds *r, const struct usage *roles)
{
	json_t *j = json_object();
	char name[40];
	int err = j ? 0 : -1;

	for (unsigned f = 0; f < ROLE_CPU && !err; f++)
		err = json_add(j, r, f, names[f]);
	for (unsigned i = 0; i < roles->count && !err; i++) {
		snprintf(name, sizeof(name), "request_cpu_us_%s",
			 roles->of[i].name);
		err = json_add(j, r, ROLE_CPU + i, name);
	}
	if (!err)
		return j;
	json_decref(j);
	return NULL;
}
