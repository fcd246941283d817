# SPDX-License-Identifier: MIT
vmcu_SRC += vmcu/stm32f1/chip.c vmcu/stm32f1/memory.c vmcu/stm32f1/gpio.c \
	vmcu/stm32f1/uart.c vmcu/stm32f1/rcc.c vmcu/stm32f1/system.c \
	vmcu/stm32f1/adc.c vmcu/stm32f1/timer.c vmcu/stm32f1/profile.c

F1_TESTS := test_f1_flash test_f1_protect test_f1_bypass test_f1_periph
TESTS += $(F1_TESTS)
define F1_CHIP_TEST
$(1)_SRC := tests/unit/$(1).c tests/unit/f1_rig.c tests/unit/vmcu_rig.c \
	vmcu/unicorn_leaks.c
$(1)_USE := vmcu wire base
$(1)_LIBS := -lunicorn -lcmocka
endef
$(foreach t,$(F1_TESTS),$(eval $(call F1_CHIP_TEST,$(t))))

# What firmware in flash sees of its chip.
TARGETS += $(T)/f1_locked.bin
$(T)/f1_locked.bin: tests/target/f1/locked.S
	@mkdir -p $(@D)
	$(TARGET_CC) $(TARGET_cm3) -nostdlib -nostartfiles -Wl,-Ttext=0x08000000 \
		-Wl,--build-id=none -Wl,-e,0 -o $(@:.bin=.elf) $<
	$(TARGET_OBJCOPY) -O binary -j .text $(@:.bin=.elf) $@
