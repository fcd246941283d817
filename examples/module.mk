# SPDX-License-Identifier: MIT
#
# Target code: the verification library for each core, and the example
# bootloader and application for the STM32L432.
#
#   make target
#   make example KEYS=path/signet_keys.h OUT=dir [APP_VERSION=1.0.0]
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

# The example bootloader with crypto that costs nothing: tests/unit/test_glitch
GLITCH := $(T)/glitch/bootloader.elf
TARGETS += $(GLITCH)
$(T)/cm0/examples/bootloader/main.o: TARGET_CPPFLAGS += -Itests/target/glitch
$(GLITCH): $(call target_objs,cm0,examples/bootloader/main.c \
		examples/stm32l4/board.c examples/stm32l4/startup.c \
		tests/target/fake_crypto.c) $(T)/cm0/signet_verify.o \
		examples/bootloader/bootloader.ld examples/stm32l4/sections.ld
	@mkdir -p $(@D)
	$(TARGET_CC) $(TARGET_cm0) $(TARGET_LDFLAGS) -L. \
		-T examples/bootloader/bootloader.ld -o $@ \
		$(filter %.o %.a,$^)

# Fails when the library got larger or slower than it may.
check-size: $(PROBES) $(B)/bench_footprint
	@mkdir -p build/bench
	$(B)/bench_footprint

# -- the example for STM32L432 -----------------------------------------------
BOARD_OBJS := $(call target_objs,cm4,examples/stm32l4/board.c \
	examples/stm32l4/startup.c)
BOOT_LIBS := $(T)/cm4/verify/signet_verify_bearssl_m31.o \
	$(T)/cm4/signet_verify.o
EXAMPLE_LDS := examples/stm32l4/sections.ld

TARGETS += $(BOARD_OBJS)

# The two main.c hold the owner's keys, so they are compiled per KEYS.
OUT ?= build/example
APP_VERSION ?= 1.0.0
EXAMPLE_CC = $(TARGET_CC) $(TARGET_CPPFLAGS) -I$(dir $(KEYS)) \
	$(TARGET_CFLAGS) -ffile-prefix-map=$(OUT)=. \
	-ffile-prefix-map=$(dir $(KEYS))=. $(TARGET_cm4)
EXAMPLE_LD = $(TARGET_CC) $(TARGET_cm4) $(TARGET_LDFLAGS) -L.

example: $(OUT)/firmware.hex
	$(TARGET_SIZE) $(OUT)/bootloader.elf $(OUT)/app.elf

$(OUT)/.keys: FORCE
	@test -n "$(KEYS)" || { echo "usage: make example" \
		"KEYS=path/signet_keys.h OUT=dir [APP_VERSION=1.0.0]" >&2; false; }
	@test -r "$(KEYS)" || { echo "$(KEYS): cannot be read" >&2; false; }
	@mkdir -p $(OUT)
	@{ cat "$(KEYS)"; echo "/* $(APP_VERSION) */"; } >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

$(OUT)/bootloader.o: examples/bootloader/main.c $(OUT)/.keys
	$(EXAMPLE_CC) -c -o $@ $<
$(OUT)/app.o: examples/app/main.c $(OUT)/.keys
	$(EXAMPLE_CC) -DAPP_VERSION='"$(APP_VERSION)"' -c -o $@ $<
$(OUT)/bootloader.elf: $(OUT)/bootloader.o $(BOARD_OBJS) $(BOOT_LIBS) \
		examples/bootloader/bootloader.ld $(EXAMPLE_LDS)
	$(EXAMPLE_LD) -T examples/bootloader/bootloader.ld -o $@ \
		$(filter %.o %.a,$^)
$(OUT)/app.elf: $(OUT)/app.o $(BOARD_OBJS) examples/app/app.ld $(EXAMPLE_LDS)
	$(EXAMPLE_LD) -T examples/app/app.ld -o $@ $(filter %.o %.a,$^)
$(OUT)/%.hex: $(OUT)/%.elf
	$(TARGET_OBJCOPY) -O ihex $< $@
# both images, with one end record and no start address
$(OUT)/firmware.hex: $(OUT)/bootloader.hex $(OUT)/app.hex
	{ grep -hv -e '^:00000001FF' -e '^:04000005' $^; echo ':00000001FF'; } \
		>$@

-include $(wildcard $(OUT)/*.d)

# The examples with keys that are none, for tests/unit/test_boot, which puts
# its own in their place.
BOOT_TEST := $(T)/boot/bootloader.elf $(T)/boot/app.elf
TARGETS += $(BOOT_TEST)
$(T)/cm4/examples/bootloader/main.o $(T)/cm4/examples/app/main.o: \
	TARGET_CPPFLAGS += -Itests/target/glitch
$(T)/boot/bootloader.elf: $(T)/cm4/examples/bootloader/main.o $(BOARD_OBJS) \
		$(BOOT_LIBS) examples/bootloader/bootloader.ld \
		$(EXAMPLE_LDS)
$(T)/boot/app.elf: $(T)/cm4/examples/app/main.o $(BOARD_OBJS) \
		examples/app/app.ld $(EXAMPLE_LDS)
$(BOOT_TEST):
	@mkdir -p $(@D)
	$(EXAMPLE_LD) -T examples/$(basename $(@F))/$(basename $(@F)).ld \
		-o $@ $(filter %.o %.a,$^)

# The board's MPU set-up, judged by QEMU: tests/judge/qemu-mpu.sh
TARGETS += $(T)/mpu.elf
$(T)/mpu.elf: $(call target_objs,cm4,tests/target/mpu/mpu.c) $(BOARD_OBJS) \
		examples/bootloader/bootloader.ld $(EXAMPLE_LDS)
	$(EXAMPLE_LD) -T examples/bootloader/bootloader.ld -o $@ \
		$(filter %.o,$^)

FORCE:
.PHONY: example check-size FORCE
