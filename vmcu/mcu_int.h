/* SPDX-License-Identifier: MIT */
/*
 * vmcu/mcu_int.h - what mcu.c, the core and the chip folders share.
 *
 * A chip family is one folder that offers one struct chip.  The mcu owns
 * time, power, resets and the debug bus; the chip owns memories, peripherals
 * and their rules; the core asks the chip for every access that is not plain
 * memory.
 */
#ifndef VMCU_MCU_INT_H
#define VMCU_MCU_INT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmcu/core_int.h"
#include "vmcu/debug.h"
#include "vmcu/mcu.h"
#include "vmcu/state.h"

#define PS_PER_S 1000000000000ull
#define PS_PER_MS 1000000000ull
#define PS_PER_US 1000000ull
#define PS_NEVER UINT64_MAX
/* SRAM keeps its content this long without power. */
#define MCU_SRAM_HOLD (500 * PS_PER_MS)
#define MCU_EVENTS 16
#define MCU_UART_CAP 65536

enum mcu_reset {
	RESET_NONE = 0,
	RESET_POWER,	/* POR */
	RESET_PIN,	/* NRST */
	RESET_SOFTWARE, /* AIRCR.SYSRESETREQ */
	RESET_WATCHDOG,
	RESET_OPTIONS, /* options loaded on request (OBL_LAUNCH) */
	RESET_LOCKUP,  /* the core gave up, and the chip starts over */
};

enum mcu_master { MASTER_CORE, MASTER_DEBUG, MASTER_DMA };

struct mcu_ring {
	uint8_t buf[MCU_UART_CAP];
	size_t head, len;
};

struct mcu_edge { /* what the outside will do to a pin */
	uint64_t at;
	char port;
	uint8_t bit;
	int8_t level;
};

/* A memory as it is, past every protection: for the tools around the chip. */
struct chip_area {
	uint32_t base, len;
	uint8_t *cells; /* the chip's; NULL: no such area */
};
#define CHIP_AREAS 3

#define CHIP_IO 2
struct chip_io { /* whole pages that are neither memory nor peripherals */
	uint32_t base, size;
};

struct chip {
	const char *name; /* as in state files: 16 characters at most */
	size_t uid_len;
	/* Names of its quirks, NULL behind the last (at most 32); NULL when it
	 * has none. */
	const char *const *quirks;
	struct chip_io io[CHIP_IO];
	size_t dev_len; /* its own state: m->dev, zeros before create() */
	/* A virgin chip of this profile: core, memories, m->area.
	 * E_NOT_FOUND: it has no such profile. */
	int (*create)(struct mcu *m, const char *profile);
	/* Frees what create() made, were it half of it; m->core is gone. */
	void (*destroy)(struct mcu *m);
	/* A UID as its maker programs them. */
	void (*uid_make)(struct mcu *m, uint8_t *out);
	/* Power comes: content_kept tells whether SRAM survived. */
	void (*power_on)(struct mcu *m, bool content_kept);
	void (*power_off)(struct mcu *m);
	/* Everything that a reset of this kind does to the peripherals; the
	 * address where the core finds its vectors in *vtor. */
	void (*reset)(struct mcu *m, enum mcu_reset why, uint32_t *vtor);
	/* Event slot i is due at m->now. */
	void (*event)(struct mcu *m, unsigned slot);
	/* Access to anything but the core's private peripherals; false is a
	 * bus fault. */
	bool (*read)(struct mcu *m, enum mcu_master by, uint32_t addr,
		     unsigned size, uint32_t *out);
	bool (*write)(struct mcu *m, enum mcu_master by, uint32_t addr,
		      unsigned size, uint32_t v);
	int (*pin)(const struct mcu *m, char port, unsigned bit);
	int (*pin_level)(const struct mcu *m, char port, unsigned bit);
	void (*pin_drive)(struct mcu *m, char port, unsigned bit, int level);
	bool (*debug_pins_on)(const struct mcu *m);
	/* False when the protection has shut the debug port for good. */
	bool (*debug_allowed)(const struct mcu *m);
	/* The debugger touches the bus for the first time since power-on, or
	 * again. */
	void (*debug_seen)(struct mcu *m);
	/* Something arrived in m->uart_in. */
	void (*uart_kick)(struct mcu *m);
	/* All that lasts without power, but the UID: the sections of *out. */
	void (*state)(struct mcu *m, struct state_table *out);

