/* SPDX-License-Identifier: MIT */
/* Is this UID possible, and does this fingerprint fit?  (chip/chip.h) */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "chip/chip.h"

static const struct chip *check_family(enum family family,
				       char why[CHIP_WHY_CAP])
{
	const struct chip *c = chip_find(family);
	const char *name = chip_family_name(family);

	if (c == NULL)
		snprintf(why, CHIP_WHY_CAP,
			 "no chip of the family %s is supported yet",
			 name != NULL ? name : "(unknown)");
	return c;
}

static bool all_bytes_are(const uint8_t *p, size_t len, uint8_t v)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] != v)
			return false;
	return true;
}

int chip_check_uid(enum family family, const uint8_t *uid, size_t len,
		   char why[CHIP_WHY_CAP])
{
	const struct chip *c = check_family(family, why);

	if (c == NULL)
		return E_UNSUPPORTED;
	if (len != c->uid_len) {
		snprintf(why, CHIP_WHY_CAP,
			 "UID has %zu bytes, those of %s have %u", len,
			 c->family_name, (unsigned)c->uid_len);
		return E_RANGE;
	}
	if (all_bytes_are(uid, len, 0x00) || all_bytes_are(uid, len, 0xff)) {
		snprintf(why, CHIP_WHY_CAP,
			 "UID is all %s: it was not read from a chip",
			 uid[0] == 0 ? "zeros" : "ones");
		return E_RANGE;
	}
	return c->check_uid(uid, why);
}

/* One of several genuine ones counts as the one that is described. */
static uint32_t device_id(const struct chip *c, const struct chip_print *p)
{
	uint32_t id = p->device_id & c->device_id_mask;

	for (unsigned i = 0; c->device_id_others && c->device_id_others[i]; i++)
		if (id == c->device_id_others[i])
			return c->device_id;
	return id;
}

int chip_check_print(enum family family, const struct chip_print *p,
		     char why[CHIP_WHY_CAP])
{
	const struct chip *c = check_family(family, why);

	if (c == NULL)
		return E_UNSUPPORTED;
	const struct {
		const char *name;
		uint32_t got, want;
	} fields[] = {
		{ "DPIDR", p->dpidr, c->dpidr },
		{ "CPUID", p->cpuid, c->cpuid },
		{ "ROM table designer", p->designer, c->designer },
		{ "ROM table part", p->part, c->part },
		{ "device ID", device_id(c, p), c->device_id },
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (fields[i].got == fields[i].want)
			continue;
		snprintf(why, CHIP_WHY_CAP,
			 "%s is 0x%" PRIx32 ", genuine parts have 0x%" PRIx32,
			 fields[i].name, fields[i].got, fields[i].want);
		return E_TARGET_FINGERPRINT;
	}
	if (p->flash_kb != c->flash_kb) {
		snprintf(why, CHIP_WHY_CAP,
			 "flash size is %" PRIu32
			 " kB, genuine %s have %" PRIu32 " kB",
			 p->flash_kb, c->name, c->flash_kb);
		return E_TARGET_FINGERPRINT;
	}
	return 0;
}
