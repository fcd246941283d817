# SPDX-License-Identifier: MIT
# seal needs primitives: sealhost on the host (programs link -lcrypto), on the
# chip one of prim_bearssl_*.c (conf/target.mk).
MODULES += seal sealhost
seal_SRC := seal/noise.c seal/link.c
sealhost_SRC := seal/prim_openssl.c

TESTS += test_noise
test_noise_SRC := tests/unit/test_noise.c tests/lib/noise_openssl.c \
	tests/lib/vectors.c
test_noise_USE := seal sealhost base
test_noise_LIBS := -lcmocka -ljansson -lcrypto

# The chip's primitives on the host, for tests only, each under its own names.
PRIM_NAMES := sha256_init sha256_update sha256_final x25519 x25519_base \
	aead_seal aead_open
# words are read byte by byte, as there
define PRIM_HOST_RULE
$(B)/seal/prim_bearssl_$(1).o: CPPFLAGS += -isystem $(T)/gen \
	-DBR_LE_UNALIGNED=0 -DBR_BE_UNALIGNED=0 $(BEARSSL_CPPFLAGS) $(foreach n,$(PRIM_NAMES),-Dprim_$(n)=$(1)_$(n))
$(B)/seal/prim_bearssl_$(1).o: CFLAGS += $(BEARSSL_CFLAGS)
$(B)/seal/prim_bearssl_$(1).o: $(BEARSSL_SMALL)
endef
$(foreach i,m31 m15,$(eval $(call PRIM_HOST_RULE,$(i))))

TESTS += test_prim
test_prim_SRC := tests/unit/test_prim.c tests/lib/vectors.c \
	$(foreach i,m31 m15,seal/prim_bearssl_$(i).c)
test_prim_USE := sealhost base
test_prim_LIBS := -lcmocka -lcrypto

TESTS += test_poly1305
test_poly1305_SRC := tests/unit/test_poly1305.c
test_poly1305_LIBS := -lcmocka -lcrypto
$(B)/tests/unit/test_poly1305.o: CPPFLAGS += -isystem $(T)/gen \
	-DBR_LE_UNALIGNED=0 -DBR_BE_UNALIGNED=0 $(BEARSSL_CPPFLAGS)
$(B)/tests/unit/test_poly1305.o: $(BEARSSL_SMALL)

# The same on the cores, weighed and counted.
define SEAL_PROBE_RULE
$(T)/seal/$(1).elf: $(foreach o,tests/target/seal_probe seal/noise base/ct \
		seal/prim_bearssl_$(2),$(T)/$(1)/$(o).o) \
		tests/target/seal_probe.ld
	@mkdir -p $$(@D)
	$$(TARGET_CC) $$(TARGET_$(1)) $$(TARGET_LDFLAGS) \
		-T tests/target/seal_probe.ld -Wl,-Map=$$(@:.elf=.map) \
		-o $$@ $$(filter %.o,$$^)
TARGETS += $(T)/seal/$(1).elf
endef
$(eval $(call SEAL_PROBE_RULE,cm0,m15))
$(eval $(call SEAL_PROBE_RULE,cm3,m31))
$(eval $(call SEAL_PROBE_RULE,cm4,m31))

TESTS += test_seal_chip
test_seal_chip_SRC := tests/unit/test_seal_chip.c tests/lib/thumb.c \
	tests/lib/elf32.c
test_seal_chip_USE := seal sealhost base
test_seal_chip_LIBS := -lcmocka -lunicorn -lcrypto
$(B)/test_seal_chip: $(T)/seal/cm0.elf $(T)/seal/cm3.elf $(T)/seal/cm4.elf

TESTS += test_link
test_link_SRC := tests/unit/test_link.c tests/lib/chip_peer.c \
	tests/lib/soft_chip.c tests/lib/vectors.c
test_link_USE := chip seal sealhost wire crypto base
test_link_LIBS := -lcmocka -lcrypto

FUZZERS += fuzz_noise fuzz_link
fuzz_noise_SRC := tests/fuzz/fuzz_noise.c tests/fuzz/replay_main.c
fuzz_noise_USE := seal sealhost base
fuzz_noise_LIBS := -lcrypto
fuzz_link_SRC := tests/fuzz/fuzz_link.c tests/fuzz/replay_main.c
fuzz_link_USE := seal sealhost base
fuzz_link_LIBS := -lcrypto

TOOLS += noise_tool
noise_tool_SRC := tests/tools/noise_tool.c
noise_tool_USE := seal sealhost base
noise_tool_LIBS := -lcrypto

TESTS += test_protocol_seal
test_protocol_seal_SRC := tests/unit/test_protocol_seal.c tests/lib/page.c
test_protocol_seal_USE := seal sealhost wire crypto base
test_protocol_seal_LIBS := -lcmocka -lcrypto
