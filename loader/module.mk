# SPDX-License-Identifier: MIT
#
# The program that installs a sealed firmware, and the stub that stays.
#
#   make loader KEYS=path/loader_keys.h OUT=dir
#
# KEYS is what `signet loader keys-header` writes.  OUT gets loader.bin (as it
# lies in flash), stub.bin and loader.json.  LOADER_RAM is all the RAM that it
# may use.
LOADER_RAM := 0x2000
LOADER_TOP := 0x0803e000 # of the STM32L432, less RESERVED_LEN

# measured, one after the other, for size (the first five as for
# seal/prim_bearssl_m31.c)
LOADER_CFLAGS := -fwhole-program -fcallgraph-info=su \
	-fno-tree-loop-im -fno-move-loop-invariants -fno-schedule-insns2 \
	-fno-tree-coalesce-vars -fno-thread-jumps -fno-inline-small-functions \
	-fno-tree-fre -fno-if-conversion -fno-tree-scev-cprop \
	-fno-optimize-sibling-calls -fno-guess-branch-probability
LOADER_SRC := loader/whole.c loader/loader.h loader/finish.c \
	loader/handshake.c loader/line.c loader/link_swd.c loader/link_uart.c \
	loader/main.c loader/stream.c chip/stm32l4/target.c \
	chip/stm32l4/target.h chip/stm32l4/target_flash.c \
	chip/stm32l4/target_rng.c seal/link.c seal/noise.c \
	seal/prim_bearssl_m31.c seal/prim_bearssl_glue.h base/ct.c \
	wire/layout.h wire/hello.h
LOADER_LD := $(TARGET_CC) $(TARGET_cm4) $(TARGET_LDFLAGS)

# $(1): folder, $(2): folder of loader_keys.h
define LOADER_RULE
$(1)/loader.o: $(LOADER_SRC) $(2)/loader_keys.h $(BEARSSL_SMALL)
	@mkdir -p $$(@D)
	$$(TARGET_CC) $$(TARGET_CPPFLAGS) -I$(2) -isystem $$(T)/gen \
		$$(BEARSSL_CPPFLAGS) $$(filter-out -MMD -MP,$$(TARGET_CFLAGS)) \
		-ffile-prefix-map=$(1)=. -ffile-prefix-map=$(2)=. \
		$$(LOADER_CFLAGS) $$(TARGET_cm4) -c -o $$@ loader/whole.c
$(1)/stub.o: loader/stub.S wire/layout.h
	@mkdir -p $$(@D)
	$$(TARGET_CC) $$(TARGET_CPPFLAGS) -DTOP=$(LOADER_TOP) $$(TARGET_cm4) \
		-c -o $$@ loader/stub.S
$(1)/%.ld: loader/%.ld wire/layout.h
	@mkdir -p $$(@D)
	$$(TARGET_CC) -E -P -x c -I. -DTOP=$(LOADER_TOP) \
		-DLOADER_RAM=$(LOADER_RAM) -o $$@ $$<
$(1)/loader.elf: $(1)/loader.o $(1)/loader.ld
	$$(LOADER_LD) -T $(1)/loader.ld -Wl,-Map=$(1)/loader.map -o $$@ $$<
$(1)/stub.elf: $(1)/stub.o $(1)/stub.ld
	$$(LOADER_LD) -nostdlib -T $(1)/stub.ld -o $$@ $$<
$(1)/%.raw: $(1)/%.elf
	$$(TARGET_OBJCOPY) -O binary $$< $$@
$(1)/loader.json: $(1)/loader.raw $(1)/stub.raw loader/pack.sh loader/stack.awk
	loader/pack.sh $(1)
$(1)/loader.bin $(1)/stub.bin: $(1)/loader.json ;
endef

# With the key of the tests.
$(eval $(call LOADER_RULE,$(T)/loader,tests/target/loader))
TARGETS += $(T)/loader/loader.json

ifneq (,$(filter loader,$(MAKECMDGOALS)))
ifeq (,$(KEYS))
$(error usage: make loader KEYS=path/loader_keys.h OUT=dir)
endif
LOADER_OUT := $(if $(filter command line environment,$(origin OUT)),$(OUT),\
	build/loader)
LOADER_OUT := $(strip $(LOADER_OUT))
$(eval $(call LOADER_RULE,$(LOADER_OUT),$(patsubst %/,%,$(dir $(KEYS)))))
loader: $(LOADER_OUT)/loader.json
	@cat $<
endif

TESTS += test_loader
test_loader_SRC := tests/unit/test_loader.c tests/lib/sealed_bed.c \
	tests/unit/vmcu_rig.c vmcu/unicorn_leaks.c
test_loader_USE := vmcu seal sealhost wire base
test_loader_LIBS := -lcrypto -lunicorn -lcmocka
$(B)/test_loader: $(T)/loader/loader.json
.PHONY: loader
