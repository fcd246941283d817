/* SPDX-License-Identifier: MIT */
/*
 * gdb_tool - probe/dbg.h from the command line, for tests of what stands
 * behind it.
 *
 *   gdb_tool --probe URI [--serial LINE] [--timeout MS] ACTION...
 *
 * actions: info | load FILE[@ADDRESS] | read ADDRESS LENGTH
 *          write ADDRESS WORD | fill FILE ADDRESS | reg N | set N VALUE
 *          step | halt | resume | reset | start | disconnect
 *          wait ADDRESS MASK VALUE MS | uart BAUD | hear PATTERN MS | say TEXT
 *
 * Each action prints one line; the first failure prints
 * "FAIL action=A error=E_X why=TEXT" and ends with exit code 1.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "image/image.h"
#include "probe/dbg.h"
#include "probe/link.h"

#define READ_MAX 4096
#define PIECES_MAX 64

struct tool {
	struct probe_config config;
	struct probe *probe;
};

static void die(const char *text)
{
	fprintf(stderr, "gdb_tool: %s\n", text);
	exit(2);
}

static uint32_t number(const char *text)
{
	char *end;
	unsigned long v = strtoul(text, &end, 0);

	if (*end != '\0' || end == text || v > UINT32_MAX)
		die("a number is none");
	return (uint32_t)v;
}

static int do_info(struct tool *t, char **args)
{
	const struct probe_info *i = probe_info(t->probe);
	int link = probe_link_can(t->probe, PROBE_LINE_SWD_PINS);

	(void)args;
	printf("info: product=\"%s\" uart=%d silent=%d dpidr=%d/%08" PRIx32
	       " swd-pins=%s\n",
	       i->product, i->uart, i->silent, i->dpidr, dbg_dpidr(t->probe),
	       link == 0 ? "yes" : probe_why(t->probe));
	return 0;
}

static int do_load(struct tool *t, char **args)
{
	struct dbg_piece pieces[PIECES_MAX];
	char why[IMAGE_ERROR_CAP];
	struct image image;
	size_t total = 0;
	int err;

	if (image_load(args[0], &image, why) != 0)
		die(why);
	if (image.count > PIECES_MAX)
		die("too many segments");
	for (size_t i = 0; i < image.count; i++) {
		const struct image_segment *s = &image.segments[i];

		pieces[i] = (struct dbg_piece){ s->address, s->data, s->len };
		total += s->len;
	}
	err = dbg_load(t->probe, pieces, image.count);
	image_free(&image);
	if (err == 0)
		printf("load: %zu bytes\n", total);
	return err;
}

static int do_read(struct tool *t, char **args)
{
	uint32_t addr = number(args[0]), len = number(args[1]);
	char text[2 * READ_MAX + 1];
	uint8_t bytes[READ_MAX];
	int err;

	if (len > READ_MAX)
		die("too long");
	err = dbg_read(t->probe, addr, bytes, len);
	if (err == 0) {
		hex_encode(bytes, len, text);
		printf("read: %s\n", text);
	}
	return err;
}

static int do_write(struct tool *t, char **args)
{
	dbg_queue_write32(t->probe, number(args[0]), number(args[1]));
	return dbg_flush(t->probe);
}

static int do_fill(struct tool *t, char **args)
{
	static uint8_t bytes[256 * 1024];
	FILE *f = fopen(args[0], "rb");
	size_t len = f == NULL ? 0 : fread(bytes, 1, sizeof(bytes), f);

	if (f == NULL || len == 0)
		die("cannot read the file");
	fclose(f);
	return dbg_write(t->probe, number(args[1]), bytes, len);
}

static int do_reg(struct tool *t, char **args)
{
	uint32_t v = 0;
	int err = dbg_reg_read(t->probe, number(args[0]), &v);

	if (err == 0)
		printf("reg: %08" PRIx32 "\n", v);
	return err;
}

static int do_set(struct tool *t, char **args)
{
	dbg_queue_reg_write(t->probe, number(args[0]), number(args[1]));
	return dbg_flush(t->probe);
}

static int do_step(struct tool *t, char **args)
{
	(void)args;
	return dbg_step(t->probe);
}

static int do_halt(struct tool *t, char **args)
{
	(void)args;
	return dbg_halt(t->probe);
}

static int do_resume(struct tool *t, char **args)
{
	(void)args;
	return dbg_resume(t->probe);
}

static int do_reset(struct tool *t, char **args)
{
	(void)args;
	return dbg_reset_halt(t->probe);
}

static int do_start(struct tool *t, char **args)
{
	(void)args;
	return dbg_reset_run(t->probe);
}

static int do_disconnect(struct tool *t, char **args)
{
	(void)args;
	dbg_disconnect(t->probe);
	return 0;
}

static int do_wait(struct tool *t, char **args)
{
	return dbg_poll32(t->probe, number(args[0]), number(args[1]),
			  number(args[2]), number(args[3]) * 1000);
}

static int do_uart(struct tool *t, char **args)
{
	return probe_uart_open(t->probe, number(args[0]));
}

static int do_say(struct tool *t, char **args)
{
	return probe_uart_write(t->probe, (const uint8_t *)args[0],
				strlen(args[0]));
}

/* Until the pattern was heard. */
static int do_hear(struct tool *t, char **args)
{
	uint32_t left = number(args[1]);
	char heard[4096] = "";
	size_t len = 0;

	for (;;) {
		uint8_t bytes[256];
		size_t n = 0;
		int err = probe_uart_read(t->probe, bytes, sizeof(bytes), &n);

		if (err != 0)
			return err;
		for (size_t i = 0; i < n && len < sizeof(heard) - 1; i++)
			heard[len++] = bytes[i] < ' ' ? ' ' : (char)bytes[i];
		heard[len] = '\0';
		if (strstr(heard, args[0]) != NULL) {
			printf("hear: %s\n", heard);
			return 0;
		}
		if (n == 0 && left-- == 0) {
			printf("hear: only \"%s\"\n", heard);
			return E_TIMEOUT;
		}
		if (n == 0 && (err = probe_delay_us(t->probe, 1000)) != 0)
			return err;
	}
}

