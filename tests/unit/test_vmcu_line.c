/* SPDX-License-Identifier: MIT */
/*
 * The debug pins as the firmware's own two wires: tests/target/pins.c takes
 * them away and plays a shift register; the probe clocks it with
 * DAP_SWD_Sequence, a capture records it, noise spoils it.
 */
#include <unistd.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_echo, setup, teardown),
		cmocka_unit_test_setup_teardown(test_time, setup, teardown),
		cmocka_unit_test_setup_teardown(test_pins, setup, teardown),
		cmocka_unit_test_setup_teardown(test_deaf, setup, teardown),
		cmocka_unit_test_setup_teardown(test_noise, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
