# SPDX-License-Identifier: MIT
# The job on one chip; flasher/module.mk includes this.
MODULES += target
target_SRC := flasher/target.c flasher/target_algo.c flasher/target_flash.c \
	flasher/target_prepare.c \
	flasher/target_lock.c flasher/target_start.c flasher/blocks.c \
	flasher/power.c flasher/gpio.c
target_LIBS := -lgpiod -lpthread

# Drives that job without a server; script tests and the benchmark run it.
TOOLS += target_tool
target_tool_SRC := tests/tools/target_tool.c
target_tool_USE := target probe chip image wire base

TESTS += test_blocks
test_blocks_SRC := tests/unit/test_blocks.c
test_blocks_USE := target probe chip wire base
test_blocks_LIBS := -lcmocka

TESTS += test_power
test_power_SRC := tests/unit/test_power.c
test_power_USE := target probe chip wire base
test_power_LIBS := -lcmocka

TESTS += test_gpio
test_gpio_SRC := tests/unit/test_gpio.c
test_gpio_USE := target probe chip wire base
test_gpio_LIBS := -lcmocka

# Firmware for tests/e2e/target.sh: says hello; the second one shuts the debug
# pins as well.
$(T)/tests/hello.elf: HELLO_FLAGS :=
$(T)/tests/hello_shut.elf: HELLO_FLAGS := -DSHUT
$(T)/tests/hello.elf $(T)/tests/hello_shut.elf: tests/target/hello.c \
		tests/target/hello.ld
	@mkdir -p $(@D)
	$(TARGET_CC) -std=c11 -Os -g -ffreestanding -Wall -Wextra -nostdlib \
		$(TARGET_cm4) $(HELLO_FLAGS) -Wl,--build-id=none \
		-T tests/target/hello.ld -o $@ $<
$(T)/tests/hello.bin $(T)/tests/hello_shut.bin: %.bin: %.elf
	$(TARGET_OBJCOPY) -O binary $< $@
TARGETS += $(T)/tests/hello.bin $(T)/tests/hello_shut.bin

# The same on the example boards.
define HELLO_BOARD
TARGETS += $(T)/tests/hello-$(1).bin
$(T)/tests/hello-$(1).elf: tests/target/hello_board.c examples/$(1)/board.c \
		examples/console.c examples/startup.c examples/board.h \
		examples/$(1)/board_chip.h examples/$(1)/bootloader.ld \
		examples/sections.ld
	@mkdir -p $$(@D)
	$$(TARGET_CC) -I. -Iexamples/$(1) $(3) -std=c11 -Os -g -Wall -Wextra \
		-ffunction-sections $$(TARGET_$(2)) \
		$$(TARGET_LDFLAGS) -L. -T examples/$(1)/bootloader.ld -o $$@ \
		$$(filter %.c,$$^)
$(T)/tests/hello-$(1).bin: $(T)/tests/hello-$(1).elf
	$$(TARGET_OBJCOPY) -O binary $$< $$@
endef
# (on either of the STM32F103s)
$(eval $(call HELLO_BOARD,stm32f0,cm0))
$(eval $(call HELLO_BOARD,stm32f1,cm3,-Iexamples/stm32f1/xb))
