# SPDX-License-Identifier: MIT
MODULES += keys
keys_SRC := keys/keyfile.c keys/passphrase.c

TESTS += test_keyfile
test_keyfile_SRC := tests/unit/test_keyfile.c
test_keyfile_USE := keys crypto base
test_keyfile_LIBS := -lcmocka -lcrypto -lutil
