/* SPDX-License-Identifier: MIT */
/*
 * chip/chip.h - all that differs between chip families, for the host.
 *
 * One folder per family (chip/stm32l4/...) fills a struct chip for each chip
 * of it; chip.c knows them all.  Register addresses come from the vendor's
 * reference manual, cited where they stand.  The virtual MCU has facts of its
 * own.
 */
#ifndef CHIP_CHIP_H
#define CHIP_CHIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "wire/const.h"
#include "wire/layout.h"

struct claim_word;     /* wire/hello.h */
struct release_header; /* wire/release.h */

/* Code that runs in the target's RAM and programs flash from one buffer while
 * the probe fills the other (chip/algo_main.c, chip/FAMILY/algo_port.c;
 * chip/algo.h is its interface).  It copies what the flash then holds into the
 * mirror, so that the read-back over the wire also happens in the shadow of
 * programming. */
struct chip_algo {
	const uint8_t *code; /* begins with a vector table: stack, entry */
	size_t code_len;
	uint32_t load;	  /* RAM address of the code */
	uint32_t vtor;	  /* register to point at it first; 0 = none */
	uint32_t control; /* RAM address of the ALGO_* words */
	uint32_t buffer[2];
	uint32_t mirror[2];
	uint32_t buffer_len;
	/* Longest times in target microseconds, with room: an answer later
	 * than this is an error, never a fixed delay. */
	uint32_t erase_us, buffer_us, options_us, crc_us_per_kb;
};

/* One option register.  Bits outside mask are reserved. */
struct chip_option {
	uint32_t reg, def, mask;
	const char *name;  /* "OPTR" */
	bool sealed_fixed; /* a sealed release leaves it at def */
};
#define CHIP_OPTIONS_MAX 5

/* A register that tells whether a chip is really locked: each field must have
 * the value, or must not when differs is set. */
struct chip_field {
	uint32_t mask, value;
	bool differs;
	const char *why; /* what is wrong otherwise */
};
struct chip_witness {
	uint32_t address;
	uint8_t count;
	struct chip_field fields[4];
};
#define CHIP_WITNESSES_MAX 5

/* A mass erase by plain writes through the debug port, for families whose lock
 * shuts RAM, so that no code can be sent there: the steps in turn, `ready`
 * asked after each, then the last. */
struct chip_poke {
	uint32_t address, value;
};
struct chip_recover {
	struct chip_poke steps[2];
	uint32_t ready, ready_mask;
	struct chip_poke last;
	uint32_t us; /* longest, with room */
};

struct chip {
	const char *name; /* "stm32l432" */
	enum family family;
	const char *family_name;
	/* What products of it may be called, in one honest phrase (design
	 * part 6): "tests and demonstrations" */
	const char *label;
	/* Its lock is known to fall to a debugger alone: the proof step of its
	 * credentials is `demonstration`. */
	bool demonstration;
	uint32_t flash_base, flash_len, page_len;
	uint32_t ram_base, ram_len;
	uint32_t program_unit; /* bytes */
	uint32_t uid_address;
	uint8_t uid_len;
	uint32_t flash_size_register;
	uint32_t device_id_register;
	/* what a genuine part answers; device_id under its mask */
	uint32_t dpidr, cpuid, designer, part, device_id, device_id_mask,
		flash_kb, ap_idr;
	const uint32_t *device_id_others; /* genuine too; 0 ends; or NULL */
	uint32_t vtor; /* the bits of it that can be written; 0: it has none */
	const struct chip_algo *algo;
	/* options[0] carries the read-protection level in level_mask */
	struct chip_option options[CHIP_OPTIONS_MAX];
	uint8_t option_count;
	uint32_t level_mask, level_value[3];
	bool level2; /* the family has a level 2 */
	/* Its resident stub can set level 2 when a sealed firmware is there:
	 * as final_options of message 2, the low byte of each half of the
	 * option registers, in order. */
	bool late;
	/* What level 1 hides reads as 0 instead of failing, RAM too. */
	bool reads_zero;
	/* How level 1 is lifted; NULL: by the option bytes. */
	const struct chip_recover *recover;
	/* Lines that its loaders can speak, bit = enum loader_link; and why
	 * not by the debug pins, if not. */
	unsigned links;
	const char *no_pins;
	/* Sealed mode: bits of options[0] that must be 0 (so that every reset
	 * erases the RAM that keys lie in), and the witnesses in the order of
	 * the loader's claim, after the options.  witness_count 0: the family
	 * has no sealed mode. */
	uint32_t seal_clear;
	struct chip_witness witnesses[CHIP_WITNESSES_MAX];
	uint8_t witness_count;
	/* the stack pointer that a sealed image begins with, beside the stub's
	 * address; the same in all, so that stage 0 needs no release */
	uint32_t boot_stack;
	/* No VTOR: the vectors of NMI and HardFault lead to the stub as well,
	 * and the image's own stand in the vectors 4 and 5 (wire/layout.h). */
	bool boot_faults;
	/* Bytes at the beginning of flash that cannot be changed once the lock
	 * is loaded: public, and sealed images begin behind them, with their
	 * own vector table; 0: the image's first two words are the boot
	 * words. */
	uint32_t frozen;
	bool stage0; /* can hold a stage-0 secret */
	/* Random bits, SP 800-90B 4.4 for the family's entropy claim and a
	 * false alarm in 2^30: no run of so many (repetition count), not so
	 * many alike in a window of 1,024 (adaptive proportion).  0: the
	 * loader's own verdict is all there is. */
	uint32_t rng_run, rng_peak;
	/* The lines to its loader: the clock of swd-pins, 0 = 400 kHz, and none
	 * that is faster; baud, 0 = 1,000,000; and whether the serial one holds
	 * one frame while it works on another. */
	uint32_t link_clock, link_baud;
	bool link_ahead;
	/* RAM that level 1 shuts as well; 0 = none */
	uint32_t closed_ram;
	/* the family's part of chip_check_uid(); len was checked */
	int (*check_uid)(const uint8_t *uid, char *why);
};

