/* SPDX-License-Identifier: MIT */
/* The commands of `signet-vmcu ctl`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "vmcu/control.h"
#include "vmcu/problem.h"

#define PS_PER_MS 1000000000ull
#define RUN_MS_MAX 3600000u
#define CODE_OK 0
#define CODE_FAILED 1
#define CODE_USAGE 2

struct call {
	struct control *c;
	struct bench *bench;
	struct control_client *client;
	int argc; /* arguments behind the command's name */
	char **argv;
	struct control_text *out;
};

/* -- arguments ------------------------------------------------------------ */

static bool number(const char *s, uint64_t max, uint64_t *out)
{
	char *end;
	unsigned long long v;

	if (*s < '0' || *s > '9')
		return false;
	v = strtoull(s, &end, 0);
	if (*end != '\0' || v > max)
		return false;
	*out = v;
	return true;
}

static int answer(struct call *k, int code, const char *what, const char *next)
{
	control_print(k->out, "signet-vmcu: %.400s\n  next: %s\n", what,
		      next != NULL ? next : NEXT_HELP);
	return code;
}

static int bad(struct call *k, const char *what)
{
	return answer(k, CODE_USAGE, what, NULL);
}

static int failed(struct call *k, int err, const char *why)
{
	return answer(k, CODE_FAILED, why, problem_next(err));
}

/* -- supply, reset, time -------------------------------------------------- */

static int save(struct call *k)
{
	char why[BENCH_WHY_CAP];
	int err = bench_save(k->bench, why);

	return err == 0 ? CODE_OK : failed(k, err, why);
}

static int do_power(struct call *k)
{
	const char *what = k->argc >= 1 ? k->argv[0] : "";
	bool cycle = strcmp(what, "cycle") == 0;
	uint64_t ms = cycle ? 1000 : 0;

	if (!cycle && strcmp(what, "on") != 0 && strcmp(what, "off") != 0)
		return bad(k, "power wants on, off or cycle");
	if (k->argc > 1 && !number(k->argv[1], RUN_MS_MAX, &ms))
		return bad(k, "power wants milliseconds");
	if (strcmp(what, "on") == 0) {
		bench_power(k->bench, true);
		bench_run(k->bench, ms * PS_PER_MS);
		return CODE_OK;
	}
	bench_power(k->bench, false);
	bench_run(k->bench, ms * PS_PER_MS);
	bench_power(k->bench, cycle);
	return save(k);
}

static int do_reset(struct call *k)
{
	bench_nrst(k->bench, BENCH_NRST_BENCH, true);
	bench_run(k->bench, PS_PER_MS);
	bench_nrst(k->bench, BENCH_NRST_BENCH, false);
	return CODE_OK;
}

static int do_run(struct call *k)
{
	uint64_t ms;

	if (!number(k->argv[0], RUN_MS_MAX, &ms))
		return bad(k, "run wants milliseconds, at most an hour");
	bench_run(k->bench, ms * PS_PER_MS);
	return CODE_OK;
}

static int do_unplug(struct call *k)
{
	k->bench->swj.unplugged = true;
	return CODE_OK;
}

static int do_plug(struct call *k)
{
	k->bench->swj.unplugged = false;
	return CODE_OK;
}

static int do_usb(struct call *k)
{
	bool in = strcmp(k->argv[0], "plug") == 0;

	if (!in && strcmp(k->argv[0], "unplug") != 0)
		return bad(k, "usb wants plug or unplug");
	if (k->c->usb == NULL || k->c->usb->listen_fd < 0)
		return answer(k, CODE_FAILED, "this bench has no USB",
			      "start it with --usbredir");
	usbredir_plug(k->c->usb, in);
	return CODE_OK;
}

/* -- boards --------------------------------------------------------------- */

