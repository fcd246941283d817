/* SPDX-License-Identifier: MIT */
#include "tests/lib/thumb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unicorn/unicorn.h>

#include "tests/lib/elf32.h"

#define RETURN_PAGE 0x0f000000u /* where a finished function comes back to */
#define PAINT 0xa5
#define WFI 0xbf30u
#define SCS 0xe000e000u
#define MPU_CTRL 0xd94u /* in the system control space */

struct thumb {
	uc_engine *uc;
	enum thumb_cpu cpu;
	struct thumb_run *run;
	uint32_t next; /* where the instruction after this one lies */
	uint8_t *code; /* our copy of flash, for the cost of instructions */
	bool skipping;
	struct elf32 *elf;
};

static void __attribute__((noreturn)) die(const char *what, const char *why)
{
	fprintf(stderr, "%s: %s\n", what, why);
	exit(1);
}

static void must(uc_err err, const char *what)
{
	if (err != UC_ERR_OK)
		die(what, uc_strerror(err));
}

/* -- what an instruction costs --------------------------------------------
 * Cortex-M0 TRM r0p0 3.3, Cortex-M3 TRM r2p1 3.3, Cortex-M4 TRM r0p1 3.3.1;
 * where those give a range, its upper end.  A taken branch refills the
 * pipeline, which is added when it happens. */
enum { REFILL = 2 };

static unsigned ones(unsigned v)
{
	return (unsigned)__builtin_popcount(v);
}

static unsigned cost_16(unsigned op)
{
	unsigned top = op >> 8;

	if ((op & 0xf600) == 0xb400) /* push, pop; to the PC one more */
		return 1 + ones(op & 0x1ff) + (top == 0xbd);
	if (top >= 0xc0 && top <= 0xcf) /* ldm, stm */
		return 1 + ones(op & 0xff);
	if (top >= 0x48 && top <= 0x9f) /* loads and stores */
		return 2;
	return 1;
}

static unsigned cost_32(enum thumb_cpu cpu, unsigned op, unsigned second)
{
	if (cpu == THUMB_M0) /* BL 4 with its refill; MSR, MRS, barriers 4 */
		return (second & 0xd000) == 0xd000 ? 2 : 4;
	if ((op & 0xfe40) == 0xe800) /* ldm, stm */
		return 1 + ones(second);
	if ((op & 0xfe40) == 0xe840) /* ldrd, strd, tbb */
		return 3;
	if ((op & 0xfe00) == 0xf800)
		return 2;
	if ((op & 0xffd0) == 0xfb90) /* sdiv, udiv: 2 to 12 */
		return 12;
	if ((op & 0xff80) == 0xfb80) /* umull, umlal, ...: M3 3..5, 4..7 */
		return cpu == THUMB_M4 ? 1 : (op & 0x40) ? 7 : 5;
	if ((op & 0xfff0) == 0xfb00) /* mul 1, mla 2 */
		return cpu == THUMB_M4 || (second & 0xf000) == 0xf000 ? 1 : 2;
	return 1;
}

static void on_code(uc_engine *uc, uint64_t address, uint32_t size, void *user)
{
	struct thumb *t = user;
	struct thumb_run *run = t->run;
	uint32_t at = (uint32_t)address - THUMB_FLASH;
	uint16_t op, second;

	if (t->skipping) { /* back where we stopped: this one is left out */
		t->skipping = false;
		return;
	}
	if (at > THUMB_FLASH_LEN - 4) {
		run->returned = (address & ~0xfffull) == RETURN_PAGE;
		run->faulted = !run->returned;
		uc_emu_stop(uc);
		return;
	}
	memcpy(&op, t->code + at, 2);
	memcpy(&second, t->code + at + 2, 2);
	if (run->stop_from && address >= run->stop_from) {
		run->stopped = !run->mpu_on;
		run->faulted = run->mpu_on;
		uc_emu_stop(uc);
		return;
	}
	if (op == WFI) {
		run->slept = true;
		uc_emu_stop(uc);
		return;
	}
	if (++run->instructions >= run->limit) {
		uc_emu_stop(uc);
		return;
	}
	if (run->trace && run->instructions <= run->trace_cap)
		run->trace[run->instructions - 1] = (uint32_t)address;
	if (run->instructions == run->skip &&
	    (address < run->spare_begin || address >= run->spare_end)) {
		t->skipping = true;
		run->skipped = (uint32_t)address;
		uc_emu_stop(uc);
	}
	if (t->next && t->next != address)
		run->cycles += REFILL;
	t->next = (uint32_t)address + size;
	run->cycles += size == 2 ? cost_16(op) : cost_32(t->cpu, op, second);
}

/* -- input and output: all ones on reading, writes fall on the floor --------
 */
static uint64_t io_read(uc_engine *uc, uint64_t offset, unsigned size,
			void *user)
{
	(void)uc;
	(void)offset;
	(void)size;
	(void)user;
	return 0xffffffffu;
}

