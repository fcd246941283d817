# SPDX-License-Identifier: MIT
# The host's half, on OpenSSL 3; programs that use it link -lcrypto.
MODULES += crypto
crypto_SRC := crypto/sha256.c crypto/random.c crypto/es256.c crypto/aead.c \
	crypto/key.c crypto/pem.c crypto/hpke.c
