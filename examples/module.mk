# SPDX-License-Identifier: MIT
#
# Target code: the verification library for each core, and the example
# bootloader and application for each chip.
#
#   make target
#   make example KEYS=path/signet_keys.h OUT=dir [CHIP=stm32l432]
#                [MODE=sealed] [APP_VERSION=1.0.0]
#
# KEYS is what `signet product keys-header NAME` writes.  OUT gets
# bootloader.elf|hex, app.elf|hex and firmware.hex, which holds both.

# -- libverify.a: the verification library without its crypto ----------------
TARGET_VERIFY_SRC := base/cbor.c base/ct.c base/rw.c wire/cose.c \
	wire/credential.c wire/name.c wire/record.c wire/release.c \
	verify/evidence.c verify/object.c verify/device.c verify/firmware.c
target_objs = $(patsubst %.c,$(T)/$(1)/%.o,$(2))

define VERIFY_RULE
$(T)/$(1)/libverify.a: $(call target_objs,$(1),$(TARGET_VERIFY_SRC))
	@rm -f $$@
	$$(TARGET_AR) rcsD $$@ $$^
endef
$(foreach c,cm0 cm3 cm4,$(eval $(call VERIFY_RULE,$(c))))

# -- which crypto on which core (bench/footprint measures them) --------------
VERIFY_BUILDS := cm0-i15 cm0-m15 cm3-i31 cm3-m31 cm4-i31 cm4-m31
verify_build_objs = $(foreach b,$(VERIFY_BUILDS),$(T)/$(subst \
	-,/verify/signet_verify_bearssl_,$(b)).o)

TARGETS += $(foreach c,cm0 cm3 cm4,$(T)/$(c)/libverify.a) $(verify_build_objs)

# The delivered file, with each of them, as a program that bench/footprint
# weighs and runs.
$(T)/cm%/signet_verify.o: $(VERIFY_DIST)/signet_verify.c \
		$(VERIFY_DIST)/signet_verify.h
	@mkdir -p $(@D)
	$(TARGET_CC) $(TARGET_CFLAGS) -std=c99 $(TARGET_cm$*) -c -o $@ $<

# NAME.elf is linked from the delivered file, NAME-parts.elf from the sources
# that it was made of, so that they can be weighed apart.
define PROBE_RULE
$(T)/probe/$(1)-$(2).elf: $(T)/$(1)/signet_verify.o
$(T)/probe/$(1)-$(2)-parts.elf: $(T)/$(1)/libverify.a
$(T)/probe/$(1)-$(2).elf $(T)/probe/$(1)-$(2)-parts.elf: \
		$(T)/$(1)/tests/target/probe.o \
		$(T)/$(1)/verify/signet_verify_bearssl_$(2).o \
		tests/target/probe.ld
	@mkdir -p $$(@D)
	$$(TARGET_CC) $$(TARGET_$(1)) $$(TARGET_LDFLAGS) \
		-T tests/target/probe.ld -Wl,-Map=$$(@:.elf=.map) -o $$@ \
		$$(filter %.o,$$^) $$(filter %.a,$$^)
endef
$(foreach b,$(VERIFY_BUILDS),$(eval $(call PROBE_RULE,$(firstword \
	$(subst -, ,$(b))),$(lastword $(subst -, ,$(b))))))
PROBES := $(foreach b,$(VERIFY_BUILDS),$(T)/probe/$(b).elf \
	$(T)/probe/$(b)-parts.elf)
TARGETS += $(PROBES)

# What belongs to a board, by family; its objects must find board_chip.h.
define BOARD_RULE
BOARD_$(1) := examples/$(1)/board.c examples/console.c examples/startup.c
TICKS_$(1) := examples/$(1)/ticks.c
endef
EXAMPLE_FAMILIES := stm32l4 stm32f0 nrf51
$(foreach f,$(EXAMPLE_FAMILIES),$(eval $(call BOARD_RULE,$(f))))

