/* SPDX-License-Identifier: MIT */
/*
 * tests/unit/vmcu_wire.h - a small SWD host of the tests' own, bit by bit, so
 * that the virtual MCU's port and its virtual probe are not judged by each
 * other.
 */
#ifndef TESTS_UNIT_VMCU_WIRE_H
#define TESTS_UNIT_VMCU_WIRE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "vmcu/bench.h"

#define OK 1
#define WAIT 2
#define FAULT 4
#define SILENT 7

#define DP 0
#define AP 1
#define RDBUFF 12

/* A new chip in memory with its supply on. */
static inline struct bench *bench_setup(void)
{
	struct mcu_config cfg = { .chip = "stm32l432", .seed = 7 };
	char why[BENCH_WHY_CAP];
	struct bench *b = NULL;

	if (bench_new(&cfg, &b, why) != 0)
		fail_msg("%s", why);
	bench_power(b, true);
	bench_run(b, 1000000000);
	return b;
}

static inline void bits(struct bench *b, uint64_t v, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		(void)swj_swd_cycle(&b->swj, (int)(v >> i & 1));
}

static inline uint64_t listen_bits(struct bench *b, unsigned n)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < n; i++)
		v |= (uint64_t)swj_swd_cycle(&b->swj, -1) << i;
	return v;
}

static inline void line_reset(struct bench *b)
{
	bits(b, ~0ull, 56);
	bits(b, 0, 8);
}

static inline void swd_switch(struct bench *b)
{
	bits(b, ~0ull, 56);
	bits(b, 0xe79e, 16);
	line_reset(b);
}

/* spoil: 1 = wrong parity in the request, 2 = in the written data. */
static inline unsigned swd_raw(struct bench *b, unsigned ap, unsigned read,
			       unsigned addr, uint32_t *data, unsigned spoil)
{
	unsigned four = ap | read << 1 | (addr >> 2 & 3) << 2;
	unsigned ack, parity;
	uint64_t v;

	parity = (unsigned)__builtin_parity(four) ^ (spoil == 1);
	bits(b, 0x81 | four << 1 | parity << 5, 8);
	(void)listen_bits(b, 1);
	ack = (unsigned)listen_bits(b, 3);
	if (ack != OK) {
		(void)listen_bits(b, ack == SILENT ? 34 : 1);
		bits(b, 0, 4);
		return ack;
	}
	if (read) {
		v = listen_bits(b, 33);
		(void)listen_bits(b, 1);
		bits(b, 0, 4);
		*data = (uint32_t)v;
		if ((unsigned)__builtin_parity(*data) != (v >> 32 & 1))
			return 8;
		return ack;
	}
	(void)listen_bits(b, 1);
	parity = (unsigned)__builtin_parity(*data) ^ (spoil == 2);
	bits(b, *data | (uint64_t)parity << 32, 33);
	bits(b, 0, 4);
	return ack;
}

static inline unsigned swd_read(struct bench *b, unsigned ap, unsigned addr,
				uint32_t *out)
{
	*out = 0xdeadbeef;
	return swd_raw(b, ap, 1, addr, out, 0);
}

static inline unsigned swd_write(struct bench *b, unsigned ap, unsigned addr,
				 uint32_t v)
{
	return swd_raw(b, ap, 0, addr, &v, 0);
}

static inline void swd_connect(struct bench *b)
{
	uint32_t v;

	swd_switch(b);
	assert_int_equal(swd_read(b, DP, 0, &v), OK);
	assert_int_equal(v, 0x2ba01477);
	assert_int_equal(swd_write(b, DP, 4, 0x50000000), OK);
	assert_int_equal(swd_read(b, DP, 4, &v), OK);
	assert_int_equal(v & 0xf0000000, 0xf0000000);
}

static inline void mem_write(struct bench *b, uint32_t csw, uint32_t addr,
			     uint32_t v)
{
	uint32_t dummy;

	assert_int_equal(swd_write(b, AP, 0, csw), OK);
	assert_int_equal(swd_write(b, AP, 4, addr), OK);
	assert_int_equal(swd_write(b, AP, 12, v), OK);
	assert_int_equal(swd_read(b, DP, RDBUFF, &dummy), OK);
}

static inline uint32_t mem_read(struct bench *b, uint32_t csw, uint32_t addr)
{
	uint32_t v;

	assert_int_equal(swd_write(b, AP, 0, csw), OK);
	assert_int_equal(swd_write(b, AP, 4, addr), OK);
	assert_int_equal(swd_read(b, AP, 12, &v), OK);
	assert_int_equal(swd_read(b, DP, RDBUFF, &v), OK);
	return v;
}

#define CSW_BYTE 0x23000010u
#define CSW_HALF 0x23000011u
#define CSW_WORD 0x23000012u
#define CSW_NO_INC 0x23000002u

static inline void w32(struct bench *b, uint32_t addr, uint32_t v)
{
	mem_write(b, CSW_WORD, addr, v);
}

static inline uint32_t r32(struct bench *b, uint32_t addr)
{
	return mem_read(b, CSW_WORD, addr);
}

#endif
