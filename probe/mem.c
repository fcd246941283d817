/* SPDX-License-Identifier: MIT */
/*
 * Memory through the MEM-AP.  CSW, TAR and SELECT are remembered, so that a
 * run of accesses costs one transfer each; TAR's auto-increment is only
 * guaranteed within 1 kB (IHI 0031 C2.2.2).
 */
#include "probe/internal.h"

/* DeviceEn is read-only; HPROT: privileged data; as the debugger. */
#define CSW_BASE 0x23000000u
#define CSW_INCREMENT 0x10u
#define CSW_SIZE32 2u
#define TAR_WRAP 1024u
/* Runs shorter than this share a DAP_Transfer packet with their neighbours. */
#define SHORT_RUN 16u

static void queue_address(struct probe *p, uint32_t addr, uint32_t size)
{
	uint32_t csw = CSW_BASE | CSW_INCREMENT | size;

	if (!p->csw_known || p->csw != csw) {
		adi_queue_ap_write(p, AP_CSW, csw);
		p->csw = csw;
		p->csw_known = true;
	}
	if (!p->tar_known || p->tar != addr) {
		adi_queue_ap_write(p, AP_TAR, addr);
		p->tar = addr;
		p->tar_known = true;
	}
	adi_queue_select(p, 0);
}

static void address_advance(struct probe *p, uint32_t bytes)
{
	p->tar += bytes;
	if (p->tar % TAR_WRAP == 0)
		p->tar_known = false;
}

static void queue_drw(struct probe *p, uint8_t request, uint32_t addr,
		      uint32_t value, uint32_t *out)
{
	struct dap_op op = {
		.request = DAP_REQ_APNDP | AP_DRW | request,
		.value = value,
		.out = out,
		.where = addr,
	};

	queue_op(p, &op);
}

void adi_queue_read32(struct probe *p, uint32_t addr, uint32_t *out)
{
	queue_address(p, addr, CSW_SIZE32);
	queue_drw(p, DAP_REQ_RNW, addr, 0, out);
	address_advance(p, 4);
}

void adi_queue_write32(struct probe *p, uint32_t addr, uint32_t v)
{
	queue_address(p, addr, CSW_SIZE32);
	queue_drw(p, 0, addr, v, NULL);
	address_advance(p, 4);
}

/* Every retry reads again, so the address must stand still: CSW without
 * increment. */
void adi_queue_match32(struct probe *p, uint32_t addr, uint32_t mask,
		       uint32_t value)
{
	struct dap_op op = { .request = DAP_REQ_MATCH_MASK, .value = mask };

	adi_queue_ap_write(p, AP_CSW, CSW_BASE | CSW_SIZE32);
	p->csw = CSW_BASE | CSW_SIZE32;
	p->csw_known = true;
	if (!p->tar_known || p->tar != addr)
		adi_queue_ap_write(p, AP_TAR, addr);
	p->tar = addr;
	p->tar_known = true;
	adi_queue_select(p, 0);
	queue_op(p, &op);
	queue_drw(p, DAP_REQ_RNW | DAP_REQ_MATCH_VALUE, addr, value, NULL);
}

static uint32_t word_get(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

/* Words up to the next place where TAR must be written again. */
static unsigned run_words(uint32_t addr, size_t len)
{
	size_t run = TAR_WRAP - addr % TAR_WRAP;

	return (unsigned)((len < run ? len : run) / 4);
}

static void queue_short_read(struct probe *p, uint32_t addr, uint8_t *out,
			     unsigned words)
{
	struct dap_op op = { .request = DAP_REQ_APNDP | DAP_REQ_RNW | AP_DRW };

	for (unsigned i = 0; i < words; i++) {
		op.where = addr + 4 * i;
		op.bytes = out + 4 * i;
		queue_op(p, &op);
	}
}

void adi_queue_read(struct probe *p, uint32_t addr, uint8_t *out, size_t len)
{
	uint8_t request = DAP_REQ_APNDP | DAP_REQ_RNW | AP_DRW;

	while (len > 0) {
		unsigned words = run_words(addr, len);

		queue_address(p, addr, CSW_SIZE32);
		if (words > SHORT_RUN)
			words = queue_block(p, request, out, words, addr);
		else
			queue_short_read(p, addr, out, words);
		address_advance(p, words * 4);
		addr += words * 4;
		out += words * 4;
		len -= words * 4;
	}
}

void adi_queue_write(struct probe *p, uint32_t addr, const uint8_t *buf,
		     size_t len)
{
	uint8_t request = DAP_REQ_APNDP | AP_DRW;

	while (len > 0) {
		unsigned words = run_words(addr, len);

		queue_address(p, addr, CSW_SIZE32);
		if (words > SHORT_RUN && words * 5 > queue_room(p)) {
			words = queue_block(p, request, (uint8_t *)buf, words,
					    addr);
		} else {
			for (unsigned i = 0; i < words; i++)
				queue_drw(p, 0, addr + 4 * i,
					  word_get(buf + 4 * i), NULL);
		}
		address_advance(p, words * 4);
		addr += words * 4;
		buf += words * 4;
		len -= words * 4;
	}
}