/* Level 0, 1 or 2 that a value of options[0] stands for. */
unsigned chip_level(const struct chip *c, uint32_t option0);

/* The first chip of a family, for what all its chips share (UID, options,
 * lock); NULL when none is supported. */
const struct chip *chip_find(enum family family);
const struct chip *chip_by_name(const char *name);
/* A genuine one says this device ID of itself. */
bool chip_is(const struct chip *c, uint32_t device_id);
/* The chip of the family that does; NULL. */
const struct chip *chip_of(enum family family, uint32_t device_id);
/* What releases and loaders name beside the family, since the top of flash is
 * what they are made for: 0 when the family has only this chip. */
uint32_t chip_release_device(const struct chip *c);
/* The one that they mean by it; NULL: none that we know. */
const struct chip *chip_meant(enum family family, uint32_t device);
/* The one that a release is laid out for; NULL. */
const struct chip *chip_of_release(const struct release_header *h);
/* All chips, by number; NULL behind the last. */
const struct chip *chip_at(unsigned i);

/* Names <-> numbers for people: "stm32l4". FAMILY_NONE / NULL if unknown. */
enum family chip_family(const char *name);
const char *chip_family_name(enum family family);

/*
 * Server side: is this UID possible for the family (facts per family), and
 * does the fingerprint fit?  why[] names the field: "CPUID is 0x412fc231,
 * genuine parts have 0x410fc241".
 */
#define CHIP_WHY_CAP 160
struct chip_print { /* what a station measured */
	uint32_t dpidr, cpuid, designer, part, device_id, flash_kb, ap_idr,
		vtor;
};
MUST_USE int chip_check_uid(enum family family, const uint8_t *uid, size_t len,
			    char why[CHIP_WHY_CAP]);
/* Against the chip of the family whose device ID it tells. */
MUST_USE int chip_check_print(enum family family, const struct chip_print *p,
			      char why[CHIP_WHY_CAP]);

/* What flash begins with from step 3 of a sealed job on, for good: stack, stub,
 * and with boot_faults two vectors more.  Returns its length.  Images begin
 * with it too, where nothing is frozen. */
#define CHIP_BOOT_MAX 16
size_t chip_boot(const struct chip *c, uint8_t out[CHIP_BOOT_MAX]);
/* Can a loader of this chip speak this line ("uart", "swd-pins")?  why[] says
 * why not. */
MUST_USE bool chip_speaks(const struct chip *c, const char *link,
			  char why[CHIP_WHY_CAP]);
/*
 * What the option registers hold while a device of this release takes its
 * firmware (level 1, in a late one), in the order of
 * c->options: the chip's defaults, the release's words, its protection level,
 * and in a sealed release the bits of seal_clear off.  E_ARG, why[] says what
 * the chip cannot do.
 */
MUST_USE int chip_want_options(const struct chip *c,
			       const struct release_header *h,
			       uint32_t out[CHIP_OPTIONS_MAX],
			       char why[CHIP_WHY_CAP]);
/* What they hold in the end: the same, but at level 2 in a late release. */
MUST_USE int chip_final_options(const struct chip *c,
				const struct release_header *h,
				uint32_t out[CHIP_OPTIONS_MAX],
				char why[CHIP_WHY_CAP]);
/* What message 2 says of it to the stub; FF for any release but a late one. */
MUST_USE int chip_late_options(const struct chip *c,
			       const struct release_header *h,
			       uint8_t out[FINAL_OPTIONS_LEN],
			       char why[CHIP_WHY_CAP]);
/*
 * Server side: do the words of a claim or report say that the chip is locked
 * as the release orders?  Every option register and every witness, in order.
 * E_TARGET_OPEN, why[] names the register; E_UNSUPPORTED.
 */
MUST_USE int chip_check_lock(const struct chip *c,
			     const struct release_header *h,
			     const struct claim_word *words, size_t count,
			     char why[CHIP_WHY_CAP]);

#endif
