# SPDX-License-Identifier: MIT
#
# The program that installs a sealed firmware, and the stub that stays.
#
#   make loader KEYS=path/loader_keys.h OUT=dir [CHIP= | FAMILY=] [LINK=]
#
# KEYS is what `signet loader keys-header` writes.  For each chip and link, or
# those that are named, OUT/CHIP-LINK gets loader.bin (as it lies in flash),
# stub.bin and loader.json.
#
# A loader lies at the end of the flash, so it is for a chip; all else it has
# from the chip's family.  A chip is one line of three words,
#   NAME_LOADER  the family; where the reserved part begins: end of flash -
#                RESERVED_LEN; what one erasure erases
# and NAME is what loader.json calls it (chip/chip.h).  Behind them there may be
# flags of the compiler: a loader for an emulator that lacks what a chip has is
# one of LOADERS_MODEL, built when it is named, and no server knows its NAME.  A family is its folder
# in chip/ (chip/target_common.h says what must be there) and these lines:
#   NAME_CPU     conf/target.mk's name of the core
#   NAME_PRIM    the primitives (seal/prim.h)
#   NAME_RAM_AT, NAME_RAM   all the RAM that the loader may use
#   NAME_CODE    where code goes that must run while flash is busy: RAM, or
#                FLASH on a chip that stands still then
#   NAME_VECTORS where the core looks for them once target_vectors() was
#                called: RAM where they begin it, else FLASH
#   NAME_LINKS   uart, swd-pins
#   NAME_CFLAGS  measured, one after the other, for size
LOADERS := stm32l432 stm32f103xb stm32f103xe stm32f051 nrf51822

stm32l432_LOADER := stm32l4 0x0803e000 2048
stm32f103xb_LOADER := stm32f1 0x0801e000 1024
stm32f103xe_LOADER := stm32f1 0x0807e000 2048
stm32f051_LOADER := stm32f0 0x0800e000 1024
nrf51822_LOADER := nrf51 0x0003e000 1024
# QEMU's microbit: no read protection, and its UICR forgets
LOADERS_MODEL := qemu_microbit
qemu_microbit_LOADER := nrf51 0x0003e000 1024 -DTARGET_MODEL_OPEN

stm32l4_CPU := cm4
stm32l4_PRIM := seal/prim_bearssl_m31.c
stm32l4_RAM_AT := 0x10000000
stm32l4_RAM := 0x2000
stm32l4_CODE := RAM
stm32l4_LINKS := uart swd-pins
stm32l4_CFLAGS := -fno-tree-loop-im -fno-move-loop-invariants \
	-fno-schedule-insns2 -flive-range-shrinkage -fno-thread-jumps \
	-fno-tree-reassoc -fno-tree-dominator-opts \
	-fno-inline-small-functions -fno-tree-fre -fno-if-conversion \
	-fno-tree-scev-cprop -fno-optimize-sibling-calls \
	-fno-guess-branch-probability

stm32f1_CPU := cm3
stm32f1_PRIM := seal/prim_bearssl_m31.c
stm32f1_RAM_AT := 0x20000000
stm32f1_RAM := 0x2000
stm32f1_CODE := RAM
stm32f1_LINKS := uart swd-pins
stm32f1_CFLAGS := $(stm32l4_CFLAGS)

stm32f0_CPU := cm0
stm32f0_PRIM := seal/prim_bearssl_m15.c
stm32f0_RAM_AT := 0x20000000
stm32f0_RAM := 0x2000
stm32f0_VECTORS := RAM
stm32f0_CODE := RAM
stm32f0_LINKS := uart swd-pins
stm32f0_CFLAGS := --param=large-stack-frame=8000 -fno-forward-propagate \
	-fno-guess-branch-probability -fno-if-conversion \
	-fno-inline-small-functions -fno-jump-tables \
	-fno-move-loop-invariants -fno-move-loop-stores -fno-thread-jumps \
	-fno-tree-dominator-opts -fno-tree-fre -fno-tree-loop-im \
	-fno-tree-reassoc -fno-tree-scev-cprop -frename-registers

nrf51_CPU := cm0
nrf51_PRIM := seal/prim_bearssl_m15.c
nrf51_RAM_AT := 0x20000000
nrf51_RAM := 0x2000
nrf51_CODE := FLASH
nrf51_LINKS := uart
nrf51_CFLAGS := $(stm32f0_CFLAGS) -fno-delete-null-pointer-checks

