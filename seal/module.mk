# SPDX-License-Identifier: MIT
# seal needs primitives: sealhost on the host (programs link -lcrypto), on the
# chip one of prim_bearssl_*.c (conf/target.mk).
MODULES += seal sealhost
seal_SRC := seal/noise.c seal/link.c
sealhost_SRC := seal/prim_openssl.c

TESTS += test_noise
test_noise_SRC := tests/unit/test_noise.c tests/lib/noise_openssl.c \
	tests/lib/vectors.c
test_noise_USE := seal sealhost base
test_noise_LIBS := -lcmocka -ljansson -lcrypto
