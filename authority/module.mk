# SPDX-License-Identifier: MIT
MODULES += authority
authority_SRC := authority/sign.c authority/release.c

TESTS += test_authority
test_authority_SRC := tests/unit/test_authority.c tests/lib/vectors.c
test_authority_USE := authority wire crypto base
test_authority_LIBS := -lcmocka -lcrypto
