# SPDX-License-Identifier: MIT
# The job on one chip; flasher/module.mk includes this.
MODULES += target
target_SRC := flasher/target.c flasher/target_algo.c flasher/target_flash.c \
	flasher/target_lock.c flasher/target_start.c flasher/blocks.c \
	flasher/power.c

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
