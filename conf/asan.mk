# SPDX-License-Identifier: MIT
CC := gcc
AR := gcc-ar
CFLAGS += -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
LDFLAGS += -fsanitize=address,undefined
