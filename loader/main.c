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
static LOADER_FAR __attribute__((noinline)) void frame_take(void)
{
	uint8_t type = loader.head.type;

	if (type == LINK_HELLO && loader.step <= STEP_HELLO &&
	    loader.head.len == HELLO_LEN) {
		if (loader.step == STEP_READY ||
		    !ct_equal(IN_BODY, loader.prologue.hello, HELLO_LEN))
			handshake_begin();
	} else if (type == LINK_MSG2 && loader.step == STEP_HELLO) {
		handshake_end();
	} else if (type == LINK_COMMIT && loader.step == STEP_REPORT) {
		commit_take();
	}
}

/* In RAM: while one chunk is programmed the station may send the next at any
 * moment, and a fetch from flash would wait until a double word is done. */
static LOADER_FAR TARGET_RAM void round_of_frames(void)
{
	while (loader.step != STEP_DONE) {
		struct frame *f = &loader.frame[loader.turn];
		const struct link_head *h = &loader.head;

		if (loader.step != STEP_STREAM) {
			if (!line_receive(IN_HEAD, LARGE_BODY))
				frame_take();
		} else if (!line_receive(f->head, SMALL_BODY) &&
			   h->type == LINK_DATA && h->index == loader.want) {
			stream_chunk(f->body, h->len);
		}
		line_send();
	}
	finish();
}

static void start(void)
{
	struct verdict v;

	target_clock();
	link_start();
	stream_look();
	target_lock_check(&v);
	if (!verdict_ok(&v))
		loader_fault(LINK_FAULT_OPEN);
	else if (target_rng_start(&loader.rng) || handshake_key())
		loader_fault(LINK_FAULT_RANDOM);
	else
		line_answer(LINK_READY, 0, 0);
	round_of_frames();
}

/* An access that cannot be, or an instruction disturbed: begin anew. */
__attribute__((noreturn)) static void restart(void)
{
	for (;;)
		target_reset();
}

/* Nothing survives in RAM, nor in a register, but the vectors of a core that
 * has them there: this code wipes itself, and the fault that follows is the way
 * out.
 */
void finish(void)
{
	for (volatile uint32_t t = 0; t < 40000; t++)
		target_feed(); /* the last byte leaves the line */
	for (uint32_t *p = ram_begin + 4; p < stack_top; p++)
		*(volatile uint32_t *)p = 0;
	restart();
}

__attribute__((used, externally_visible, noreturn)) void loader_start(void);

__attribute__((section(".vectors"), used)) static const uintptr_t vectors[4] = {
	(uintptr_t)stack_top,
	(uintptr_t)loader_start,
	(uintptr_t)target_nmi,
	(uintptr_t)(TARGET_FAULT ? target_fault : restart),
};

void loader_start(void)
{
	target_pins_off();
	target_vectors(vectors);
	for (uint32_t *p = ram_begin, *q = ram_from; p < ram_end;)
		*p++ = *q++;
	for (uint32_t *p = bss_begin; p < bss_end;)
		*p++ = 0;
	target_pins_off();
	start();
	restart();
}
