/* SPDX-License-Identifier: MIT */
/*
 * vmcu/core_int.h - the inside of the core, for core*.c and mcu.c.
 *
 * core.c runs Unicorn, core_hook.c is what it calls and counts cycles,
 * core_memory.c holds its memories, core_exc.c takes and leaves exceptions,
 * core_scs.c holds the registers of the system control space, core_model.c
 * knows what each core has, core_cost.c what an instruction costs,
 * core_debug.c serves the debugger.
 *
 * Timing is exact to the instruction: one hook per instruction adds its cost
 * and stops before the first instruction that begins at or after the limit.
 * An IT block counts as one instruction for stops and interrupts.
 */
#ifndef VMCU_CORE_INT_H
#define VMCU_CORE_INT_H

#include <stdbool.h>
#include <stdint.h>
#include <unicorn/unicorn.h>

#include "vmcu/core.h"

struct mcu;

#define CORE_IRQS 96
#define CORE_EXCEPTIONS (16 + CORE_IRQS)
#define CORE_WINDOWS 6
#define CORE_IO 5 /* areas that are neither: peripherals and the like */

enum core_exc {
	EXC_NMI = 2,
	EXC_HARDFAULT = 3,
	EXC_MEMMANAGE = 4,
	EXC_BUSFAULT = 5,
	EXC_USAGEFAULT = 6,
	EXC_SVC = 11,
	EXC_DEBUGMON = 12,
	EXC_PENDSV = 14,
	EXC_SYSTICK = 15,
};

/* CFSR bits */
#define CFSR_IACCVIOL (1u << 0)
#define CFSR_IBUSERR (1u << 8)
#define CFSR_PRECISERR (1u << 9)
#define CFSR_UNSTKERR (1u << 11)
#define CFSR_STKERR (1u << 12)
#define CFSR_BFARVALID (1u << 15)
#define CFSR_UNDEFINSTR (1u << 16)
#define CFSR_INVSTATE (1u << 17)
#define CFSR_INVPC (1u << 18)
#define CFSR_NOCP (1u << 19)
#define HFSR_VECTTBL (1u << 1)
#define HFSR_FORCED (1u << 30)
#define HFSR_DEBUGEVT (1u << 31)

/* Classes in the cost table's high nibble; the low nibble is cycles. */
enum core_class {
	CLASS_PLAIN = 0,
	CLASS_IT = 1,	  /* starts an IT block */
	CLASS_AFTER = 2,  /* may unmask interrupts: look after it */
	CLASS_WAIT = 3,	  /* WFI, WFE, SEV */
	CLASS_LIST = 4,	  /* LDM.W, STM.W: count in the second half */
	CLASS_FPU = 5,	  /* coprocessor 10 and 11 */
	CLASS_SYSTEM = 6, /* 32-bit MSR, hints, barriers */
	CLASS_MUL = 7,	  /* more with accumulation: in the second half */
	CLASS_UNDEF = 8,  /* v6-M has not got it, whatever Unicorn thinks */
	CLASS_V6M = 9,	  /* 32 bits on v6-M: told by the second half */
};

enum core_cost { CORE_COST_M0, CORE_COST_M3, CORE_COST_M4, CORE_COSTS };

/* What one core has and another has not (core_model.c). */
struct core_model {
	const char *name;
	uint16_t part;	   /* CPUID[15:4] */
	uint16_t variants; /* bit = CPUID[23:20]; 0 = all others */
	int uc_cpu;
	enum core_cost cost;
	bool v7m; /* else v6-M: no faults but HardFault, no bit band */
	bool fpu;
	unsigned irqs;
	uint8_t prio_mask;
	uint32_t vtor_mask; /* bits that can be written, 0 = no VTOR */
	uint32_t systick_calib;
	uint8_t refill;		    /* cycles to refill the pipeline */
	uint8_t entry, tail, leave; /* cycles of exceptions */
	uint8_t system_extra;	    /* MRS, MSR, barriers beyond the table's */
};
/* NULL: a core that is not known. */
const struct core_model *core_model_find(uint32_t cpuid);

struct core_window { /* plain memory that code can run from */
	uint32_t base, size;
	uint8_t *mem;
	bool flash;
	bool mapped;
	bool open; /* false: an access is a bus fault */
};

/* Why a run ended, set by the hooks. */
enum core_stop {
	STOP_NONE = 0,
	STOP_LIMIT,
	STOP_WAIT,  /* WFI, WFE, SEV reached */
	STOP_STALL, /* fetch from a busy flash */
	STOP_BREAK, /* FPB */
	STOP_STEP,
	STOP_NOCP,
	STOP_SKIP, /* this instruction is to be left out */
	STOP_UNDEF,
};