# LINK_CLOCKED: whether the line is clocked from outside (loader/whole.c).
uart_LINK_SRC := loader/link_uart.c
uart_LINK_CLOCKED := 0
swd-pins_LINK_SRC := loader/link_swd.c
swd-pins_LINK_CLOCKED := 1

LOADER_SRC := loader/whole.c loader/loader.h loader/finish.c \
	loader/handshake.c loader/line.c loader/main.c loader/stream.c \
	chip/target_common.h chip/target_flash.c \
	chip/target_lock.c chip/target_rng.c \
	seal/link.c seal/noise.c seal/prim_bearssl_glue.h base/ct.c \
	wire/layout.h wire/hello.h wire/release.h

# $(1): chip, $(2): link, $(3): folder, $(4): folder of loader_keys.h, $(5):
# family, $(6): top, $(7): page, $(8): flags
# A compiler cache would keep the object and forget the call graph.
define LOADER_RULE
$(3)/loader.o: $(LOADER_SRC) $($(2)_LINK_SRC) $($(5)_PRIM) \
		chip/$(5)/target.c chip/$(5)/target.h \
		$(4)/loader_keys.h $(BEARSSL_SMALL)
	@mkdir -p $$(@D)
	CCACHE_DISABLE=1 $$(TARGET_CC) $$(TARGET_CPPFLAGS) \
		-Ichip/$(5) -I$(4) -isystem $$(T)/gen $$(BEARSSL_CPPFLAGS) \
		$$(filter-out -MMD -MP,$$(TARGET_CFLAGS)) \
		-ffile-prefix-map=$(3)=. -ffile-prefix-map=$(4)=. \
		-DTOP=$(6) -DPAGE_LEN=$(7) $(8) \
		-DLOADER_LINK='"$($(2)_LINK_SRC)"' \
		-DLINK_CLOCKED=$($(2)_LINK_CLOCKED) \
		-DLOADER_PRIM='"$($(5)_PRIM)"' -fwhole-program \
		-fcallgraph-info=su $($(5)_CFLAGS) $$(TARGET_$($(5)_CPU)) \
		-c -o $$@ loader/whole.c
$(3)/stub.o: chip/$(5)/stub.S wire/layout.h
	@mkdir -p $$(@D)
	$$(TARGET_CC) $$(TARGET_CPPFLAGS) -DTOP=$(6) \
		-DPAGE_LEN=$(7) $$(TARGET_$($(5)_CPU)) -c -o $$@ $$<
$(3)/%.ld: loader/%.ld wire/layout.h
	@mkdir -p $$(@D)
	$$(TARGET_CC) -E -P -x c -I. -DTOP=$(6) \
		-DRAM_AT=$($(5)_RAM_AT) -DRAM_LEN=$($(5)_RAM) \
		-DCODE_IN_$($(5)_CODE) \
		-DVECTORS_IN_$(or $($(5)_VECTORS),FLASH) -o $$@ $$<
$(3)/loader.elf: $(3)/loader.o $(3)/loader.ld
	$$(TARGET_CC) $$(TARGET_$($(5)_CPU)) $$(TARGET_LDFLAGS) \
		-T $(3)/loader.ld -Wl,-Map=$(3)/loader.map -o $$@ $$<
$(3)/stub.elf: $(3)/stub.o $(3)/stub.ld
	$$(TARGET_CC) $$(TARGET_$($(5)_CPU)) $$(TARGET_LDFLAGS) -nostdlib \
		-T $(3)/stub.ld -o $$@ $$<
$(3)/%.raw: $(3)/%.elf
	$$(TARGET_OBJCOPY) -O binary $$< $$@
$(3)/loader.json: $(3)/loader.raw $(3)/stub.raw loader/pack.sh \
		loader/stack.awk wire/layout.h
	loader/pack.sh $(3) $(1) $(5) $(2)
$(3)/loader.bin $(3)/stub.bin: $(3)/loader.json ;
endef

# $(1): chip
LOADER_FAMILY = $(word 1,$($(1)_LOADER))
# $(1): chips, $(2): links, or those that there are; "chip/link" each
LOADER_PAIRS = $(foreach c,$(1),$(foreach l,$(if $(2),$(filter $(2),\
	$($(call LOADER_FAMILY,$(c))_LINKS)),$($(call \
	LOADER_FAMILY,$(c))_LINKS)),$(c)/$(l)))