static int do_insert(struct call *k)
{
	struct bench_insert what = { 0 };
	uint8_t uid[MCU_UID_MAX];
	char why[BENCH_WHY_CAP];
	int err;

	for (int i = 0; i < k->argc; i++) {
		const char *a = k->argv[i];

		if (strcmp(a, "--new") == 0) {
			what.create = true;
		} else if (strcmp(a, "--uid") == 0 && i + 1 < k->argc) {
			if (hex_decode(k->argv[++i], uid, sizeof(uid),
				       &what.uid_len) != 0)
				return bad(k, "--uid wants hex digits");
			what.uid = uid;
		} else if (strcmp(a, "--profile") == 0 && i + 1 < k->argc) {
			what.profile = k->argv[++i];
		} else if (what.state == NULL && *a != '-') {
			what.state = a;
		} else {
			return bad(k, "insert STATEFILE [--new [--uid HEX] "
				      "[--profile NAME]]");
		}
	}
	if (what.state == NULL)
		return bad(k, "insert wants a state file");
	if (!what.create && (what.uid != NULL || what.profile != NULL))
		return bad(k, "--uid and --profile only with --new");
	err = bench_insert(k->bench, &what, why);
	if (err != 0)
		return failed(k, err, why);
	k->c->uart_pos = k->bench->uart_end;
	return CODE_OK;
}

static int do_flip(struct call *k)
{
	uint64_t addr, bit;
	int err;

	if (!number(k->argv[0], UINT32_MAX, &addr) ||
	    !number(k->argv[1], 7, &bit))
		return bad(k, "flip wants an address and a bit, 0 to 7");
	bench_settle(k->bench);
	err = mcu_flash_flip(k->bench->mcu, (uint32_t)addr, (unsigned)bit);
	return err == 0 ? CODE_OK : failed(k, err, error_text(err));
}

#define PEEK_MAX 16384

static int do_peek(struct call *k)
{
	static uint8_t buf[PEEK_MAX];
	static char hex[2 * PEEK_MAX + 1];
	uint64_t addr, len;
	int err;

	if (!number(k->argv[0], UINT32_MAX, &addr) ||
	    !number(k->argv[1], PEEK_MAX, &len) || len == 0)
		return bad(k, "peek wants an address and a length, at most "
			      "16384");
	err = mcu_peek(k->bench->mcu, (uint32_t)addr, buf, (size_t)len);
	if (err != 0)
		return failed(k, err, error_text(err));
	hex_encode(buf, (size_t)len, hex);
	control_print(k->out, "%s\n", hex);
	return CODE_OK;
}

static int do_cut(struct call *k)
{
	uint64_t n;

	if (!number(k->argv[0], UINT32_MAX, &n))
		return bad(k, "cut wants a number of flash operations");
	mcu_cut_after(k->bench->mcu, (uint32_t)n);
	return CODE_OK;
}

static int do_fault(struct call *k)
{
	char why[BENCH_WHY_CAP];

	bench_settle(k->bench);
	return bench_fault(k->bench, k->argv[0], why) == 0 ? CODE_OK
							   : bad(k, why);
}

static int do_capture(struct call *k)
{
	bool off = strcmp(k->argv[0], "off") == 0;
	char why[BENCH_WHY_CAP];

	return bench_capture(k->bench, off ? NULL : k->argv[0], why) == 0
		       ? CODE_OK
		       : answer(k, CODE_FAILED, why, NEXT_WRITABLE);
}

/* -- wire faults ---------------------------------------------------------- */

static int do_wire(struct call *k)
{
	struct swdp_faults *f = &k->bench->swj.swd.faults;
	const struct {
		const char *name;
		unsigned *counter;
	} kinds[] = {
		{ "wait", &f->wait },
		{ "fault", &f->fault },
		{ "parity", &f->parity },
		{ "silence", &f->silence },
	};
	uint64_t n;

	if (!number(k->argv[1], UINT32_MAX, &n))
		return bad(k, "wire wants a number of transfers");
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].name, k->argv[0]) != 0)
			continue;
		*kinds[i].counter = (unsigned)n;
		if (i == 0)
			k->bench->swj.jtag.wait = (unsigned)n;
		return CODE_OK;
	}
	return bad(k, "wire wants wait, fault, parity or silence");
}

