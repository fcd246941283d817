# SPDX-License-Identifier: MIT
#
# vmcu is the chip: core, memories, peripherals and the core's debug
# components.  What the wires in front of it are made of is in debug.mk.
MODULES += vmcu
vmcu_SRC := vmcu/mcu.c vmcu/core.c vmcu/core_exc.c vmcu/core_scs.c \
	vmcu/core_cost.c \
	vmcu/stm32l4/chip.c vmcu/stm32l4/memory.c vmcu/stm32l4/flash.c \
	vmcu/stm32l4/options.c vmcu/stm32l4/rcc.c vmcu/stm32l4/gpio.c \
	vmcu/stm32l4/uart.c vmcu/stm32l4/rng.c vmcu/stm32l4/iwdg.c \
	vmcu/stm32l4/system.c vmcu/stm32l4/profile.c vmcu/stm32l4/state.c

include vmcu/debug.mk
