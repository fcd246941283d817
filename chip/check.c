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

struct field {
	const char *name;
	uint32_t got, want;
};

static int check_fields(const struct field *f, size_t count,
			char why[CHIP_WHY_CAP])
{
	for (size_t i = 0; i < count; i++) {
		if (f[i].got == f[i].want)
			continue;
		snprintf(why, CHIP_WHY_CAP,
			 "%s is 0x%" PRIx32 ", genuine parts have 0x%" PRIx32,
			 f[i].name, f[i].got, f[i].want);
		return E_TARGET_FINGERPRINT;
	}
	return 0;
}

/* The part number of the ROM table and the device ID are two witnesses of one
 * thing: either tells which chip of the family it wants to be. */
static const struct chip *meant(enum family family, const struct chip_print *p,
				char why[CHIP_WHY_CAP])
{
	const struct chip *c = chip_of(family, p->device_id);

	if (c == NULL)
		c = chip_of(family, p->part);
	return c != NULL ? c : check_family(family, why);
}

int chip_check_print(enum family family, const struct chip_print *p,
		     char why[CHIP_WHY_CAP])
{
	const struct chip *c = meant(family, p, why);
	int err;

	if (c == NULL)
		return E_UNSUPPORTED;
	const struct field fields[] = {
		{ "DPIDR", p->dpidr, c->dpidr },
		{ "CPUID", p->cpuid, c->cpuid },
		{ "AP IDR", p->ap_idr, c->ap_idr },
		{ "ROM table designer", p->designer, c->designer },
		{ "ROM table part", p->part, c->part },
		/* one of several genuine ones counts as the described one */
		{ "device ID",
		  chip_is(c, p->device_id) ? c->device_id
					   : p->device_id & c->device_id_mask,
		  c->device_id },
		{ "VTOR", p->vtor, c->vtor },
	};

	err = check_fields(fields, sizeof(fields) / sizeof(fields[0]), why);
	if (err)
		return err;
	if (p->flash_kb != c->flash_kb) {
		snprintf(why, CHIP_WHY_CAP,
			 "flash size is %" PRIu32
			 " kB, genuine %s have %" PRIu32 " kB",
			 p->flash_kb, c->name, c->flash_kb);
		return E_TARGET_FINGERPRINT;
	}
	return 0;
}
