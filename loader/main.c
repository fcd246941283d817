/* SPDX-License-Identifier: MIT */
/*
 * Start, and the round of frame and answer.
 */
#include <string.h>

#include "base/ct.h"
#include "loader/loader.h"

struct loader loader;

extern uint32_t ram_from[], ram_begin[], ram_end[], bss_begin[], bss_end[];
extern uint32_t stack_top[];

TARGET_RAM void line_answer(enum link_type type, uint32_t index, uint32_t len)
{
	const struct link_head h = { (uint8_t)type, (uint16_t)index,
				     (uint16_t)len };
	uint8_t *tail = loader.answer.body + len;
	uint32_t crc = link_crc32(loader.answer.body, len);

	link_head_encode(&h, loader.answer.head);
	loader.answer_len = LINK_HEAD_LEN + len + LINK_TAIL_LEN;
	for (unsigned i = 0; i < 4; i++)
		tail[i] = (uint8_t)(crc >> 8 * i);
}

__attribute__((noinline)) void loader_fault(enum link_fault why)
{
	memset(&loader, 0, sizeof(loader)); /* all keys */
	loader.step = STEP_FAULT;
	line_answer(LINK_FAULT, why, 0);
}

/* All but chunks: flash is not busy then. */
static __attribute__((noinline)) void frame_take(uint8_t type, uint8_t *body,
						 uint32_t len)
{
	if (type == LINK_HELLO && loader.step <= STEP_HELLO &&
	    len == HELLO_LEN) {
		if (loader.step == STEP_READY ||
		    !ct_equal(body, loader.hello, HELLO_LEN))
			handshake_begin(body);
	} else if (type == LINK_MSG2 && loader.step == STEP_HELLO) {
		handshake_end(body, len);
	} else if (type == LINK_COMMIT && loader.step == STEP_REPORT) {
		commit_take(body, len);
	}
}

/* In RAM: while one chunk is programmed the station may send the next at any
 * moment, and a fetch from flash would wait until a double word is done. */
static TARGET_RAM void round_of_frames(void)
{
	while (loader.step != STEP_DONE) {
		/* message 2 is larger than a chunk and may take both places */
		bool small = loader.step == STEP_STREAM;
		struct frame *f = &loader.frame[small ? loader.turn : 0];
		uint32_t cap = small ? SMALL_BODY : LARGE_BODY;
		struct link_head *h = &loader.head;

		if (line_receive(f->head, f->body, cap))
			;
		else if (!small)
			frame_take(h->type, f->body, h->len);
		else if (h->type == LINK_DATA && h->index == loader.want)
			stream_chunk(f->body, h->len);
		line_send();
	}
	finish();
}

static void start(void)
{
	struct verdict v;

	target_clock();
	target_lock_check(&v);
	if (!verdict_ok(&v))
		loader_fault(LINK_FAULT_OPEN);
	else if (target_rng_start(&loader.rng))
		loader_fault(LINK_FAULT_RANDOM);
	else
		line_answer(LINK_READY, 0, 0);
	round_of_frames();
}

/* An access that cannot be, or an instruction disturbed: begin anew. */
__attribute__((noreturn)) static void restart(void)
{
	for (;;)
		SCB_AIRCR = 0x05fa0004;
}

/* A double error in flash; its reader looks at target_ecc. */
static TARGET_RAM void ecc_error(void)
{
	FLASH_ECCR |= 1u << 31;
	target_ecc = 1;
}

/* Nothing survives in SRAM2, nor in a register. */
void finish(void)
{
	for (volatile uint32_t t = 0; t < 40000; t++)
		target_feed(); /* the last byte leaves the line */
	for (uint32_t *p = ram_begin; p < stack_top; p++)
		*(volatile uint32_t *)p = 0;
	restart();
}

__attribute__((used, externally_visible, noreturn)) void loader_start(void);

__attribute__((section(".vectors"), used)) static const uintptr_t vectors[4] = {
	(uintptr_t)stack_top,
	(uintptr_t)loader_start,
	(uintptr_t)ecc_error,
	(uintptr_t)restart,
};

void loader_start(void)
{
	target_pins_off();
	SCB_VTOR = (uint32_t)vectors;
	for (uint32_t *p = ram_begin, *q = ram_from; p < ram_end;)
		*p++ = *q++;
	for (uint32_t *p = bss_begin; p < bss_end;)
		*p++ = 0;
	target_pins_off();
	start();
	restart();
}
