/* SPDX-License-Identifier: MIT */
#include "tests/lib/elf32.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct elf32 {
	const char *path;
	uint8_t *file;
	size_t len;
	Elf32_Ehdr head;
};

static void __attribute__((noreturn)) die(const char *path, const char *what)
{
	fprintf(stderr, "%s: %s\n", path, what);
	exit(1);
}

/* A copy of the structure at offset, which must lie inside the file. */
static void get(const struct elf32 *e, size_t offset, void *out, size_t len)
{
	if (offset > e->len || len > e->len - offset)
		die(e->path, "damaged ELF file");
	memcpy(out, e->file + offset, len);
}

struct elf32 *elf32_open(const char *path)
{
	struct elf32 *e = calloc(1, sizeof(*e));
	FILE *f = fopen(path, "rb");
	long n;

	if (!e || !f || fseek(f, 0, SEEK_END) || (n = ftell(f)) < 0)
		die(path, "cannot be read (make target builds it)");
	rewind(f);
	e->path = path;
	e->len = (size_t)n;
	e->file = malloc(e->len + 1);
	if (!e->file || fread(e->file, 1, e->len, f) != e->len)
		die(path, "cannot be read");
	fclose(f);
	get(e, 0, &e->head, sizeof(e->head));
	if (memcmp(e->head.e_ident, ELFMAG, SELFMAG) != 0)
		die(path, "no ELF file");
	return e;
}

void elf32_free(struct elf32 *e)
{
	if (!e)
		return;
	free(e->file);
	free(e);
}

uint32_t elf32_entry(const struct elf32 *e)
{
	return e->head.e_entry;
}

size_t elf32_flatten(const struct elf32 *e, uint32_t base, uint8_t *buf,
		     size_t len)
{
	size_t end = 0;
	Elf32_Phdr p;

	for (unsigned i = 0; i < e->head.e_phnum; i++) {
		get(e, e->head.e_phoff + i * sizeof(p), &p, sizeof(p));
		if (p.p_type != PT_LOAD || !p.p_filesz)
			continue;
		if (p.p_paddr < base || p.p_paddr - base > len ||
		    p.p_filesz > len - (p.p_paddr - base))
			die(e->path, "loads outside the flash");
		get(e, p.p_offset, buf + (p.p_paddr - base), p.p_filesz);
		if (p.p_paddr - base + p.p_filesz > end)
			end = p.p_paddr - base + p.p_filesz;
	}
	return end;
}

uint32_t elf32_symbol(const struct elf32 *e, const char *name,
		      uint32_t *out_size)
{
	Elf32_Shdr s, strings;
	Elf32_Sym y;

	for (unsigned i = 0; i < e->head.e_shnum; i++) {
		get(e, e->head.e_shoff + i * sizeof(s), &s, sizeof(s));
		if (s.sh_type != SHT_SYMTAB)
			continue;
		get(e, e->head.e_shoff + s.sh_link * sizeof(s), &strings,
		    sizeof(strings));
		for (size_t at = 0; at < s.sh_size; at += sizeof(y)) {
			get(e, s.sh_offset + at, &y, sizeof(y));
			if (strcmp((const char *)e->file + strings.sh_offset +
					   y.st_name,
				   name) != 0)
				continue;
			*out_size = y.st_size;
			if (ELF32_ST_TYPE(y.st_info) == STT_FUNC)
				y.st_value &= ~1u;
			return y.st_value;
		}
	}
	fprintf(stderr, "%s: no symbol %s\n", e->path, name);
	exit(1);
}
