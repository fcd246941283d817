/* SPDX-License-Identifier: MIT */
/*
 * vmcu_forks - a virtual chip for a real station, that forks at every flash
 * operation of the whole job, from the mass erase to the loader's end.
 *
 *   vmcu_forks --dap ADDR:PORT --control SOCKET --ready-file FILE
 *              --state FILE --image FILE --loader FILE --stub FILE --out FILE
 *
 * image is the firmware as installed, from the flash's beginning; loader and
 * stub as `make loader` gives them.  In each child the power fails in that
 * operation; the child writes a line into out, then ends:
 *
 *   OPERATION CLASS LEVEL BYTES [why it is bad]
 *
 * with the read protection's level and the firmware's bytes in the flash.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/fork_bed.h"
#include "vmcu/run.h"
#include "wire/const.h"
#include "wire/layout.h"

#define FLASH_BASE 0x08000000u
#define FLASH_LEN 0x40000u
#define TOP (FLASH_LEN - RESERVED_LEN)

struct forks {
	struct fork_bed bed;
	struct flash_truth truth;
	struct mcu_listener listener;
	FILE *out;
};

static uint8_t before[FLASH_LEN], installed[FLASH_LEN];

static uint32_t load(const char *path, uint8_t *at, size_t cap)
{
	FILE *f = path != NULL ? fopen(path, "rb") : NULL;
	size_t n;

	if (f == NULL) {
		fprintf(stderr, "vmcu_forks: %s cannot be read\n",
			path != NULL ? path : "a file that is not named");
		exit(2);
	}
	n = fread(at, 1, cap, f);
	fclose(f);
	return (uint32_t)n;
}

static int cut(void *user, uint32_t n)
{
	static const char *const names[] = { "blank", "resumable", "complete",
					     "regress", "bad" };
	struct forks *f = user;
	char why[128];
	enum flash_class class;

	class = flash_classify(f->bed.mcu, &f->truth, why);
	fprintf(f->out, "%u %s %u %u %s\n", n, names[class],
		mcu_protection(f->bed.mcu),
		flash_plaintext(f->bed.mcu, &f->truth), why);
	return (int)class;
}

static void prepare(struct bench *b, void *user)
{
	struct forks *f = user;

	f->bed.mcu = b->mcu;
	f->listener = fork_bed_listener(&f->bed);
	bench_listen(b, &f->listener);
}

int main(int argc, char **argv)
{
	static const struct option names[] = {
		{ "dap", required_argument, NULL, 'd' },
		{ "control", required_argument, NULL, 'c' },
		{ "ready-file", required_argument, NULL, 'r' },
		{ "state", required_argument, NULL, 's' },
		{ "image", required_argument, NULL, 'i' },
		{ "loader", required_argument, NULL, 'l' },
		{ "stub", required_argument, NULL, 'b' },
		{ "out", required_argument, NULL, 'o' },
		{ 0 },
	};
	static struct forks f = { .bed = { .user = &f, .cut = cut } };
	struct run_options o = { .mcu = { .chip = VMCU_CHIP,
					  .seed = 99,
					  .flash_time = MCU_TIME_TYP },
				 .packet_ps = 250000000,
				 .jtag_hz = 1000000,
				 .prepare = prepare,
				 .prepare_user = &f };
	const char *path[128] = { 0 };
	uint32_t len;
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (c == '?')
			return 2;
		path[c] = optarg;
	}
	memset(before, 0xff, sizeof(before));
	memset(installed, 0xff, sizeof(installed));
	len = load(path['i'], installed, TOP);
	memcpy(before, installed, 8); /* the boot words */
	(void)load(path['l'], before + TOP + LOADER_OFFSET, LOADER_LEN);
	(void)load(path['b'], before + TOP + STUB_OFFSET, STUB_CODE_LEN);
	f.truth = (struct flash_truth){ .boot_len = 8,
					.base = FLASH_BASE,
					.len = FLASH_LEN,
					.installed = installed,
					.image_len = len,
					.before = before };
	f.out = path['o'] != NULL ? fopen(path['o'], "we") : NULL;
	if (f.out == NULL)
		return 2;
	o.dap = path['d'];
	o.control = path['c'];
	o.ready_file = path['r'];
	o.mcu.state = path['s'];
	return run_bench(&o);
}
