# SPDX-License-Identifier: MIT
CC := clang
AR := ar
CFLAGS += -O1 -g -fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=all -DSIGNET_LIBFUZZER
LDFLAGS += -fsanitize=address,undefined
