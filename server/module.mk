# SPDX-License-Identifier: MIT

# The ledger: decisions over store/, without sockets or processes.
MODULES += ledger
ledger_SRC := server/ledger.c server/ledger_cache.c server/ledger_rules.c \
	server/ledger_text.c server/ledger_grant.c server/ledger_catalog.c \
	server/ledger_order.c server/ledger_flasher.c server/ledger_list.c

# Keys and certificates; used by the signer role, by init, and by tests.
MODULES += signerd
signerd_SRC := server/signer_local.c server/signer_ipc.c server/x509.c \
	server/ipc.c

# The roles and what starts them.
MODULES += roles
roles_SRC := server/conf.c server/log.c server/roles.c server/sandbox.c \
	server/edge.c server/role_ledger.c server/signer.c server/parent.c \
	server/init.c
signetd_SRC := server/main.c
signetd_USE := roles signerd ledger store httpd api authority keys chip \
	crypto wire base
signetd_LIBS := -lmicrohttpd -lgnutls -ljansson -lsqlite3 -lseccomp -lcrypto \
	-lpthread
PROGRAMS += signetd
