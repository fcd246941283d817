/* SPDX-License-Identifier: MIT */
/*
 * Flash, programmed unit by unit while other things go on: target_pump() is
 * called from every loop that waits.
 *
 * The boot page and the last page are never erased as a matter of course:
 * there, what is equal already stays, and anything else in the way is an
 * error (target_flash_renew() is the way out).
 */
#include <string.h>

#include "target.h"

#define UNIT ((uint32_t)sizeof(target_unit))
#define ERASED ((target_unit)~0ull)
#define PAGE_OF(a) (((a)-TARGET_FLASH_BASE) / TARGET_PAGE_LEN)

struct target_flash target_flash;
volatile uint32_t target_ecc;

/*
 * In short steps, some 80 cycles: a line that is clocked from outside does not
 * wait.  Where a page is fresh nobody looks before each unit: it was found
 * blank, or has been erased, and the report's digest is of what is there.
 */
TARGET_RAM void target_pump(void)
{
	struct target_flash *f = &target_flash;
	target_unit is, want;

	if (!f->left || target_flash_busy())
		return;
	f->failed |= target_flash_errors();
	if (f->failed) {
		f->left = 0;
		return;
	}
	if (!f->room) {
		f->to = f->next->address;
		f->room = f->next->len;
		f->next++;
		return;
	}
	if (PAGE_OF(f->to) != f->page) {
		f->page = PAGE_OF(f->to);
		f->fresh = true;
		if (f->again)
			target_page_erase(f->to);
		return;
	}
	/* what is erased stays so: FF would be final where there is ECC; zeros
	 * go over anything */
	want = *f->from;
	if (want != ERASED) {
		is = f->fresh ? ERASED : *(const volatile target_unit *)f->to;
		if (is == ERASED || want == 0)
			target_unit_store(f->to, want);
		else if (is != want)
			f->failed = 1;
	}
	f->from++;
	f->to += UNIT;
	f->room -= UNIT;
	f->left -= UNIT;
}

TARGET_RAM int target_flash_wait(void)
{
	while (target_flash.left || target_flash_busy()) {
		target_pump();
		target_feed();
	}
	target_flash.failed |= target_flash_errors();
	return target_flash.failed ? E_TARGET_FLASH : 0;
}

int target_flash_unlock(void)
{
	target_flash_open();
	memset(&target_flash, 0, sizeof(target_flash));
	return target_flash_is_open() ? 0 : E_TARGET_FLASH;
}

bool target_flash_blank(uint32_t at, uint32_t len)
{
	uint32_t all = 0xffffffff;

	target_ecc = 0;
	for (; len; len -= 4, at += 4)
		all &= REG(at);
	return all == 0xffffffff && !target_ecc;
}

int target_flash_put(uint32_t at, const void *from, uint32_t len)
{
	struct target_flash *f = &target_flash;

	f->from = from;
	f->to = at;
	f->page = PAGE_OF(at);
	f->fresh = false;
	f->room = len;
	f->left = len;
	return target_flash_wait();
}

int target_flash_renew(uint32_t at, uint32_t len, target_unit *buf)
{
	for (uint32_t i = 0; i < len / UNIT; i++)
		buf[i] = *(const volatile target_unit *)(at + UNIT * i);
	target_page_erase(at);
	while (target_flash_busy())
		;
	return target_flash_put(at, buf, len);
}
