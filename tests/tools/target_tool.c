/* SPDX-License-Identifier: MIT */
/*
 * target_tool - the job on one chip (flasher/target.h) with no server, for
 * tests/e2e/target.sh and the programming benchmark.
 *
 *   target_tool [OPTIONS] ACTION...
 *
 * options: --chip NAME (default stm32l432)
 *          --probe URI  --serial LINE  --power COMMAND  --clock HZ
 *          --level 0..2
 *          --off-ms N   --record OFFSET=FILE (twice at most)
 *          --option REG,MASK,VALUE
 *          --when PHASE[:PERCENT] --run COMMAND
 *                      runs it in the middle of the job, once
 * actions: identify | program FILE | power | start PATTERN MS | prove | unlock
 *          button GPIO MS (waits until it is pressed)
 *          stage0 LOADER STUB SECRET (three files) | ready (stage 0 was done)
 *
 * Each action prints one line; the first failure prints
 * "FAIL phase=P error=E_X why=TEXT" and ends with exit code 1.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/hex.h"
#include "flasher/gpio.h"
#include "flasher/target.h"
#include "image/image.h"
#include "wire/layout.h"

#define RECORDS_MAX 2
#define RECORD_CAP 512

struct tool {
	struct probe_config probe_config;
	struct power_config power;
	const struct chip *chip;
	struct probe *probe;
	struct target *target;
	struct release_header header;
	uint8_t *plain;
	struct target_record records[RECORDS_MAX];
	uint8_t record_data[RECORDS_MAX][RECORD_CAP];
	size_t record_count;
	unsigned reports;
	char when_phase[16];
	unsigned when_percent;
	const char *when_run; /* NULL: none, or done */
};

static void die(const char *text)
{
	fprintf(stderr, "target_tool: %s\n", text);
	exit(2);
}

static int failed(const struct tool *t, int err)
{
	printf("FAIL phase=%s error=%s why=%s\n",
	       target_phase_name(target_phase(t->target)), error_name(err),
	       target_why(t->target));
	return 1;
}

static void run_command(const char *command)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		die("the command of --run failed");
}

static void progress(void *arg, enum target_phase phase, uint32_t done,
		     uint32_t total)
{
	struct tool *t = arg;

	if (done > total)
		die("progress beyond its end");
	t->reports++;
	if (t->when_run == NULL ||
	    strcmp(t->when_phase, target_phase_name(phase)) != 0 ||
	    (uint64_t)done * 100 < (uint64_t)total * t->when_percent)
		return;
	run_command(t->when_run);
	t->when_run = NULL;
}

static int source(void *arg, uint32_t index, const uint8_t **out,
		  size_t *out_len)
{
	struct tool *t = arg;
	uint32_t total = 0;

	for (unsigned i = 0; i < t->header.fw.segment_count; i++)
		total += t->header.fw.segments[i].len;
	if ((uint64_t)index * t->header.chunk_len >= total)
		return E_RANGE;
	*out = t->plain + index * t->header.chunk_len;
	*out_len = total - index * t->header.chunk_len;
	if (*out_len > t->header.chunk_len)
		*out_len = t->header.chunk_len;
	return 0;
}

static void load(struct tool *t, const char *name)
{
	struct release_header *h = &t->header;
	struct image image;
	char why[IMAGE_ERROR_CAP];
	size_t total = 0;

	if (image_load(name, &image, why) != 0)
		die(why);
	if (image.count == 0 || image.count > SEGMENTS_MAX)
		die("no segments, or too many");
	for (size_t i = 0; i < image.count; i++)
		total += image.segments[i].len;
	free(t->plain);
	t->plain = malloc(total);
	if (t->plain == NULL)
		die("out of memory");
	total = 0;
	for (size_t i = 0; i < image.count; i++) {
		const struct image_segment *s = &image.segments[i];

		h->fw.segments[i] = (struct segment){ s->address, s->len };
		memcpy(t->plain + total, s->data, s->len);
		total += s->len;
	}
	h->fw.segment_count = (uint8_t)image.count;
	h->chunk_len = CHUNK_LEN;
	h->family = (uint8_t)t->chip->family;
	image_free(&image);
}

static void open_target(struct tool *t)
{
	char why[256];
	int err = probe_open(&t->probe_config, &t->probe, why);

	if (err != 0) {
		printf("FAIL phase=open error=%s why=%s\n", error_name(err),
		       why);
		exit(1);
	}
	if (target_new(t->probe, &t->power, progress, t, &t->target) != 0)
		die("out of memory");
}

