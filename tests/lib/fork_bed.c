/* SPDX-License-Identifier: MIT */
#include "tests/lib/fork_bed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmcu/mcu_int.h"
#include "wire/layout.h"

#define RESERVED 0x2000

/* -- processes --------------------------------------------------------------
 */

static void reap(struct fork_bed *f, pid_t pid)
{
	unsigned code = FORK_BROKEN;
	int status;
	pid_t got;

	do {
		got = waitpid(pid, &status, 0);
	} while (got < 0 && errno == EINTR);
	if (got == pid && WIFEXITED(status) && WEXITSTATUS(status) < FORK_CODES)
		code = (unsigned)WEXITSTATUS(status);
	f->codes[code]++;
}

/* True in the child. */
static bool branch(struct fork_bed *f)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid < 0) {
		perror("fork");
		exit(2);
	}
	if (pid == 0) {
		f->child = true;
		return true;
	}
	reap(f, pid);
	return false;
}

static void finish(int code)
{
	fflush(NULL);
	_exit(code);
}

/* The child's chip loses its power in this very operation. */
static void on_flash(void *user, uint32_t count)
{
	struct fork_bed *f = user;

	if (f->child || f->cut == NULL)
		return;
	f->operations++;
	if (f->every > 1 && f->operations % f->every != 0)
		return;
	(void)count;
	if (branch(f))
		mcu_cut_after(f->mcu, 1);
}

static void on_power(void *user, uint64_t ps, bool on)
{
	struct fork_bed *f = user;

	(void)ps;
	if (!f->child || on || f->cut == NULL || f->done)
		return;
	f->done = true;
	finish(f->cut(f->user, f->operations));
}

static void stop_next(struct fork_bed *f)
{
	struct mcu_faults faults = *mcu_faults(f->mcu);

	faults.reset_cycle = mcu_cycles(f->mcu) + f->stride;
	mcu_faults_set(f->mcu, &faults);
}

static void on_cycle(void *user)
{
	struct fork_bed *f = user;

	if (f->child)
		return;
	f->stops++;
	for (unsigned i = 0; i < f->variants; i++)
		if (branch(f))
			finish(f->stop(f->user, i));
	stop_next(f);
}

struct mcu_listener fork_bed_listener(struct fork_bed *f)
{
	return (struct mcu_listener){ .user = f,
				      .flash = on_flash,
				      .power = on_power,
				      .cycle = f->stop != NULL ? on_cycle
							       : NULL };
}

void fork_bed_begin(struct fork_bed *f)
{
	const struct mcu_listener who = fork_bed_listener(f);

	mcu_listen(f->mcu, &who);
	if (f->stop != NULL)
		stop_next(f);
}

void fork_bed_end(struct fork_bed *f)
{
	const struct mcu_listener nobody = { 0 };
	struct mcu_faults faults = *mcu_faults(f->mcu);

	faults.reset_cycle = 0;
	mcu_faults_set(f->mcu, &faults);
	mcu_listen(f->mcu, &nobody);
}

/* -- what is executed ---------------------------------------------------------
 */

struct visited {
	uint8_t seen[1 << 15]; /* a bit per half-word of flash, and of RAM */
	uint32_t *pcs;
	unsigned count, cap;
};

static void on_code(uc_engine *uc, uint64_t address, uint32_t size, void *user)
{
	struct visited *v = user;
	uint32_t i = (address >> 1 & 0x1ffff) |
		     (address >> 28 != 0 ? 0x20000u : 0);

	(void)uc;
	(void)size;
	if (v->seen[i >> 3] >> (i & 7) & 1 || v->count == v->cap)
		return;
	v->seen[i >> 3] |= (uint8_t)(1 << (i & 7));
	v->pcs[v->count++] = (uint32_t)address;
}

unsigned fork_bed_trace(struct mcu *m, uint64_t ps, uint32_t *pcs, unsigned cap)
{
	struct visited v = { .pcs = pcs, .cap = cap };
	uc_hook hook;

	if (uc_hook_add(m->core->uc, &hook, UC_HOOK_CODE, (void *)on_code, &v,
			1, 0) != UC_ERR_OK)
		finish(2);
	core_forget_code(m->core);
	mcu_advance(m, ps);
	uc_hook_del(m->core->uc, hook);
	core_forget_code(m->core);
	return v.count;
}

/* -- classes -----------------------------------------------------------------
 */

static bool all(const uint8_t *p, size_t len, uint8_t value)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] != value)
			return false;
	return true;
}

static uint8_t *peek(const struct mcu *m, const struct flash_truth *t)
{
	uint8_t *p = malloc(t->len);

	if (p == NULL || mcu_flash_peek(m, t->base, p, t->len) != 0)
		finish(FORK_BROKEN);
	return p;
}

static uint32_t plaintext(const uint8_t *is, const struct flash_truth *t)
{
	uint32_t n = 0;

	for (uint32_t i = t->boot_len; i + 8 <= t->image_len; i += 8)
		if (memcmp(is + i, t->installed + i, 8) == 0 &&
		    !all(is + i, 8, 0xff))
			n += 8;
	return n;
}

uint32_t flash_plaintext(const struct mcu *m, const struct flash_truth *t)
{
	uint8_t *is = peek(m, t);
	uint32_t n = plaintext(is, t);

	free(is);
	return n;
}

static enum flash_class judge(const struct mcu *m, const uint8_t *is,
			      const struct flash_truth *t, const char **why)
{
	const uint8_t *top = is + t->len - RESERVED;
	bool locked = mcu_protection(m) > 0;
	uint32_t marker = t->base + t->len - RESERVED + MARKER_OFFSET;
	/* with the first half set the stub does the rest */
	bool marked = all(top + MARKER_OFFSET, MARKER_LEN / 2, 0) &&
		      !mcu_flash_torn(m, marker);
	const uint8_t *was = t->before + t->len - RESERVED;
	bool stub = memcmp(top + STUB_OFFSET, was + STUB_OFFSET,
			   STUB_CODE_LEN) == 0 &&
		    memcmp(is, t->installed, t->boot_len) == 0;
	bool loader = stub && memcmp(top + LOADER_OFFSET, was + LOADER_OFFSET,
				     LOADER_LEN) == 0;
	bool firmware = memcmp(is, t->installed, t->image_len) == 0;

	*why = "";
	if (!locked && plaintext(is, t) != 0)
		*why = "firmware in an open chip";
	else if (!locked && marked)
		*why = "marked complete, and open";
	else if (!locked)
		return CLASS_BLANK;
	else if (marked && !firmware)
		*why = "marked complete, and the firmware is not";
	else if (marked && !stub)
		*why = "marked complete, and nothing starts it";
	else if (marked)
		return CLASS_COMPLETE;
	else if (loader)
		return CLASS_RESUMABLE;
	else
		return CLASS_REGRESS;
	return CLASS_BAD;
}

bool flash_finished(const struct mcu *m, const struct flash_truth *t)
{
	uint8_t *is = peek(m, t);
	const uint8_t *top = is + t->len - RESERVED;
	bool marked = all(top + MARKER_OFFSET, MARKER_LEN, 0);
	bool gone = all(top + LOADER_OFFSET, LOADER_LEN, 0xff) &&
		    all(top + STAGE0_SECRET_OFFSET, STAGE0_SECRET_LEN, 0);

	free(is);
	return marked && gone;
}

enum flash_class flash_classify(const struct mcu *m,
				const struct flash_truth *t, char why[128])
{
	uint8_t *is = peek(m, t);
	const char *text;
	enum flash_class class = judge(m, is, t, &text);

	snprintf(why, 128, "%s", text);
	free(is);
	return class;
}
