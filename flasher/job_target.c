/* SPDX-License-Identifier: MIT */
/* The steps of a job that touch the chip. */
#include <stdio.h>
#include <string.h>

#include "base/ct.h"
#include "base/hex.h"
#include "flasher/job_int.h"
#include "wire/record.h"
#include "wire/serial.h"

#define RELOCK_NOTE "was read-protected; it is erased and built again"

int job_target_failed(struct job *j, int err)
{
	const char *why = target_why(j->target);

	snprintf(j->why, sizeof(j->why), "%s", why[0] ? why : error_text(err));
	return err;
}

static void progress(void *arg, enum target_phase phase, uint32_t done,
		     uint32_t total)
{
	struct job *j = arg;

	ui_phase(j->env->ui, j->channel, target_phase_name(phase));
	ui_progress(j->env->ui, j->channel, done, total);
}

static int open_target(struct job *j)
{
	const struct station *st = j->env->st;
	struct probe_config pc = { .uri = j->conf->probe,
				   .serial = j->conf->serial,
				   .clock_hz = st->conf.clock_hz };
	struct power_config power = {
		.command = j->conf->power[0] ? j->conf->power : NULL,
		.off_ms = st->conf.power_off_ms,
	};
	char why[256] = "";
	int r = probe_open(&pc, &j->probe, why);

	if (r != 0) {
		snprintf(j->why, sizeof(j->why), "%s: %s", error_text(r), why);
		return r;
	}
	return target_new(j->probe, &power, progress, j, &j->target);
}

/* Before a unit is reserved: can this probe do it at all? */
static int check_probe(struct job *j)
{
	int r = target_can_build(j->target);

	if (r != 0) {
		j->next = "use a CMSIS-DAP probe, or OpenOCD over SWD, on this "
			  "channel";
		return job_target_failed(j, r);
	}
	if (j->env->start_pattern[0] && !probe_info(j->probe)->uart) {
		snprintf(j->why, sizeof(j->why),
			 "this probe has no UART to hear the firmware's start "
			 "with");
		j->next = "write serial = LINE into the channel of "
			  "flasher.conf, or use another probe";
		return E_UNSUPPORTED;
	}
	r = target_can_power(j->target);
	if (r != 0)
		j->next = "write power = COMMAND, or gpio:CHIP:LINE, into the "
			  "channel of flasher.conf, or correct it: every chip "
			  "is switched off and on before it is proved";
	return r == 0 ? 0 : job_target_failed(j, r);
}

/* Another chip of the same family is no counterfeit, and not what the release
 * is laid out for.  Whatever else it is, the server judges. */
static int check_sister(struct job *j, const struct chip *chip)
{
	const struct chip *is = chip_of(chip->family, j->id.print.device_id);

	if (is == NULL || is == chip)
		return 0;
	snprintf(j->why, sizeof(j->why),
		 "the release is laid out for %s, and this is a %s", chip->name,
		 is->name);
	return E_TARGET_CHIP;
}

/* Who it is can be read no more: identity came first, when it was open. */
static int look_behind_lock(struct job *j, const struct chip *chip)
{
	int r;

	if (!j->id.locked || !j->env->erase_locked) {
		snprintf(j->why, sizeof(j->why),
			 "the chip is read-protected and hides its unique ID; "
			 "--erase-locked erases such chips to read it");
		return E_TARGET_PROTECTED;
	}
	ui_say(j->env->ui, (int)j->channel,
	       "a locked chip that hides its unique ID is erased");
	r = target_unlock(j->target, chip);
	if (r == 0)
		r = target_identify(j->target, chip, &j->id);
	if (r != 0)
		return job_target_failed(j, r);
	if (j->id.uid_len != 0)
		return 0;
	snprintf(j->why, sizeof(j->why), "the chip hides its unique ID");
	return E_TARGET_PROTECTED;
}

