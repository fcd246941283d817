# SPDX-License-Identifier: MIT
MODULES += keys
keys_SRC := keys/keyfile.c keys/passphrase.c
