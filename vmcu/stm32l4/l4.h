/* SPDX-License-Identifier: MIT */
/*
 * vmcu/stm32l4/l4.h - the STM32L432xC: memories, peripherals, protection.
 *
 * Register names and bits are ST's (RM0394, DS11451).  One file per
 * peripheral; chip.c holds the bus table, memory.c the memories and who may
 * see them.
 *
 * Not modelled, and known: MPU, DIV_0 and UNALIGN traps, lazy floating-point
 * stacking (an exception does not save S0-S31); DMA2, timers, ADC, CRS and the
 * rest of the peripherals (they read 0); PCROP (stored, not enforced); OTP
 * programming; single-bit ECC corrections; low-power modes
 * below Sleep; oscillator start-up times; data loads from flash while it is
 * busy (they do not stall; fetches and stores do); the instruction cache is
 * taken to always hit, without it each 64-bit line costs the wait states.
 */
#ifndef VMCU_STM32L4_L4_H
#define VMCU_STM32L4_L4_H

#include <stdbool.h>
#include <stdint.h>

#include "vmcu/stm32/st.h"

#define L4_FLASH_BASE 0x08000000u
#define L4_FLASH_SIZE 0x40000u
#define L4_PAGE_SIZE 2048u
#define L4_PAGES (L4_FLASH_SIZE / L4_PAGE_SIZE)
#define L4_DWORDS (L4_FLASH_SIZE / 8)
#define L4_RAM_BASE 0x20000000u
#define L4_SRAM1_SIZE 0xc000u
#define L4_SRAM2_BASE 0x10000000u
#define L4_SRAM2_SIZE 0x4000u
#define L4_RAM_SIZE (L4_SRAM1_SIZE + L4_SRAM2_SIZE)
#define L4_ROM_BASE 0x1fff0000u
#define L4_ROM_SIZE 0x7000u
#define L4_OTP_BASE 0x1fff7000u
#define L4_OTP_SIZE 0x400u
#define L4_OPTIONS_BASE 0x1fff7800u

enum l4_event {
	EVENT_FLASH,
	EVENT_UART, /* three transmitters, three receivers */
	EVENT_RNG = EVENT_UART + 6,
	EVENT_IWDG,
	EVENT_REMAP,
};

enum l4_window {
	WIN_FLASH,
	WIN_ALIAS,
	WIN_SRAM1,
	WIN_SRAM2,
	WIN_SRAM2_HIGH,
	WIN_ROM
};
enum l4_boot { BOOT_FLASH, BOOT_ROM, BOOT_RAM };
enum l4_irq {
	IRQ_FLASH = 4,
	IRQ_USART1 = 37,
	IRQ_USART2 = 38,
	IRQ_LPUART1 = 70,
	IRQ_RNG = 80
};

/* Option words in the order of their place in memory. */
enum l4_option {
	OPT_OPTR,
	OPT_PCROP1SR,
	OPT_PCROP1ER,
	OPT_WRP1AR,
	OPT_WRP1BR,
	OPT_COUNT
};
#define OPTR_IWDG_SW (1u << 16)
#define OPTR_NBOOT1 (1u << 23)
#define OPTR_SRAM2_RST (1u << 25)
#define OPTR_NSWBOOT0 (1u << 26)
#define OPTR_NBOOT0 (1u << 27)

struct l4_options {
	uint64_t stored[OPT_COUNT]; /* value, complement: the cells */
	uint32_t reg[OPT_COUNT];    /* as the registers show and take them */
	uint32_t loaded[OPT_COUNT]; /* what is in force */
};

enum l4_flash_op {
	OP_NONE,
	OP_PROGRAM,
	OP_FAST,
	OP_PAGE,
	OP_MASS,
	OP_REGRESS,
	OP_OPTIONS
};

struct l4_flash {
	uint32_t acr, sr, cr, eccr;
	unsigned key_step, optkey_step;
	bool frozen, opt_frozen; /* a wrong key: until reset */
	enum l4_flash_op op;
	uint32_t op_addr;
	uint64_t op_data;
	bool half; /* first word of a double word has come */
	uint32_t half_addr, half_data;
	bool erased; /* whole, since the last reset: fast programming works */
	unsigned row_left; /* double words of the row being programmed */
	uint32_t row_next;
	struct {
		uint32_t addr, v;
	} queue[4]; /* stores that wait for the operation to end */
	unsigned queued;
};