static const struct {
	const char *name;
	int args;
	bool chip; /* the chip must be there */
	int (*run)(struct tool *t, char **args);
} actions[] = {
	{ "info", 0, false, do_info },
	{ "load", 1, true, do_load },
	{ "read", 2, true, do_read },
	{ "write", 2, true, do_write },
	{ "fill", 2, true, do_fill },
	{ "reg", 1, true, do_reg },
	{ "set", 2, true, do_set },
	{ "step", 0, true, do_step },
	{ "halt", 0, true, do_halt },
	{ "resume", 0, true, do_resume },
	{ "reset", 0, true, do_reset },
	{ "start", 0, true, do_start },
	{ "wait", 4, true, do_wait },
	{ "uart", 1, false, do_uart },
	{ "hear", 2, false, do_hear },
	{ "say", 1, false, do_say },
	{ "disconnect", 0, false, do_disconnect },
};

static int run_action(struct tool *t, size_t k, char **args, bool *connected)
{
	int err = 0;

	if (actions[k].chip && !*connected) {
		err = dbg_connect(t->probe);
		*connected = err == 0;
	}
	if (err == 0)
		err = actions[k].run(t, args);
	if (err != 0)
		printf("FAIL action=%s error=%s why=%s\n", actions[k].name,
		       error_name(err), probe_why(t->probe));
	else if (actions[k].run == do_disconnect)
		*connected = false;
	fflush(stdout);
	return err == 0 ? 0 : 1;
}

static int run_actions(struct tool *t, int argc, char **argv)
{
	bool connected = false;

	for (int i = 0; i < argc;) {
		size_t n = sizeof(actions) / sizeof(actions[0]), k = 0;

		while (k < n && strcmp(actions[k].name, argv[i]) != 0)
			k++;
		if (k == n || i + actions[k].args >= argc)
			die("unknown action, or too few arguments");
		if (run_action(t, k, argv + i + 1, &connected) != 0)
			return 1;
		i += 1 + actions[k].args;
	}
	return 0;
}

static void parse_option(struct tool *t, const char *name, const char *value)
{
	if (strcmp(name, "--probe") == 0)
		t->config.uri = value;
	else if (strcmp(name, "--serial") == 0)
		t->config.serial = value;
	else if (strcmp(name, "--timeout") == 0)
		t->config.timeout_ms = number(value);
	else
		die("unknown option");
}

int main(int argc, char **argv)
{
	struct tool t = { .probe = NULL };
	char why[256];
	int i = 1, err;

	for (; i + 1 < argc && strncmp(argv[i], "--", 2) == 0; i += 2)
		parse_option(&t, argv[i], argv[i + 1]);
	if (t.config.uri == NULL || i == argc)
		die("usage: see the head of tests/tools/gdb_tool.c");
	err = probe_open(&t.config, &t.probe, why);
	if (err != 0) {
		printf("FAIL action=open error=%s why=%s\n", error_name(err),
		       why);
		return 1;
	}
	err = run_actions(&t, argc - i, argv + i);
	probe_close(t.probe);
	return err;
}
