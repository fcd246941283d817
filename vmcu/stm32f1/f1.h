/* SPDX-License-Identifier: MIT */
/*
 * vmcu/stm32f1/f1.h - the STM32F103xB and xE: memories, peripherals,
 * protection, and their imitations.
 *
 * Register names and bits are ST's (RM0008, PM0075, DS5319, DS5792).  One
 * file per peripheral; chip.c holds the bus table, memory.c the memories and
 * who may see them.  The flash controller is vmcu/stm32/fpec.h.
 *
 * Pins that are no GPIO have the port 'X': bit 0 is BOOT0 (BOOT1 is PB2);
 * both are tied low on the board.
 *
 * Not modelled, and known: garbage from flash that is read with too few wait
 * states; timers but the one that can measure the LSI (TIM5, xE); DMA2 of the
 * xE, external interrupts, USB, CAN, SPI, I2C, SDIO, FSMC, DAC (they read 0);
 * low-power modes below Sleep; injected ADC channels and the analog watchdog;
 * calendar interrupts of the RTC; oscillator start-up times; data loads from
 * flash while it is busy (they do not stall; fetches and stores do); the boot
 * ROM waits for ever and does so at its alias 0.
 */
#ifndef VMCU_STM32F1_F1_H
#define VMCU_STM32F1_F1_H

#include <stdbool.h>
#include <stdint.h>

#include "vmcu/mcu_int.h"
#include "vmcu/stm32/fpec.h"
#include "vmcu/stm32/st.h"

#define F1_FLASH_BASE 0x08000000u
#define F1_RAM_BASE 0x20000000u
#define F1_SYSTEM_BASE 0x1ffff000u /* boot ROM, identity, options: one page */
#define F1_ROM_SIZE 0x1000u	   /* as mapped; 2 kB of it are ROM */
#define F1_INFO_BASE 0x1ffff7e0u
#define F1_INFO_SIZE 0x20u
#define F1_OPTIONS_BASE 0x1ffff800u
#define F1_PORTS 7
#define F1_UARTS 3
#define F1_LSI_HZ 40000u

enum f1_event {
	EVENT_FLASH,
	EVENT_UART, /* + unit, transmitter */
	EVENT_UART_RX = EVENT_UART + F1_UARTS,
	EVENT_IWDG = EVENT_UART_RX + F1_UARTS,
	EVENT_ADC, /* + unit */
	EVENT_TIM5 = EVENT_ADC + 2,
	EVENT_RTC,
};

enum f1_window { WIN_FLASH, WIN_ALIAS, WIN_RAM };
enum f1_boot { BOOT_FLASH, BOOT_ROM, BOOT_RAM };
enum f1_irq {
	IRQ_FLASH = 4,
	IRQ_DMA1 = 11,
	IRQ_ADC1_2 = 18,
	IRQ_USART1 = 37,
	IRQ_USART2 = 38,
	IRQ_USART3 = 39,
	IRQ_TIM5 = 50,
};

/* What --quirk names; the texts are in chip.c. */
enum f1_quirk {
	/* A system reset while a debugger has been seen since power-on loads
	 * the options but not a read protection (chips.md 3.3, open). */
	QUIRK_NRST_KEEPS_OPEN,
	/* CVE-2020-8004: vector fetches reach a shut flash. */
	QUIRK_VECTOR_FETCH,
	/* Flash patch comparators also act on the reset vector, and outlive a
	 * reset (F103 analysis h3). */
	QUIRK_FPB_RESET,
	/* No crystal: HSE never becomes ready. */
	QUIRK_NO_CRYSTAL,
};

struct f1_model { /* one row per chip */
	const char *name;
	uint32_t ram_size;
	uint32_t boundary; /* JTAG IDCODE of the boundary-scan TAP */
	uint32_t device;   /* DBGMCU_IDCODE */
	bool high_density; /* TIM5, DMA2, ports F and G */
	struct fpec_desc fpec;
};

struct f1_profile {
	const char *name;
	uint32_t cpuid, dpidr, jtag_idcode, ap_idr;
	uint16_t designer;  /* JEP106: bank << 8 | code; 0 = empty ROM table */
	uint16_t part;	    /* 0 = the chip's own device ID */
	bool ascii;	    /* designer without the JEDEC bit */
	bool idcode_always; /* the core reads DBGMCU without a debugger */
	uint32_t dbgmcu_id; /* 0 = the chip's own, as are 12 bits of 0 */
	bool ram_size_info; /* 0x1ffff7e2 holds the RAM's size */
	uint32_t ahbenr_more; /* reserved bits of AHBENR that stick */
	bool no_wait_states;  /* flash is copied to RAM at start */
	bool dma_leaks;	      /* DMA reads a shut flash */
	bool wide_vtor;	      /* VTOR of a core that CPUID does not tell of */
};

struct f1_gpio {
	uint32_t cr[2], odr, lckr;
	uint16_t drives, pulled, analog, input, af;
};

struct f1_outside { /* what drives the pins from outside */
	uint16_t drives, level;
};

struct f1_adc {
	uint32_t sr, cr1, cr2, smpr[2], sqr[3], dr, other[0x50 / 4];
	bool busy;
	bool fresh;    /* the result was not read yet */
	unsigned rank; /* conversion of the sequence under way */
};

