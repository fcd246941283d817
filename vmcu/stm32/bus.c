/* SPDX-License-Identifier: MIT */
#include "vmcu/stm32/st.h"

static const struct st_device *device_at(const struct st_bus *b, uint32_t addr)
{
	for (unsigned i = 0; i < b->devices; i++)
		if (addr - b->device[i].base < b->device[i].size)
			return &b->device[i];
	return NULL;
}

static bool on_bus(const struct st_bus *b, uint32_t addr)
{
	for (unsigned i = 0; i < b->ranges; i++)
		if (addr - b->range[i].base < b->range[i].size)
			return true;
	return false;
}

uint32_t st_bus_lanes(uint32_t addr, unsigned size)
{
	uint32_t mask = size == 4 ? 0xffffffff : (1u << 8 * size) - 1;

	return mask << 8 * (addr & 3);
}

bool st_bus_read(const struct st_bus *b, void *family, uint32_t addr,
		 unsigned size, uint32_t *out)
{
	const struct st_device *d = device_at(b, addr);
	uint32_t v = 0;

	if (d != NULL && b->gate(family, d->gate_reg, d->gate_bit))
		v = d->read((char *)family + d->at, d->unit,
			    (addr - d->base) & ~3u);
	else if (!on_bus(b, addr))
		return false;
	*out = (v & st_bus_lanes(addr, size)) >> 8 * (addr & 3);
	return true;
}

bool st_bus_write(const struct st_bus *b, void *family, uint32_t addr,
		  unsigned size, uint32_t v, bool *bus_error)
{
	const struct st_device *d = device_at(b, addr);

	if (d == NULL)
		return on_bus(b, addr);
	if (!b->gate(family, d->gate_reg, d->gate_bit))
		return true;
	*bus_error = false;
	d->write((char *)family + d->at, d->unit, (addr - d->base) & ~3u,
		 v << 8 * (addr & 3), st_bus_lanes(addr, size));
	return !*bus_error;
}
