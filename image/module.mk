# SPDX-License-Identifier: MIT
MODULES += image
image_SRC := image/image.c image/builder.c image/lines.c image/hex.c \
	image/srec.c image/elf.c
