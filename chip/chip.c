/* SPDX-License-Identifier: MIT */
#include "chip/chip.h"

#include <string.h>

#include "chip/family.h"
#include "wire/release.h"

static const struct chip *const chips[] = {
	&chip_stm32f103xb, &chip_stm32f103xe, &chip_stm32f0,
	&chip_stm32l4,	   &chip_nrf51,
};
#define CHIP_COUNT (sizeof(chips) / sizeof(chips[0]))

const struct chip *chip_at(unsigned i)
{
	return i < CHIP_COUNT ? chips[i] : NULL;
}

const struct chip *chip_find(enum family family)
{
	for (size_t i = 0; i < CHIP_COUNT; i++)
		if (chips[i]->family == family)
			return chips[i];
	return NULL;
}

const struct chip *chip_by_name(const char *name)
{
	for (size_t i = 0; i < CHIP_COUNT; i++)
		if (strcmp(chips[i]->name, name) == 0)
			return chips[i];
	return NULL;
}

bool chip_is(const struct chip *c, uint32_t device_id)
{
	const uint32_t *other = c->device_id_others;
	uint32_t id = device_id & c->device_id_mask;

	for (; other != NULL && *other != 0; other++)
		if (id == *other)
			return true;
	return id == c->device_id;
}

const struct chip *chip_of(enum family family, uint32_t device_id)
{
	for (size_t i = 0; i < CHIP_COUNT; i++)
		if (chips[i]->family == family && chip_is(chips[i], device_id))
			return chips[i];
	return NULL;
}

static bool only_one(enum family family)
{
	unsigned count = 0;

	for (size_t i = 0; i < CHIP_COUNT; i++)
		count += chips[i]->family == family;
	return count == 1;
}

const struct chip *chip_meant(enum family family, uint32_t device)
{
	if (device == 0)
		return only_one(family) ? chip_find(family) : NULL;
	return only_one(family) ? NULL : chip_of(family, device);
}

const struct chip *chip_of_release(const struct release_header *h)
{
	return chip_meant((enum family)h->family, h->device);
}

uint32_t chip_release_device(const struct chip *c)
{
	return only_one(c->family) ? 0 : c->device_id;
}

#define X(sym, num, name) { sym, name },
static const struct {
	enum family number;
	const char *name;
} families[] = { FAMILY_LIST(X) };
#undef X
#define FAMILY_COUNT (sizeof(families) / sizeof(families[0]))

enum family chip_family(const char *name)
{
	for (size_t i = 0; i < FAMILY_COUNT; i++)
		if (strcmp(families[i].name, name) == 0)
			return families[i].number;
	return FAMILY_NONE;
}

const char *chip_family_name(enum family family)
{
	for (size_t i = 0; i < FAMILY_COUNT; i++)
		if (families[i].number == family)
			return families[i].name;
	return NULL;
}

unsigned chip_level(const struct chip *c, uint32_t option0)
{
	uint32_t v = option0 & c->level_mask;

	if (v == c->level_value[0])
		return 0;
	return c->level2 && v == c->level_value[2] ? 2 : 1;
}