struct core {
	/* -- touched by the hook for every instruction -- */
	uint64_t clk;	/* cycles of the core clock */
	uint64_t limit; /* stop before an instruction that begins here */
	uint64_t insns;
	uint32_t next; /* where the next sequential instruction lies */
	uint32_t last; /* the one that the hook saw last */
	uint32_t win_base, win_size;
	const uint8_t *win_mem;
	uint32_t fetch_seq; /* wait states per 64-bit line, 0 = hidden */
	uint32_t line;
	uint32_t it_base, it_len; /* the IT block that runs */
	const uint8_t *cost;	  /* by first halfword */
	uint32_t refill;	  /* cycles after a taken branch */
	bool win_flash;
	bool resched; /* stop and look at exceptions before going on */
	/* -- the rest -- */
	uint64_t until; /* the real limit; c->limit may be 0 to look closer */
	uint32_t fetch_jump; /* wait states after a taken branch */
	bool no_thumb;	     /* next instruction is an INVSTATE fault */
	struct mcu *m;
	const struct core_model *model;
	uc_engine *uc;
	uint32_t io_base[CORE_IO];
	struct core_window win[CORE_WINDOWS];
	enum core_stop stop;
	uint32_t stop_len; /* bytes of the instruction that stopped us */
	unsigned stop_op;  /* its hint number */
	bool in_uc;
	bool kick; /* somebody outside must look before going on */

	/* clock */
	uint64_t hz, anchor_ps, anchor_clk;
	uint64_t idle_clk; /* cycles that passed while halted */
	bool flash_busy;
	bool bus_stall;	  /* a store waits for the busy flash */
	bool check_fetch; /* the chip wants to see fetches from flash */

	/* state */
	bool halted, lockup, sleeping, stalled, in_reset;
	bool event; /* WFE's register */
	bool wfe;   /* asleep by WFE: an event wakes, too */
	int step;   /* 0 no, 1 before the instruction, 2 after */
	bool step_mask;
	bool debug_on;
	uint32_t vcatch;
	enum core_halt halt_why;
	bool halt_req;

	/* an instruction to be left out (core_skip.c) */
	bool skip;
	uint32_t patch_at, patch_len; /* in an IT block: a NOP instead */
	uint32_t patch_it;	      /* where that block begins */
	uint8_t patched[4];

	bool vector_fetch; /* the load under way is of a vector */

	/* a fault that a hook saw */
	bool fault, fault_fetch;
	bool fault_late; /* the instruction is done already */
	uint32_t fault_addr;
	int intr; /* Unicorn's interrupt number, -1 none */

	/* exceptions */
	uint8_t prio[CORE_EXCEPTIONS];
	uint32_t irq_pend[CORE_IRQS / 32], irq_enable[CORE_IRQS / 32];
	uint32_t irq_active[CORE_IRQS / 32], irq_level[CORE_IRQS / 32];
	uint32_t sys_pend, sys_active; /* bit = exception number */
	bool nmi_level;
	uint32_t vtor, aircr_prigroup, scr, ccr, shcsr_enable;
	uint32_t cfsr, hfsr, mmfar, bfar, cpacr, actlr;
	uint32_t cpuid;

	/* SysTick: value at clk st_clk, counting if enabled */
	bool no_systick;
	uint32_t st_ctrl, st_load, st_val;
	uint64_t st_clk;
	bool st_flag;

	/* comparators */
	struct {
		bool on;
		uint32_t addr;
	} bp[CORE_BREAKPOINTS];
	unsigned bp_count;
	struct core_watch watch[CORE_WATCHPOINTS];
	uc_hook watch_hook[CORE_WATCHPOINTS];
	bool watch_set[CORE_WATCHPOINTS];
};

/* -- life ---------------------------------------------------------------- */
/* The model follows the CPUID; areas of m->chip->io are the chip's. */
MUST_USE int core_new(struct mcu *m, uint32_t cpuid, struct core **out);
/* This chip left SysTick out (v6-M: its registers read 0). */
void core_without_systick(struct core *c);
void core_free(struct core *c);
/* Plain memory at base; flash: its fetches pay wait states and stall, and
 * stores go to the chip. */
MUST_USE int core_map(struct core *c, unsigned window, uint32_t base,
		      uint32_t size, uint8_t *mem, bool flash);
