# SPDX-License-Identifier: MIT
# ui: command lines and tables, shared by signet and signet-flasher.
MODULES += ui
ui_SRC := cli/args.c cli/help.c cli/problem.c cli/local.c cli/table.c

PROGRAMS += signet
signet_SRC := cli/main.c cli/conf.c cli/call.c cli/init.c cli/key.c \
	cli/product.c cli/release.c cli/release_make.c cli/layout.c \
	cli/order.c cli/flasher.c cli/grant.c cli/device.c cli/log.c \
	cli/verify.c cli/adaptor.c cli/loader.c cli/batch.c
signet_USE := ui httpc api authority keys verify image chip wire crypto base
signet_LIBS := -lcurl -lssl -lcrypto -ljansson

TESTS += test_cli_args test_cli_layout
test_cli_args_SRC := tests/unit/test_cli_args.c
test_cli_args_USE := ui api wire base
test_cli_args_LIBS := -lcmocka -ljansson
test_cli_layout_SRC := tests/unit/test_cli_layout.c cli/layout.c
test_cli_layout_USE := image chip wire base
test_cli_layout_LIBS := -lcmocka
