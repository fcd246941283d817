# SPDX-License-Identifier: MIT
#
# Code for the chips: Debian's arm-none-eabi-gcc with picolibc.
TARGET_CC := arm-none-eabi-gcc
TARGET_OBJCOPY := arm-none-eabi-objcopy
TARGET_SIZE := arm-none-eabi-size
BEARSSL_SRC ?= build/deps/bearssl

TARGET_CPPFLAGS := -I. -I$(BEARSSL_SRC)/inc
TARGET_CFLAGS := -std=c11 -Os -g -ffreestanding -ffunction-sections \
	-fdata-sections -fno-common -Wall -Wextra -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wundef -MMD -MP --specs=picolibc.specs
TARGET_LDFLAGS := -nostartfiles -Wl,--gc-sections --specs=picolibc.specs
TARGET_cm0 := -mcpu=cortex-m0 -mthumb
TARGET_cm3 := -mcpu=cortex-m3 -mthumb
TARGET_cm4 := -mcpu=cortex-m4 -mthumb -mfloat-abi=soft
