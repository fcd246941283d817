/* SPDX-License-Identifier: MIT */
/* Loading the flash algorithm and talking to it (chip/algo.h). */
#include <inttypes.h>
#include <stdio.h>

#include "flasher/target_int.h"

#define REG_SP 13
#define REG_PC 15
#define XPSR_THUMB 0x01000000u
#define PRIMASK 1u

/* Its start-up: clock, table; a few thousand cycles at the reset clock. */
#define START_US 100000

uint32_t algo_word_address(const struct target *t, enum algo_word w)
{
	return t->chip->algo->control + 4 * (uint32_t)w;
}

static uint32_t code_word(const struct chip_algo *a, unsigned i)
{
	const uint8_t *p = a->code + 4 * (size_t)i;

	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

int algo_start(struct target *t)
{
	const struct chip_algo *a = t->chip->algo;
	struct probe *p = t->probe;
	int err;

	err = dbg_reset_halt(p);
	if (err != 0)
		return target_wire_fail(t, err, "halting the core");
	dbg_queue_write32(p, algo_word_address(t, ALGO_READY), 0);
	dbg_queue_write32(p, algo_word_address(t, ALGO_COMMAND), ALGO_IDLE);
	/* an NMI may be waiting, and flash may hold no vectors */
	if (a->vtor != 0)
		dbg_queue_write32(p, a->vtor, a->load);
	dbg_queue_write(p, a->load, a->code, a->code_len);
	dbg_queue_reg_write(p, REG_SP, code_word(a, 0));
	dbg_queue_reg_write(p, REG_PC, code_word(a, 1) & ~1u);
	dbg_queue_reg_write(p, DBG_REG_XPSR, XPSR_THUMB);
	dbg_queue_reg_write(p, DBG_REG_SPECIAL, PRIMASK);
	err = dbg_resume(p);
	if (err == 0)
		err = dbg_poll32(p, algo_word_address(t, ALGO_READY),
				 0xffffffff, ALGO_MAGIC, START_US);
	if (err == E_TIMEOUT)
		return target_fail(t, E_TARGET,
				   "the flash algorithm does not start");
	if (err != 0)
		return target_wire_fail(t, err, "starting the flash algorithm");
	return 0;
}

void algo_queue_command(struct target *t, enum algo_command c, uint32_t arg0,
			uint32_t arg1)
{
	struct probe *p = t->probe;

	dbg_queue_write32(p, algo_word_address(t, ALGO_ARG0), arg0);
	dbg_queue_write32(p, algo_word_address(t, ALGO_ARG1), arg1);
	dbg_queue_write32(p, algo_word_address(t, ALGO_COMMAND), c);
}

int algo_judge(struct target *t, const char *what, uint32_t error, uint32_t sr,
	       uint32_t address)
{
	switch (error) {
	case ALGO_E_NONE:
		return 0;
	case ALGO_E_FLASH:
		return target_fail(
			t, E_TARGET_FLASH,
			"%s: flash controller reports SR=0x%08" PRIx32
			" at 0x%08" PRIx32,
			what, sr, address);
	case ALGO_E_FAULT:
		return target_fail(t, E_TARGET_FLASH,
				   "%s: bus fault or uncorrectable flash cell "
				   "(SR=0x%08" PRIx32 ", ECCR=0x%08" PRIx32 ")",
				   what, sr, address);
	case ALGO_E_UNLOCK:
		return target_fail(t, E_TARGET_FLASH,
				   "%s: the flash controller stays locked",
				   what);
	default:
		return target_fail(t, E_TARGET,
				   "%s: the flash algorithm answers nonsense "
				   "(%" PRIu32 ")",
				   what, error);
	}
}

static void queue_errors(struct target *t, uint32_t out[3])
{
	for (unsigned i = 0; i < 3; i++)
		dbg_queue_read32(t->probe, algo_word_address(t, ALGO_ERROR + i),
				 &out[i]);
}

int algo_ask(struct target *t, const char *what)
{
	uint32_t e[3];
	int err;

	queue_errors(t, e);
	err = dbg_flush(t->probe);
	if (err != 0)
		return target_wire_fail(t, err, "%s", what);
	err = algo_judge(t, what, e[0], e[1], e[2]);
	if (err == 0)
		err = target_fail(t, E_TARGET,
				  "%s: the flash algorithm stopped answering",
				  what);
	return err;
}

int algo_wait(struct target *t, uint32_t timeout_us, const char *what,
	      uint64_t *out_result)
{
	struct probe *p = t->probe;
	uint32_t waited = 0, e[3], result[2];
	int err;

	do { /* the end and what it brought in one packet */
		dbg_queue_match32(p, algo_word_address(t, ALGO_COMMAND),
				  0xffffffff, ALGO_IDLE);
		dbg_queue_read32(p, algo_word_address(t, ALGO_RESULT),
				 &result[0]);
		dbg_queue_read32(p, algo_word_address(t, ALGO_RESULT_HIGH),
				 &result[1]);
		queue_errors(t, e);
		err = dbg_flush(p);
		waited += DBG_MATCH_US;
	} while (err == E_TIMEOUT && waited < timeout_us);
	if (err == E_TIMEOUT)
		return algo_ask(t, what);
	if (err != 0)
		return target_wire_fail(t, err, "%s", what);
	err = algo_judge(t, what, e[0], e[1], e[2]);
	if (err == 0 && out_result != NULL)
		*out_result = (uint64_t)result[1] << 32 | result[0];
	return err;
}
