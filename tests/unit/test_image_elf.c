/* SPDX-License-Identifier: MIT */
/* image/: ELF files, built here field by field. */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/lib/images.h"

/* Two segments: code at its place, data loaded behind it for RAM. */
struct elf {
	Elf32_Ehdr e;
	Elf32_Phdr p[3];
	uint8_t bytes[8];
};

static struct elf example(void)
{
	struct elf f = {
		.e = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS32,
				    ELFDATA2LSB, EV_CURRENT },
		       .e_type = ET_EXEC,
		       .e_machine = EM_ARM,
		       .e_version = EV_CURRENT,
		       .e_entry = 0x08000001,
		       .e_phoff = offsetof(struct elf, p),
		       .e_ehsize = sizeof(Elf32_Ehdr),
		       .e_phentsize = sizeof(Elf32_Phdr),
		       .e_phnum = 3 },
		.bytes = { 1, 2, 3, 4, 5, 6, 7, 8 },
	};

	for (int i = 0; i < 3; i++)
		f.p[i] = (Elf32_Phdr){ .p_type = PT_LOAD,
				       .p_offset = offsetof(struct elf,
							    bytes) };
	f.p[0].p_vaddr = f.p[0].p_paddr = 0x08000000;
	f.p[0].p_filesz = f.p[0].p_memsz = 4;
	f.p[1].p_offset += 4;
	f.p[1].p_vaddr = 0x20000000;
	f.p[1].p_paddr = 0x08000010;
	f.p[1].p_filesz = 2;
	f.p[1].p_memsz = 100; /* the rest is zeroed by the start-up code */
	f.p[2].p_vaddr = f.p[2].p_paddr = 0x20001000;
	f.p[2].p_memsz = 64; /* .bss: nothing in the file */
	return f;
}

static int parse(const void *f, size_t len, struct image *out,
		 char why[IMAGE_ERROR_CAP])
{
	uint8_t *copy = malloc(len ? len : 1);
	int err;

	assert_non_null(copy);
	memcpy(copy, f, len);
	err = image_parse("f", copy, len, 0, 0, out, why);
	free(copy);
	return err;
}

static void refuse(struct elf f, int err, const char *words)
{
	char why[IMAGE_ERROR_CAP] = "";
	struct image img;
	int got = parse(&f, sizeof(f), &img, why);

	if (got != err || !strstr(why, words))
		fail_msg("got %s \"%s\", expected %s with \"%s\"",
			 error_name(got), why, error_name(err), words);
}

static void test_segments(void **state)
{
	struct elf f = example();
	char why[IMAGE_ERROR_CAP];
	struct image img;

	(void)state;
	assert_int_equal(parse(&f, sizeof(f), &img, why), 0);
	expect_image(&img, "08000000:01020304 08000010:0506");
	image_free(&img);
	/* other types of segments are passed over */
	f.p[1].p_type = PT_NOTE;
	assert_int_equal(parse(&f, sizeof(f), &img, why), 0);
	expect_image(&img, "08000000:01020304");
	image_free(&img);
	/* adjacent ones are joined */
	f = example();
	f.p[1].p_paddr = 0x08000004;
	assert_int_equal(parse(&f, sizeof(f), &img, why), 0);
	expect_image(&img, "08000000:010203040506");
	image_free(&img);
}

static void test_refusals(void **state)
{
	struct elf f;

	(void)state;
	f = example();
	f.e.e_ident[EI_CLASS] = ELFCLASS64;
	refuse(f, E_UNSUPPORTED, "not a 32-bit ELF");
	f = example();
	f.e.e_ident[EI_DATA] = ELFDATA2MSB;
	refuse(f, E_UNSUPPORTED, "little-endian");
	f = example();
	f.e.e_machine = EM_RISCV;
	refuse(f, E_UNSUPPORTED, "machine 243");
	f = example();
	f.e.e_type = ET_REL;
	refuse(f, E_UNSUPPORTED, "not a linked program");
	f = example();
	f.e.e_phnum = 0;
	refuse(f, E_SYNTAX, "no program headers");
	f = example();
	f.e.e_phnum = 60000;
	refuse(f, E_TRUNCATED, "program headers end at byte");
	f = example();
	f.e.e_phoff = 0xffffffff;
	refuse(f, E_TRUNCATED, "program headers end at byte 4294967391");
	f = example();
	f.e.e_phentsize = 31;
	refuse(f, E_SYNTAX, "too short");
	f = example();
	f.p[1].p_offset = 0xfffffff0;
	refuse(f, E_TRUNCATED, "program header 1: its bytes end at");
	f = example();
	f.p[0].p_filesz = 0xffffffff;
	f.p[0].p_memsz = 0xffffffff;
	refuse(f, E_TRUNCATED, "program header 0: its bytes end at");
	f = example();
	f.p[1].p_memsz = 1;
	refuse(f, E_SYNTAX, "program header 1: 2 bytes in the file");
	f = example();
	f.p[1].p_paddr = 0x08000003;
	refuse(f, E_OVERLAP, "program header 1: address 0x08000003 is defined");
	f = example();
	f.p[1].p_paddr = 0xffffffff;
	refuse(f, E_RANGE, "address space");
	f = example();
	f.p[0].p_offset = 0;
	refuse(f, E_UNSUPPORTED, "loads the ELF header itself");
	f = example();
	f.p[0].p_type = f.p[1].p_type = PT_NULL;
	refuse(f, E_SYNTAX, "nothing to program");
}

