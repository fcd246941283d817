# SPDX-License-Identifier: MIT
# ui: command lines and tables, shared by signet and signet-flasher.
MODULES += ui
ui_SRC := cli/args.c cli/help.c cli/problem.c cli/table.c

PROGRAMS += signet
signet_SRC := cli/main.c cli/conf.c cli/call.c cli/init.c cli/key.c \
	cli/product.c cli/release.c cli/release_make.c cli/layout.c \
	cli/order.c cli/flasher.c cli/grant.c cli/device.c cli/log.c \
	cli/verify.c cli/adaptor.c
signet_USE := ui httpc api authority keys verify image chip wire crypto base
signet_LIBS := -lcurl -lssl -lcrypto -ljansson
