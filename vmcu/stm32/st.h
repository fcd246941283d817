/* SPDX-License-Identifier: MIT */
/*
 * vmcu/stm32/st.h - what the STM32 families have in common.
 *
 * Each peripheral is a struct inside the family's own state, told by a
 * constant configuration what differs (pins, interrupts, clocks), and placed
 * on the bus by a table of struct st_device.  "v2" is ST's second generation
 * (F0, L4): GPIO with MODER, USART with ISR; "v1" is the F1's.
 */
#ifndef VMCU_STM32_ST_H
#define VMCU_STM32_ST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmcu/mcu_int.h"

/* -- bus.c --------------------------------------------------------------- */
/*
 * Buses answer over their whole range: addresses without a peripheral read 0
 * and ignore writes, a peripheral without its clock too.  Outside the buses
 * there is a bus fault.
 */
struct st_device {
	const char *name;
	uint32_t base, size;
	size_t at; /* of its state in the family's */
	unsigned unit;
	uint8_t gate_reg; /* offset in RCC, 0 = always clocked */
	uint8_t gate_bit;
	uint32_t (*read)(void *dev, unsigned unit, uint32_t off);
	/* mask: the byte lanes that are written */
	void (*write)(void *dev, unsigned unit, uint32_t off, uint32_t v,
		      uint32_t mask);
};

struct st_range {
	uint32_t base, size;
};

struct st_bus {
	const struct st_device *device;
	unsigned devices;
	const struct st_range *range;
	unsigned ranges;
	bool (*gate)(const void *family, uint8_t reg, uint8_t bit);
};

/* False: nobody is there. */
bool st_bus_read(const struct st_bus *b, void *family, uint32_t addr,
		 unsigned size, uint32_t *out);
/* A device may set *bus_error in its write. */
bool st_bus_write(const struct st_bus *b, void *family, uint32_t addr,
		  unsigned size, uint32_t v, bool *bus_error);
/* The part of a word that an access of this size sees. */
uint32_t st_bus_lanes(uint32_t addr, unsigned size);

/* -- gpio.c: GPIO v2 ----------------------------------------------------- */
#define ST_PORTS 6

struct st_port {
	uint32_t moder, otyper, ospeedr, pupdr, odr, afr[2], lckr;
	/* derived: pins that the chip drives, its pull-ups, analog pins */
	uint16_t drives, pulled_up, analog;
};

struct st_gpio_config {
	char names[ST_PORTS + 1]; /* "ABCH": unit 0 is port A */
	struct {
		uint32_t moder, ospeedr, pupdr;
	} initial[ST_PORTS];
};

struct st_gpio {
	struct mcu *m;
	const struct st_gpio_config *cfg;
	struct st_port port[ST_PORTS];
	struct { /* what drives the pins from outside */
		uint16_t drives, level;
	} outside[ST_PORTS];
};

uint32_t st_gpio_read(void *dev, unsigned unit, uint32_t off);
void st_gpio_write(void *dev, unsigned unit, uint32_t off, uint32_t v,
		   uint32_t mask);
void st_gpio_reset(struct st_gpio *g);
int st_gpio_pin(const struct st_gpio *g, char port, unsigned bit);
int st_gpio_level(const struct st_gpio *g, char port, unsigned bit);
void st_gpio_drive(struct st_gpio *g, char port, unsigned bit, int level);
/* True when the pin is switched to this alternate function. */
bool st_gpio_af(const struct st_gpio *g, char port, unsigned bit, unsigned af);
/* PA13 and PA14 belong to the debug port. */
bool st_gpio_debug_pins(const struct st_gpio *g);

/* -- usart.c: USART v1 and v2, LPUART ------------------------------------ */
#define ST_USARTS 3
#define ST_USART_PINS 3

struct st_pin {
	char port; /* 0 = none */
	uint8_t bit, af;
};

struct st_usart_config {
	struct st_pin tx[ST_USART_PINS], rx[ST_USART_PINS];
	uint8_t irq;
	bool lpuart; /* other arithmetic of the baud rate */
};

struct st_usart {
	uint32_t cr1, cr2, cr3, brr, gtpr, sr, rdr, tdr;
	bool shifting, holding; /* a byte on the wire, one behind it */
	bool sr_seen;		/* v1: the next access to DR clears */
	uint8_t shift;
};

