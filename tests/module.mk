# SPDX-License-Identifier: MIT
#
# What searches captures, memories and disks for secrets.
TOOLS += leak_find frame_common
leak_find_SRC := tests/tools/leak_find.c tests/lib/leak.c tests/lib/trace.c
frame_common_SRC := tests/tools/frame_common.c tests/lib/trace.c
#
# The adversary's sweeps over the loader's machine code (conf/dev/sweep.sh);
# short forms run in tests/e2e/sweep.sh.
SWEEPS := sweep_power sweep_debugger sweep_lock
TOOLS += $(SWEEPS)
define SWEEP_RULE
$(1)_SRC := tests/sweep/$(1:sweep_%=%).c tests/lib/fork_bed.c \
	tests/lib/leak.c tests/lib/sealed_bed.c \
	tests/lib/bed_chip.c tests/lib/elf32.c \
	tests/unit/vmcu_rig.c vmcu/unicorn_leaks.c
$(1)_USE := chip vmcu seal sealhost wire base
$(1)_LIBS := -lunicorn -lcmocka -lcrypto
endef
$(foreach s,$(SWEEPS),$(eval $(call SWEEP_RULE,$(s))))
sweep_debugger_SRC += tests/sweep/step_read.c

TOOLS += vmcu_forks
vmcu_forks_SRC := tests/tools/vmcu_forks.c tests/lib/fork_bed.c vmcu/run.c \
	vmcu/unicorn_leaks.c
vmcu_forks_USE := vmcu_bench vmcu wire base
vmcu_forks_LIBS := -lunicorn -lusbredirparser

TOOLS += key_try
key_try_SRC := tests/tools/key_try.c
key_try_LIBS := -lcrypto
