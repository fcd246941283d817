# SPDX-License-Identifier: MIT
MODULES += wire
wire_SRC := wire/address.c wire/claim.c wire/cose.c wire/credential.c wire/delivery.c \
	wire/gdb.c wire/gdb_xml.c wire/hello.c wire/name.c wire/record.c wire/release.c \
	wire/serial.c

TESTS += test_cose test_credential test_release test_record
test_cose_SRC := tests/unit/test_cose.c tests/lib/vectors.c
test_cose_USE := wire crypto base
test_cose_LIBS := -lcmocka -lcrypto
test_credential_SRC := tests/unit/test_credential.c tests/lib/vectors.c
test_credential_USE := wire base
test_credential_LIBS := -lcmocka
test_release_SRC := tests/unit/test_release.c tests/lib/vectors.c
test_release_USE := wire base
test_release_LIBS := -lcmocka
test_record_SRC := tests/unit/test_record.c tests/lib/vectors.c
test_record_USE := wire base
test_record_LIBS := -lcmocka

TESTS += test_address
test_address_SRC := tests/unit/test_address.c
test_address_USE := wire base
test_address_LIBS := -lcmocka

TESTS += test_hello
test_hello_SRC := tests/unit/test_hello.c tests/lib/vectors.c
test_hello_USE := wire base
test_hello_LIBS := -lcmocka

TOOLS += cose_tool
cose_tool_SRC := tests/tools/cose_tool.c
cose_tool_USE := authority wire crypto base
cose_tool_LIBS := -lcrypto

FUZZERS += fuzz_credential fuzz_release fuzz_record
fuzz_credential_SRC := tests/fuzz/fuzz_credential.c tests/fuzz/replay_main.c
fuzz_credential_USE := wire base
fuzz_release_SRC := tests/fuzz/fuzz_release.c tests/fuzz/replay_main.c
fuzz_release_USE := wire base
fuzz_record_SRC := tests/fuzz/fuzz_record.c tests/fuzz/replay_main.c
fuzz_record_USE := wire base

FUZZERS += fuzz_hello
fuzz_hello_SRC := tests/fuzz/fuzz_hello.c tests/fuzz/replay_main.c
fuzz_hello_USE := wire base

TESTS += test_gdb_wire
test_gdb_wire_SRC := tests/unit/test_gdb_wire.c
test_gdb_wire_USE := wire base
test_gdb_wire_LIBS := -lcmocka

FUZZERS += fuzz_gdb
fuzz_gdb_SRC := tests/fuzz/fuzz_gdb.c tests/fuzz/replay_main.c
fuzz_gdb_USE := wire base
