# SPDX-License-Identifier: MIT
# The host's half, on OpenSSL 3; programs that use it link -lcrypto.
MODULES += crypto
crypto_SRC := crypto/sha256.c crypto/random.c crypto/es256.c crypto/aead.c \
	crypto/key.c crypto/pem.c crypto/hpke.c crypto/hkdf.c

TESTS += test_crypto test_hpke
test_crypto_SRC := tests/unit/test_crypto.c tests/lib/vectors.c
test_crypto_USE := crypto base
test_crypto_LIBS := -lcmocka -lcrypto
test_hpke_SRC := tests/unit/test_hpke.c tests/lib/vectors.c
test_hpke_USE := crypto base
test_hpke_LIBS := -lcmocka -lcrypto