# $(1): pair, $(2): folder of all, $(3): folder of loader_keys.h
LOADER_MAKE = $(call LOADER_MAKE_OF,$(patsubst %/,%,$(dir $(1))),$(notdir \
	$(1)),$(2)/$(subst /,-,$(1)),$(strip $(3)))
LOADER_MAKE_OF = $(eval $(call LOADER_RULE,$(1),$(2),$(3),$(4),$(word \
	1,$($(1)_LOADER)),$(word 2,$($(1)_LOADER)),$(word 3,$($(1)_LOADER)),$(wordlist \
	4,9,$($(1)_LOADER))))
LOADER_FILES = $(foreach p,$(1),$(2)/$(subst /,-,$(p))/loader.json)

# With the key of the tests.
LOADER_ALL := $(call LOADER_PAIRS,$(LOADERS) $(LOADERS_MODEL))
$(foreach p,$(LOADER_ALL),$(call LOADER_MAKE,$(p),$(T)/loader,\
	tests/target/loader))
TARGETS += $(call LOADER_FILES,$(LOADER_ALL),$(T)/loader)

ifneq (,$(filter loader,$(MAKECMDGOALS)))
ifeq (,$(KEYS))
$(error usage: make loader KEYS=path/loader_keys.h OUT=dir [CHIP= FAMILY= LINK=])
endif
ifneq (loader_keys.h,$(notdir $(KEYS)))
$(error $(KEYS): the file must be called loader_keys.h)
endif
ifeq (,$(wildcard $(KEYS)))
$(error $(KEYS) does not exist; signet loader keys-header writes it)
endif
LOADER_OUT := $(strip $(if $(filter command line environment,$(origin \
	OUT)),$(OUT),build/loader))
# the example's CHIP has a default, which is not meant here
LOADER_CHIP := $(if $(filter command line environment,$(origin CHIP)),$(CHIP))
# $(1): chip; itself, unless another family is asked for
LOADER_ASKED = $(if $(FAMILY),$(if $(filter $(FAMILY),$(call \
	LOADER_FAMILY,$(1))),$(1)),$(1))
LOADER_PICK := $(call LOADER_PAIRS,$(foreach c,$(if $(LOADER_CHIP),$(filter \
	$(LOADER_CHIP),$(LOADERS) $(LOADERS_MODEL)),$(LOADERS)),$(call \
	LOADER_ASKED,$(c))),$(LINK))
ifeq (,$(strip $(LOADER_PICK)))
$(error there is no such loader: CHIP is one of $(LOADERS), FAMILY one of \
	$(sort $(foreach c,$(LOADERS),$(call LOADER_FAMILY,$(c)))), LINK uart or \
	swd-pins, not on every chip)
endif
$(foreach p,$(LOADER_PICK),$(call LOADER_MAKE,$(p),$(LOADER_OUT),$(patsubst \
	%/,%,$(dir $(KEYS)))))
# What was built, unless make was told to be silent.
loader: $(call LOADER_FILES,$(LOADER_PICK),$(LOADER_OUT))
	@$(if $(findstring s,$(firstword -$(MAKEFLAGS))),:,awk -F'[ ,]+' \
		'/"flash":/ { n = $$3 } /"flash_max":/ { f = FILENAME; \
		sub("/loader.json$$", "", f); \
		print f ": " n " of " $$3 " bytes" }' $^)
endif

TESTS += test_loader
test_loader_SRC := tests/unit/test_loader.c tests/lib/sealed_bed.c \
	tests/lib/bed_chip.c \
	tests/unit/vmcu_rig.c vmcu/unicorn_leaks.c
test_loader_USE := vmcu seal sealhost wire base
test_loader_LIBS := -lcrypto -lunicorn -lcmocka
$(B)/test_loader: $(call LOADER_FILES,$(LOADER_ALL),$(T)/loader)

# The same on the chips that have neither VTOR, ECC nor an RNG, or not all.
TESTS += test_loader_chips
test_loader_chips_SRC := tests/unit/test_loader_chips.c \
	tests/lib/sealed_bed.c tests/lib/bed_chip.c tests/unit/vmcu_rig.c \
	vmcu/unicorn_leaks.c
test_loader_chips_USE := $(test_loader_USE)
test_loader_chips_LIBS := $(test_loader_LIBS)
$(B)/test_loader_chips: $(call LOADER_FILES,$(LOADER_ALL),$(T)/loader)
.PHONY: loader
