/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "flasher/power.h"
#include "flasher/target_int.h"

#define POWER_OFF_MS 1000
#define POWER_ON_US 10000 /* until a chip has left its reset */
#define REPORT_EVERY_MS 80
#define CPUID 0xe000ed00u
#define VTOR 0xe000ed08u

static const char *const phase_names[] = {
	"connect", "erase", "program", "verify", "records",
	"lock",	   "power", "start",   "prove",	 "loader",
};

const char *target_phase_name(enum target_phase p)
{
	if ((size_t)p >= sizeof(phase_names) / sizeof(phase_names[0]))
		return "unknown";
	return phase_names[p];
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void report(struct target *t)
{
	t->last_report_ms = now_ms();
	if (t->progress != NULL)
		t->progress(t->progress_arg, t->phase, t->phase_done,
			    t->phase_total);
}

void target_phase_set(struct target *t, enum target_phase phase, uint32_t total)
{
	t->phase = phase;
	t->phase_done = 0;
	t->phase_total = total;
	report(t);
}

void target_report(struct target *t, uint32_t done)
{
	/* padding to whole units may make it more than was promised */
	if (done > t->phase_total)
		done = t->phase_total;
	t->phase_done = done;
	if (done == t->phase_total ||
	    now_ms() - t->last_report_ms >= REPORT_EVERY_MS)
		report(t);
}

int target_new(struct probe *p, const struct power_config *power,
	       target_progress *progress, void *progress_arg,
	       struct target **out)
{
	struct target *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return E_NOMEM;
	t->probe = p;
	t->power = *power;
	if (t->power.off_ms == 0)
		t->power.off_ms = POWER_OFF_MS;
	t->progress = progress;
	t->progress_arg = progress_arg;
	*out = t;
	return 0;
}

void target_free(struct target *t)
{
	if (t == NULL)
		return;
	target_detach(t);
	free(t);
}

const char *target_why(const struct target *t)
{
	return t->why;
}

enum target_phase target_phase(const struct target *t)
{
	return t->phase;
}

int target_fail(struct target *t, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(t->why, sizeof(t->why), format, args);
	va_end(args);
	return err;
}

int target_wire_fail(struct target *t, int err, const char *format, ...)
{
	char what[64], wire[120];
	const char *gone = "";
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	snprintf(wire, sizeof(wire), "%s", probe_why(t->probe));
	if (err != E_PROBE_LOST && err != E_PROBE && err != E_NOMEM &&
	    dbg_recover(t->probe) == E_DAP_NO_ACK) {
		err = E_TARGET_LOST;
		gone = "; the target is gone: unplugged, or without power?";
	}
	snprintf(t->why, sizeof(t->why), "%s: %s%.60s", what, wire, gone);
	return err;
}

/* -- connecting ---------------------------------------------------------- */

int target_attach(struct target *t)
{
	int err;

	if (t->attached)
		return 0;
	err = dbg_connect(t->probe);
	if (err == E_DAP_NO_ACK)
		err = dbg_connect_reset(t->probe);
	if (err == E_DAP_NO_ACK && !probe_info(t->probe)->swd)
		return target_fail(t, E_TARGET_LOST,
				   "%.200s: is the target plugged in and "
				   "powered?",
				   probe_why(t->probe));
	if (err == E_DAP_NO_ACK)
		return target_fail(t, E_TARGET_LOST,
				   "nobody answers on the debug wire, not even "
				   "under reset: is the target plugged in and "
				   "powered?");
	if (err != 0)
		return target_wire_fail(t, err, "connecting");
	t->attached = true;
	return 0;
}

void target_detach(struct target *t)
{
	if (t->attached)
		dbg_disconnect(t->probe);
	t->attached = false;
}

/* -- identity ------------------------------------------------------------ */

/* One word, or 0 where the chip answers with a bus fault: a counterfeit need
 * not have the register. */
static int read_or_zero(struct target *t, uint32_t addr, uint32_t *out)
{
	int err = dbg_read32(t->probe, addr, out);

	if (err != E_DAP_FAULT)
		return err;
	*out = 0;
	return dbg_recover(t->probe);
}

/* How many bits of VTOR there are: newer cores have more, and cannot hide it.
 * One packet, so that it is back before the core misses it. */
static int read_vtor(struct target *t, uint32_t *out)
{
	uint32_t old;
	int err = read_or_zero(t, VTOR, &old);

	if (err != 0)
		return err;
	dbg_queue_write32(t->probe, VTOR, 0xffffffff);
	dbg_queue_read32(t->probe, VTOR, out);
	dbg_queue_write32(t->probe, VTOR, old);
	return dbg_flush(t->probe);
}

static int read_print(struct target *t, struct chip_print *out)
{
	struct probe *p = t->probe;
	const struct chip *c = t->chip;
	uint32_t size;
	int err;

	memset(out, 0, sizeof(*out));
	out->dpidr = dbg_dpidr(p);
	out->ap_idr = dbg_ap_idr(p);
	dbg_queue_read32(p, CPUID, &out->cpuid);
	dbg_queue_read32(p, c->device_id_register, &out->device_id);
	dbg_queue_read32(p, c->flash_size_register & ~3u, &size);
	err = dbg_rom_identity(p, &out->designer, &out->part);
	if (err == E_DAP_FAULT) {
		err = dbg_recover(p);
		if (err == 0)
			err = read_or_zero(t, CPUID, &out->cpuid);
		if (err == 0)
			err = read_or_zero(t, c->device_id_register,
					   &out->device_id);
		if (err == 0)
			err = read_or_zero(t, c->flash_size_register & ~3u,
					   &size);
		if (err == 0)
			err = dbg_rom_identity(p, &out->designer, &out->part);
		if (err == E_DAP_FAULT)
			err = dbg_recover(p);
	}
	if (err == 0)
		err = read_vtor(t, &out->vtor);
	if (err == 0)
		out->flash_kb = size >> 8 * (c->flash_size_register & 2) &
				0xffff;
	return err;
}

/* A locked chip may hide its UID: then it stays empty. */
static int read_uid(struct target *t, struct target_identity *out)
{
	uint8_t uid[UID_MAX];
	int err = dbg_read(t->probe, t->chip->uid_address, uid,
			   t->chip->uid_len);

	if (err == E_DAP_FAULT)
		return dbg_recover(t->probe);
	if (err != 0)
		return err;
	memcpy(out->uid, uid, t->chip->uid_len);
	out->uid_len = t->chip->uid_len;
	return 0;
}

int target_read_options(struct target *t, uint32_t out[CHIP_OPTIONS_MAX])
{
	for (unsigned i = 0; i < t->chip->option_count; i++)
		dbg_queue_read32(t->probe, t->chip->options[i].reg, &out[i]);
	return dbg_flush(t->probe);
}

/* A station that died in the middle of a power cycle has left its board dark:
 * a power command says where it belongs. */
static int attach_powered(struct target *t)
{
	char why[256];
	int err = target_attach(t);

	if (err != E_TARGET_LOST || !t->power.command || !*t->power.command)
		return err;
	if (power_switch(&t->power, true, why) != 0 ||
	    probe_delay_us(t->probe, POWER_ON_US) != 0)
		return err; /* and what target_attach() said of it */
	return target_attach(t);
}

int target_identify(struct target *t, const struct chip *chip,
		    struct target_identity *out)
{
	struct target_identity id = { .chip = chip };
	uint32_t option0 = 0;
	int err;

	target_phase_set(t, PHASE_CONNECT, 0);
	t->chip = chip;
	err = attach_powered(t);
	if (err != 0)
		return err;
	err = read_print(t, &id.print);
	if (err == 0)
		err = read_uid(t, &id);
	if (err == 0)
		err = read_or_zero(t, chip->options[0].reg, &option0);
	if (err != 0)
		return target_wire_fail(t, err, "identifying the chip");
	id.locked = chip_level(chip, option0) != 0;
	t->locked = id.locked;
	*out = id;
	return 0;
}
