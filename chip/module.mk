# SPDX-License-Identifier: MIT
MODULES += chip
chip_SRC := chip/chip.c chip/check.c chip/lock.c chip/stm32l4/chip.c chip/stm32l4/uid.c \
	chip/stm32f1/chip.c

# The flash algorithm: compiled for the chip, linked for its place in RAM, and
# turned into a C array that the host's description includes.
L4_ALGO := $(T)/algo/stm32l4_algo

$(L4_ALGO).ld: chip/stm32l4/algo.ld chip/stm32l4/layout.h
	@mkdir -p $(@D)
	$(TARGET_CC) -E -P -x c -I. -o $@ $<

# -O2: its loops run in the time that flash needs anyway, but not only there.
$(L4_ALGO).o: chip/stm32l4/flash_algo.c chip/stm32l4/layout.h chip/algo.h
	@mkdir -p $(@D)
	$(TARGET_CC) -I. -std=c11 -O2 -g -ffreestanding -fno-common -Wall \
		-Wextra -Wshadow -Wundef -fno-tree-loop-distribute-patterns \
		-nostdlib $(TARGET_cm4) -c -o $@ $<

$(L4_ALGO).elf: $(L4_ALGO).o $(L4_ALGO).ld
	$(TARGET_CC) $(TARGET_cm4) -nostdlib -Wl,--gc-sections,--build-id=none \
		-Wl,-T,$(L4_ALGO).ld -o $@ $(L4_ALGO).o

$(L4_ALGO).bin: $(L4_ALGO).elf
	$(TARGET_OBJCOPY) -O binary $< $@

$(B)/gen/stm32l4_algo.h: $(L4_ALGO).bin
	@mkdir -p $(@D)
	{ echo '/* made from chip/stm32l4/flash_algo.c */'; \
	  echo 'static const uint8_t stm32l4_algo[] = {'; \
	  od -An -v -tx1 $< | sed 's/ \([0-9a-f][0-9a-f]\)/0x\1,/g'; \
	  echo '};'; } >$@

$(B)/chip/stm32l4/chip.o: $(B)/gen/stm32l4_algo.h

TARGETS += $(L4_ALGO).bin

# The same for STM32F1 and STM32F0, from one source: $(1) family, $(2) core.
define STM32F_ALGO_RULE
$(T)/algo/$(1)_algo.o: chip/stm32/flash_algo.c chip/$(1)/algo_chip.h \
		chip/stm32/layout.h chip/algo.h
	@mkdir -p $$(@D)
	$$(TARGET_CC) -I. -Ichip/$(1) -std=c11 -O2 -g -ffreestanding \
		-fno-common -Wall -Wextra -Wshadow -Wundef \
		-fno-tree-loop-distribute-patterns -nostdlib \
		$$(TARGET_$(2)) -c -o $$@ $$<
$(T)/algo/$(1)_algo.elf: $(T)/algo/$(1)_algo.o $(T)/algo/stm32f_algo.ld
	$$(TARGET_CC) $$(TARGET_$(2)) -nostdlib \
		-Wl,--gc-sections,--build-id=none \
		-Wl,-T,$(T)/algo/stm32f_algo.ld -o $$@ $$<
$(T)/algo/$(1)_algo.bin: $(T)/algo/$(1)_algo.elf
	$$(TARGET_OBJCOPY) -O binary $$< $$@
$(B)/gen/$(1)_algo.h: $(T)/algo/$(1)_algo.bin
	@mkdir -p $$(@D)
	{ echo '/* made from chip/stm32/flash_algo.c */'; \
	  echo 'static const uint8_t $(1)_algo[] = {'; \
	  od -An -v -tx1 $$< | sed 's/ \([0-9a-f][0-9a-f]\)/0x\1,/g'; \
	  echo '};'; } >$$@
$(B)/chip/$(1)/chip.o: $(B)/gen/$(1)_algo.h
TARGETS += $(T)/algo/$(1)_algo.bin
endef
$(T)/algo/stm32f_algo.ld: chip/stm32/algo.ld chip/stm32/layout.h
	@mkdir -p $(@D)
	$(TARGET_CC) -E -P -x c -I. -o $@ $<
$(eval $(call STM32F_ALGO_RULE,stm32f1,cm3))

TESTS += test_chip
test_chip_SRC := tests/unit/test_chip.c
test_chip_USE := chip wire base
test_chip_LIBS := -lcmocka
