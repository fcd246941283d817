/* SPDX-License-Identifier: MIT */
#include "vmcu/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmcu/net.h"

static void board_free(struct bench_board *b)
{
	free(b->chip);
	free(b->state);
	free(b->profile);
	free(b->quirks);
	memset(b, 0, sizeof(*b));
}

/* A copy, NULL for NULL; *ok turns false when memory is out. */
static char *copy(const char *s, bool *ok)
{
	char *p = s != NULL ? strdup(s) : NULL;

	if (s != NULL && p == NULL)
		*ok = false;
	return p;
}

static int board_copy(const struct mcu_config *cfg, const struct mcu *m,
		      struct bench_board *out)
{
	bool ok = true;
	struct bench_board b = {
		.chip = copy(mcu_chip(m), &ok),
		.state = copy(cfg->state, &ok),
		.profile = copy(cfg->profile, &ok),
		.quirks = copy(cfg->quirks, &ok),
		.seed = cfg->seed,
		.flash_time = (int)cfg->flash_time,
	};

	if (!ok) {
		board_free(&b);
		return E_NOMEM;
	}
	*out = b;
	return 0;
}

/* -- what the chip tells ----------------------------------------------------
 */

static void heard_pin(void *user, uint64_t ps, char port, unsigned bit,
		      int level)
{
	struct bench *b = user;

	if (port != 'A' || bit != 13)
		return;
	line_move(&b->line, ps, level);
	if (b->capture != NULL)
		capture_chip(b->capture, ps, level);
}

static void heard_uart(void *user, uint64_t ps, bool tx, uint8_t byte,
		       uint64_t bit_ps)
{
	struct bench *b = user;

	if (b->capture != NULL)
		capture_uart(b->capture, ps, tx, byte, bit_ps);
}

static void heard_power(void *user, uint64_t ps, bool on)
{
	struct bench *b = user;

	if (b->capture != NULL)
		capture_vdd(b->capture, ps, on);
	if (b->also != NULL && b->also->power != NULL)
		b->also->power(b->also->user, ps, on);
}

static void heard_flash(void *user, uint32_t count)
{
	struct bench *b = user;

	if (b->also != NULL && b->also->flash != NULL)
		b->also->flash(b->also->user, count);
}

static void heard_cycle(void *user)
{
	struct bench *b = user;

	b->also->cycle(b->also->user);
}

static void listen_to(struct bench *b)
{
	const bool cycle = b->also != NULL && b->also->cycle != NULL;
	const struct mcu_listener who = { .user = b,
					  .pin = heard_pin,
					  .uart = heard_uart,
					  .power = heard_power,
					  .flash = heard_flash,
					  .cycle = cycle ? heard_cycle : NULL };

	mcu_listen(b->mcu, &who);
}

void bench_listen(struct bench *b, const struct mcu_listener *also)
{
	b->also = also;
	listen_to(b);
}

int bench_new(const struct mcu_config *cfg, struct bench **out,
	      char why[BENCH_WHY_CAP])
{
	struct bench *b = calloc(1, sizeof(*b));
	int err;

	snprintf(why, BENCH_WHY_CAP, "%s", error_text(E_NOMEM));
	if (b == NULL)
		return E_NOMEM;
	err = mcu_new(cfg, &b->mcu, why);
	if (err == 0)
		err = board_copy(cfg, b->mcu, &b->board);
	if (err != 0) {
		mcu_free(b->mcu);
		free(b);
		return err;
	}
	b->debugger[BENCH_DAP] = b->debugger[BENCH_JTAG] = -1;
	b->time.mcu = b->mcu;
	swj_init(&b->swj, &b->time);
	line_init(&b->line);
	listen_to(b);
	*out = b;
	return 0;
}

void bench_free(struct bench *b)
{
	if (b == NULL)
		return;
	if (b->capture != NULL)
		(void)!capture_close(b->capture);
	mcu_free(b->mcu);
	board_free(&b->board);
	free(b);
}

