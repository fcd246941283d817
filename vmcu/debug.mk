# SPDX-License-Identifier: MIT
#
# The wires in front of the virtual MCU, its bench, and the program.
MODULES += vmcu_bench
vmcu_bench_SRC := vmcu/debug.c vmcu/adi.c vmcu/swd.c vmcu/jtag.c vmcu/swj.c \
	vmcu/bench.c vmcu/dap_probe.c vmcu/dap_transfer.c vmcu/dap_uart.c \
	vmcu/net.c vmcu/dap_server.c vmcu/bitbang.c vmcu/control.c \
	vmcu/command.c

PROGRAMS += signet-vmcu
signet-vmcu_SRC := vmcu/main.c vmcu/run.c vmcu/tool.c
signet-vmcu_USE := vmcu_bench vmcu wire base
signet-vmcu_LIBS := -lunicorn
