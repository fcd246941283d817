/* SPDX-License-Identifier: MIT */
/* Plain memory: the windows that code runs from and data lies in. */
#include <string.h>

#include "vmcu/core_int.h"
#include "vmcu/mcu_int.h"

struct core_window *core_window_at(struct core *c, uint32_t addr)
{
	for (unsigned i = 0; i < CORE_WINDOWS; i++) {
		struct core_window *w = &c->win[i];

		if (w->mapped && addr - w->base < w->size)
			return w;
	}
	return NULL;
}

void core_enter_window(struct core *c, uint32_t addr)
{
	const struct core_window *w = core_window_at(c, addr);

	if (w == NULL)
		return; /* the fetch fails before any hook sees it */
	c->win_base = w->base;
	c->win_size = w->size;
	c->win_mem = w->mem;
	c->win_flash = w->flash;
}

/*
 * Unicorn keeps translated code and address translations over a change of
 * permissions, so a shut window is unmapped.  Its flush of everything is no
 * way: it takes a quarter of a second and touches 1 GB.
 */
static void unmap(struct core *c, struct core_window *w)
{
	if (!w->open)
		return;
	uc_ctl_remove_cache(c->uc, (uint64_t)w->base,
			    (uint64_t)w->base + w->size);
	uc_mem_unmap(c->uc, w->base, w->size);
	w->open = false;
	c->win_size = 0;
}

static bool map(struct core *c, const struct core_window *w)
{
	uint32_t prot = w->flash ? UC_PROT_READ | UC_PROT_EXEC : UC_PROT_ALL;

	if (uc_mem_map_ptr(c->uc, w->base, w->size, prot, w->mem) != UC_ERR_OK)
		return false;
	/* only protecting makes it read-only memory, whose stores Unicorn
	 * discards after the hook has seen them */
	return !w->flash ||
	       uc_mem_protect(c->uc, w->base, w->size, prot) == UC_ERR_OK;
}

void core_window_open(struct core *c, unsigned window, bool open)
{
	struct core_window *w = &c->win[window];

	if (!w->mapped || w->open == open)
		return;
	core_kick(c);
	unmap(c, w);
	if (open)
		w->open = map(c, w);
}

int core_map(struct core *c, unsigned window, uint32_t base, uint32_t size,
	     uint8_t *mem, bool flash)
{
	struct core_window *w = &c->win[window];

	unmap(c, w);
	*w = (struct core_window){ base, size, mem, flash, true, false };
	core_window_open(c, window, true);
	return w->open ? 0 : E_INTERNAL;
}

/* Memory hooks only exist in code that is translated after them. */
void core_forget_code(struct core *c)
{
	for (unsigned i = 0; i < CORE_WINDOWS; i++) {
		const struct core_window *w = &c->win[i];

		if (w->open)
			uc_ctl_remove_cache(c->uc, (uint64_t)w->base,
					    (uint64_t)w->base + w->size);
	}
}

void core_code_changed(struct core *c, uint32_t addr, uint32_t len)
{
	const struct core_window *w = core_window_at(c, addr);

	if (w == NULL || !w->open)
		return;
	for (unsigned i = 0; i < CORE_WINDOWS; i++) {
		const struct core_window *v = &c->win[i];
		uint8_t *p = w->mem + (addr - w->base);

		/* the same memory seen through every window */
		if (!v->open || p < v->mem || p >= v->mem + v->size)
			continue;
		uint64_t a = v->base + (uint32_t)(p - v->mem);

		uc_ctl_remove_cache(c->uc, a, a + len);
	}
}

static void on_trapped(uc_engine *uc, uc_mem_type type, uint64_t addr, int size,
		       int64_t value, void *user)
{
	struct core *c = user;
	uint32_t v;

	(void)type;
	(void)value;
	if (mcu_core_read(c->m, (uint32_t)addr, (unsigned)size, &v))
		return;
	/* stopped inside the access: registers stay, the PC is here */
	c->fault = true;
	c->fault_fetch = false;
	c->fault_addr = (uint32_t)addr;
	uc_emu_stop(uc);
}

void core_trap_reads(struct core *c, uint32_t addr, uint32_t len, uc_hook *hook)
{
	uc_hook_add(c->uc, hook, UC_HOOK_MEM_READ, (void *)on_trapped, c, addr,
		    (uint64_t)addr + len - 1);
	core_forget_code(c);
}

void core_untrap_reads(struct core *c, uc_hook *hook)
{
	uc_hook_del(c->uc, *hook);
	core_forget_code(c);
}

/* -- memory for stacking and vectors --------------------------------------- */

bool core_load(struct core *c, uint32_t addr, uint32_t *out)
{
	const struct core_window *w = core_window_at(c, addr);

	if (w == NULL || w->flash)
		return mcu_core_read(c->m, addr, 4, out);
	if (!w->open || addr - w->base > w->size - 4)
		return false;
	memcpy(out, w->mem + (addr - w->base), 4);
	return true;
}

bool core_load_vector(struct core *c, uint32_t addr, uint32_t *out)
{
	bool ok;

	c->vector_fetch = true;
	ok = core_load(c, addr, out);
	c->vector_fetch = false;
	return ok;
}

bool core_fetches_vector(const struct core *c)
{
	return c->vector_fetch;
}

bool core_store(struct core *c, uint32_t addr, uint32_t v)
{
	const struct core_window *w = core_window_at(c, addr);

	if (w == NULL || w->flash || !w->open || addr - w->base > w->size - 4)
		return false;
	memcpy(w->mem + (addr - w->base), &v, 4);
	return true;
}
