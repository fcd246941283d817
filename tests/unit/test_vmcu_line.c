/* SPDX-License-Identifier: MIT */
/*
 * The debug pins as the firmware's own two wires: tests/target/pins.c takes
 * them away and plays a shift register; the probe clocks it with
 * DAP_SWD_Sequence, a capture records it, noise spoils it.
 */
#include <stdlib.h>
#include <unistd.h>

#include "tests/lib/trace.h"
#include "tests/unit/vmcu_rig.h"
#include "tests/unit/vmcu_wire.h"
#include "vmcu/dap_probe.h"
#include "wire/dap.h"

#define PACKET_PS (250 * US)
#define PROGRAM "build/target/pins.bin"

struct fixture {
	struct bench *b;
	struct dprobe p;
	char vcd[64];
};

static void load(struct mcu *m)
{
	uint8_t code[2048] = { 0 };
	FILE *f = fopen(PROGRAM, "rb");
	size_t n;

	assert_non_null(f);
	n = fread(code, 1, sizeof(code), f);
	fclose(f);
	assert_true(n > 16 && n < sizeof(code));
	rig_debug_on(m);
	rig_halt(m);
	rig_unlock(m);
	rig_flash(m, FLASH, code, (n + 7) & ~(size_t)7);
}

static void set_clock(struct fixture *f, uint32_t hz)
{
	uint8_t req[5] = { DAP_SWJ_CLOCK, (uint8_t)hz, (uint8_t)(hz >> 8),
			   (uint8_t)(hz >> 16), (uint8_t)(hz >> 24) };
	uint8_t resp[DAP_PACKET_MAX];

	assert_int_equal(dprobe_packet(&f->p, req, 5, resp), 2);
}

static int setup(void **state)
{
	static struct fixture f;
	const uint8_t connect[] = { DAP_CONNECT, DAP_PORT_SWD };
	uint8_t resp[DAP_PACKET_MAX];

	memset(&f, 0, sizeof(f));
	f.b = bench_setup();
	load(f.b->mcu);
	bench_power(f.b, false);
	bench_run(f.b, 1000 * MS);
	dprobe_init(&f.p, f.b, PACKET_PS);
	assert_int_equal(dprobe_packet(&f.p, connect, 2, resp), 2);
	snprintf(f.vcd, sizeof(f.vcd), "/tmp/signet-vcd-%ld", (long)getpid());
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	bench_free(f->b);
	unlink(f->vcd);
	return 0;
}

static void power_on(struct fixture *f)
{
	bench_power(f->b, true);
	assert_true(mcu_debug_pins_on(f->b->mcu));
	bench_run(f->b, 5 * MS);
	assert_false(mcu_debug_pins_on(f->b->mcu));
}

/* 32 bits out, 32 bits in. */
static uint32_t turn(struct fixture *f, uint32_t v)
{
	uint8_t req[] = { DAP_SWD_SEQUENCE,
			  2,
			  32,
			  (uint8_t)v,
			  (uint8_t)(v >> 8),
			  (uint8_t)(v >> 16),
			  (uint8_t)(v >> 24),
			  0x80 | 32 };
	uint8_t resp[DAP_PACKET_MAX];

	assert_int_equal(dprobe_packet(&f->p, req, sizeof(req), resp), 6);
	assert_int_equal(resp[1], DAP_OK);
	return resp[2] | (uint32_t)resp[3] << 8 | (uint32_t)resp[4] << 16 |
	       (uint32_t)resp[5] << 24;
}

static void test_echo(void **state)
{
	static const uint32_t clocks[] = { 10000, 100000, 1000000 };
	struct fixture *f = *state;
	uint32_t v = 0x12345678;

	power_on(f);
	for (unsigned k = 0; k < 3; k++) {
		set_clock(f, clocks[k]);
		for (unsigned i = 0; i < 50; i++) {
			v = v * 1664525 + 1013904223;
			assert_int_equal(turn(f, v), v);
		}
	}
	/* far faster than it polls: the bits cannot all arrive */
	set_clock(f, 20000000);
	assert_int_not_equal(turn(f, 0x55aa55aa), 0x55aa55aa);
}

static void test_time(void **state)
{
	struct fixture *f = *state;
	uint64_t before;

	power_on(f);
	set_clock(f, 100000);
	before = mcu_now(f->b->mcu);
	(void)turn(f, 1);
	assert_int_equal(mcu_now(f->b->mcu) - before, PACKET_PS + 64 * 10 * US);
}

