/* SPDX-License-Identifier: MIT */
/*
 * vmcu/nrf51/n51.h - the nRF51822 QFAA: 256 kB of flash, 16 kB of RAM.
 *
 * Register names and bits are Nordic's (nRF51 Series Reference Manual 3.0.1,
 * "NRM" below; nRF51822 Product Specification).  One file per peripheral;
 * chip.c holds the bus table and the resets, memory.c the memories and who
 * may see them, nvmc.c what changes them.
 *
 * Peripheral n lies at 0x40000000 + n * 0x1000 and has interrupt n; all share
 * one shape: tasks from 0x000, events from 0x100, SHORTS 0x200, INTENSET
 * 0x304, INTENCLR 0x308 (NRM 10), event i being bit i of the last two.
 *
 * Not modelled, and known: radio, SPI, TWI, GPIOTE, ADC, temperature, ECB, CCM,
 * AAR, QDEC, LPCOMP, PPI (they read 0 and ignore writes); System OFF; region 0
 * of RAM and peripherals (RLENR0, PERR0: stored only); pin sense; drive
 * strengths; the time a reset takes; power-fail warnings.
 */
#ifndef VMCU_NRF51_N51_H
#define VMCU_NRF51_N51_H

#include <stdbool.h>
#include <stdint.h>

#include "vmcu/mcu_int.h"

#define N51_FLASH_SIZE 0x40000u
#define N51_PAGE_SIZE 1024u
#define N51_PAGES (N51_FLASH_SIZE / N51_PAGE_SIZE)
#define N51_RAM_BASE 0x20000000u
#define N51_RAM_SIZE 0x4000u
#define N51_RAM_BLOCK 0x2000u /* what RAMON switches */
#define N51_FICR_BASE 0x10000000u
#define N51_FICR_SIZE 0x400u
#define N51_UICR_BASE 0x10001000u
#define N51_UICR_SIZE 0x100u
#define N51_ROM_TABLE 0xf0000000u
#define N51_DEVICES 32
#define N51_DEVICE(n) (0x40000000u + (n)*0x1000u)
#define N51_GPIO_BASE 0x50000000u
#define N51_PINS 32
#define N51_PORT 'P' /* its only port, as the mcu names pins */
#define N51_UID_LEN 8
#define N51_UART_FIFO 6
#define N51_TIMERS 3
#define N51_CCS 4
/* A word is written this often between two erases (Product Specification,
 * n_WRITE); what a further write leaves is not said. */
#define N51_WRITES 2
#define N51_HZ 16000000u
#define N51_LF_HZ 32768u

enum n51_id {
	ID_POWER = 0, /* and CLOCK, MPU */
	ID_UART = 2,
	ID_TIMER0 = 8,
	ID_RNG = 13,
	ID_WDT = 16,
	ID_NVMC = 30,
};

enum n51_event_slot {
	SLOT_NVMC,
	SLOT_UART_TX,
	SLOT_UART_RX,
	SLOT_UART_STOP,
	SLOT_RNG,
	SLOT_TIMER, /* + number */
	SLOT_HFCLK = SLOT_TIMER + N51_TIMERS,
	SLOT_LFCLK,
	SLOT_WDT,
	SLOT_LOCKUP,
};

enum n51_window { WIN_FLASH, WIN_RAM0, WIN_RAM1 };

/* UICR words by offset (NRM 8.2). */
#define UICR_CLENR0 0x00u
#define UICR_RBPCONF 0x04u

/* Who asks, in the words of NRM table 40. */
enum n51_asker { ASK_SWD, ASK_REGION0, ASK_REGION1, ASK_RAM };
enum n51_access { ACCESS_FULL, ACCESS_ZERO, ACCESS_FAULT };

struct n51_block { /* what every peripheral has */
	uint32_t events, inten, shorts;
};

enum n51_nvmc_op { OP_NONE, OP_WRITE, OP_PAGE, OP_ALL };

struct n51_nvmc {
	uint32_t config;
	enum n51_nvmc_op op;
	uint32_t at; /* in the cells: flash, then UICR */
	uint32_t data;
	struct {
		uint32_t at, v;
	} queue[16]; /* further words of one store-multiple */
	unsigned queued;
};

struct n51_uart {
	uint32_t enable, errorsrc, baudrate, config;
	uint32_t psel[4]; /* RTS, TXD, CTS, RXD */
	bool tx_on, tx_shifting, rx_on, rx_stopping;
	uint8_t shift, rxd;
	uint8_t fifo[N51_UART_FIFO];
	unsigned fifo_len;
};

struct n51_timer {
	uint32_t mode, bitmode, prescaler, cc[N51_CCS];
	bool running;
	uint32_t count; /* at since */
	uint64_t since; /* ps */
};

struct n51_profile {
	const char *name;
	uint32_t cpuid, dpidr, ap_idr, configid;
	uint32_t ramon; /* after a reset */
	uint8_t designer, designer_bank;
	uint16_t part;
};

struct n51 {
	struct mcu *m;
	const struct n51_profile *profile;
	/* persistent */
	uint8_t *cells; /* flash, then UICR */
	uint8_t *wear;	/* per word: writes since the last erase */
	uint8_t *torn;	/* per word: a write or an erase was cut short */
	/* volatile */
	uint8_t *ram;
	uint32_t rbpconf, clenr0; /* in force */
	bool debug_mode;	  /* debug interface mode (NRM 11) */
	uint64_t nrst_since;
	bool trapped;
	uc_hook trap;
	struct n51_block block[N51_DEVICES];
	struct n51_nvmc nvmc;
	struct n51_uart uart;
	struct n51_timer timer[N51_TIMERS];
	struct {
		bool on;
		uint32_t value, dercen;
	} rng;
	struct {
		bool on;
		uint32_t crv, rren, config, asked;
		uint64_t due;
	} wdt;
	struct {
		uint32_t resetreas, gpregret, ramon, reset, dcdcen, pofcon;
		bool hf_xtal, lf_on;
		uint32_t lfclksrc, xtalfreq;
		uint32_t perr0, rlenr0, proten[2], disable_in_debug;
	} power;
	uint32_t out, cnf[N51_PINS];
	uint32_t outside_drives, outside_level;
};

