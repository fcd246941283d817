# SPDX-License-Identifier: MIT
#
# What searches captures, memories and disks for secrets.
TOOLS += leak_find frame_common
leak_find_SRC := tests/tools/leak_find.c tests/lib/leak.c tests/lib/trace.c
frame_common_SRC := tests/tools/frame_common.c tests/lib/trace.c