static uint8_t pins(struct fixture *f, uint8_t value, uint8_t select)
{
	const uint8_t req[] = { DAP_SWJ_PINS, value, select, 0, 0, 0, 0 };
	uint8_t resp[DAP_PACKET_MAX];

	assert_int_equal(dprobe_packet(&f->p, req, sizeof(req), resp), 2);
	return resp[1];
}

/* One clock by hand: the level of SWDIO before the rising edge. */
static unsigned clock_by_pins(struct fixture *f, unsigned level)
{
	uint8_t data = level ? DAP_PIN_SWDIO : 0;
	uint8_t seen = pins(f, data, DAP_PIN_SWCLK | DAP_PIN_SWDIO);

	(void)pins(f, data | DAP_PIN_SWCLK, DAP_PIN_SWCLK | DAP_PIN_SWDIO);
	return (seen & DAP_PIN_SWDIO) != 0;
}

static void test_pins(void **state)
{
	struct fixture *f = *state;
	uint32_t v = 0xc0ffee11, got = 0;

	power_on(f);
	for (unsigned i = 0; i < 32; i++)
		(void)clock_by_pins(f, v >> i & 1);
	/* the probe drives a one: an open drain's zero wins, and is counted */
	for (unsigned i = 0; i < 32; i++)
		got |= (uint32_t)clock_by_pins(f, 1) << i;
	assert_int_equal(got, v);
	assert_true(mcu_pin_conflicts(f->b->mcu) > 0);
}

static void test_deaf(void **state)
{
	struct fixture *f = *state;

	/* the debug port is gone, with NRST low it is back */
	uint32_t v;

	power_on(f);
	swd_switch(f->b);
	assert_int_equal(swd_read(f->b, DP, 0, &v), SILENT);
	bench_nrst(f->b, BENCH_NRST_BENCH, true);
	swd_switch(f->b);
	assert_int_equal(swd_read(f->b, DP, 0, &v), OK);
}

static void test_noise(void **state)
{
	struct fixture *f = *state;
	struct noise *n = &f->b->line.noise;
	unsigned wrong = 0;

	power_on(f);
	set_clock(f, 1000000);
	n->flip = 0.01;
	for (unsigned i = 0; i < 200; i++)
		wrong += turn(f, 0xa5a5a5a5) != 0xa5a5a5a5;
	/* 64 chances each: about 105 of 200, 128 flips */
	assert_in_range(wrong, 60, 150);
	assert_in_range(n->flips, 80, 180);
	n->flip = 0;
	assert_int_equal(turn(f, 0xa5a5a5a5), 0xa5a5a5a5);
	/* a lost clock shifts everything behind it */
	n->drop = 0.01;
	for (unsigned i = 0; i < 20; i++)
		(void)turn(f, 0xa5a5a5a5);
	assert_in_range(n->drops, 3, 40);
}

/* A capture, read by somebody who knows nothing of the virtual MCU. */
/* Connects, and writes a word twice. */
static void capture_debug(struct fixture *f)
{
	static const uint8_t wake[] = { DAP_SWJ_SEQUENCE,
					136,
					255,
					255,
					255,
					255,
					255,
					255,
					255,
					0x9e,
					0xe7,
					255,
					255,
					255,
					255,
					255,
					255,
					255,
					0 };
	static const uint8_t transfers[] = {
		DAP_TRANSFER, 0, 3,    2,    4,	   0,	0, 0,
		0x50,	      5, 0x78, 0x56, 0x34, 0x12
	};
	uint8_t resp[DAP_PACKET_MAX];

	dprobe_packet(&f->p, wake, sizeof(wake), resp);
	assert_int_equal(resp[1], DAP_OK);
	for (unsigned i = 0; i < 2; i++) {
		dprobe_packet(&f->p, transfers, sizeof(transfers), resp);
		assert_int_equal(resp[1], 3);
	}
}

/* The last 64 samples are what turn() did with v: to the chip, from the chip.
 */
static void check_turn(const struct trace *t, uint32_t v)
{
	assert_true(t->samples.len > 64 + 136);
	for (unsigned i = 0; i < 64; i++) {
		uint8_t s = t->samples.p[t->samples.len - 64 + i];

		assert_int_equal(s & 1, v >> i % 32 & 1);
		/* open drain: the chip drives the zeros only */
		assert_int_equal(s >> 1, i >= 32 && !(s & 1));
	}
	assert_int_equal(t->at[t->samples.len - 1] - t->at[t->samples.len - 64],
			 63 * 1000);
}