/* What the wire does to n characters from the chip; returns how many stay. */
static size_t uart_spoil(struct bench *b, uint8_t *p, size_t n)
{
	struct noise *noise = &b->uart_noise;
	size_t kept = 0;

	if (noise->flip <= 0 && noise->drop <= 0)
		return n;
	for (size_t i = 0; i < n; i++) {
		uint8_t byte = p[i];

		for (unsigned bit = 0; bit < 8; bit++)
			if (noise_flip(noise))
				byte ^= (uint8_t)(1u << bit);
		if (!noise_drop(noise))
			p[kept++] = byte;
	}
	return kept;
}

static void uart_collect(struct bench *b)
{
	size_t at, n;

	do {
		at = (size_t)(b->uart_end % BENCH_UART_CAP);
		n = mcu_uart_read(b->mcu, b->uart + at, BENCH_UART_CAP - at);
		b->uart_end += uart_spoil(b, b->uart + at, n);
	} while (n != 0);
}

/* A fault has pulled NRST by itself. */
static void fault_held(struct bench *b)
{
	b->nrst |= BENCH_NRST_FAULT;
	if (b->capture != NULL)
		capture_nrst(b->capture, mcu_now(b->mcu), false);
}

/* Time has passed: what came of it? */
static void look(struct bench *b)
{
	uart_collect(b);
	if (mcu_faults(b->mcu)->held && !(b->nrst & BENCH_NRST_FAULT))
		fault_held(b);
	if (b->capture != NULL)
		capture_settle(b->capture, mcu_now(b->mcu));
}

void bench_settle(struct bench *b)
{
	wiretime_flush(&b->time);
	look(b);
}

int bench_capture(struct bench *b, const char *path, char why[BENCH_WHY_CAP])
{
	struct capture_start at = { .nrst = b->nrst == 0 };
	int err = 0;

	bench_settle(b);
	if (b->capture != NULL)
		err = capture_close(b->capture);
	b->capture = NULL;
	if (err == 0 && path != NULL) {
		at.now_ps = mcu_now(b->mcu);
		at.vdd = mcu_powered(b->mcu);
		err = capture_open(path, &at, &b->capture);
	}
	if (err != 0)
		snprintf(why, BENCH_WHY_CAP, "cannot write the capture: %s",
			 error_text(err));
	return err;
}

size_t bench_uart_write(struct bench *b, const uint8_t *p, size_t len)
{
	size_t n = 0;

	for (; n < len; n++) {
		uint8_t byte = p[n];

		for (unsigned bit = 0; bit < 8; bit++)
			if (noise_flip(&b->uart_noise))
				byte ^= (uint8_t)(1u << bit);
		if (!noise_drop(&b->uart_noise) &&
		    mcu_uart_write(b->mcu, &byte, 1) == 0)
			break;
	}
	return n;
}

void bench_run(struct bench *b, uint64_t picoseconds)
{
	/* In slices, so that the UART's queue never overflows. */
	const uint64_t slice = WIRETIME_PS / 20;

	bench_settle(b);
	while (picoseconds != 0) {
		uint64_t ps = picoseconds < slice ? picoseconds : slice;

		mcu_advance(b->mcu, ps);
		look(b);
		picoseconds -= ps;
	}
}

size_t bench_uart_read(struct bench *b, uint64_t *pos, uint8_t *out, size_t cap,
		       bool *ret_lost)
{
	size_t n = 0;

	*ret_lost = b->uart_end - *pos > BENCH_UART_CAP;
	if (*ret_lost)
		*pos = b->uart_end - BENCH_UART_CAP;
	while (n < cap && *pos != b->uart_end)
		out[n++] = b->uart[(*pos)++ % BENCH_UART_CAP];
	return n;
}

int bench_save(struct bench *b, char why[BENCH_WHY_CAP])
{
	int err;

	if (b->board.state == NULL)
		return 0;
	bench_settle(b);
	err = mcu_save(b->mcu);
	if (err != 0)
		snprintf(why, BENCH_WHY_CAP, "cannot write %s: %s",
			 b->board.state, error_text(err));
	return err;
}

