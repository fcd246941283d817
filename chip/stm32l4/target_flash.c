/* SPDX-License-Identifier: MIT */
/*
 * Flash of the STM32L4, programmed double word by double word while other
 * things go on: target_pump() is called from every loop that waits.
 *
 * The boot page and the last page are never erased as a matter of course:
 * there, what is equal already stays, and anything else in the way is an
 * error (target_flash_renew() is the way out).
 */
#include <string.h>

#include "chip/stm32l4/target.h"

#define CR_PG (1u << 0)
#define CR_PER (1u << 1)
#define CR_PAGE(n) ((n) << 3)
#define CR_START (1u << 16)
#define CR_LOCK (1u << 31)
#define SR_BUSY (1u << 16)
#define SR_ERRORS 0xc3fau

#define PAGE_OF(a) (((a)-TARGET_FLASH_BASE) / TARGET_PAGE_LEN)
#define LAST_PAGE (TARGET_FLASH_LEN / TARGET_PAGE_LEN - 1)

struct target_flash target_flash;
volatile uint32_t target_ecc;

static TARGET_RAM void page_erase(uint32_t page)
{
	FLASH_CR = CR_PER | CR_PAGE(page);
	FLASH_CR = CR_PER | CR_PAGE(page) | CR_START;
}

/*
 * In two short steps, look and store: a line that is clocked from outside
 * leaves 80 cycles between two bits.
 */
TARGET_RAM void target_pump(void)
{
	struct target_flash *f = &target_flash;
	const uint32_t *from = f->from;
	volatile uint32_t *to = (volatile uint32_t *)f->to;
	uint32_t status;

	if (!f->left)
		return;
	status = FLASH_SR;
	if (status & SR_BUSY)
		return;
	if (f->ready) {
		FLASH_CR = CR_PG;
		to[0] = from[0];
		to[1] = from[1];
		goto next;
	}
	if (status & SR_ERRORS) {
		f->failed = status;
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
		if (f->again && f->page != LAST_PAGE)
			page_erase(f->page);
		return;
	}
	/* erased double words stay so: FF would make them final */
	if ((from[0] & from[1]) != 0xffffffff) {
		if ((to[0] & to[1]) == 0xffffffff || (from[0] | from[1]) == 0) {
			f->ready = true;
			return;
		}
		if (to[0] != from[0] || to[1] != from[1])
			f->failed = 1;
	}
next:
	f->ready = false;
	f->from += 2;
	f->to += 8;
	f->room -= 8;
	f->left -= 8;
}

TARGET_RAM int target_flash_wait(void)
{
	while (target_flash.left || FLASH_SR & SR_BUSY) {
		target_pump();
		target_feed();
	}
	if (FLASH_SR & SR_ERRORS)
		target_flash.failed = 1;
	return target_flash.failed ? E_TARGET_FLASH : 0;
}

int target_flash_unlock(void)
{
	if (FLASH_CR & CR_LOCK) {
		FLASH_KEYR = 0x45670123;
		FLASH_KEYR = 0xcdef89ab;
	}
	FLASH_SR = SR_ERRORS;
	memset(&target_flash, 0, sizeof(target_flash));
	return FLASH_CR & CR_LOCK ? E_TARGET_FLASH : 0;
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
	f->room = len;
	f->left = len;
	return target_flash_wait();
}

TARGET_RAM int target_flash_renew(uint32_t page_at, uint32_t keep,
				  uint32_t *buf)
{
	struct target_flash *f = &target_flash;

	for (uint32_t i = 0; i < keep / 4; i++)
		buf[i] = REG(page_at + 4 * i);
	page_erase(PAGE_OF(page_at));
	while (FLASH_SR & SR_BUSY)
		;
	FLASH_CR = 0;
	f->from = buf;
	f->to = page_at;
	f->room = keep;
	f->left = keep;
	return target_flash_wait();
}
