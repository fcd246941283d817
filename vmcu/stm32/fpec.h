/* SPDX-License-Identifier: MIT */
/*
 * vmcu/stm32/fpec.h - the flash controller of STM32F1 and STM32F0 (ST calls
 * it FPEC): cells, registers, operations with their times and errors, option
 * bytes (PM0075, RM0091 chapters 3 and 4).
 *
 * What differs between the families is data, in struct fpec_desc.  The chip
 * decides when options are loaded (fpec_load) and who may look at the flash;
 * it hands over every access to the array, to the option bytes and to the
 * registers.
 *
 * A program or an erase that is cut short leaves half-words "loose": the bits
 * that were on their way read differently from read to read, until the page
 * is erased or the half-word programmed with zeros.  An instruction fetch sees
 * what the last read saw.
 *
 * Not known and chosen so: a store to the array without PG does nothing; an
 * erase of a page outside of the array is WRPRTERR; flash work without HSI
 * never ends; write protection by option bytes also stops a mass erase, the
 * automatic protection of the first pages does not.
 */
#ifndef VMCU_STM32_FPEC_H
#define VMCU_STM32_FPEC_H

#include <stdbool.h>
#include <stdint.h>

#include "vmcu/mcu_int.h"

#define FPEC_OPTIONS 8 /* half-words: RDP, USER, Data0, Data1, WRP0 to WRP3 */
#define FPEC_SECTOR 4096u /* bytes per write protection bit, on both */
#define FPEC_QUEUE 4

#define FPEC_SR_PGERR (1u << 2)
#define FPEC_SR_WRPRTERR (1u << 4)

enum fpec_option { FPEC_RDP, FPEC_USER, FPEC_DATA0, FPEC_DATA1, FPEC_WRP0 };

enum fpec_op {
	FPEC_NONE,
	FPEC_PROGRAM,
	FPEC_PAGE,
	FPEC_MASS,
	FPEC_REGRESS, /* the mass erase in front of a weaker RDP */
	FPEC_OPTION,
	FPEC_OPTION_ERASE,
	FPEC_OPS
};

struct fpec_desc {
	uint32_t base, size, page;
	/* Bytes from the start that a loaded read protection also protects
	 * against writing (PM0075 2.4.1). */
	uint32_t frozen;
	uint32_t acr_reset, acr_writable;
	bool can_launch;	    /* CR.OBL_LAUNCH */
	uint8_t rdp_open, rdp_dead; /* rdp_dead 0: there is no level 2 */
	uint8_t options; /* half-words that are cells; the rest takes stores
			    and forgets them */
	uint16_t option_initial[FPEC_OPTIONS];
	uint8_t user_shift, data_shift[2]; /* in OBR */
	uint32_t option_clash;		   /* SR: option half-word not erased */
	uint32_t shut_error;  /* SR: flash work while the flash is shut */
	bool shut_mass_erase; /* which a mass erase may do all the same */
	uint8_t irq, event;
	uint32_t ns[FPEC_OPS][3]; /* minimum, typical, maximum */
};

/* What the controller asks the chip; none may be NULL. */
struct fpec_chip {
	/* Level 1, and a debugger seen since power-on or another boot mode. */
	bool (*shut)(const struct mcu *m);
	bool (*hsi_on)(const struct mcu *m);
	/* Main flash has been erased because level 1 is about to be left. */
	void (*regressed)(struct mcu *m);
};

struct fpec_lock {
	unsigned step;
	bool frozen; /* a wrong key: until reset */
};

struct fpec {
	struct mcu *m;
	const struct fpec_desc *desc;
	const struct fpec_chip *chip;
	/* -- persistent -- */
	uint8_t *flash; /* desc->size, for core_map */
	uint8_t *loose; /* as long: bits that are not settled */
	uint16_t option[FPEC_OPTIONS], option_loose[FPEC_OPTIONS];
	/* -- loaded options -- */
	unsigned level;		      /* read protection in force: 0, 1, 2 */
	uint8_t loaded[FPEC_OPTIONS]; /* 0xff where the pair was broken */
	bool opterr;
	bool no_wait_states; /* set by the chip: an imitation's flash */
	/* -- volatile -- */
	uint32_t acr, sr, cr, ar;
	struct fpec_lock key, optkey;
	enum fpec_op op;
	uint32_t op_at; /* offset of the cells, or number of the option */
	uint16_t op_data;
	struct {
		uint32_t offset, v;
	} queue[FPEC_QUEUE]; /* stores that wait for the operation */
	unsigned queued;
	uint32_t loose_count; /* half-words */
	bool trapped;
	uc_hook trap[2];
};

/* Virgin cells; the caller maps f->flash and owns what fpec_free() ends. */
MUST_USE int fpec_init(struct fpec *f, struct mcu *m,
		       const struct fpec_desc *desc,
		       const struct fpec_chip *chip);
void fpec_free(struct fpec *f);

/* A system reset: an operation under way stays torn, registers start over.
 * What was loaded stays loaded. */
void fpec_reset(struct fpec *f);
/* Power goes: the same for the operation. */
void fpec_abort(struct fpec *f);
/* Option bytes come into force. */
void fpec_load(struct fpec *f);
/* Cells were put there from outside (state file, copy). */
void fpec_changed(struct fpec *f, uint32_t offset, uint32_t len);
bool fpec_torn(const struct fpec *f, uint32_t addr);
/* The cells: all that lasts without power. */
void fpec_state(struct fpec *f, struct state_table *out);
/* True when a write there would be refused. */
bool fpec_protected(const struct fpec *f, uint32_t offset);

/* Registers, offset from 0x40022000; a false write is a bus error. */
uint32_t fpec_reg_read(const struct fpec *f, uint32_t off);
MUST_USE bool fpec_reg_write(struct fpec *f, uint32_t off, uint32_t v);
/* The array, offset from its base; the chip has asked shut() before a read.
 * False is a bus error. */
uint32_t fpec_read(struct fpec *f, uint32_t offset, unsigned size);
MUST_USE bool fpec_store(struct fpec *f, enum mcu_master by, uint32_t offset,
			 unsigned size, uint32_t v);
/* The option bytes, offset from 0x1ffff800, 16 bytes. */
uint32_t fpec_option_read(struct fpec *f, uint32_t offset, unsigned size);
MUST_USE bool fpec_option_store(struct fpec *f, uint32_t offset, unsigned size,
				uint32_t v);
void fpec_event(struct fpec *f);

#endif
