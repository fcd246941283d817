/* SPDX-License-Identifier: MIT */
/* Power cycle, and the firmware's proof that it runs. */
#include <stdio.h>
#include <string.h>

#include "flasher/power.h"
#include "flasher/target_int.h"

#define LINE_CAP 160
#define LISTEN_US 10000

/* Opened before the power comes, so that the first line is not lost. */
static int uart_open(struct target *t, uint32_t baud)
{
	int err;

	if (t->uart_baud == baud || !probe_info(t->probe)->uart)
		return 0;
	err = probe_uart_open(t->probe, baud);
	if (err == 0)
		t->uart_baud = baud;
	return err;
}

int target_can_power(struct target *t)
{
	char why[256] = "";
	int err = power_can(&t->power, why);

	return err == 0 ? 0 : target_fail(t, err, "%s", why);
}

int target_can_build(struct target *t)
{
	const struct probe_info *i = probe_info(t->probe);

	if (!i->dpidr)
		return target_fail(t, E_UNSUPPORTED,
				   "%s has no raw SWD here: it cannot read the "
				   "chip's DPIDR, which the server compares",
				   i->product);
	if (!i->silent)
		return target_fail(
			t, E_UNSUPPORTED,
			"%s may touch the chip at any time: after "
			"the power cycle a read-protected chip would "
			"stay shut",
			i->product);
	return 0;
}

void target_uart_lost(struct target *t)
{
	t->uart_baud = 0;
}

int target_power_cycle(struct target *t)
{
	char why[256] = "";
	int err;

	target_phase_set(t, PHASE_POWER, 2);
	target_detach(t);
	err = power_switch(&t->power, false, why);
	if (err != 0)
		return target_fail(t, err, "switching off: %.230s", why);
	target_report(t, 1);
	err = probe_delay_us(t->probe, t->power.off_ms * 1000);
	if (err == 0)
		err = uart_open(t, t->uart_baud ? t->uart_baud
						: UART_BAUD_DEFAULT);
	if (err != 0)
		return target_fail(t, err, "while the power is off: %.200s",
				   probe_why(t->probe));
	err = power_switch(&t->power, true, why);
	if (err != 0)
		return target_fail(t, err, "switching on: %.230s", why);
	target_report(t, 2);
	return 0;
}

struct listener {
	const char *pattern;
	char line[LINE_CAP]; /* being heard */
	size_t len;
	char last[LINE_CAP]; /* complete */
};

/* True when a line with the pattern is complete. */
static bool hear(struct listener *l, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = (char)bytes[i];

		if (c == '\n' || c == '\r') {
			if (l->len == 0)
				continue;
			l->line[l->len] = '\0';
			memcpy(l->last, l->line, l->len + 1);
			l->len = 0;
			if (strstr(l->last, l->pattern) != NULL)
				return true;
		} else if (l->len < LINE_CAP - 1) {
			l->line[l->len++] = c < 0x20 || c > 0x7e ? '?' : c;
		}
	}
	return false;
}

static int listen_until(struct target *t, struct listener *l,
			uint32_t timeout_ms)
{
	uint64_t waited_us = 0;

	for (;;) {
		uint8_t bytes[256];
		size_t len;
		int err = probe_uart_read(t->probe, bytes, sizeof(bytes), &len);

		if (err != 0)
			return target_fail(t, err, "listening: %.200s",
					   probe_why(t->probe));
		if (hear(l, bytes, len))
			return 0;
		if (len != 0)
			continue;
		target_report(t, (uint32_t)(waited_us / 1000));
		if (waited_us >= (uint64_t)timeout_ms * 1000)
			return E_TARGET_NO_PROOF;
		err = probe_delay_us(t->probe, LISTEN_US);
		if (err != 0)
			return target_fail(t, err, "listening: %.200s",
					   probe_why(t->probe));
		waited_us += LISTEN_US;
	}
}

/* A debugger that is still attached may hold the core. */
static int let_go(struct target *t)
{
	int err;

	if (!t->attached)
		return 0;
	err = dbg_detach(t->probe);
	if (err == 0)
		err = dbg_reset_run(t->probe);
	target_detach(t);
	return err;
}

int target_start(struct target *t, const char *pattern, uint32_t baud,
		 uint32_t timeout_ms, char line[160])
{
	struct listener l = { .pattern = pattern };
	int err;

	line[0] = '\0';
	if (pattern == NULL || pattern[0] == '\0')
		return 0;
	target_phase_set(t, PHASE_START, timeout_ms);
	if (!probe_info(t->probe)->uart)
		return target_fail(t, E_UNSUPPORTED,
				   "this probe has no UART to hear the "
				   "firmware with");
	err = uart_open(t, baud ? baud : UART_BAUD_DEFAULT);
	if (err == 0)
		err = let_go(t);
	if (err != 0)
		return target_wire_fail(t, err, "before the start");
	err = listen_until(t, &l, timeout_ms);
	if (err == E_TARGET_NO_PROOF && l.last[0] == '\0') {
		l.line[l.len] = '\0';
		memcpy(l.last, l.line, l.len + 1);
	}
	memcpy(line, l.last, LINE_CAP);
	if (err == E_TARGET_NO_PROOF)
		return target_fail(t, err,
				   "\"%.60s\" was not heard within %u ms; "
				   "last line: \"%.120s\"",
				   pattern, (unsigned)timeout_ms, line);
	target_report(t, timeout_ms);
	return err;
}
