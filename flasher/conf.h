/* SPDX-License-Identifier: MIT */
/*
 * flasher/conf.h - flasher.conf: the station's channels and habits.
 *
 *	# comment
 *	start-pattern = signet: genuine
 *	[channel 0]
 *	probe = tcp:127.0.0.1:4441
 *	power = /usr/local/bin/relay 0
 *	link = swd-pins
 *
 * Lines are "key = value" or "[channel N]"; the key table is in conf.c and in
 * signet-flasher(1).  Every error names file and line.
 */
#ifndef FLASHER_CONF_H
#define FLASHER_CONF_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define CHANNELS_MAX 32
#define CONF_WHY_CAP 320
#define COMMAND_CAP 512

struct channel_conf {
	char probe[256];	 /* "tcp:host:port" */
	char serial[256];	 /* the target's UART; "" = the probe's own */
	char power[COMMAND_CAP]; /* run with "on" or "off" appended; "" = ask */
	char next[COMMAND_CAP];	 /* run to bring in the next board; "" = ask */
	uint32_t uart;		 /* baud of the start proof */
	uint32_t link;		 /* enum probe_line: way to a sealed chip */
	uint32_t link_clock;	 /* Hz of swd-pins; 0 = the protocol's */
	uint32_t link_baud;	 /* of uart; 0 = the protocol's */
};

/* "swd-pins", "uart"; NULL beyond. */
const char *conf_link_name(unsigned link);
/* The number, or -1. */
int conf_link(const char *name);

struct flasher_conf {
	char server[256]; /* overrides what enrolment stored */
	char start_pattern[160];
	uint32_t start_timeout_ms;
	uint32_t clock_hz;
	uint32_t power_off_ms;
	uint32_t retry_s; /* how long a lost server is tried in mid-job */
	struct channel_conf channel[CHANNELS_MAX];
	size_t channel_count; /* 0.. without holes */
};

/* Defaults; no channels. */
void conf_init(struct flasher_conf *c);
/* One channel more, with its defaults; NULL when there are CHANNELS_MAX. */
struct channel_conf *conf_add_channel(struct flasher_conf *c);
/* E_NOT_FOUND when there is no such file; E_CONFIG with why[] otherwise. */
MUST_USE int conf_read(const char *path, struct flasher_conf *out,
		       char why[CONF_WHY_CAP]);
/* The same from memory; name is for messages. text is cut up. */
MUST_USE int conf_parse(const char *name, char *text, struct flasher_conf *out,
			char why[CONF_WHY_CAP]);

#endif
