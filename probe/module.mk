# SPDX-License-Identifier: MIT
MODULES += probe
probe_SRC := probe/probe.c probe/dap.c probe/codec.c probe/dap_tcp.c \
	probe/adi.c probe/mem.c probe/cortexm.c
