# SPDX-License-Identifier: MIT
#
# vmcu is the chip: core, memories, peripherals and the core's debug
# components.  What the wires in front of it are made of is in debug.mk.
MODULES += vmcu
vmcu_SRC := vmcu/mcu.c vmcu/mcu_life.c vmcu/mcu_bus.c vmcu/serial.c vmcu/core.c vmcu/core_hook.c vmcu/core_memory.c \
	vmcu/core_exc.c vmcu/core_scs.c vmcu/core_cost.c vmcu/core_model.c vmcu/core_debug.c vmcu/core_skip.c \
	vmcu/stm32l4/chip.c vmcu/stm32l4/memory.c vmcu/stm32l4/flash.c \
	vmcu/stm32l4/flash_regs.c vmcu/stm32l4/options.c \
	vmcu/stm32l4/rcc.c vmcu/stm32l4/rng.c \
	vmcu/stm32/bus.c vmcu/stm32/gpio.c vmcu/stm32/usart.c vmcu/stm32/dma.c \
	vmcu/stm32/iwdg.c vmcu/stm32/ids.c vmcu/stm32/fpec.c vmcu/stm32/fpec_regs.c \
	vmcu/stm32l4/system.c vmcu/stm32l4/profile.c
vmcu_SRC += vmcu/stm32f0/chip.c vmcu/stm32f0/memory.c vmcu/stm32f0/rcc.c \
	vmcu/stm32f0/adc.c vmcu/stm32f0/tim14.c vmcu/stm32f0/system.c \
	vmcu/stm32f0/profile.c

VMCU_TESTS := test_vmcu_core test_vmcu_irq test_vmcu_flash test_vmcu_protect \
	test_vmcu_periph test_vmcu_dma test_vmcu_state test_vmcu_cut test_vmcu_faults
TESTS += $(VMCU_TESTS)
define VMCU_CHIP_TEST
$(1)_SRC := tests/unit/$(1).c tests/unit/vmcu_rig.c
$(1)_USE := vmcu wire base
$(1)_LIBS := -lunicorn -lcmocka
endef
$(foreach t,$(VMCU_TESTS),$(eval $(call VMCU_CHIP_TEST,$(t))))

F0_TESTS := test_vmcu_m0 test_vmcu_m3 test_vmcu_f0 test_vmcu_f0_periph
TESTS += $(F0_TESTS)
define VMCU_F0_TEST
$(1)_SRC := tests/unit/$(1).c tests/unit/vmcu_rig.c tests/unit/f0_rig.c
$(1)_USE := vmcu wire base
$(1)_LIBS := -lunicorn -lcmocka
endef
$(foreach t,$(F0_TESTS),$(eval $(call VMCU_F0_TEST,$(t))))

# The interrupt test program, for here and for QEMU.
IRQ_SRC := tests/target/irq/start.c tests/target/irq/irq.c \
	tests/target/irq/fault.c
TARGETS += $(T)/irq.bin
$(T)/irq.elf: $(IRQ_SRC) tests/target/irq/irq.h tests/target/irq/irq.ld
	@mkdir -p $(@D)
	$(TARGET_CC) -I. $(TARGET_cm4) -std=c11 -O2 -g -ffreestanding -Wall \
		-Wextra -nostdlib -nostartfiles -T tests/target/irq/irq.ld \
		-o $@ $(IRQ_SRC)
$(T)/irq.bin: $(T)/irq.elf
	$(TARGET_OBJCOPY) -O binary $< $@

# What bench/vmcu.c measures the speed with.
TARGETS += $(T)/mips.bin
$(T)/mips.elf: tests/target/mips.c tests/target/irq/irq.ld
	@mkdir -p $(@D)
	$(TARGET_CC) $(TARGET_cm4) -std=c11 -O2 -ffreestanding -Wall -Wextra \
		-fno-tree-loop-distribute-patterns -nostdlib -nostartfiles \
		-T tests/target/irq/irq.ld -o $@ tests/target/mips.c
$(T)/mips.bin: $(T)/mips.elf
	$(TARGET_OBJCOPY) -O binary $< $@

BENCHES += bench_vmcu
bench_vmcu_SRC := bench/vmcu.c
bench_vmcu_USE := vmcu wire base
bench_vmcu_LIBS := -lunicorn -lpthread

include vmcu/nrf51/nrf51.mk
include vmcu/debug.mk
include vmcu/stm32f1/stm32f1.mk
