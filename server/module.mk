# SPDX-License-Identifier: MIT

# The ledger: decisions over store/, without sockets or processes.
MODULES += ledger
ledger_SRC := server/ledger.c server/ledger_batch.c server/ledger_cache.c \
	server/ledger_rules.c \
	server/ledger_text.c server/ledger_chip.c server/ledger_grant.c \
	server/ledger_deliver.c server/ledger_tick.c server/ledger_catalog.c \
	server/ledger_order.c server/ledger_flasher.c server/ledger_list.c \
	server/ledger_sealed.c server/ledger_loader.c

# Keys and certificates; used by the signer role, by init, and by tests.
MODULES += signerd
signerd_SRC := server/signer_local.c server/signer_content.c \
	server/signer_sealed.c server/signer_ipc.c \
	server/signer_ipc_sign.c server/signer_ipc_release.c \
	server/signer_ipc_sealed.c server/x509.c \
	server/ipc.c

# The roles and what starts them.
MODULES += roles
roles_SRC := server/conf.c server/log.c server/roles.c server/sandbox.c \
	server/edge.c server/edge_tls.c server/role_ledger.c server/signer.c server/parent.c \
	server/init.c
signetd_SRC := server/main.c
signetd_USE := roles signerd ledger store httpd api authority seal sealhost \
	keys chip crypto wire base
signetd_LIBS := -lmicrohttpd -lgnutls -ljansson -lsqlite3 -lseccomp -lcrypto \
	-lpthread
PROGRAMS += signetd

LEDGER_TEST_SRC := tests/lib/ledger_bed.c
LEDGER_TEST_USE := signerd ledger store api chip keys authority seal sealhost \
	crypto wire base
LEDGER_TEST_LIBS := -lcmocka -lsqlite3 -ljansson -lcrypto

TESTS += test_ledger_rules test_ledger test_ledger_attempts test_ledger_owner \
	test_ledger_sealed test_ledger_sealed_rules test_ledger_loader \
	test_ledger_property test_ledger_crash
test_ledger_rules_SRC := tests/unit/test_ledger_rules.c
test_ledger_rules_USE := $(LEDGER_TEST_USE)
test_ledger_rules_LIBS := $(LEDGER_TEST_LIBS)
LEDGER_OP_TEST_SRC := tests/lib/ledger_test.c $(LEDGER_TEST_SRC)
test_ledger_SRC := tests/unit/test_ledger.c $(LEDGER_OP_TEST_SRC)
test_ledger_USE := $(LEDGER_TEST_USE)
test_ledger_LIBS := $(LEDGER_TEST_LIBS)
test_ledger_attempts_SRC := tests/unit/test_ledger_attempts.c $(LEDGER_OP_TEST_SRC)
test_ledger_attempts_USE := $(LEDGER_TEST_USE)
test_ledger_attempts_LIBS := $(LEDGER_TEST_LIBS)
test_ledger_owner_SRC := tests/unit/test_ledger_owner.c $(LEDGER_OP_TEST_SRC)
test_ledger_owner_USE := $(LEDGER_TEST_USE)
test_ledger_owner_LIBS := $(LEDGER_TEST_LIBS)
SEALED_TEST_SRC := tests/lib/ledger_sealed.c tests/lib/soft_chip.c
test_ledger_sealed_SRC := tests/unit/test_ledger_sealed.c \
	tests/lib/ledger_world.c $(SEALED_TEST_SRC) $(LEDGER_TEST_SRC)
test_ledger_sealed_USE := $(LEDGER_TEST_USE)
test_ledger_sealed_LIBS := $(LEDGER_TEST_LIBS)
test_ledger_sealed_rules_SRC := tests/unit/test_ledger_sealed_rules.c \
	tests/lib/ledger_world.c $(SEALED_TEST_SRC) $(LEDGER_TEST_SRC)
test_ledger_sealed_rules_USE := $(LEDGER_TEST_USE)
test_ledger_sealed_rules_LIBS := $(LEDGER_TEST_LIBS)
test_ledger_loader_SRC := tests/unit/test_ledger_loader.c \
	$(SEALED_TEST_SRC) $(LEDGER_TEST_SRC)
test_ledger_loader_USE := $(LEDGER_TEST_USE)
test_ledger_loader_LIBS := $(LEDGER_TEST_LIBS)
test_ledger_property_SRC := tests/unit/test_ledger_property.c \
	tests/lib/ledger_check.c tests/lib/cutvfs.c $(SEALED_TEST_SRC) \
	$(LEDGER_TEST_SRC)
test_ledger_property_USE := $(LEDGER_TEST_USE)
test_ledger_property_LIBS := $(LEDGER_TEST_LIBS)
test_ledger_crash_SRC := tests/unit/test_ledger_crash.c tests/lib/cutvfs.c \
	tests/lib/ledger_check.c $(SEALED_TEST_SRC) $(LEDGER_TEST_SRC)
test_ledger_crash_USE := $(LEDGER_TEST_USE)
test_ledger_crash_LIBS := $(LEDGER_TEST_LIBS)

TESTS += test_conf test_signer
test_conf_SRC := tests/unit/test_conf.c
test_conf_USE := $(signetd_USE)
test_conf_LIBS := -lcmocka $(signetd_LIBS)
test_signer_SRC := tests/unit/test_signer.c tests/lib/ledger_bed.c
test_signer_USE := $(signetd_USE)
test_signer_LIBS := -lcmocka $(signetd_LIBS)

# http/ is tested here: its certificates come from server/x509.c
TESTS += test_http test_sandbox
test_http_SRC := tests/unit/test_http.c
test_http_USE := httpc httpd signerd api authority seal sealhost keys chip \
	crypto wire base
test_http_LIBS := -lcmocka -lcurl -lssl $(signetd_LIBS)
test_sandbox_SRC := tests/unit/test_sandbox.c
test_sandbox_USE := $(signetd_USE)
test_sandbox_LIBS := -lcmocka $(signetd_LIBS)

# By their sources: a fuzz target needs no more than its decoder.
FUZZERS += fuzz_server_conf fuzz_csr
fuzz_server_conf_SRC := tests/fuzz/fuzz_server_conf.c \
	tests/fuzz/replay_main.c server/conf.c
fuzz_server_conf_USE := api base
fuzz_csr_SRC := tests/fuzz/fuzz_csr.c tests/fuzz/replay_main.c server/x509.c
fuzz_csr_USE := crypto wire base
fuzz_csr_LIBS := -lcrypto
