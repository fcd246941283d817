/* SPDX-License-Identifier: MIT */
#include "vmcu/swj.h"

#define JTAG_TO_SWD 0xe79e
#define SWD_TO_JTAG 0xe73c
#define SWITCH_BITS 16

bool swj_has_jtag(const struct swj *s)
{
	return s->fiction || mcu_identity(s->time->mcu)->jtag_idcode != 0;
}

void swj_init(struct swj *s, struct wiretime *time)
{
	*s = (struct swj){ .time = time };
	adiv5_init(&s->adi, time);
	swdp_init(&s->swd, &s->adi);
	jtag_init(&s->jtag, &s->adi);
}

void swj_power_on_reset(struct swj *s)
{
	adiv5_power_on_reset(&s->adi);
	swdp_power_on_reset(&s->swd);
	jtag_reset(&s->jtag);
	s->swd_selected = !swj_has_jtag(s);
	s->ones = 0;
	s->switch_bits = 0;
}

static void select_protocol(struct swj *s)
{
	if (s->switch_word == JTAG_TO_SWD) {
		s->swd_selected = true;
		swdp_power_on_reset(&s->swd);
	} else if (s->switch_word == SWD_TO_JTAG && swj_has_jtag(s)) {
		s->swd_selected = false;
		jtag_reset(&s->jtag);
	}
}

/* Watches SWDIO/TMS for the switch sequences. */
static void watch(struct swj *s, int level)
{
	if (level == 0 && s->ones >= SWDP_LINE_RESET) {
		s->switch_bits = 1;
		s->switch_word = 0;
	} else if (s->switch_bits != 0) {
		s->switch_word |= (uint16_t)((level != 0) << s->switch_bits);
		if (++s->switch_bits == SWITCH_BITS) {
			select_protocol(s);
			s->switch_bits = 0;
		}
	}
	s->ones = level != 0 ? s->ones + 1 : 0;
}

/* Without power, or with the pins given to the firmware, no edge arrives. */
static bool hears(const struct swj *s)
{
	return !s->unplugged && mcu_debug_alive(s->time->mcu);
}

int swj_swd_cycle(struct swj *s, int probe)
{
	int chip = -1;
	int level;

	s->clocks++;
	s->chip_drives = false;
	if (!hears(s))
		return probe < 0 ? 1 : probe;
	if (s->swd_selected)
		chip = swdp_drive(&s->swd);
	s->chip_drives = chip >= 0;
	level = chip >= 0 ? chip : probe != 0;
	if (s->swd_selected)
		swdp_clock(&s->swd, level);
	else
		jtag_rising(&s->jtag, level, 1);
	watch(s, level);
	return level;
}

void swj_jtag_rising(struct swj *s, int tms, int tdi)
{
	s->clocks++;
	if (!hears(s))
		return;
	if (s->swd_selected)
		swdp_clock(&s->swd, tms);
	else
		jtag_rising(&s->jtag, tms, tdi);
	watch(s, tms);
}

void swj_jtag_falling(struct swj *s)
{
	if (hears(s) && !s->swd_selected)
		jtag_falling(&s->jtag);
}

int swj_tdo(const struct swj *s)
{
	return hears(s) && !s->swd_selected ? s->jtag.tdo : 1;
}

void swj_trst(struct swj *s)
{
	if (hears(s))
		jtag_reset(&s->jtag);
}
