# SPDX-License-Identifier: MIT
CC := gcc
AR := gcc-ar
CFLAGS += -O2 -g -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
LDFLAGS += -pie -Wl,-z,relro,-z,now
