# SPDX-License-Identifier: MIT
MODULES += authority
authority_SRC := authority/sign.c authority/release.c authority/sealed.c \
	authority/installed.c

TESTS += test_authority
test_authority_SRC := tests/unit/test_authority.c tests/lib/vectors.c
test_authority_USE := authority wire crypto base
test_authority_LIBS := -lcmocka -lcrypto

# The page against the code; it needs all the formats.
TESTS += test_protocol_doc
test_protocol_doc_SRC := tests/unit/test_protocol_doc.c tests/lib/page.c
test_protocol_doc_USE := authority wire crypto base
test_protocol_doc_LIBS := -lcmocka -lcrypto