static inline struct n51 *n51_of(const struct mcu *m)
{
	return m->dev;
}

#define N51_CELLS (N51_FLASH_SIZE + N51_UICR_SIZE)
#define N51_CELL_WORDS (N51_CELLS / 4)

/* -- chip.c -------------------------------------------------------------- */
/* Event i of a peripheral happened: its register, its interrupt. */
void n51_event(struct n51 *n, enum n51_id id, unsigned i);
bool n51_short(const struct n51 *n, enum n51_id id, unsigned i);
/* The access under way is a bus fault. */
uint32_t n51_get32(const uint8_t *p);

/* -- memory.c ------------------------------------------------------------ */
MUST_USE int n51_memory_create(struct n51 *n);
void n51_memory_destroy(struct n51 *n);
void n51_memory_noise(struct n51 *n);
/* UICR acts from here on: a reset of any kind. */
void n51_memory_load(struct n51 *n);
/* Windows follow RAMON. */
void n51_memory_ramon(struct n51 *n);
bool n51_pall(const struct n51 *n);
enum n51_asker n51_asker(const struct n51 *n, enum mcu_master by);
bool n51_memory_read(struct n51 *n, enum mcu_master by, uint32_t addr,
		     unsigned size, uint32_t *out, bool *mine);
bool n51_memory_write(struct n51 *n, enum mcu_master by, uint32_t addr,
		      unsigned size, uint32_t v, bool *mine);
void n51_flash_changed(struct n51 *n, uint32_t offset, uint32_t len);
/* A blank factory page, and the debugger's ROM table. */
uint32_t n51_ficr_word(const struct n51 *n, uint32_t offset);
uint32_t n51_rom_word(const struct n51 *n, uint32_t offset);

/* -- nvmc.c -------------------------------------------------------------- */
/* A word meant for the cells; false is a bus fault. */
bool n51_nvmc_store(struct n51 *n, enum mcu_master by, uint32_t at, uint32_t v);
bool n51_nvmc_busy(const struct n51 *n);
void n51_nvmc_event(struct n51 *n);
void n51_nvmc_reset(struct n51 *n);
void n51_nvmc_abort(struct n51 *n); /* power or reset in mid-operation */

/* -- the peripherals: registers that are not of the common shape ---------- */
struct n51_device {
	enum n51_id id;
	void (*task)(struct n51 *n, enum n51_id id, unsigned i);
	uint32_t (*read)(struct n51 *n, enum n51_id id, uint32_t off);
	/* false is a bus fault */
	bool (*write)(struct n51 *n, enum n51_id id, enum mcu_master by,
		      uint32_t off, uint32_t v);
};
#define N51_DEVICE_CALLS(x)                                                   \
	void n51_##x##_task(struct n51 *n, enum n51_id id, unsigned i);       \
	uint32_t n51_##x##_read(struct n51 *n, enum n51_id id, uint32_t off); \
	bool n51_##x##_write(struct n51 *n, enum n51_id id,                   \
			     enum mcu_master by, uint32_t off, uint32_t v)
N51_DEVICE_CALLS(power);
N51_DEVICE_CALLS(uart);
N51_DEVICE_CALLS(timer);
N51_DEVICE_CALLS(rng);
N51_DEVICE_CALLS(wdt);
N51_DEVICE_CALLS(nvmc);

void n51_power_reset(struct n51 *n, enum mcu_reset why);
void n51_power_event(struct n51 *n, unsigned slot);
/* Is this block of flash shut by PROTENSET? */
bool n51_block_protected(const struct n51 *n, uint32_t offset);
void n51_uart_reset(struct n51 *n);
void n51_uart_event(struct n51 *n, unsigned slot);
void n51_uart_kick(struct n51 *n);
/* RXD: reading takes the byte away. */
uint32_t n51_uart_take(struct n51 *n);
void n51_timer_reset(struct n51 *n);
void n51_timer_event(struct n51 *n, unsigned i);
void n51_rng_reset(struct n51 *n);
void n51_rng_event(struct n51 *n);
void n51_wdt_reset(struct n51 *n);
void n51_wdt_event(struct n51 *n);

uint32_t n51_gpio_read(struct n51 *n, uint32_t off);
void n51_gpio_write(struct n51 *n, uint32_t off, uint32_t v);
void n51_gpio_reset(struct n51 *n);
int n51_gpio_pin(const struct n51 *n, unsigned bit);
int n51_gpio_level(const struct n51 *n, unsigned bit);
void n51_gpio_drive(struct n51 *n, unsigned bit, int level);
/* The pin is an output; its input buffer is connected. */
bool n51_gpio_out(const struct n51 *n, uint32_t pin);
bool n51_gpio_in(const struct n51 *n, uint32_t pin);

/* -- profile.c ----------------------------------------------------------- */
const struct n51_profile *n51_profile_find(const char *name);
void n51_profile_apply(struct n51 *n);
void n51_uid_make(struct mcu *m, uint8_t *out);

#endif
