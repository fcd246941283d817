# SPDX-License-Identifier: MIT
MODULES += chip
chip_SRC := chip/chip.c chip/check.c chip/lock.c chip/stm32l4/chip.c \
	chip/stm32/uid.c chip/nrf51/chip.c chip/nrf51/uid.c chip/stm32f1/chip.c \
	chip/stm32f0/chip.c

# A family's flash algorithm: compiled for the chip, linked for its place in
# RAM, and turned into a C array that the host's description includes.
# -O2: its loops run in the time that flash needs anyway, but not only there.
ALGO_CFLAGS := -std=c11 -O2 -g -ffreestanding -fno-common -Wall -Wextra \
	-Wshadow -Wundef -fno-tree-loop-distribute-patterns -nostdlib

# $(1) family, $(2) core, $(3) folder of algo_port.c and layout.h
define CHIP_ALGO
$(T)/algo/$(1)_algo.ld: chip/algo.ld chip/$(3)/layout.h
	@mkdir -p $$(@D)
	$$(TARGET_CC) -E -P -x c -I. -DALGO_LAYOUT='"chip/$(3)/layout.h"' \
		-o $$@ $$<
$(T)/algo/$(1)_%.o: chip/algo_%.c
	@mkdir -p $$(@D)
	$$(TARGET_CC) -I. -DALGO_LAYOUT='"chip/$(3)/layout.h"' $$(ALGO_CFLAGS) \
		$$(TARGET_$(2)) -c -o $$@ $$<
$(T)/algo/$(1)_port.o: chip/$(3)/algo_port.c $$(wildcard chip/$(1)/algo_chip.h)
	@mkdir -p $$(@D)
	$$(TARGET_CC) -I. -Ichip/$(1) $$(ALGO_CFLAGS) $$(TARGET_$(2)) -c -o $$@ $$<
$(T)/algo/$(1)_main.o $(T)/algo/$(1)_port.o: chip/algo.h chip/algo_port.h \
	chip/$(3)/layout.h
$(T)/algo/$(1)_algo.elf: $(T)/algo/$(1)_main.o $(T)/algo/$(1)_port.o \
		$(T)/algo/$(1)_algo.ld
	$$(TARGET_CC) $$(TARGET_$(2)) -nostdlib -Wl,--gc-sections \
		-Wl,--build-id=none -Wl,-T,$(T)/algo/$(1)_algo.ld -o $$@ \
		$$(filter %.o,$$^) -lgcc
$(T)/algo/$(1)_algo.bin: $(T)/algo/$(1)_algo.elf
	$$(TARGET_OBJCOPY) -O binary $$< $$@
$(B)/gen/$(1)_algo.h: $(T)/algo/$(1)_algo.bin
	@mkdir -p $$(@D)
	{ echo '/* made from chip/algo_main.c, chip/$(3)/algo_port.c */'; \
	  echo 'static const uint8_t $(1)_algo[] = {'; \
	  od -An -v -tx1 $$< | sed 's/ \([0-9a-f][0-9a-f]\)/0x\1,/g'; \
	  echo '};'; } >$$@
$(B)/chip/$(1)/chip.o: $(B)/gen/$(1)_algo.h
TARGETS += $(T)/algo/$(1)_algo.bin
endef
$(eval $(call CHIP_ALGO,stm32l4,cm4,stm32l4))
$(eval $(call CHIP_ALGO,nrf51,cm0,nrf51))
$(eval $(call CHIP_ALGO,stm32f1,cm3,stm32))
$(eval $(call CHIP_ALGO,stm32f0,cm0,stm32))

TESTS += test_chip
test_chip_SRC := tests/unit/test_chip.c
test_chip_USE := chip wire base
test_chip_LIBS := -lcmocka