struct st_usarts {
	struct mcu *m;
	const struct st_usart_config *cfg;
	bool v1;
	unsigned count;
	unsigned event; /* slots: transmitters, then receivers */
	/* A pin is switched to the transmitter, or the receiver. */
	bool (*wired)(const struct st_usarts *u, unsigned unit, bool tx);
	const struct st_gpio *gpio; /* for st_usart_af() */
	uint64_t (*clock)(const struct mcu *m, unsigned unit);
	struct st_dma *dma; /* NULL = none */
	struct st_usart unit[ST_USARTS];
};

uint32_t st_usart_read(void *dev, unsigned unit, uint32_t off);
void st_usart_write(void *dev, unsigned unit, uint32_t off, uint32_t v,
		    uint32_t mask);
void st_usart_reset(struct st_usarts *u);
/* Event slot u->event + n is due. */
void st_usart_event(struct st_usarts *u, unsigned n);
/* Something arrived in m->uart_in. */
void st_usart_kick(struct st_usarts *u);
/* One of the pins of the configuration has its alternate function (GPIO v2). */
bool st_usart_af(const struct st_usarts *u, unsigned unit, bool tx);
/* The receiver has a character and DMA is to take it; the transmitter wants
 * one. */
bool st_usart_rx_asks(const struct st_usarts *u, unsigned unit);
bool st_usart_tx_asks(const struct st_usarts *u, unsigned unit);

/* -- dma.c: DMA1 --------------------------------------------------------- */
#define ST_DMA_CHANNELS 7

struct st_dma_request {	 /* which peripheral asks on which channel */
	uint8_t channel; /* from 1 on, as in the manuals */
	uint8_t select;	 /* CSELR's value for it */
	uint8_t unit;
	bool (*asks)(const struct mcu *m, unsigned unit);
};

struct st_dma_config {
	unsigned channels;
	uint8_t irq[ST_DMA_CHANNELS];	      /* channels may share one */
	bool select;			      /* has CSELR */
	const struct st_dma_request *request; /* asks NULL = the last */
};

struct st_dma_channel {
	uint32_t ccr, cndtr, cpar, cmar, reload;
};

struct st_dma {
	struct mcu *m;
	const struct st_dma_config *cfg;
	uint32_t isr, cselr;
	struct st_dma_channel ch[ST_DMA_CHANNELS];
};

uint32_t st_dma_read(void *dev, unsigned unit, uint32_t off);
void st_dma_write(void *dev, unsigned unit, uint32_t off, uint32_t v,
		  uint32_t mask);
void st_dma_reset(struct st_dma *d);
/* Somebody may have begun to ask: moves all that can be. */
void st_dma_run(struct st_dma *d);

/* -- iwdg.c: independent watchdog ---------------------------------------- */
struct st_iwdg_config {
	uint32_t hz; /* LSI, typical */
	unsigned event;
	bool window; /* has WINR */
	/* Stands still while the core is halted (DBGMCU). */
	bool (*frozen)(const struct mcu *m);
};

struct st_iwdg {
	struct mcu *m;
	const struct st_iwdg_config *cfg;
	bool on, unlocked;
	uint32_t pr, rlr, winr;
	uint64_t since;
};

uint32_t st_iwdg_read(void *dev, unsigned unit, uint32_t off);
void st_iwdg_write(void *dev, unsigned unit, uint32_t off, uint32_t v,
		   uint32_t mask);
void st_iwdg_reset(struct st_iwdg *w);
/* By key, or from reset on when the option byte says so. */
void st_iwdg_start(struct st_iwdg *w);
void st_iwdg_event(struct st_iwdg *w);

/* -- ids.c --------------------------------------------------------------- */
#define ST_UID_LEN 12
/* A UID as F0 and L4 have it: two BCD digit pairs, a wafer, a lot of seven
 * characters. */
void st_uid_make(struct mcu *m, uint8_t *uid);
/* What the ports of an ST chip say, from what differs. */
struct st_profile {
	const char *name;
	uint32_t cpuid, dpidr, jtag_idcode, jtag_boundary, ap_idr, dbgmcu_id;
	uint8_t designer; /* JEP106 code and bank of the ROM table */
	uint8_t designer_bank;
	uint16_t part;
};
/* Fills m->identity and m->rom; breakpoints and watchpoints as the core has
 * them. */
void st_profile_apply(struct mcu *m, const struct st_profile *p);

#endif