/* Shuts or opens a window; accesses to a shut one are bus faults. */
void core_window_open(struct core *c, unsigned window, bool open);
/* Memory changed behind the core's back: drop translated code. */
void core_code_changed(struct core *c, uint32_t addr, uint32_t len);
/* Calls the chip before loads from [addr, addr+len): ECC, or a bus fault. */
void core_trap_reads(struct core *c, uint32_t addr, uint32_t len,
		     uc_hook *hook);
void core_untrap_reads(struct core *c, uc_hook *hook);
/* The same for instruction fetches from flash. */
void core_check_fetches(struct core *c, bool on);

/* -- time ---------------------------------------------------------------- */
uint64_t core_ps(const struct core *c);
void core_set_clock(struct core *c, uint64_t hz);
/* Restarts the clock at ps after it has been off. */
void core_anchor(struct core *c, uint64_t ps);
/* Wait states, and whether instruction cache and prefetch hide them. */
void core_set_fetch(struct core *c, unsigned wait_states, bool icache,
		    bool prefetch);
void core_flash_busy(struct core *c, bool busy);
/* The core's current store waits until the flash is free. */
void core_stall(struct core *c);
/* Runs to ps, or until something outside has to be looked at. */
void core_run(struct core *c, uint64_t ps);
/* When the core itself has something to do (SysTick), PS_NEVER if not. */
uint64_t core_next(const struct core *c);
/* SysTick may have expired. */
void core_tick(struct core *c);
/* When mcu_cycles() will be there; PS_NEVER while it stands still. */
uint64_t core_ps_at(const struct core *c, uint64_t cycle);
/* Ends the current run before the next instruction. */
void core_kick(struct core *c);

/* -- reset and interrupts ------------------------------------------------ */
/* power: also the registers that a system reset leaves alone. */
void core_reset(struct core *c, uint32_t vtor, bool power);
void core_irq(struct core *c, unsigned n, bool level);
void core_nmi(struct core *c);
/* The vector table's first two words, read now. */
void core_start(struct core *c);
void core_hold(struct core *c, bool reset);

/* -- between the core's own files ---------------------------------------- */
void core_cost_init(void);
const uint8_t *core_cost_table(enum core_cost which);
/* Registers of 32-bit LDM and STM: cycles beyond the table's. */
unsigned core_cost_list(uint16_t second);
unsigned core_cost_mul(uint16_t second);

uint32_t core_get(struct core *c, int reg);
void core_put(struct core *c, int reg, uint32_t v);
/* Plain memory or bus; false = bus fault.  Words, for stacking. */
bool core_unprivileged(struct core *c);
bool core_load(struct core *c, uint32_t addr, uint32_t *out);
/* The same for an entry of the vector table, and whether one is under way:
 * some chips do not check those (CVE-2020-8004). */
bool core_load_vector(struct core *c, uint32_t addr, uint32_t *out);
bool core_fetches_vector(const struct core *c);
bool core_store(struct core *c, uint32_t addr, uint32_t v);

/* core_memory.c: the window behind an address (shut or not), NULL if none */
struct core_window *core_window_at(struct core *c, uint32_t addr);
void core_enter_window(struct core *c, uint32_t addr);
/* Memory hooks only exist in code that is translated after them. */
void core_forget_code(struct core *c);

/* core_hook.c */
uc_err core_hooks_add(struct core *c);
void core_on_watch(uc_engine *uc, uc_mem_type type, uint64_t addr, int size,
		   int64_t value, void *user);

/* core.c: halts here and now, outside of a run */
void core_halt_now(struct core *c, enum core_halt why);

/* core_skip.c: faults that leave an instruction out.  core_skip_here: called
 * before the instruction at addr, true = stop with STOP_SKIP. */
void core_skip(struct core *c, bool armed);
bool core_skip_here(struct core *c, uint32_t addr);
void core_skip_now(struct core *c);

/* core_exc.c */
void core_exc_pend(struct core *c, unsigned n);
/* A synchronous fault or call, raised at the current PC; sets cfsr. */
void core_exc_fault(struct core *c, unsigned n, uint32_t cfsr_bits);
/* Takes what is pending and allowed; true if something was taken. */
bool core_exc_take(struct core *c);
void core_exc_return(struct core *c, uint32_t value);
bool core_exc_wakes(struct core *c);
bool core_exc_bit(const uint32_t *set, unsigned n);
unsigned core_exc_best(struct core *c, int *out_prio);
bool core_exc_active(const struct core *c, unsigned n);

/* core_scs.c */
void core_systick_sync(struct core *c);
uint64_t core_systick_next(const struct core *c);

#endif
