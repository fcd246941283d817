# SPDX-License-Identifier: MIT
MODULES += wire
wire_SRC := wire/cose.c wire/credential.c wire/name.c wire/record.c \
	wire/release.c