struct f1 {
	struct mcu *m;
	const struct f1_model *model;
	const struct f1_profile *profile;
	/* persistent */
	struct fpec fpec;
	/* volatile */
	uint8_t *ram, *rom;
	bool dbg_seen;
	bool bus_error; /* the access under way shall fault */
	enum f1_boot boot;
	bool boot0;
	struct st_usarts uart;
	struct f1_gpio gpio[F1_PORTS];
	struct f1_outside outside[F1_PORTS];
	struct f1_adc adc[2];
	unsigned swj; /* SWJ_CFG, which nobody can read */
	uint32_t afio[8];
	uint32_t rcc[0x28 / 4];
	uint32_t pwr[2], bkp[0xc0 / 4];
	uint32_t dbgmcu_cr;
	struct st_iwdg iwdg;
	struct st_dma dma;
	struct {
		uint32_t cr1, cr2, dier, sr, ccmr2, ccer, psc, arr, ccr4;
		uint64_t start;
		unsigned edges;
	} tim5;
	struct {
		uint32_t crh, crl, prl, cnt, div;
	} rtc;
};

static inline struct f1 *f1_of(const struct mcu *m)
{
	return m->dev;
}

/* -- memory.c ------------------------------------------------------------ */
MUST_USE int f1_memory_create(struct f1 *f);
void f1_memory_destroy(struct f1 *f);
void f1_memory_noise(struct f1 *f);
/* Who sees what, after anything that changes it. */
void f1_memory_update(struct f1 *f);
/* Flash is shut for everybody: read protection loaded, and a debugger seen
 * since power-on, or not booted from flash. */
bool f1_flash_shut(const struct f1 *f);
/* False in *mine: not a memory. */
bool f1_memory_read(struct f1 *f, enum mcu_master by, uint32_t addr,
		    unsigned size, uint32_t *out, bool *mine);
bool f1_memory_write(struct f1 *f, enum mcu_master by, uint32_t addr,
		     unsigned size, uint32_t v, bool *mine);

/* -- the peripherals ----------------------------------------------------- */
#define F1_DEVICE_CALLS(x)                                              \
	uint32_t f1_##x##_read(void *dev, unsigned unit, uint32_t off); \
	void f1_##x##_write(void *dev, unsigned unit, uint32_t off,     \
			    uint32_t v, uint32_t mask);                 \
	void f1_##x##_reset(struct f1 *f)
F1_DEVICE_CALLS(gpio);
F1_DEVICE_CALLS(afio);
F1_DEVICE_CALLS(adc);
F1_DEVICE_CALLS(tim5);
F1_DEVICE_CALLS(rtc);
F1_DEVICE_CALLS(pwr);
F1_DEVICE_CALLS(bkp);
uint32_t f1_rcc_read(void *dev, unsigned unit, uint32_t off);
void f1_rcc_write(void *dev, unsigned unit, uint32_t off, uint32_t v,
		  uint32_t mask);
void f1_rcc_reset(struct f1 *f, enum mcu_reset why);
uint64_t f1_rcc_hclk(const struct f1 *f);
uint64_t f1_rcc_pclk(const struct f1 *f, unsigned bus);
uint64_t f1_rcc_adc_clock(const struct f1 *f);
bool f1_rcc_gate(const struct f1 *f, uint8_t reg, uint8_t bit);
bool f1_rcc_hsi(const struct f1 *f);
bool f1_rcc_lsi(const struct f1 *f);
bool f1_rcc_rtc_on_lsi(const struct f1 *f);
void f1_rcc_backup_reset(struct f1 *f);
/* A reset bit of an APBxRSTR register was set. */
void f1_device_reset(struct f1 *f, uint8_t rstr, uint32_t bits);
/* How long one period of the LSI is, this time: RC oscillators jitter. */
uint64_t f1_lsi_period(struct f1 *f);

void f1_uart_create(struct f1 *f);
void f1_adc_event(struct f1 *f, unsigned unit);
/* For the DMA controller: there is something to fetch, or room. */
bool f1_adc_asks(const struct mcu *m, unsigned unit);
bool f1_uart_tx_asks(const struct mcu *m, unsigned unit);
bool f1_uart_rx_asks(const struct mcu *m, unsigned unit);
void f1_tim5_event(struct f1 *f);
void f1_rtc_event(struct f1 *f);
int f1_gpio_pin(const struct f1 *f, char port, unsigned bit);
int f1_gpio_level(const struct f1 *f, char port, unsigned bit);
void f1_gpio_drive(struct f1 *f, char port, unsigned bit, int level);
/* The pin is switched to an alternate function's output; to an input. */
bool f1_gpio_is_af(const struct f1 *f, char port, unsigned bit);
bool f1_gpio_is_input(const struct f1 *f, char port, unsigned bit);

/* -- profile.c ----------------------------------------------------------- */
const struct f1_profile *f1_profile_find(const char *name);
void f1_profile_apply(struct f1 *f);
MUST_USE int f1_core_new(struct f1 *f);
uint32_t f1_device_id(const struct f1 *f);
void f1_uid_make(struct mcu *m, uint8_t *out);

#endif
