# SPDX-License-Identifier: MIT
MODULES += base
base_SRC := base/error.c base/rw.c base/ct.c base/hex.c base/cbor.c
