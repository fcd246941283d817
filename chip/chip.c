/* SPDX-License-Identifier: MIT */
#include "chip/chip.h"

#include <string.h>

#include "chip/family.h"

static const struct {
	enum family number;
	const char *name;
	const struct chip *chip; /* NULL: named, but not supported yet */
} families[] = {
	{ FAMILY_STM32F1, "stm32f1", NULL },
	{ FAMILY_STM32F0, "stm32f0", NULL },
	{ FAMILY_STM32L4, "stm32l4", &chip_stm32l4 },
	{ FAMILY_NRF51, "nrf51", &chip_nrf51 },
};
#define FAMILY_COUNT (sizeof(families) / sizeof(families[0]))

const struct chip *chip_find(enum family family)
{
	for (size_t i = 0; i < FAMILY_COUNT; i++)
		if (families[i].number == family)
			return families[i].chip;
	return NULL;
}

const struct chip *chip_by_name(const char *name)
{
	for (size_t i = 0; i < FAMILY_COUNT; i++) {
		const struct chip *c = families[i].chip;

		if (c != NULL && strcmp(c->name, name) == 0)
			return c;
	}
	return NULL;
}

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