# The example bootloader with crypto that costs nothing: tests/unit/test_glitch
GLITCH := $(T)/glitch/bootloader.elf
TARGETS += $(GLITCH)
$(T)/cm0/examples/bootloader/main.o: TARGET_CPPFLAGS += -Itests/target/glitch
$(call target_objs,cm0,examples/bootloader/main.c $(BOARD_stm32l4)) \
	$(call target_objs,cm4,examples/bootloader/main.c \
	examples/app/main.c tests/target/mpu/mpu.c $(BOARD_stm32l4) \
	$(TICKS_stm32l4)): \
	TARGET_CPPFLAGS += -Iexamples/stm32l4
$(GLITCH): $(call target_objs,cm0,examples/bootloader/main.c \
		$(BOARD_stm32l4)) $(call target_objs,cm0,\
		tests/target/fake_crypto.c) $(T)/cm0/signet_verify.o \
		examples/stm32l4/bootloader.ld examples/sections.ld
	@mkdir -p $(@D)
	$(TARGET_CC) $(TARGET_cm0) $(TARGET_LDFLAGS) -L. \
		-T examples/stm32l4/bootloader.ld -o $@ \
		$(filter %.o %.a,$^)

# Fails when the library got larger or slower than it may.
check-size: $(PROBES) $(B)/bench_footprint
	@mkdir -p build/bench
	$(B)/bench_footprint

# -- the examples, by chip ---------------------------------------------------
# family, core, crypto (bench/footprint: the fast one, where there is a choice),
# and the folder of what sister chips differ in
EXAMPLE_stm32l432 := stm32l4 cm4 m31
EXAMPLE_stm32f051 := stm32f0 cm0 m15
EXAMPLE_stm32f103xb := stm32f1 cm3 m31 xb
EXAMPLE_stm32f103xe := stm32f1 cm3 m31 xe
EXAMPLE_nrf51822 := nrf51 cm0 m15
EXAMPLE_CHIPS := stm32l432 stm32f103xb stm32f103xe stm32f051 nrf51822

CHIP ?= stm32l432
EXAMPLE := $(or $(EXAMPLE_$(CHIP)),none none none)
EXAMPLE_FAMILY := $(word 1,$(EXAMPLE))
EXAMPLE_CORE := $(word 2,$(EXAMPLE))
SISTER := examples/$(EXAMPLE_FAMILY)$(addprefix /,$(word 4,$(EXAMPLE)))
EXAMPLE_LDS := examples/sections.ld
# where the bootloader lies, if that depends on the mode
BOOT_LD_stm32f1_sealed := examples/stm32f1/sealed.ld
BOOT_LD := $(or $(BOOT_LD_$(EXAMPLE_FAMILY)_$(MODE)),\
	examples/$(EXAMPLE_FAMILY)/bootloader.ld)
boot_libs = $(T)/$(1)/verify/signet_verify_bearssl_$(2).o \
	$(T)/$(1)/signet_verify.o

# All that is not the two images is compiled per KEYS too, because it differs
# from chip to chip.
OUT ?= build/example
APP_VERSION ?= 1.0.0
EXAMPLE_CC = $(TARGET_CC) $(TARGET_CPPFLAGS) -I$(dir $(KEYS)) \
	-Iexamples/$(EXAMPLE_FAMILY) -I$(SISTER) $(TARGET_CFLAGS) -ffile-prefix-map=$(OUT)=. \
	-ffile-prefix-map=$(dir $(KEYS))=. $(TARGET_$(EXAMPLE_CORE))
EXAMPLE_LD = $(TARGET_CC) $(TARGET_$(EXAMPLE_CORE)) $(TARGET_LDFLAGS) -L.

example: $(OUT)/firmware.hex
	$(TARGET_SIZE) $(OUT)/bootloader.elf $(OUT)/app.elf

$(OUT)/.keys: FORCE
	@test -n "$(KEYS)" || { echo "usage: make example" \
		"KEYS=path/signet_keys.h OUT=dir [CHIP=stm32l432]" \
		"[MODE=sealed] [APP_VERSION=1.0.0]" >&2; false; }
	@test $(EXAMPLE_FAMILY) != none || { echo "there is no example for $(CHIP):" \
		"$(EXAMPLE_CHIPS)" >&2; false; }
	@test "$(notdir $(KEYS))" = signet_keys.h || { echo "$(KEYS):" \
		"the file must be called signet_keys.h" >&2; false; }
	@test -r "$(KEYS)" || { echo "$(KEYS): cannot be read; signet product" \
		"keys-header writes it" >&2; false; }
	@mkdir -p $(OUT)
	@{ cat "$(KEYS)"; echo "/* $(APP_VERSION) $(CHIP) $(MODE) */"; } >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

