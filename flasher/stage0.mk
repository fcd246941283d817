# SPDX-License-Identifier: MIT
# Stage 0, and the attack that it stops; flasher/module.mk includes this.
signet-flasher_SRC += flasher/command_stage0.c
target_SRC += flasher/target_stage0.c

# The fake target: plays the chip with no chip (tests/e2e/fake-target.sh).
TOOLS += fake_target
fake_target_SRC := tests/tools/fake_target.c tests/lib/soft_chip.c
fake_target_USE := station ui authority seal sealhost httpc api keys chip wire \
	crypto base
fake_target_LIBS := -lcurl -lssl -lcrypto -ljansson -lpthread

# What ./dev demo shows of a captured wire.
TOOLS += trace_show
trace_show_SRC := tests/tools/trace_show.c tests/lib/trace.c