static int do_identify(struct tool *t, char **args)
{
	char uid[2 * UID_MAX + 1], why[CHIP_WHY_CAP] = "";
	struct target_identity id;
	int err = target_identify(t->target, t->chip, &id);

	(void)args;
	if (err != 0)
		return failed(t, err);
	hex_encode(id.uid, id.uid_len, uid);
	printf("identify: uid=%s dpidr=%08" PRIx32 " cpuid=%08" PRIx32
	       " designer=%" PRIx32 " part=%" PRIx32 " device=%08" PRIx32
	       " flash=%" PRIu32 " ap=%08" PRIx32 " vtor=%08" PRIx32
	       " locked=%d\n",
	       uid, id.print.dpidr, id.print.cpuid, id.print.designer,
	       id.print.part, id.print.device_id, id.print.flash_kb,
	       id.print.ap_idr, id.print.vtor, id.locked);
	if (chip_check_print(t->chip->family, &id.print, why) != 0)
		printf("identify: counterfeit: %s\n", why);
	if (chip_check_uid(t->chip->family, id.uid, id.uid_len, why) != 0)
		printf("identify: impossible: %s\n", why);
	return 0;
}

static int do_program(struct tool *t, char **args)
{
	struct target_plan plan = {
		.header = &t->header,
		.source = source,
		.source_arg = t,
		.records = t->records,
		.record_count = t->record_count,
	};
	int err;

	load(t, args[0]);
	t->reports = 0;
	err = target_program(t->target, &plan);
	if (err != 0)
		return failed(t, err);
	printf("program: ok, %u reports\n", t->reports);
	return 0;
}

static int do_power(struct tool *t, char **args)
{
	int err = target_power_cycle(t->target);

	(void)args;
	if (err != 0)
		return failed(t, err);
	printf("power: ok\n");
	return 0;
}

static int do_start(struct tool *t, char **args)
{
	char line[160];
	int err = target_start(t->target, args[0], 115200,
			       (uint32_t)strtoul(args[1], NULL, 0), line);

	if (err != 0)
		return failed(t, err);
	printf("start: %s\n", line);
	return 0;
}

static int do_prove(struct tool *t, char **args)
{
	int err = target_prove_locked(t->target);

	(void)args;
	if (err != 0)
		return failed(t, err);
	printf("prove: locked\n");
	return 0;
}

static int do_unlock(struct tool *t, char **args)
{
	int err = target_unlock(t->target, t->chip);

	(void)args;
	if (err != 0)
		return failed(t, err);
	printf("unlock: ok\n");
	return 0;
}

static int do_button(struct tool *t, char **args)
{
	char why[256] = "";
	int err = gpio_wait_press(args[0], (uint32_t)strtoul(args[1], NULL, 0),
				  why);

	(void)t;
	printf("button: %s%s%s\n", err == 0 ? "pressed" : error_name(err),
	       err == 0 ? "" : " ", err == 0 ? "" : why);
	return err != 0;
}

/* The whole file, which must have from min to cap bytes. */
static size_t slurp(const char *path, uint8_t *out, size_t min, size_t cap)
{
	FILE *f = fopen(path, "rb");
	size_t len = f == NULL ? 0 : fread(out, 1, cap, f);

	if (len < min || fgetc(f) != EOF)
		die("a file of stage0 is not there, or has the wrong size");
	fclose(f);
	return len;
}

static int do_stage0(struct tool *t, char **args)
{
	static uint8_t loader[LOADER_LEN], stub[STUB_CODE_LEN];
	uint8_t secret[STAGE0_SECRET_LEN];
	struct target_stage0 plan = { loader, stub, 0, secret };
	int err;

	slurp(args[0], loader, sizeof(loader), sizeof(loader));
	plan.stub_len = slurp(args[1], stub, 1, sizeof(stub));
	slurp(args[2], secret, sizeof(secret), sizeof(secret));
	err = target_stage0(t->target, &plan);
	if (err != 0)
		return failed(t, err);
	printf("stage0: ok\n");
	return 0;
}

static int do_ready(struct tool *t, char **args)
{
	int err;

	(void)args;
	t->header.sealed = true;
	err = target_stage0_ready(t->target, &t->header);
	if (err != 0)
		return failed(t, err);
	printf("ready: ok\n");
	return 0;
}