struct l4 {
	struct mcu *m;
	const struct st_profile *profile;
	/* persistent */
	uint8_t *flash;
	uint8_t *ecc_bad; /* per double word: a torn write or erase */
	uint8_t otp[L4_OTP_SIZE];
	struct l4_options opt;
	/* volatile */
	uint8_t *ram; /* SRAM1, then SRAM2 */
	uint8_t *rom;
	bool dbg_seen;
	bool pempty;
	bool bus_error; /* the access under way shall fault */
	enum l4_boot boot;
	unsigned mem_mode;
	bool trapped[L4_PAGES]; /* pages with a double word that ECC gave up */
	int bad_pages;
	uc_hook trap[L4_PAGES][2];
	struct l4_flash fl;
	struct st_usarts uart;
	struct st_gpio gpio;
	uint32_t rcc[0xa4 / 4];
	uint32_t pwr[0x60 / 4];
	uint32_t dbgmcu[4];
	struct {
		uint32_t cr, sr, dr;
	} rng;
	struct st_iwdg iwdg;
	struct st_dma dma;
	struct {
		uint32_t regs[9], skey;
	} syscfg;
	uint32_t backup[32];
};

static inline struct l4 *l4_of(const struct mcu *m)
{
	return m->dev;
}

/* -- memory.c ------------------------------------------------------------ */
MUST_USE int l4_memory_create(struct l4 *l);
void l4_memory_destroy(struct l4 *l);
void l4_memory_noise(struct l4 *l);
void l4_sram2_erase(struct l4 *l);
/* Who sees what, after anything that changes it. */
void l4_memory_update(struct l4 *l);
/* True when flash and SRAM2 are shut for everybody: level 1, and a debugger
 * seen since power-on, or not booted from flash. */
bool l4_flash_shut(const struct l4 *l);
bool l4_memory_read(struct l4 *l, uint32_t addr, unsigned size, uint32_t *out,
		    bool *mine);
bool l4_memory_write(struct l4 *l, enum mcu_master by, uint32_t addr,
		     unsigned size, uint32_t v, bool *mine);
/* Cells changed: translated code and ECC traps follow. */
void l4_flash_changed(struct l4 *l, uint32_t offset, uint32_t len);

/* -- flash.c ------------------------------------------------------------- */
uint32_t l4_flash_read(void *dev, unsigned unit, uint32_t off);
void l4_flash_write(void *dev, unsigned unit, uint32_t off, uint32_t v,
		    uint32_t mask);
bool l4_flash_store(struct l4 *l, enum mcu_master by, uint32_t offset,
		    unsigned size, uint32_t v);
void l4_flash_event(struct l4 *l);
void l4_flash_reset(struct l4 *l);
void l4_flash_abort(struct l4 *l); /* power or reset in mid-operation */
void l4_flash_ecc_error(struct l4 *l, uint32_t offset);

/* -- options.c ----------------------------------------------------------- */
void l4_options_default(struct l4 *l); /* a virgin chip */
void l4_options_load(struct l4 *l);
uint64_t l4_options_pair(uint32_t v);
unsigned l4_rdp_level(const struct l4 *l);
/* The register's value with what cannot be written. */
uint32_t l4_options_mask(enum l4_option i, uint32_t v);
void l4_options_boot(struct l4 *l); /* decides l->boot */
bool l4_page_protected(const struct l4 *l, unsigned page);

/* -- the peripherals ----------------------------------------------------- */
#define L4_DEVICE_CALLS(x)                                              \
	uint32_t l4_##x##_read(void *dev, unsigned unit, uint32_t off); \
	void l4_##x##_write(void *dev, unsigned unit, uint32_t off,     \
			    uint32_t v, uint32_t mask);                 \
	void l4_##x##_reset(struct l4 *l)
L4_DEVICE_CALLS(rng);
L4_DEVICE_CALLS(syscfg);
L4_DEVICE_CALLS(pwr);
uint32_t l4_rcc_read(void *dev, unsigned unit, uint32_t off);
void l4_rcc_write(void *dev, unsigned unit, uint32_t off, uint32_t v,
		  uint32_t mask);
void l4_rcc_reset(struct l4 *l, enum mcu_reset why);
uint64_t l4_rcc_sysclk(const struct l4 *l);
uint64_t l4_rcc_hclk(const struct l4 *l);
uint64_t l4_rcc_pclk(const struct l4 *l, unsigned bus);
bool l4_rcc_gate(const void *dev, uint8_t reg, uint8_t bit);
uint64_t l4_rcc_clk48(const struct l4 *l);
uint64_t l4_rcc_uart_clock(const struct mcu *m, unsigned unit);
/* A reset bit of an xxxRSTR register was set. */
void l4_device_reset(struct l4 *l, uint8_t rstr, uint32_t bits);

void l4_rng_event(struct l4 *l);

/* -- identity ------------------------------------------------------------ */
const struct st_profile *l4_profile_find(const char *name);

#endif