	/* -- what most chips do not have: NULL ---------------------------- */
	/* The reset pin moves; false: it does nothing now. */
	bool (*nrst)(struct mcu *m, bool low);
	/* Resets other than power-on that reach the debug logic too. */
	bool (*resets_debug)(enum mcu_reset why);
	/* The core has locked up. */
	void (*lockup)(struct mcu *m);
	/* How long the debugger's access here waits for the bus, in ps. */
	uint64_t (*bus_wait)(const struct mcu *m, uint32_t addr);

	/* -- what the tools ask for (vmcu/raw.c) -------------------------- */
	/* A write or an erase was cut short where this address lies. */
	bool (*torn)(const struct mcu *m, uint32_t addr);
	/* Read protection in force: 0, 1 or 2. */
	unsigned (*protection)(const struct mcu *m);
	/* Cells of the main flash changed from outside. */
	void (*flash_changed)(struct mcu *m, uint32_t offset, uint32_t len);
};

struct mcu {
	const struct chip *chip;
	void *dev; /* the chip's own state */
	char profile[STATE_NAME_LEN + 1];
	uint8_t uid[STATE_UID_MAX];	   /* chip->uid_len bytes */
	struct chip_area area[CHIP_AREAS]; /* main flash first */
	struct core *core;
	struct debug debug;
	struct debug_rom rom;
	struct mcu_identity identity;

	uint32_t quirks;  /* bit i: chip->quirks[i] was asked for */
	char *state_path; /* NULL = in memory only */
	uint64_t rng;	  /* state of the noise generator */
	int flash_time;	  /* MCU_TIME_* */

	uint64_t bench; /* time as the caller sees it, ps */
	uint64_t now;	/* time inside, at most one instruction ahead */
	uint64_t due[MCU_EVENTS];

	bool power, nrst;
	bool ever_powered;
	uint64_t power_lost;
	enum mcu_reset reset_wanted;
	uint32_t resets;
	uint32_t cut_after; /* flash operations until the cut, 0 = none */
	bool cut_now;
	bool debug_req, system_req;

	struct mcu_ring uart_out, uart_in;
	struct mcu_listener listener;
	struct mcu_faults faults;
	uint32_t flash_ops;
	struct mcu_edge edges[MCU_EDGES_MAX]; /* ring, in order of time */
	unsigned edge_head, edge_count;
	uint32_t pin_conflicts;
};

extern const struct chip stm32l4_chip;
extern const struct chip stm32f051_chip;
extern const struct chip nrf51822_chip;
extern const struct chip stm32f103xb_chip, stm32f103xe_chip;

/* Noise for SRAM, torn cells and random numbers (splitmix64). */
uint64_t mcu_noise(struct mcu *m);

/* Quirk number i of the chip's list was asked for. */
static inline bool mcu_quirk(const struct mcu *m, unsigned i)
{
	return m->quirks >> i & 1;
}

/* Event slot becomes due at ps (PS_NEVER = not at all). */
void mcu_due(struct mcu *m, unsigned slot, uint64_t ps);
/* Moves m->now up to the core's clock, for an access in mid-run. */
void mcu_sync(struct mcu *m);
/* All that lasts without power, as the chip keeps it now. */
void mcu_state(struct mcu *m, struct state_table *out);
/* A reset from inside; takes effect before the next instruction. */
void mcu_want_reset(struct mcu *m, enum mcu_reset why);
/* Level of interrupt line n. */
void mcu_irq(struct mcu *m, unsigned n, bool level);
/* Edges from outside that are due: before anybody looks at a pin. */
void mcu_edges_due(struct mcu *m);
/* A flash operation (program, erase, option) ends: true when the power is to
 * be cut, so that the operation has to be left torn. */
bool mcu_cut_here(struct mcu *m);

size_t ring_put(struct mcu_ring *r, const uint8_t *p, size_t len);
size_t ring_get(struct mcu_ring *r, uint8_t *out, size_t cap);

/* The core's accesses outside plain memory (called by core.c). */
bool mcu_core_read(struct mcu *m, uint32_t addr, unsigned size, uint32_t *out);
bool mcu_core_write(struct mcu *m, uint32_t addr, unsigned size, uint32_t v);

#endif
