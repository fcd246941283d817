# SPDX-License-Identifier: MIT
#
# The wires in front of the virtual MCU, its bench, and the program.
vmcu_SRC += vmcu/state.c vmcu/debug.c vmcu/debug_id.c vmcu/raw.c

MODULES += vmcu_bench
vmcu_bench_SRC := vmcu/adi.c vmcu/swd.c vmcu/jtag.c vmcu/swj.c \
	vmcu/bench.c vmcu/line.c vmcu/capture.c vmcu/fault.c vmcu/dap_probe.c vmcu/dap_transfer.c vmcu/dap_uart.c \
	vmcu/net.c vmcu/dap_queue.c vmcu/dap_server.c vmcu/bitbang.c \
	vmcu/usb_desc.c vmcu/usb_stream.c vmcu/usbredir.c vmcu/usb_server.c vmcu/uart_server.c \
	vmcu/control.c vmcu/command.c vmcu/problem.c

PROGRAMS += signet-vmcu
signet-vmcu_SRC := vmcu/main.c vmcu/run.c vmcu/tool.c vmcu/unicorn_leaks.c
signet-vmcu_USE := vmcu_bench vmcu wire base
signet-vmcu_LIBS := -lunicorn -lusbredirparser

TESTS += test_vmcu_adi test_vmcu_dap test_vmcu_jtag test_vmcu_debug
FUZZERS += fuzz_vmcu_dap fuzz_vmcu_bitbang
VMCU_USE := vmcu_bench vmcu wire base
define VMCU_TEST
$(1)_SRC := tests/unit/$(1).c vmcu/unicorn_leaks.c
$(1)_USE := $$(VMCU_USE)
$(1)_LIBS := -lunicorn -lcmocka
endef
$(foreach t,test_vmcu_adi test_vmcu_dap test_vmcu_jtag test_vmcu_debug,\
	$(eval $(call VMCU_TEST,$(t))))

TESTS += test_vmcu_line
test_vmcu_line_SRC := tests/unit/test_vmcu_line.c tests/unit/vmcu_rig.c \
	tests/lib/trace.c vmcu/unicorn_leaks.c
test_vmcu_line_USE := $(VMCU_USE)
test_vmcu_line_LIBS := -lunicorn -lcmocka

TESTS += test_trace
test_trace_SRC := tests/unit/test_trace.c tests/lib/trace.c
test_trace_LIBS := -lcmocka

# USB: the other side is usbredir's own parser.
TESTS += test_vmcu_usb
test_vmcu_usb_SRC := tests/unit/test_vmcu_usb.c tests/lib/usb_guest.c \
	vmcu/unicorn_leaks.c
test_vmcu_usb_USE := $(VMCU_USE)
test_vmcu_usb_LIBS := -lunicorn -lusbredirparser -lcmocka

FUZZERS += fuzz_vmcu_usbredir
fuzz_vmcu_usbredir_SRC := tests/fuzz/fuzz_vmcu_usbredir.c \
	tests/fuzz/replay_main.c vmcu/unicorn_leaks.c
fuzz_vmcu_usbredir_USE := $(VMCU_USE)
fuzz_vmcu_usbredir_LIBS := -lunicorn -lusbredirparser

# The program that takes the debug pins for itself.
TARGETS += $(T)/pins.bin
$(T)/pins.elf: tests/target/pins.c tests/target/pins.ld
	@mkdir -p $(@D)
	$(TARGET_CC) $(TARGET_cm4) -std=c11 -O2 -ffreestanding -Wall -Wextra \
		-nostdlib -nostartfiles -T tests/target/pins.ld -o $@ \
		tests/target/pins.c
$(T)/pins.bin: $(T)/pins.elf
	$(TARGET_OBJCOPY) -O binary $< $@

define VMCU_FUZZER
$(1)_SRC := tests/fuzz/$(1).c tests/fuzz/replay_main.c \
	vmcu/unicorn_leaks.c
$(1)_USE := $$(VMCU_USE)
$(1)_LIBS := -lunicorn
endef
$(foreach t,fuzz_vmcu_dap fuzz_vmcu_bitbang,$(eval $(call VMCU_FUZZER,$(t))))

# What gdb debugs in tests/judge/gdb-l4.sh: -O0, so that lines stay lines.
TARGETS += $(T)/judge.elf
$(T)/judge.elf: tests/target/judge.c tests/target/judge.ld
	@mkdir -p $(@D)
	$(TARGET_CC) $(TARGET_cm4) -std=c11 -O0 -g3 -ffreestanding -Wall \
		-Wextra -nostdlib -nostartfiles -T tests/target/judge.ld \
		-o $@ tests/target/judge.c
