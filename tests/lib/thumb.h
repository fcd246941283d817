/* SPDX-License-Identifier: MIT */
/*
 * thumb.h - runs one function of a chip's ELF file under Unicorn, counts what
 * it costs, and can leave out one instruction.  Memory is plain: no chip is
 * modelled (vmcu/ does that), except that reads of unmapped I/O give all ones.
 */
#ifndef TESTS_LIB_THUMB_H
#define TESTS_LIB_THUMB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum thumb_cpu { THUMB_M0, THUMB_M3, THUMB_M4 };

#define THUMB_FLASH 0x08000000u
#define THUMB_FLASH_LEN 0x40000u
#define THUMB_RAM 0x20000000u
#define THUMB_RAM_LEN 0x10000u

struct thumb;

/* Loads the ELF file; ends the program with a message when it cannot. */
struct thumb *thumb_new(enum thumb_cpu cpu, const char *elf_path);
void thumb_free(struct thumb *t);
uint32_t thumb_entry(const struct thumb *t);
/* Address range of a function; ends the program when there is none. */
void thumb_function(const struct thumb *t, const char *name, uint32_t *begin,
		    uint32_t *end);
void thumb_write(struct thumb *t, uint32_t address, const void *p, size_t len);
void thumb_read(struct thumb *t, uint32_t address, void *out, size_t len);

struct thumb_run {
	/* in */
	uint32_t entry;	    /* bit 0 set or not */
	uint32_t stack;	    /* initial stack pointer */
	uint64_t limit;	    /* most instructions to execute */
	uint64_t skip;	    /* number of the instruction to leave out, from 1;
			     * 0 = none.  Not inside IT blocks (use an M0) */
	uint32_t stop_from; /* also ends before an instruction at or above this
			     * flash address; 0 = none */
	uint32_t spare_begin, spare_end; /* nothing is left out in here */
	uint32_t *trace;  /* NULL, or gets the addresses executed ... */
	size_t trace_cap; /* ... at most that many */
	/* out */
	bool returned; /* the function came back */
	bool stopped;  /* stop_from was reached */
	bool faulted;  /* an access or instruction that cannot be */
	bool slept;    /* WFI */
	bool mpu_on;   /* so far: then stop_from and above cannot execute */
	uint64_t instructions;
	uint64_t cycles; /* by the core's TRM, memory without wait states */
	uint32_t stack_used;
	uint32_t skipped; /* address of what was left out */
};
void thumb_call(struct thumb *t, struct thumb_run *run);

#endif
