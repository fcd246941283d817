# SPDX-License-Identifier: MIT
MODULES += authority
authority_SRC := authority/sign.c authority/release.c
