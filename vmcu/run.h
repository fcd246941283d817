/* SPDX-License-Identifier: MIT */
/* vmcu/run.h - the subcommands of signet-vmcu. */
#ifndef VMCU_RUN_H
#define VMCU_RUN_H

#include <stdint.h>

#include "vmcu/bench.h"
#include "vmcu/mcu.h"

#define VMCU_CHIP "stm32l432" /* the chip when none is named */

#define RUN_FAULTS 16 /* --fault as often as this */

/* Exit codes of every subcommand. */
#define VMCU_EXIT_OK 0
#define VMCU_EXIT_FAILED 1
#define VMCU_EXIT_USAGE 2

struct run_options {
	struct mcu_config mcu;
	const char *dap, *bitbang, *usbredir, *uart, *control;
	const char *usb_serial, *ready_file, *capture;
	const char *faults[RUN_FAULTS];
	unsigned fault_count;
	/* For tests that build on this loop: called when the bench stands,
	 * before its supply is on. */
	void (*prepare)(struct bench *b, void *user);
	void *prepare_user;
	uint64_t packet_ps;
	uint32_t jtag_hz;
	bool real_time, power_off, fiction_jtag;
};

/* Serves until SIGTERM, SIGINT or `ctl quit`. */
int run_bench(const struct run_options *o);

/* vmcu/tool.c; argv starts behind the subcommand's name. */
int tool_ctl(int argc, char **argv);
int tool_copy(int argc, char **argv);
int tool_flip(int argc, char **argv);
int tool_dump(int argc, char **argv);

#endif
