/* SPDX-License-Identifier: MIT */
/* Clock, UART, lock and entropy of the nRF51822, for the loader on it. */
#include <string.h>

#include "target.h"

/* SWDIO and SWDCLK are no GPIO pins (11): nothing takes them away. */
void target_pins_off(void)
{
}

#define TX_PIN 24u
#define RX_PIN 25u

/*
 * The crystal, for the UART's sake: nobody waits for it, the RC oscillator
 * goes on until it is there (13).  The random number generator, with bias
 * correction (21).
 */
static const struct {
	uint32_t address, value;
} setup[] = {
	{ 0x40000000, 1 }, /* HFCLKSTART */
	{ 0x4000d504, 1 }, /* RNG: CONFIG.DERCEN */
	{ 0x4000d000, 1 }, /* START */
	/* the micro:bit's pins; 1 Mbaud */
	{ 0x50000508, 1u << TX_PIN },	      /* OUTSET */
	{ 0x50000700 + 4 * TX_PIN, 3 },	      /* output */
	{ 0x50000700 + 4 * RX_PIN, 3u << 2 }, /* input, pulled up */
	{ 0x4000250c, TX_PIN },		      /* PSELTXD */
	{ 0x40002514, RX_PIN },		      /* PSELRXD */
	{ 0x40002524, 0x10000000 },	      /* BAUDRATE */
	{ 0x40002500, 4 },		      /* ENABLE */
	{ 0x40002008, 1 },		      /* STARTTX */
	{ 0x40002000, 1 },		      /* STARTRX */
};

uint32_t target_uid[2];

void target_clock(void)
{
	target_uid[0] = REG(0x10000060);
	target_uid[1] = REG(0x10000064);
#pragma GCC unroll 1
	for (unsigned i = 0; i < sizeof(setup) / sizeof(setup[0]); i++)
		REG(setup[i].address) = setup[i].value;
}

/* All in the table. */
void target_uart_open(void)
{
}

/* -- lock ------------------------------------------------------------------ */

/*
 * What the claim carries, in the order that docs/protocol.md gives: UICR's
 * words, and what code in RAM gets that reads the flash's first word: FAULTED,
 * when read protection is in force (9.1, table 40).
 */
#define FAULTED 0xfa017ed0u
#define PROBED TARGET_FLASH_BASE

static const uint32_t witness[TARGET_WORDS] = {
	0x10001004, /* RBPCONF */
	0x10001000, /* CLENR0 */
	0x10001008, /* XTALFREQ */
	0x10001014, /* BOOTLOADERADDR */
	PROBED,
};

#define PROBE_LOAD 0x6800u /* ldr r0, [r0] */
#define PROBE_BACK 0x4770u /* bx lr */
static volatile uint16_t target_probe[2] __attribute__((aligned(4)));

/* Called by the stub's fault entry, by way of vectors[]: the probe's load, and
 * nothing else, is allowed to fault; then it has read FAULTED. */
__attribute__((naked)) void target_fault(void)
{
	__asm__("mov r1, sp\n\t"
		"ldr r2, [r1, #24]\n\t" /* the program counter there */
		"ldr r3, 2f\n\t"
		"cmp r2, r3\n\t"
		"bne 1f\n\t"
		"add r2, #2\n\t"
		"str r2, [r1, #24]\n\t"
		"ldr r2, 3f\n\t"
		"str r2, [r1, #0]\n\t" /* r0 */
		"bx lr\n"
		"1:\tldr r0, 4f\n\t"
		"ldr r1, 5f\n\t"
		"str r1, [r0]\n\t"
		"b 1b\n\t"
		".balign 4\n"
		"2:\t.word %c0\n"
		"3:\t.word %c1\n"
		"4:\t.word 0xe000ed0c\n"
		"5:\t.word 0x05fa0004" ::"i"(target_probe),
		"i"(FAULTED));
}

static __attribute__((noinline)) uint32_t probe(void)
{
	register uint32_t r0 __asm__("r0") = PROBED;
	uint32_t at = (uint32_t)target_probe | 1;

	target_probe[0] = PROBE_LOAD;
	target_probe[1] = PROBE_BACK;
	__asm__ volatile("blx %1"
			 : "+r"(r0)
			 : "r"(at)
			 : "r1", "r2", "r3", "r12", "lr", "cc", "memory");
	return r0;
}

static uint32_t word(unsigned i)
{
	return i == TARGET_WORDS - 1 ? probe() : REG(witness[i]);
}

void target_words(uint8_t out[TARGET_WORDS_LEN])
{
	for (unsigned i = 0; i < TARGET_WORDS; i++, out += 8) {
		uint32_t v = word(i);

		memcpy(out, &witness[i], sizeof(v));
		memcpy(out + 4, &v, sizeof(v));
	}
}

#define PALL_MASK 0xff00u

/*
 * TARGET_MODEL_OPEN: built for an emulator that has no read protection
 * (loader/module.mk).  Nothing is insisted on then; the claim says what is
 * there all the same, and no server takes it for a lock.
 */
#ifdef TARGET_MODEL_OPEN
#define MODEL_OPEN true
#else
#define MODEL_OPEN false
#endif

__attribute__((noinline)) bool target_locked(void)
{
	return MODEL_OPEN || (!(word(0) & PALL_MASK) && word(1) == 0xffffffff &&
			      probe() == FAULTED);
}

/* -- entropy --------------------------------------------------------------- */
/* A byte takes 0.7 ms, more or less; that is 1.5 s at 16 MHz, and enough on an
 * emulator that is faster. */
#define RNG_PATIENCE (1u << 21)
/* The tests look at bits, and a byte that is stuck has some of both: repetition
 * count for bytes, of 6.4 bits. */
#define RNG_BYTES 6u

static uint8_t target_last, target_run;

static bool byte_test(uint8_t v)
{
	target_run = v == target_last ? target_run + 1 : 1;
	target_last = v;
	return target_run < RNG_BYTES;
}

bool target_rng_raw(uint32_t *out)
{
	uint32_t v = 0;

	for (unsigned i = 0; i < 4; i++) {
		uint32_t t = RNG_PATIENCE;

		while (!RNG_VALRDY) {
			target_feed();
			if (!--t)
				return false;
		}
		RNG_VALRDY = 0;
		v = v << 8 | (RNG_VALUE & 0xff);
		if (!byte_test((uint8_t)v))
			return false;
	}
	*out = v;
	return true;
}

/* Nothing of this chip can raise it. */
void target_nmi(void)
{
	target_reset();
}
