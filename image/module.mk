# SPDX-License-Identifier: MIT
MODULES += image
image_SRC := image/image.c image/builder.c image/lines.c image/hex.c \
	image/srec.c image/elf.c

TESTS += test_image_hex test_image_srec test_image_elf
test_image_hex_SRC := tests/unit/test_image_hex.c tests/lib/images.c
test_image_hex_USE := image base
test_image_hex_LIBS := -lcmocka
test_image_srec_SRC := tests/unit/test_image_srec.c tests/lib/images.c
test_image_srec_USE := image base
test_image_srec_LIBS := -lcmocka
test_image_elf_SRC := tests/unit/test_image_elf.c tests/lib/images.c
test_image_elf_USE := image base
test_image_elf_LIBS := -lcmocka

TOOLS += image_tool
image_tool_SRC := tests/tools/image_tool.c
image_tool_USE := image base

FUZZERS += fuzz_image
fuzz_image_SRC := tests/fuzz/fuzz_image.c tests/fuzz/replay_main.c
fuzz_image_USE := image base