static void io_write(uc_engine *uc, uint64_t offset, unsigned size,
		     uint64_t value, void *user)
{
	struct thumb *t = user;

	(void)uc;
	(void)size;
	if (t && offset == MPU_CTRL)
		t->run->mpu_on = value & 1;
}

struct thumb *thumb_new(enum thumb_cpu cpu, const char *elf_path)
{
	static const int models[] = { UC_CPU_ARM_CORTEX_M0,
				      UC_CPU_ARM_CORTEX_M3,
				      UC_CPU_ARM_CORTEX_M4 };
	struct thumb *t = calloc(1, sizeof(*t));
	uc_hook hook;

	if (!t || !(t->code = malloc(THUMB_FLASH_LEN)))
		die(elf_path, "out of memory");
	t->cpu = cpu;
	memset(t->code, 0xff, THUMB_FLASH_LEN);
	must(uc_open(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS, &t->uc),
	     "open");
	must(uc_ctl_set_cpu_model(t->uc, models[cpu]), "model");
	must(uc_mem_map_ptr(t->uc, THUMB_FLASH, THUMB_FLASH_LEN,
			    UC_PROT_READ | UC_PROT_EXEC, t->code),
	     "flash");
	must(uc_mem_map(t->uc, THUMB_RAM, THUMB_RAM_LEN,
			UC_PROT_READ | UC_PROT_WRITE),
	     "ram");
	must(uc_mem_map(t->uc, RETURN_PAGE, 0x1000, UC_PROT_ALL), "page");
	must(uc_mem_map(t->uc, 0x1fff7000, 0x1000, UC_PROT_READ), "uid");
	must(uc_mmio_map(t->uc, 0x40000000, 0x100000, io_read, NULL, io_write,
			 NULL),
	     "io");
	must(uc_mmio_map(t->uc, 0x48000000, 0x1000, io_read, NULL, io_write,
			 NULL),
	     "io");
	must(uc_mmio_map(t->uc, SCS, 0x1000, io_read, NULL, io_write, t),
	     "scs");
	must(uc_hook_add(t->uc, &hook, UC_HOOK_CODE, (void *)on_code, t, 1, 0),
	     "hook");
	t->elf = elf32_open(elf_path);
	elf32_flatten(t->elf, THUMB_FLASH, t->code, THUMB_FLASH_LEN);
	return t;
}

void thumb_free(struct thumb *t)
{
	if (!t)
		return;
	uc_close(t->uc);
	free(t->code);
	elf32_free(t->elf);
	free(t);
}

uint32_t thumb_entry(const struct thumb *t)
{
	return elf32_entry(t->elf);
}

void thumb_function(const struct thumb *t, const char *name, uint32_t *begin,
		    uint32_t *end)
{
	uint32_t size;

	*begin = elf32_symbol(t->elf, name, &size);
	*end = *begin + size;
}

void thumb_write(struct thumb *t, uint32_t address, const void *p, size_t len)
{
	must(uc_mem_write(t->uc, address, p, len), "write");
}

void thumb_read(struct thumb *t, uint32_t address, void *out, size_t len)
{
	must(uc_mem_read(t->uc, address, out, len), "read");
}

static void stack_paint(struct thumb *t, uint32_t top, uint32_t len)
{
	static uint8_t paint[THUMB_RAM_LEN];

	memset(paint, PAINT, sizeof(paint));
	thumb_write(t, top - len, paint, len);
}

static uint32_t stack_depth(struct thumb *t, uint32_t top, uint32_t len)
{
	static uint8_t ram[THUMB_RAM_LEN];
	uint32_t i = 0;

	thumb_read(t, top - len, ram, len);
	while (i < len && ram[i] == PAINT)
		i++;
	return len - i;
}

enum { STACK_LEN = 0x4000 };

void thumb_call(struct thumb *t, struct thumb_run *run)
{
	uint32_t lr = RETURN_PAGE | 1;
	uint32_t pc = run->entry | 1;
	uc_err err;

	run->returned = run->stopped = run->faulted = run->slept = false;
	run->instructions = run->cycles = 0;
	run->mpu_on = false;
	t->run = run;
	t->next = 0;
	stack_paint(t, run->stack, STACK_LEN);
	must(uc_reg_write(t->uc, UC_ARM_REG_SP, &run->stack), "sp");
	must(uc_reg_write(t->uc, UC_ARM_REG_LR, &lr), "lr");
	for (;;) {
		err = uc_emu_start(t->uc, pc, 0xfffffffe, 0, 0);
		if (!t->skipping)
			break;
		pc = t->next | 1; /* as if the instruction were a NOP */
		t->skipping = false;
	}
	if (err != UC_ERR_OK)
		run->faulted = true;
	run->stack_used = stack_depth(t, run->stack, STACK_LEN);
}
