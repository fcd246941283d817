# SPDX-License-Identifier: MIT
# The job on one chip; flasher/module.mk includes this.
MODULES += target
target_SRC := flasher/target.c flasher/target_algo.c flasher/target_flash.c \
	flasher/target_lock.c flasher/target_start.c flasher/blocks.c \
	flasher/power.c
