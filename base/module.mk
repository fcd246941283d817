# SPDX-License-Identifier: MIT
MODULES += base
base_SRC := base/error.c base/rw.c base/ct.c base/hex.c base/cbor.c

TESTS += test_rw test_hex test_cbor
test_rw_SRC := tests/unit/test_rw.c
test_rw_USE := base
test_rw_LIBS := -lcmocka
test_hex_SRC := tests/unit/test_hex.c
test_hex_USE := base
test_hex_LIBS := -lcmocka
test_cbor_SRC := tests/unit/test_cbor.c tests/lib/vectors.c
test_cbor_USE := base
test_cbor_LIBS := -lcmocka

FUZZERS += fuzz_cbor
fuzz_cbor_SRC := tests/fuzz/fuzz_cbor.c tests/fuzz/replay_main.c
fuzz_cbor_USE := base
fuzz_cbor_LIBS := -lcbor
