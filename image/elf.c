/* SPDX-License-Identifier: MIT */
/*
 * ELF32, little-endian (System V ABI, chapters 4 and 5): what the PT_LOAD
 * program headers put at physical addresses, which is where the bytes stand
 * before the start-up code copies them.
 */
#include <inttypes.h>
#include <string.h>

#include "base/rw.h"
#include "image/internal.h"

enum {
	IDENT_LEN = 16,
	IDENT_CLASS = 4,
	IDENT_DATA = 5,
	CLASS_32 = 1,
	DATA_LITTLE = 1,
	TYPE_EXECUTABLE = 2,
	MACHINE_ARM = 40,
	PROGRAM_HEADER_LEN = 32,
	PT_LOAD = 1,
	SECTION_HEADER_LEN = 40,
	SECTION_NOBITS = 8,
	SECTION_ALLOC = 2,
};

struct elf {
	struct builder *b;
	const uint8_t *buf;
	size_t len;
	uint32_t phoff;
	uint32_t shoff;
	uint16_t header_len; /* e_ehsize */
	uint16_t phentsize;
	uint16_t phnum;
	uint16_t shentsize;
	uint16_t shnum;
};

static int elf_ident(struct builder *b, const uint8_t *ident)
{
	if (ident[IDENT_CLASS] != CLASS_32)
		return builder_fail(b, E_UNSUPPORTED,
				    "not a 32-bit ELF file, so not for a "
				    "Cortex-M");
	if (ident[IDENT_DATA] != DATA_LITTLE)
		return builder_fail(b, E_UNSUPPORTED,
				    "not a little-endian ELF file");
	return 0;
}

static int elf_header(struct elf *e)
{
	uint8_t ident[IDENT_LEN];
	uint16_t type;
	uint16_t machine;
	struct rd r;
	int err;

	rd_init(&r, e->buf, e->len);
	rd_copy(&r, ident, sizeof(ident));
	type = rd_u16(&r);
	machine = rd_u16(&r);
	rd_u32(&r); /* version */
	rd_u32(&r); /* entry */
	e->phoff = rd_u32(&r);
	e->shoff = rd_u32(&r);
	rd_u32(&r); /* flags */
	e->header_len = rd_u16(&r);
	e->phentsize = rd_u16(&r);
	e->phnum = rd_u16(&r);
	e->shentsize = rd_u16(&r);
	e->shnum = rd_u16(&r);
	if (r.err)
		return builder_fail(e->b, E_TRUNCATED,
				    "the file ends inside the ELF header");
	err = elf_ident(e->b, ident);
	if (err)
		return err;
	if (machine != MACHINE_ARM)
		return builder_fail(e->b, E_UNSUPPORTED,
				    "ELF file for machine %u, not for Arm (%d)",
				    machine, MACHINE_ARM);
	if (type != TYPE_EXECUTABLE)
		return builder_fail(e->b, E_UNSUPPORTED,
				    "ELF file of type %u is not a linked "
				    "program (%d)",
				    type, TYPE_EXECUTABLE);
	return 0;
}

static int elf_table(struct elf *e)
{
	uint64_t end = (uint64_t)e->phoff + (uint64_t)e->phnum * e->phentsize;

	if (!e->phnum)
		return builder_fail(e->b, E_SYNTAX,
				    "the ELF file has no program headers");
	if (e->phentsize < PROGRAM_HEADER_LEN)
		return builder_fail(e->b, E_SYNTAX,
				    "program headers of %u bytes are too short",
				    e->phentsize);
	if (end > e->len)
		return builder_fail(e->b, E_TRUNCATED,
				    "the program headers end at byte %" PRIu64
				    ", the file at %zu",
				    end, e->len);
	return 0;
}

/* The first byte at or behind from that a section brings into memory; end
 * when there is none. */
static uint32_t first_section(const struct elf *e, uint32_t from, uint32_t end)
{
	uint32_t first = end;

	if (e->shentsize < SECTION_HEADER_LEN ||
	    (uint64_t)e->shoff + (uint64_t)e->shnum * e->shentsize > e->len)
		return end;
	for (uint32_t i = 0; i < e->shnum; i++) {
		struct rd r;
		uint32_t type, flags, offset, size;

		rd_init(&r, e->buf + e->shoff + (size_t)i * e->shentsize,
			SECTION_HEADER_LEN);
		rd_u32(&r); /* name */
		type = rd_u32(&r);
		flags = rd_u32(&r);
		rd_u32(&r); /* address */
		offset = rd_u32(&r);
		size = rd_u32(&r);
		if (size && flags & SECTION_ALLOC && type != SECTION_NOBITS &&
		    offset >= from && offset < first)
			first = offset;
	}
	return first;
}

/*
 * Linkers may let the first segment begin with the ELF header, when the page
 * that it is in has room before the code.  Those bytes are not firmware; the
 * sections say where it begins.
 */
static int elf_add(struct elf *e, uint32_t offset, uint32_t paddr, uint32_t len)
{
	uint32_t skip = 0;

	if (offset < e->header_len)
		skip = first_section(e, e->header_len, offset + len) - offset;
	if (skip == len)
		return builder_fail(e->b, E_UNSUPPORTED,
				    "it loads the ELF header itself to "
				    "0x%08" PRIx32
				    ", and no section says where the firmware "
				    "begins; make a HEX file with objcopy",
				    paddr);
	return builder_add(e->b, (uint64_t)paddr + skip, e->buf + offset + skip,
			   len - skip);
}

static int elf_segment(struct elf *e, const uint8_t *header)
{
	struct rd r;
	uint32_t type, offset, paddr, filesz, memsz;

	rd_init(&r, header, PROGRAM_HEADER_LEN);
	type = rd_u32(&r);
	offset = rd_u32(&r);
	rd_u32(&r); /* virtual address */
	paddr = rd_u32(&r);
	filesz = rd_u32(&r);
	memsz = rd_u32(&r);
	if (type != PT_LOAD || !filesz)
		return 0;
	if (filesz > memsz)
		return builder_fail(e->b, E_SYNTAX,
				    "%u bytes in the file, but only %u in "
				    "memory",
				    filesz, memsz);
	if ((uint64_t)offset + filesz > e->len)
		return builder_fail(e->b, E_TRUNCATED,
				    "its bytes end at %" PRIu64
				    ", the file at %zu",
				    (uint64_t)offset + filesz, e->len);
	return elf_add(e, offset, paddr, filesz);
}

int image_read_elf(struct builder *b, const uint8_t *buf, size_t len)
{
	struct elf e = { .b = b, .buf = buf, .len = len };
	int err = elf_header(&e);

	if (!err)
		err = elf_table(&e);
	b->kind = PLACE_PROGRAM_HEADER;
	for (uint32_t i = 0; !err && i < e.phnum; i++) {
		b->now = i + 1;
		err = elf_segment(&e, buf + e.phoff + (size_t)i * e.phentsize);
	}
	return err;
}