/* -- questions ------------------------------------------------------------ */

static int do_uart(struct call *k)
{
	static uint8_t buf[BENCH_UART_CAP];
	bool lost;
	size_t n;

	if (k->argc == 1 && strcmp(k->argv[0], "--follow") == 0) {
		k->client->follow = true;
		k->client->pos = k->c->uart_pos;
		return CODE_OK;
	}
	if (k->argc == 1 && strcmp(k->argv[0], "--clear") == 0) {
		k->c->uart_pos = k->bench->uart_end;
		return CODE_OK;
	}
	if (k->argc != 0)
		return bad(k, "uart knows --follow and --clear");
	bench_settle(k->bench);
	n = bench_uart_read(k->bench, &k->c->uart_pos, buf, sizeof(buf), &lost);
	control_print_bytes(k->out, buf, n);
	return CODE_OK;
}

static int do_send(struct call *k)
{
	const uint8_t *p = (const uint8_t *)k->argv[0];
	size_t len = strlen(k->argv[0]);

	if (bench_uart_write(k->bench, p, len) != len)
		return answer(k, CODE_FAILED, "the firmware's receiver is full",
			      "let it run: signet-vmcu ctl SOCKET run MS");
	return CODE_OK;
}

static void print_string(struct control_text *out, const char *s)
{
	control_print(out, "\"");
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			control_print(out, "\\%c", *s);
		else if ((uint8_t)*s < 0x20)
			control_print(out, "\\u%04x", (unsigned)*s);
		else
			control_print(out, "%c", *s);
	}
	control_print(out, "\"");
}

static int do_info(struct call *k)
{
	const struct bench *b = k->bench;
	size_t uid_len;
	const uint8_t *uid = mcu_uid(b->mcu, &uid_len);
	char hex[2 * MCU_UID_MAX + 1];

	bench_settle(k->bench);
	hex_encode(uid, uid_len < MCU_UID_MAX ? uid_len : MCU_UID_MAX, hex);
	control_print(k->out, "{\"chip\":");
	print_string(k->out, mcu_chip(b->mcu));
	control_print(k->out, ",\"uid\":\"%s\",\"state\":", hex);
	print_string(k->out, b->board.state != NULL ? b->board.state : "");
	control_print(k->out, ",\"profile\":");
	print_string(k->out, mcu_profile(b->mcu));
	control_print(k->out, ",\"power\":%s,\"nrst_held\":%s",
		      mcu_powered(b->mcu) ? "true" : "false",
		      b->nrst != 0 ? "true" : "false");
	control_print(k->out, ",\"debug_port\":%s,\"plugged\":%s",
		      mcu_debug_alive(b->mcu) ? "true" : "false",
		      b->swj.unplugged ? "false" : "true");
	control_print(k->out, ",\"now_us\":%llu,\"resets\":%u",
		      (unsigned long long)(mcu_now(b->mcu) / 1000000),
		      mcu_resets(b->mcu));
	control_print(k->out, ",\"instructions\":%llu,\"cycles\":%llu",
		      (unsigned long long)mcu_instructions(b->mcu),
		      (unsigned long long)mcu_cycles(b->mcu));
	control_print(k->out, ",\"packets\":%llu,\"transfers\":%llu",
		      (unsigned long long)k->c->dap->probe.packets,
		      (unsigned long long)b->swj.swd.transfers);
	control_print(k->out, ",\"wire_clocks\":%llu,\"link_clocks\":%llu",
		      (unsigned long long)b->swj.clocks,
		      (unsigned long long)b->line.clocks);
	control_print(k->out, ",\"flash_operations\":%u,\"pin_conflicts\":%u",
		      mcu_flash_operations(b->mcu), mcu_pin_conflicts(b->mcu));
	control_print(
		k->out, ",\"skipped\":%u,\"flips\":%llu,\"drops\":%llu}\n",
		mcu_faults(b->mcu)->skipped,
		(unsigned long long)b->line.noise.flips + b->uart_noise.flips,
		(unsigned long long)b->line.noise.drops + b->uart_noise.drops);
	return CODE_OK;
}

