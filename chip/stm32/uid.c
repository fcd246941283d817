/* SPDX-License-Identifier: MIT */
#include "chip/stm32/uid.h"

#include <stdio.h>

/*
 * RM0394 48.1 (L4), RM0091 33.1 (F0): [31:0] X and Y on the wafer, 16 bits
 * each; [39:32] wafer number; [95:40] lot number, seven ASCII characters.
 * Sister manuals call the coordinates BCD, but real parts carry plain numbers
 * (0x004A on an L476), so only their size is judged: no wafer has 4,096 dies in
 * a row.  A lot is at most 25 wafers in the industry; 30 leaves room.
 */
#define COORDINATE_MAX 0x0fff
#define WAFER_MAX 30u
#define LOT_AT 5
#define LOT_LEN 7

int stm32_check_uid(const uint8_t *uid, char why[CHIP_WHY_CAP])
{
	unsigned x = uid[0] | uid[1] << 8;
	unsigned y = uid[2] | uid[3] << 8;
	unsigned wafer = uid[4];

	if (x > COORDINATE_MAX || y > COORDINATE_MAX) {
		snprintf(why, CHIP_WHY_CAP,
			 "UID places the die at %u, %u: no wafer is that large",
			 x, y);
		return E_RANGE;
	}
	if (wafer < 1 || wafer > WAFER_MAX) {
		snprintf(why, CHIP_WHY_CAP,
			 "UID names wafer %u, lots have wafers 1 to %u", wafer,
			 WAFER_MAX);
		return E_RANGE;
	}
	for (unsigned i = 0; i < LOT_LEN; i++) {
		uint8_t c = uid[LOT_AT + i];

		if (c >= 0x20 && c <= 0x7e)
			continue;
		snprintf(why, CHIP_WHY_CAP,
			 "UID's lot number has byte 0x%02x at place %u: "
			 "not printable",
			 c, i + 1);
		return E_RANGE;
	}
	return 0;
}
