/* SPDX-License-Identifier: MIT */
/*
 * vmcu/stm32f0/f0.h - the STM32F051x8: a Cortex-M0 with 64 kB of flash and
 * 8 kB of SRAM.
 *
 * Register names and bits are ST's (RM0091).  The flash controller is
 * vmcu/stm32/fpec.c, GPIO, USART and IWDG are in vmcu/stm32/ too; one file per
 * peripheral of its own, chip.c holds the bus table, memory.c the memories and
 * who may see them.
 *
 * Protection (RM0091 3.3, 4): options come into force at power-on and at
 * OBL_LAUNCH, not at a system reset.  At level 1 flash is shut for everybody
 * once a debugger has touched the bus since power-on, or while the chip has
 * booted from ROM or RAM; SRAM, registers and option bytes stay open.
 *
 * BOOT0 is no GPIO: port 'X', bit 0; it is tied low on the board.
 *
 * Not modelled, and known: DMA but for the receivers, timers but TIM14's
 * capture, RTC, CRC unit, SPI, I2C, comparators and the rest of the peripherals
 * (they read 0); SRAM parity; the ROM loader's commands (it waits); code cannot
 * run from the ROM at 0x1FFFEC00, only from its image at 0; low-power modes
 * below Sleep; oscillator start-up times; wait states of data loads from flash.
 */
#ifndef VMCU_STM32F0_F0_H
#define VMCU_STM32F0_F0_H

#include <stdbool.h>
#include <stdint.h>

#include "vmcu/stm32/fpec.h"
#include "vmcu/stm32/st.h"

#define F0_FLASH_BASE 0x08000000u
#define F0_FLASH_SIZE 0x10000u
#define F0_PAGE_SIZE 1024u
#define F0_RAM_BASE 0x20000000u
#define F0_RAM_SIZE 0x2000u
#define F0_ROM_BASE 0x1fffec00u
#define F0_ROM_SIZE 0xc00u
#define F0_ROM_PAGE 0x1000u /* what Unicorn can map */
#define F0_OPTIONS_BASE 0x1ffff800u
#define F0_OPTIONS_SIZE 0x10u

enum f0_event {
	EVENT_FLASH,
	EVENT_UART, /* two transmitters, two receivers */
	EVENT_IWDG = EVENT_UART + 4,
	EVENT_REMAP,
	EVENT_ADC,
	EVENT_LSI,
};

enum f0_window { WIN_FLASH, WIN_ALIAS, WIN_SRAM };
enum f0_boot { BOOT_FLASH, BOOT_ROM, BOOT_RAM };
enum f0_irq {
	IRQ_FLASH = 3,
	IRQ_ADC = 12,
	IRQ_TIM14 = 19,
	IRQ_USART1 = 27,
	IRQ_USART2 = 28,
};

/* In the order of chip->quirks. */
enum f0_quirk {
	F0_SWD_RACE = 1u << 0,
	F0_RESET_LOADS = 1u << 1,
};

struct f0_adc {
	uint32_t isr, ier, cr, cfgr1, cfgr2, smpr, tr, chselr, dr, ccr;
	unsigned channel; /* being converted */
};

struct f0_tim14 {
	uint32_t cr1, dier, sr, ccmr1, ccer, psc, arr, ccr1, remap;
	uint64_t since;	 /* m->now when the counter was 0 */
	uint32_t frozen; /* its value while it stands */
	unsigned edges;	 /* since the last capture */
};

struct f0 {
	struct mcu *m;
	const struct st_profile *profile;
	/* persistent */
	struct fpec fpec;
	/* volatile */
	uint8_t *ram, *rom;
	bool dbg_seen;
	bool raced;	/* the one access that wins the race */
	bool bus_error; /* the access under way shall fault */
	bool boot0;	/* the pin */
	enum f0_boot boot;
	unsigned mem_mode;
	struct st_usarts uart;
	struct st_gpio gpio;
	struct st_iwdg iwdg;
	struct st_dma dma;
	struct f0_adc adc;
	struct f0_tim14 tim;
	uint32_t rcc[0x38 / 4];
	uint32_t pwr[2];
	uint32_t syscfg[0x20 / 4];
	uint32_t dbgmcu[4];
	uint32_t backup[5];
};

static inline struct f0 *f0_of(const struct mcu *m)
{
	return m->dev;
}

/* -- memory.c ------------------------------------------------------------ */
MUST_USE int f0_memory_create(struct f0 *f);
void f0_memory_destroy(struct f0 *f);
void f0_memory_noise(struct f0 *f);
/* Who sees what, after anything that changes it. */
void f0_memory_update(struct f0 *f);
bool f0_flash_shut(const struct f0 *f);
void f0_boot_choose(struct f0 *f);
bool f0_memory_read(struct f0 *f, enum mcu_master by, uint32_t addr,
		    unsigned size, uint32_t *out, bool *mine);
bool f0_memory_write(struct f0 *f, enum mcu_master by, uint32_t addr,
		     unsigned size, uint32_t v, bool *mine);

/* -- the peripherals ----------------------------------------------------- */
#define F0_DEVICE_CALLS(x)                                              \
	uint32_t f0_##x##_read(void *dev, unsigned unit, uint32_t off); \
	void f0_##x##_write(void *dev, unsigned unit, uint32_t off,     \
			    uint32_t v, uint32_t mask)
F0_DEVICE_CALLS(rcc);
F0_DEVICE_CALLS(adc);
F0_DEVICE_CALLS(tim14);
F0_DEVICE_CALLS(syscfg);
F0_DEVICE_CALLS(pwr);
F0_DEVICE_CALLS(dbgmcu);

void f0_rcc_reset(struct f0 *f, enum mcu_reset why);
bool f0_rcc_gate(const void *family, uint8_t reg, uint8_t bit);
bool f0_rcc_hsi(const struct f0 *f);
bool f0_rcc_lsi(const struct f0 *f);
uint64_t f0_rcc_hclk(const struct f0 *f);
uint64_t f0_rcc_pclk(const struct f0 *f);
uint64_t f0_rcc_uart_clock(const struct mcu *m, unsigned unit);
/* 0 when its clock is off. */
uint64_t f0_rcc_adc_clock(const struct f0 *f);
/* The LSI reaches TIM14's input by the RTC's clock, or by MCO. */
bool f0_rcc_lsi_at_rtc(const struct f0 *f);
bool f0_rcc_lsi_at_mco(const struct f0 *f);
/* A reset bit of an xxxRSTR register was set. */
void f0_device_reset(struct f0 *f, uint8_t rstr, uint32_t bits);

void f0_adc_reset(struct f0 *f);
void f0_adc_event(struct f0 *f);
void f0_tim14_reset(struct f0 *f);
/* An edge of the LSI. */
void f0_tim14_event(struct f0 *f);
/* Clocks or gates have changed. */
void f0_tim14_clocks(struct f0 *f);
void f0_system_reset(struct f0 *f);

/* -- identity ------------------------------------------------------------ */
const struct st_profile *f0_profile_find(const char *name);

#endif
