# SPDX-License-Identifier: MIT

# The ledger: decisions over store/, without sockets or processes.
MODULES += ledger
ledger_SRC := server/ledger.c server/ledger_cache.c server/ledger_rules.c \
	server/ledger_text.c server/ledger_grant.c server/ledger_catalog.c \
	server/ledger_order.c server/ledger_flasher.c server/ledger_list.c
