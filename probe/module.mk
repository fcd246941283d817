# SPDX-License-Identifier: MIT
MODULES += probe
probe_SRC := probe/probe.c probe/dbg.c probe/tcp.c probe/serial.c \
	probe/gdb.c probe/gdb_connect.c probe/gdb_server.c \
	probe/gdb_mem.c probe/gdb_core.c probe/gdb_probe.c probe/gdb_load.c \
	probe/usb.c probe/usb_bulk.c probe/usb_hid.c \
	probe/dap_probe.c probe/dap.c probe/codec.c probe/dap_tcp.c \
	probe/adi.c probe/mem.c probe/cortexm.c \
	probe/line.c probe/link.c probe/link_swd.c probe/link_uart.c
probe_LIBS := -lusb-1.0 -lhidapi-hidraw -lpthread

TESTS += test_probe_usb
test_probe_usb_SRC := tests/unit/test_probe_usb.c
test_probe_usb_USE := probe wire base
test_probe_usb_LIBS := -lcmocka

TESTS += test_probe_codec
test_probe_codec_SRC := tests/unit/test_probe_codec.c
test_probe_codec_USE := probe wire base
test_probe_codec_LIBS := -lcmocka

FUZZERS += fuzz_probe_dap
fuzz_probe_dap_SRC := tests/fuzz/fuzz_probe_dap.c tests/fuzz/replay_main.c
fuzz_probe_dap_USE := probe wire base

TESTS += test_probe_lost
test_probe_lost_SRC := tests/unit/test_probe_lost.c
test_probe_lost_USE := probe wire base
test_probe_lost_LIBS := -lcmocka

# Script tests of GDB servers.
TOOLS += gdb_tool
gdb_tool_SRC := tests/tools/gdb_tool.c
gdb_tool_USE := probe image wire base

# Firmware for QEMU's micro:bit (tests/judge/microbit.sh).
$(T)/tests/table.S: tests/target/table.awk
	@mkdir -p $(@D)
	awk -f $< >$@
$(T)/tests/microbit.elf: tests/target/microbit.c tests/target/microbit.ld \
		$(T)/tests/table.S
	@mkdir -p $(@D)
	$(TARGET_CC) -std=c11 -Os -g -ffreestanding -Wall -Wextra -nostdlib \
		$(TARGET_cm0) -Wl,--build-id=none \
		-T tests/target/microbit.ld -o $@ tests/target/microbit.c \
		$(T)/tests/table.S
$(T)/tests/microbit.bin: $(T)/tests/microbit.elf
	$(TARGET_OBJCOPY) -O binary $< $@
TARGETS += $(T)/tests/microbit.bin

TESTS += test_gdb_probe
test_gdb_probe_SRC := tests/unit/test_gdb_probe.c tests/lib/gdb_server.c
test_gdb_probe_USE := probe wire base
test_gdb_probe_LIBS := -lcmocka