/* The first segment begins with the ELF header, as linkers lay it out when
 * the page has room; sections say where the firmware begins. */
struct elf_with_sections {
	Elf32_Ehdr e;
	uint8_t code[4]; /* directly behind the ELF header */
	Elf32_Phdr p;
	Elf32_Shdr s[4];
};

static struct elf_with_sections header_loaded(void)
{
	enum { CODE = offsetof(struct elf_with_sections, code) };
	struct elf plain = example();
	struct elf_with_sections f = {
		.e = plain.e,
		.code = { 0xa1, 0xa2, 0xa3, 0xa4 },
		.p = { .p_type = PT_LOAD,
		       .p_paddr = 0x08000000,
		       .p_filesz = CODE + 4,
		       .p_memsz = CODE + 4 },
	};

	f.e.e_phoff = offsetof(struct elf_with_sections, p);
	f.e.e_phnum = 1;
	f.e.e_shoff = offsetof(struct elf_with_sections, s);
	f.e.e_shentsize = sizeof(Elf32_Shdr);
	f.e.e_shnum = 4;
	/* the second holds the code; .bss, notes and empty ones do not count */
	for (int i = 0; i < 4; i++)
		f.s[i] = (Elf32_Shdr){ .sh_type = SHT_PROGBITS,
				       .sh_flags = SHF_ALLOC,
				       .sh_offset = CODE };
	f.s[0].sh_offset = CODE + 2;
	f.s[0].sh_size = 2;
	f.s[1].sh_size = 2;
	f.s[2].sh_type = SHT_NOBITS;
	f.s[2].sh_size = 4;
	f.s[3].sh_flags = 0;
	f.s[3].sh_size = 4;
	return f;
}

static void test_header_loaded(void **state)
{
	struct elf_with_sections f = header_loaded();
	char why[IMAGE_ERROR_CAP];
	struct image img;

	(void)state;
	assert_int_equal(parse(&f, sizeof(f), &img, why), 0);
	expect_image(&img, "08000034:a1a2a3a4");
	image_free(&img);
	f.s[1].sh_type = SHT_NOBITS; /* now only the second half counts */
	assert_int_equal(parse(&f, sizeof(f), &img, why), 0);
	expect_image(&img, "08000036:a3a4");
	image_free(&img);
	f.s[0].sh_flags = 0; /* and now nothing does */
	assert_int_equal(parse(&f, sizeof(f), &img, why), E_UNSUPPORTED);
	assert_non_null(strstr(why, "no section says"));
	/* a section table that lies is not followed */
	f = header_loaded();
	f.e.e_shnum = 5;
	assert_int_equal(parse(&f, sizeof(f), &img, why), E_UNSUPPORTED);
	f.e.e_shnum = 4;
	f.e.e_shoff = 0xffffffff;
	assert_int_equal(parse(&f, sizeof(f), &img, why), E_UNSUPPORTED);
	f = header_loaded();
	f.e.e_shentsize = 39;
	assert_int_equal(parse(&f, sizeof(f), &img, why), E_UNSUPPORTED);
}

static void test_truncated(void **state)
{
	struct elf f = example();
	char why[IMAGE_ERROR_CAP];
	struct image img;

	(void)state;
	/* the last two bytes belong to no segment */
	for (size_t n = 0; n < sizeof(f) - 2; n++)
		assert_int_not_equal(parse(&f, n, &img, why), 0);
	assert_int_equal(parse(&f, sizeof(f) - 2, &img, why), 0);
	image_free(&img);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_segments),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_header_loaded),
		cmocka_unit_test(test_truncated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
