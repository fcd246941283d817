/* SPDX-License-Identifier: MIT */
/*
 * bench/vmcu.c - how fast the virtual MCU is, with exact timing on.
 *
 * One chip runs tests/target/mips.c for a virtual second at 80 MHz; then 24
 * chips do, on as many threads as there are processors (at most 2).  Best of
 * three; by wall clock, and by processor time, which says what the machine
 * could do if nobody else used it.  JSON to build/bench/vmcu.json.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "vmcu/mcu.h"

#define CODE "build/target/mips.bin"
#define OUT "build/bench/vmcu.json"
#define FLASH 0x08000000u
#define PS_PER_MS 1000000000ull
#define CHIPS 24
#define ROUNDS 3
#define NEED_ONE 50.0
#define NEED_ALL 80.0

static uint8_t code[65536];
static size_t code_len;

struct result {
	double wall, cpu; /* million instructions per second */
};

struct share { /* the chips of one thread */
	struct mcu *chips[CHIPS];
	unsigned count, ms;
	double cpu;
};

static void die(const char *what)
{
	fprintf(stderr, "bench_vmcu: %s\n", what);
	exit(1);
}

static double now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void bus_write(struct mcu *m, uint32_t addr, uint32_t v)
{
	if (mcu_bus_write(m, addr, 4, v) != MCU_BUS_OK)
		die("the debug bus does not answer");
}

/* Programs the code as a debugger would, and powers the chip anew. */
static struct mcu *make_chip(unsigned seed)
{
	struct mcu_config cfg = { .chip = "stm32l432",
				  .seed = seed,
				  .profile = "genuine",
				  .flash_time = MCU_TIME_TYP };
	struct mcu *m;
	char why[256];

	if (mcu_new(&cfg, &m, why) != 0)
		die(why);
	mcu_power(m, true);
	mcu_debug_power(m, true, true);
	bus_write(m, 0x40022008, 0x45670123);
	bus_write(m, 0x40022008, 0xcdef89ab);
	bus_write(m, 0x40022014, 1);
	for (uint32_t i = 0; i < code_len; i += 4) {
		uint32_t v;

		memcpy(&v, code + i, 4);
		bus_write(m, FLASH + i, v);
		if (i & 4)
			mcu_advance(m, PS_PER_MS / 10);
	}
	mcu_power(m, false);
	mcu_advance(m, PS_PER_MS);
	mcu_power(m, true);
	mcu_advance(m, PS_PER_MS);
	return m;
}

static void *run_share(void *arg)
{
	struct share *s = arg;
	double start = now(CLOCK_THREAD_CPUTIME_ID);

	for (unsigned t = 0; t < s->ms; t++)
		for (unsigned i = 0; i < s->count; i++)
			mcu_advance(s->chips[i], PS_PER_MS);
	s->cpu = now(CLOCK_THREAD_CPUTIME_ID) - start;
	return NULL;
}

static uint64_t instructions(struct mcu **chips, unsigned n)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < n; i++)
		sum += mcu_instructions(chips[i]);
	return sum;
}

static struct result measure(struct mcu **chips, unsigned n, unsigned threads,
			     unsigned ms)
{
	struct share shares[2] = { 0 };
	pthread_t ids[2];
	uint64_t before = instructions(chips, n), done;
	double start = now(CLOCK_MONOTONIC), cpu = 0, wall;

	for (unsigned i = 0; i < n; i++) {
		struct share *s = &shares[i % threads];

		s->chips[s->count++] = chips[i];
		s->ms = ms;
	}
	for (unsigned i = 0; i < threads; i++)
		if (pthread_create(&ids[i], NULL, run_share, &shares[i]) != 0)
			die("no thread");
	for (unsigned i = 0; i < threads; i++) {
		pthread_join(ids[i], NULL);
		cpu += shares[i].cpu;
	}
	wall = now(CLOCK_MONOTONIC) - start;
	done = instructions(chips, n) - before;
	return (struct result){ (double)done / wall / 1e6,
				(double)done / (cpu / threads) / 1e6 };
}

static struct result best(struct mcu **chips, unsigned n, unsigned threads,
			  unsigned ms)
{
	struct result r = { 0, 0 };

	for (int i = 0; i < ROUNDS; i++) {
		struct result x = measure(chips, n, threads, ms);

		r.wall = x.wall > r.wall ? x.wall : r.wall;
		r.cpu = x.cpu > r.cpu ? x.cpu : r.cpu;
	}
	return r;
}

static void load_code(void)
{
	FILE *f = fopen(CODE, "rb");

	if (f == NULL)
		die(CODE " is missing: make target");
	memset(code, 0xff, sizeof(code));
	code_len = (fread(code, 1, sizeof(code) - 8, f) + 7) & ~(size_t)7;
	fclose(f);
}

static void report(struct result one, struct result all, unsigned threads,
		   double load)
{
	FILE *f;

	if (mkdir("build/bench", 0777) != 0 && errno != EEXIST)
		die("cannot make build/bench");
	f = fopen(OUT, "w");
	if (f == NULL)
		die("cannot write " OUT);
	fprintf(f,
		"{\"method\":\"SHA-256, copy and sort at 80 MHz, one hook per "
		"instruction, best of %d\",\n"
		" \"load_average\":%.2f,\n"
		" \"one_chip\":{\"mips\":%.1f,\"mips_of_cpu_time\":%.1f,"
		"\"at_least\":%.0f},\n"
		" \"%d_chips\":{\"threads\":%u,\"mips\":%.1f,"
		"\"mips_of_cpu_time\":%.1f,\"at_least\":%.0f}}\n",
		ROUNDS, load, one.wall, one.cpu, NEED_ONE, CHIPS, threads,
		all.wall, all.cpu, NEED_ALL);
	fclose(f);
	printf("one chip   %6.1f MIPS, %6.1f of processor time, need %.0f\n"
	       "%d chips   %6.1f MIPS, %6.1f of processor time, need %.0f\n",
	       one.wall, one.cpu, NEED_ONE, CHIPS, all.wall, all.cpu, NEED_ALL);
}

int main(void)
{
	struct mcu *chips[CHIPS];
	struct result one, all;
	unsigned threads = sysconf(_SC_NPROCESSORS_ONLN) > 1 ? 2 : 1;
	double load = 0;

	load_code();
	if (getloadavg(&load, 1) != 1)
		load = -1;
	for (unsigned i = 0; i < CHIPS; i++)
		chips[i] = make_chip(i + 1);
	one = best(chips, 1, 1, 1000);
	all = best(chips, CHIPS, threads, 50);
	report(one, all, threads, load);
	for (unsigned i = 0; i < CHIPS; i++)
		mcu_free(chips[i]);
	return one.wall >= NEED_ONE && all.wall >= NEED_ALL ? 0 : 1;
}