int job_step_identify(struct job *j)
{
	const struct release_header *h = &j->release->header;
	const struct chip *chip = chip_of_release(h);
	int r;

	if (chip == NULL) {
		snprintf(j->why, sizeof(j->why),
			 "this version cannot program chip family %u, device "
			 "0x%x",
			 h->family, h->device);
		return E_UNSUPPORTED;
	}
	r = open_target(j);
	if (r != 0)
		return r;
	r = target_identify(j->target, chip, &j->id);
	if (r != 0)
		return job_target_failed(j, r);
	r = check_probe(j);
	if (r == 0)
		r = check_sister(j, chip);
	if (r == 0 && j->id.uid_len == 0)
		r = look_behind_lock(j, chip);
	if (r != 0)
		return r;
	hex_encode(j->id.uid, j->id.uid_len, j->res->uid);
	ui_uid(j->env->ui, j->channel, j->res->uid);
	return 0;
}

static int source(void *arg, uint32_t index, const uint8_t **out,
		  size_t *out_len)
{
	struct job *j = arg;
	int r = cache_chunk(j->release, index, j->key, j->chunk, out_len);

	if (r != 0) {
		snprintf(j->why, sizeof(j->why), "chunk %u: %s", index,
			 error_text(r));
		return r;
	}
	serial_overlay(&j->release->header, j->serial,
		       index * j->release->header.chunk_len, j->chunk,
		       (uint32_t)*out_len);
	*out = j->chunk;
	return 0;
}

static int program_with(struct job *j, struct target_record records[2])
{
	struct target_plan plan = {
		.header = &j->release->header,
		.source = source,
		.source_arg = j,
		.records = records,
		.record_count = 2,
	};
	int r = target_program(j->target, &plan);

	return r == 0 || r == E_DECRYPT ? r : job_target_failed(j, r);
}

int job_unlock(struct job *j)
{
	int r;

	if (!j->id.locked)
		return 0;
	ui_say(j->env->ui, (int)j->channel, "%s " RELOCK_NOTE, j->res->uid);
	r = target_unlock(j->target, j->id.chip);
	return r == 0 ? 0 : job_target_failed(j, r);
}

int job_step_program(struct job *j)
{
	uint8_t firmware[RECORD_FIRMWARE_CAP];
	uint8_t credential[RECORD_CREDENTIAL_CAP];
	struct target_record records[2] = {
		{ RECORD_FIRMWARE_OFFSET, firmware, 0 },
		{ RECORD_CREDENTIAL_OFFSET, credential, 0 },
	};
	int r = record_encode(RECORD_FIRMWARE, j->release->firmware,
			      j->release->firmware_len, firmware,
			      sizeof(firmware), &records[0].len);

	if (r == 0)
		r = record_encode(RECORD_CREDENTIAL,
				  j->delivered.credential.data,
				  j->delivered.credential.len, credential,
				  sizeof(credential), &records[1].len);
	if (r == 0)
		r = job_unlock(j);
	if (r == 0)
		r = program_with(j, records);
	if (r == E_DECRYPT)
		cache_drop(j->env->cache, j->release);
	ct_wipe(j->key, sizeof(j->key));
	if (j->chunk)
		ct_wipe(j->chunk, j->release->header.chunk_len);
	return r;
}

int job_step_power(struct job *j)
{
	int r = target_power_cycle(j->target);

	return r == 0 ? 0 : job_target_failed(j, r);
}

int job_step_start(struct job *j)
{
	const struct flasher_conf *c = &j->env->st->conf;
	const char *pattern = j->env->start_pattern;
	const char *said;
	char line[160] = "";
	int r = target_start(j->target, pattern, j->conf->uart,
			     c->start_timeout_ms, line);

	/* what the firmware said when the power went is still before it */
	said = pattern[0] ? strstr(line, pattern) : NULL;
	job_clean_text(said ? said : line, j->res->line, sizeof(j->res->line));
	if (r == 0)
		return 0;
	r = job_target_failed(j, r);
	if (r == E_TARGET_NO_PROOF)
		snprintf(j->why, sizeof(j->why), "%s; it said \"%.160s\"",
			 error_text(r), j->res->line);
	return r;
}

int job_step_prove(struct job *j)
{
	int r = target_prove_locked(j->target);

	return r == 0 ? 0 : job_target_failed(j, r);
}