static const struct {
	const char *name;
	int args;
	int (*run)(struct tool *t, char **args);
} actions[] = {
	{ "identify", 0, do_identify }, { "program", 1, do_program },
	{ "power", 0, do_power },	{ "start", 2, do_start },
	{ "prove", 0, do_prove },	{ "unlock", 0, do_unlock },
	{ "button", 2, do_button },	{ "stage0", 3, do_stage0 },
	{ "ready", 0, do_ready },
};

static int run_actions(struct tool *t, int argc, char **argv)
{
	for (int i = 0; i < argc;) {
		size_t n = sizeof(actions) / sizeof(actions[0]), k = 0;
		int bad;

		while (k < n && strcmp(actions[k].name, argv[i]) != 0)
			k++;
		if (k == n || i + actions[k].args >= argc)
			die("unknown action, or too few arguments");
		bad = actions[k].run(t, argv + i + 1);
		fflush(stdout);
		if (bad)
			return bad;
		i += 1 + actions[k].args;
	}
	return 0;
}

static void add_record(struct tool *t, const char *value)
{
	struct target_record *r = &t->records[t->record_count];
	const char *equals = strchr(value, '=');
	FILE *f;

	if (equals == NULL || t->record_count == RECORDS_MAX)
		die("--record OFFSET=FILE, twice at most");
	f = fopen(equals + 1, "rb");
	if (f == NULL)
		die("cannot open the record's file");
	r->offset = (uint32_t)strtoul(value, NULL, 0);
	r->data = t->record_data[t->record_count];
	r->len = fread(t->record_data[t->record_count], 1, RECORD_CAP, f);
	fclose(f);
	t->record_count++;
}

static void add_option(struct tool *t, const char *value)
{
	struct option_word *o = &t->header.options[t->header.option_count];

	if (t->header.option_count == OPTIONS_MAX ||
	    sscanf(value, "%" SCNi32 ",%" SCNi32 ",%" SCNi32,
		   (int32_t *)&o->reg, (int32_t *)&o->mask,
		   (int32_t *)&o->value) != 3)
		die("--option REG,MASK,VALUE");
	t->header.option_count++;
}

static void set_when(struct tool *t, const char *value)
{
	t->when_percent = 0;
	if (sscanf(value, "%15[a-z]:%u", t->when_phase, &t->when_percent) < 1)
		die("--when PHASE[:PERCENT]");
}

static void set_chip(struct tool *t, const char *value)
{
	t->chip = chip_by_name(value);
	if (t->chip == NULL)
		die("--chip: there is none of this name");
}

static void parse_option(struct tool *t, const char *name, const char *value)
{
	if (strcmp(name, "--chip") == 0)
		set_chip(t, value);
	else if (strcmp(name, "--probe") == 0)
		t->probe_config.uri = value;
	else if (strcmp(name, "--serial") == 0)
		t->probe_config.serial = value;
	else if (strcmp(name, "--power") == 0)
		t->power.command = value;
	else if (strcmp(name, "--off-ms") == 0)
		t->power.off_ms = (uint32_t)strtoul(value, NULL, 0);
	else if (strcmp(name, "--clock") == 0)
		t->probe_config.clock_hz = (uint32_t)strtoul(value, NULL, 0);
	else if (strcmp(name, "--timeout") == 0)
		t->probe_config.timeout_ms = (uint32_t)strtoul(value, NULL, 0);
	else if (strcmp(name, "--level") == 0)
		t->header.protection = (uint8_t)strtoul(value, NULL, 0);
	else if (strcmp(name, "--when") == 0)
		set_when(t, value);
	else if (strcmp(name, "--run") == 0)
		t->when_run = value;
	else if (strcmp(name, "--record") == 0)
		add_record(t, value);
	else if (strcmp(name, "--option") == 0)
		add_option(t, value);
	else
		die("unknown option");
}

int main(int argc, char **argv)
{
	struct tool t = { .chip = chip_by_name("stm32l432") };
	int i = 1, status;

	for (; i + 1 < argc && strncmp(argv[i], "--", 2) == 0; i += 2)
		parse_option(&t, argv[i], argv[i + 1]);
	if (t.probe_config.uri == NULL || i == argc)
		die("usage: see the head of tests/tools/target_tool.c");
	open_target(&t);
	status = run_actions(&t, argc - i, argv + i);
	target_free(t.target);
	probe_close(t.probe);
	free(t.plain);
	return status;
}