OUT_BOARD := $(OUT)/board.o $(OUT)/console.o $(OUT)/startup.o
$(OUT)/bootloader.o: examples/bootloader/main.c $(OUT)/.keys
	$(EXAMPLE_CC) -c -o $@ $<
$(OUT)/app.o: examples/app/main.c $(OUT)/.keys
	$(EXAMPLE_CC) -DAPP_VERSION='"$(APP_VERSION)"' -c -o $@ $<
$(OUT)/board.o $(OUT)/ticks.o: $(OUT)/%.o: examples/$(EXAMPLE_FAMILY)/%.c $(OUT)/.keys
	$(EXAMPLE_CC) -c -o $@ $<
$(OUT)/console.o $(OUT)/startup.o: $(OUT)/%.o: examples/%.c $(OUT)/.keys
	$(EXAMPLE_CC) -c -o $@ $<
$(OUT)/bootloader.elf: $(OUT)/bootloader.o $(OUT_BOARD) \
		$(call boot_libs,$(EXAMPLE_CORE),$(word 3,$(EXAMPLE))) \
		$(BOOT_LD) $(EXAMPLE_LDS) $(OUT)/.keys
	$(EXAMPLE_LD) -T $(BOOT_LD) -o $@ \
		$(filter %.o %.a,$^)
$(OUT)/app.elf: $(OUT)/app.o $(OUT)/ticks.o $(OUT_BOARD) $(SISTER)/app.ld \
		$(EXAMPLE_LDS)
	$(EXAMPLE_LD) -T $(SISTER)/app.ld -o $@ $(filter %.o %.a,$^)
$(OUT)/%.hex: $(OUT)/%.elf
	$(TARGET_OBJCOPY) -O ihex $< $@
# both images, with one end record and no start address
$(OUT)/firmware.hex: $(OUT)/bootloader.hex $(OUT)/app.hex
	{ grep -hv -e '^:00000001FF' -e '^:04000005' $^; echo ':00000001FF'; } \
		>$@

-include $(wildcard $(OUT)/*.d)

# The STM32L432's with keys that are none, for tests/unit/test_boot, which puts
# its own in their place.
BOOT_TEST := $(T)/boot/bootloader.elf $(T)/boot/app.elf
BOARD_OBJS := $(call target_objs,cm4,$(BOARD_stm32l4))
L4_LD = $(TARGET_CC) $(TARGET_cm4) $(TARGET_LDFLAGS) -L.
TARGETS += $(BOOT_TEST)
$(T)/cm4/examples/bootloader/main.o $(T)/cm4/examples/app/main.o: \
	TARGET_CPPFLAGS += -Itests/target/glitch
$(T)/boot/bootloader.elf: $(T)/cm4/examples/bootloader/main.o $(BOARD_OBJS) \
		$(call boot_libs,cm4,m31) examples/stm32l4/bootloader.ld \
		$(EXAMPLE_LDS)
$(T)/boot/app.elf: $(T)/cm4/examples/app/main.o $(BOARD_OBJS) \
		$(call target_objs,cm4,$(TICKS_stm32l4)) \
		examples/stm32l4/app.ld $(EXAMPLE_LDS)
$(BOOT_TEST):
	@mkdir -p $(@D)
	$(L4_LD) -T examples/stm32l4/$(basename $(@F)).ld -o $@ \
		$(filter %.o %.a,$^)

# The board's MPU set-up, judged by QEMU: tests/judge/qemu-mpu.sh
TARGETS += $(T)/mpu.elf
$(T)/mpu.elf: $(call target_objs,cm4,tests/target/mpu/mpu.c) $(BOARD_OBJS) \
		examples/stm32l4/bootloader.ld $(EXAMPLE_LDS)
	$(L4_LD) -T examples/stm32l4/bootloader.ld -o $@ $(filter %.o,$^)

FORCE:
.PHONY: example check-size FORCE