static void test_capture(void **state)
{
	struct fixture *f = *state;
	struct trace_bytes words = { 0 }, none = { 0 }, packed = { 0 };
	char why[BENCH_WHY_CAP];
	struct trace *t;
	uint32_t v;

	assert_int_equal(bench_capture(f->b, f->vcd, why), 0);
	bench_nrst(f->b, BENCH_NRST_BENCH, true);
	bench_power(f->b, true);
	f->p.clock_hz = 4000000;
	capture_debug(f);
	bench_nrst(f->b, BENCH_NRST_BENCH, false);
	bench_run(f->b, 5 * MS);
	set_clock(f, 1000000);
	v = turn(f, 0xc001d00d);
	assert_int_equal(v, 0xc001d00d);
	assert_int_equal(bench_capture(f->b, NULL, why), 0);

	t = trace_load(f->vcd, 1000000);
	assert_int_equal(t->power_ons, 1);
	assert_int_equal(t->tx.len, 2);
	assert_memory_equal(t->tx.p, "OK", 2);
	check_turn(t, 0xc001d00d);
	trace_swd_words(t, &words, &none);
	assert_int_equal(words.len, 8);
	assert_memory_equal(words.p, "\x78\x56\x34\x12", 4);
	assert_true(none.len >= 8); /* DPIDR, twice */
	trace_pack(t, 0, 0, 0, &packed);
	assert_int_equal(packed.len, t->samples.len / 8);
	free(words.p);
	free(none.p);
	free(packed.p);
	trace_free(t);
}

static int spec(struct fixture *f, const char *text)
{
	char why[BENCH_WHY_CAP] = "";

	return bench_fault(f->b, text, why);
}

static void test_fault_text(void **state)
{
	static const char *const bad[] = {
		"",	    "rng",	"rng=",	  "rng=odd",	"reset=",
		"reset=x",  "skip=1,",	"skip=,", "flip=2",	"flip=-1",
		"flip=nan", "drop=0,x", "cut=-1", "skip=1,2,3", "reset=1 ",
	};
	struct fixture *f = *state;

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(spec(f, bad[i]), E_ARG);
	assert_int_equal(spec(f, "rng=stuck"), 0);
	assert_int_equal(spec(f, "flip=1e-4,7"), 0);
	assert_true(f->b->line.noise.flip == 1e-4);
	assert_int_equal(mcu_faults(f->b->mcu)->rng, MCU_RNG_STUCK);
	assert_int_equal(spec(f, "skip=0x101,3"), 0);
	assert_int_equal(mcu_faults(f->b->mcu)->skip_pc, 0x100);
	assert_int_equal(mcu_faults(f->b->mcu)->rng, MCU_RNG_STUCK);
}

static void test_reset_at(void **state)
{
	struct fixture *f = *state;
	struct mcu *m = f->b->mcu;
	uint32_t before, v;

	power_on(f);
	before = mcu_resets(m);
	assert_int_equal(spec(f, "reset=500000"), 0);
	bench_run(f->b, MS);
	assert_int_equal(mcu_resets(m), before);
	while (mcu_resets(m) == before) {
		assert_true(mcu_cycles(m) < 500010);
		mcu_advance(m, US);
	}
	assert_in_range(mcu_cycles(m), 500000, 500060);
	bench_run(f->b, 5 * MS);
	assert_int_equal(mcu_resets(m), before + 1);
	assert_false(mcu_debug_pins_on(m)); /* it runs again */
	assert_int_equal(spec(f, "hold=2000000"), 0);
	bench_run(f->b, 50 * MS);
	assert_true(mcu_debug_pins_on(m));
	assert_true(f->b->nrst != 0);
	swd_switch(f->b); /* and a debugger comes in under reset */
	assert_int_equal(swd_read(f->b, DP, 0, &v), OK);
	bench_nrst(f->b, BENCH_NRST_BENCH, true);
	bench_nrst(f->b, BENCH_NRST_BENCH, false);
	assert_int_equal(f->b->nrst, 0);
	bench_run(f->b, 5 * MS);
	assert_false(mcu_debug_pins_on(m));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_echo, setup, teardown),
		cmocka_unit_test_setup_teardown(test_time, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pins, setup, teardown),
		cmocka_unit_test_setup_teardown(test_deaf, setup, teardown),
		cmocka_unit_test_setup_teardown(test_noise, setup, teardown),
		cmocka_unit_test_setup_teardown(test_capture, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fault_text, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_reset_at, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