bool bench_debugged(const struct bench *b, enum bench_debugger who)
{
	return b->debugger[who] >= 0 && !net_gone(b->debugger[who]);
}

void bench_power(struct bench *b, bool on)
{
	bench_settle(b);
	if (mcu_powered(b->mcu) == on)
		return;
	mcu_power(b->mcu, on);
	swj_power_on_reset(&b->swj);
}

void bench_nrst(struct bench *b, enum bench_puller who, bool low)
{
	bool was = b->nrst != 0;

	bench_settle(b);
	if (low)
		b->nrst |= (unsigned)who;
	else
		b->nrst &= ~(unsigned)who;
	if (!low && who == BENCH_NRST_BENCH && b->nrst & BENCH_NRST_FAULT) {
		struct mcu_faults f = *mcu_faults(b->mcu);

		f.held = false;
		mcu_faults_set(b->mcu, &f);
		b->nrst &= ~(unsigned)BENCH_NRST_FAULT;
	}
	if (was == (b->nrst != 0))
		return;
	mcu_nrst(b->mcu, b->nrst != 0);
	if (b->capture != NULL)
		capture_nrst(b->capture, mcu_now(b->mcu), b->nrst == 0);
}

/* Two boards made on one bench must not get one UID. */
static uint64_t board_seed(uint64_t seed, const char *state)
{
	uint64_t h = 0xcbf29ce484222325ull ^ seed; /* FNV-1a */

	while (*state != '\0')
		h = (h ^ (uint8_t)*state++) * 0x100000001b3ull;
	return h;
}

static int insert_check(const struct bench_insert *what, const char *now,
			char why[BENCH_WHY_CAP])
{
	bool exists = access(what->state, F_OK) == 0;

	if (exists && what->create) {
		snprintf(why, BENCH_WHY_CAP,
			 "%s exists; insert it without --new", what->state);
		return E_EXISTS;
	}
	if (!exists && !what->create) {
		snprintf(why, BENCH_WHY_CAP,
			 "%s does not exist; --new makes a virgin chip",
			 what->state);
		return E_NOT_FOUND;
	}
	if (now != NULL && strcmp(now, what->state) == 0 && what->create) {
		snprintf(why, BENCH_WHY_CAP, "%s is on the bench already",
			 what->state);
		return E_EXISTS;
	}
	return 0;
}

/* The new board's chip lies ready: take the old one away. */
static void replace(struct bench *b, struct mcu *m,
		    const struct bench_board *board)
{
	bool on = mcu_powered(b->mcu);

	bench_power(b, false);
	mcu_free(b->mcu);
	board_free(&b->board);
	b->mcu = m;
	b->board = *board;
	b->time.mcu = m;
	line_clear(&b->line);
	listen_to(b);
	swj_power_on_reset(&b->swj);
	if (b->nrst != 0)
		mcu_nrst(b->mcu, true);
	bench_power(b, on);
}

int bench_insert(struct bench *b, const struct bench_insert *what,
		 char why[BENCH_WHY_CAP])
{
	struct mcu_config cfg = {
		.chip = b->board.chip,
		.state = what->state,
		.uid = what->uid,
		.uid_len = what->uid_len,
		.seed = board_seed(b->board.seed, what->state),
		.profile = what->profile,
		.quirks = b->board.quirks,
	};
	struct bench_board board = { 0 };
	struct mcu *m = NULL;
	int err;

	cfg.flash_time = b->board.flash_time;
	err = insert_check(what, b->board.state, why);
	if (err == 0)
		err = bench_save(b, why);
	if (err == 0)
		err = mcu_new(&cfg, &m, why);
	if (err != 0)
		return err;
	err = board_copy(&cfg, m, &board);
	if (err != 0) {
		mcu_free(m);
		snprintf(why, BENCH_WHY_CAP, "%s", error_text(err));
		return err;
	}
	board.seed = b->board.seed;
	replace(b, m, &board);
	return what->create ? bench_save(b, why) : 0;
}
