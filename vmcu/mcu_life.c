/* SPDX-License-Identifier: MIT */
/* Which chips there are, and how one comes and goes: configuration, quirks,
 * state file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmcu/mcu_int.h"

static const struct chip *const chips[] = {
	&stm32l4_chip,	   &stm32f051_chip, &stm32f103xb_chip,
	&stm32f103xe_chip, &nrf51822_chip,
};

static const struct chip *find_chip(const char *name)
{
	for (size_t i = 0; i < sizeof(chips) / sizeof(chips[0]); i++)
		if (strcmp(chips[i]->name, name) == 0)
			return chips[i];
	return NULL;
}

const char *mcu_chip_name(unsigned i)
{
	return i < sizeof(chips) / sizeof(chips[0]) ? chips[i]->name : NULL;
}

size_t mcu_chip_uid_len(const char *chip)
{
	const struct chip *c = find_chip(chip);

	return c != NULL ? c->uid_len : 0;
}

static void list_chips(const char *wanted, char why[256])
{
	int n = snprintf(why, 256,
			 "there is no chip \"%.32s\"; there are:", wanted);

	for (unsigned i = 0; mcu_chip_name(i) != NULL && n < 256; i++)
		n += snprintf(why + n, (size_t)(256 - n), " %s",
			      mcu_chip_name(i));
}

/* Fills in what the state file, or nobody, says. */
static int complete(struct mcu *m, struct mcu_config *cfg,
		    struct state_name *name, char why[256])
{
	memset(name, 0, sizeof(*name));
	if (cfg->state != NULL)
		state_name(cfg->state, name);
	if (cfg->profile == NULL)
		cfg->profile = name->profile[0] ? name->profile : "genuine";
	if (cfg->chip == NULL && name->chip[0] == '\0') {
		snprintf(why, 256, "%.180s: is not a state file",
			 cfg->state ? cfg->state : "no chip is named");
		return E_SYNTAX;
	}
	if (cfg->chip == NULL)
		cfg->chip = name->chip;
	m->chip = find_chip(cfg->chip);
	if (m->chip == NULL) {
		list_chips(cfg->chip, why);
		return E_ARG;
	}
	if (cfg->uid != NULL && cfg->uid_len != 0 &&
	    cfg->uid_len != m->chip->uid_len) {
		snprintf(why, 256, "a UID of %s has %zu hex digits",
			 m->chip->name, 2 * m->chip->uid_len);
		return E_ARG;
	}
	return 0;
}

static bool quirk_set(struct mcu *m, const char *name, size_t len)
{
	const char *const *q = m->chip->quirks;

	for (unsigned i = 0; q != NULL && q[i] != NULL; i++) {
		if (strlen(q[i]) != len || memcmp(q[i], name, len) != 0)
			continue;
		m->quirks |= 1u << i;
		return true;
	}
	return false;
}

static int quirks_parse(struct mcu *m, const char *list, char why[256])
{
	while (list != NULL) {
		size_t len = strcspn(list, ",");

		if (!quirk_set(m, list, len)) {
			snprintf(why, 256, "%s has no quirk \"%.*s\"",
				 m->chip->name, len < 64 ? (int)len : 64, list);
			return E_ARG;
		}
		list = list[len] == ',' ? list + len + 1 : NULL;
	}
	return 0;
}

static void own_name(const struct mcu *m, struct state_name *out)
{
	snprintf(out->chip, sizeof(out->chip), "%s", m->chip->name);
	snprintf(out->profile, sizeof(out->profile), "%s", m->profile);
}

void mcu_state(struct mcu *m, struct state_table *out)
{
	memset(out, 0, sizeof(*out));
	m->chip->state(m, out);
	out->uid = m->uid;
	out->uid_len = m->chip->uid_len;
}

static int load(struct mcu *m, char why[256])
{
	struct state_name name = { "", "" };
	struct state_table t;
	int err;

	own_name(m, &name);
	mcu_state(m, &t);
	err = state_load(&t, &name, m->state_path, why);
	if (err == E_NOT_FOUND)
		return 0; /* a new chip */
	if (err == 0)
		m->chip->flash_changed(m, 0, m->area[0].len);
	return err;
}

static int create(struct mcu *m, const struct mcu_config *cfg, char why[256])
{
	int err;

	m->dev = calloc(1, m->chip->dev_len);
	if (m->dev == NULL)
		return E_NOMEM;
	snprintf(m->profile, sizeof(m->profile), "%s", cfg->profile);
	err = m->chip->create(m, cfg->profile);
	if (err == E_NOT_FOUND) {
		snprintf(why, 256, "there is no profile \"%.64s\" of %s",
			 cfg->profile, m->chip->name);
		return E_ARG;
	}
	if (err)
		return err;
	if (cfg->uid != NULL)
		memcpy(m->uid, cfg->uid, m->chip->uid_len);
	else
		m->chip->uid_make(m, m->uid);
	return 0;
}

int mcu_new(const struct mcu_config *config, struct mcu **out, char why[256])
{
	struct mcu *m = calloc(1, sizeof(*m));
	struct mcu_config full = *config, *cfg = &full;
	struct state_name name;
	int err = E_NOMEM;

	why[0] = '\0';
	if (m == NULL)
		goto out;
	err = complete(m, cfg, &name, why);
	if (err)
		goto out;
	err = quirks_parse(m, cfg->quirks, why);
	if (err)
		goto out;
	for (unsigned i = 0; i < MCU_EVENTS; i++)
		m->due[i] = PS_NEVER;
	m->rng = cfg->seed;
	m->flash_time = cfg->flash_time;
	if (cfg->state != NULL) {
		err = E_NOMEM;
		m->state_path = strdup(cfg->state);
		if (m->state_path == NULL)
			goto out;
	}
	err = create(m, cfg, why);
	if (!err && m->state_path != NULL)
		err = load(m, why);
	if (err)
		goto out;
	debug_init(&m->debug, m->core, &m->rom);
	*out = m;
	m = NULL; /* transferred */
out:
	mcu_free(m);
	return err;
}

void mcu_free(struct mcu *m)
{
	if (m == NULL)
		return;
	core_free(m->core); /* it still looks at the memories */
	m->core = NULL;
	if (m->dev != NULL)
		m->chip->destroy(m);
	free(m->dev);
	free(m->state_path);
	free(m);
}

int mcu_save(struct mcu *m)
{
	struct state_name name = { "", "" };
	struct state_table t;

	if (m->state_path == NULL)
		return 0;
	own_name(m, &name);
	mcu_state(m, &t);
	return state_save(&t, &name, m->state_path);
}
