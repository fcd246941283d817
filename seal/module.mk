# SPDX-License-Identifier: MIT
# seal needs primitives: sealhost on the host (programs link -lcrypto), on the
# chip one of prim_bearssl_*.c (conf/target.mk).
MODULES += seal sealhost
seal_SRC := seal/noise.c seal/link.c
sealhost_SRC := seal/prim_openssl.c