static int do_save(struct call *k)
{
	return save(k);
}

static int do_quit(struct call *k)
{
	k->c->quit = true;
	return CODE_OK;
}

/* -- dispatch ------------------------------------------------------------- */

static const struct {
	const char *name;
	int min_args, max_args;
	int (*run)(struct call *k);
	const char *usage, *text;
} commands[] = {
	{ "power", 1, 2, do_power, "power on|off|cycle [MS]",
	  "switch the supply; MS of virtual time pass (cycle: 1000)" },
	{ "reset", 0, 0, do_reset, "reset", "pull NRST for a millisecond" },
	{ "run", 1, 1, do_run, "run MS", "let virtual time pass" },
	{ "insert", 1, 6, do_insert,
	  "insert FILE [--new [--uid HEX] [--profile NAME]]",
	  "swap the board; the supply stays as it was" },
	{ "save", 0, 0, do_save, "save", "write the state file" },
	{ "uart", 0, 1, do_uart, "uart [--follow|--clear]",
	  "what the firmware said since the last time" },
	{ "send", 1, 1, do_send, "send TEXT", "bytes to the firmware's UART" },
	{ "info", 0, 0, do_info, "info", "everything about the bench, JSON" },
	{ "cut", 1, 1, do_cut, "cut N",
	  "cut the power after N more flash operations; 0 = never" },
	{ "peek", 2, 2, do_peek, "peek ADDRESS LENGTH",
	  "flash or SRAM in hex, past every lock" },
	{ "fault", 1, 1, do_fault, "fault KIND=VALUE",
	  "rng=stuck|biased|seis|good, reset=CYCLE, hold=CYCLE,\n"
	  "        skip=ADDRESS[,N], skip-cycle=CYCLE, flip=P[,SEED], "
	  "drop=P[,SEED], cut=N" },
	{ "capture", 1, 1, do_capture, "capture FILE|off",
	  "record all wires as VCD" },
	{ "flip", 2, 2, do_flip, "flip ADDRESS BIT",
	  "flip a stored bit of the flash, unseen by ECC" },
	{ "wire", 2, 2, do_wire, "wire wait|fault|parity|silence N",
	  "spoil the next N transfers" },
	{ "unplug", 0, 0, do_unplug, "unplug", "pull the debug cable off" },
	{ "plug", 0, 0, do_plug, "plug", "and plug it in again" },
	{ "usb", 1, 1, do_usb, "usb plug|unplug",
	  "the probe's USB plug; starts plugged in" },
	{ "quit", 0, 0, do_quit, "quit", "save and end the virtual MCU" },
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

void control_usage(struct control_text *out)
{
	for (size_t i = 0; i < COMMANDS; i++)
		control_print(out, "  %s\n        %s\n", commands[i].usage,
			      commands[i].text);
}

int control_command(struct control *c, struct control_client *client, int argc,
		    char **argv, struct control_text *out)
{
	struct call k = { .c = c,
			  .bench = c->bench,
			  .client = client,
			  .argc = argc - 1,
			  .argv = argv + 1,
			  .out = out };

	for (size_t i = 0; i < COMMANDS; i++) {
		if (strcmp(commands[i].name, argv[0]) != 0)
			continue;
		if (k.argc < commands[i].min_args ||
		    k.argc > commands[i].max_args) {
			control_print(out,
				      "signet-vmcu: usage: ctl SOCKET %s\n"
				      "  next: %s\n",
				      commands[i].usage, NEXT_HELP);
			return CODE_USAGE;
		}
		return commands[i].run(&k);
	}
	control_print(out,
		      "signet-vmcu: unknown command \"%.40s\"\n"
		      "  next: give one of these:\n",
		      argv[0]);
	control_usage(out);
	return CODE_USAGE;
}
