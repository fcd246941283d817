# SPDX-License-Identifier: MIT
vmcu_SRC += $(addprefix vmcu/nrf51/, chip.c memory.c nvmc.c power.c uart.c \
	timer.c rng.c wdt.c gpio.c profile.c)

N51_TESTS := test_n51_nvmc test_n51_protect test_n51_state test_n51_cut \
	test_n51_periph test_n51_judge
TESTS += $(N51_TESTS)
define N51_TEST
$(1)_SRC := tests/unit/$(1).c tests/unit/n51_rig.c \
	tests/unit/vmcu_rig.c vmcu/unicorn_leaks.c
$(1)_USE := vmcu wire base
$(1)_LIBS := -lunicorn -lcmocka
endef
$(foreach t,$(N51_TESTS),$(eval $(call N51_TEST,$(t))))

# What tells the same on the virtual nRF51822 and on QEMU's microbit.
TARGETS += $(T)/n51_judge.bin
$(T)/n51_judge.elf: tests/target/n51/judge.c tests/target/n51/n51.ld
	@mkdir -p $(@D)
	$(TARGET_CC) $(TARGET_cm0) -std=c11 -O2 -g -ffreestanding -Wall \
		-Wextra -fno-tree-loop-distribute-patterns -nostdlib \
		-nostartfiles -T tests/target/n51/n51.ld -o $@ \
		tests/target/n51/judge.c -lgcc
$(T)/n51_judge.bin: $(T)/n51_judge.elf
	$(TARGET_OBJCOPY) -O binary $< $@
