#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Judge: stock OpenOCD with its own scripts, its own flash driver and its own
# on-chip algorithm takes the virtual STM32L432 for the real one, over JTAG.
set -euo pipefail
. tests/lib/vmcu.sh
need openocd timeout cmp

# A slow clock: OpenOCD waits by polling, and time passes on the wire only.
vmcu_start l4 --state "$DIR/l4.state" --bitbang 127.0.0.1:0 --seed 3 \
	--jtag-clock 100000

. tests/lib/openocd.sh
OCD_TARGET=(-f target/stm32l4x.cfg)

say "attach and identify"
ocd attach "init; halt; flash probe 0; mdw 0xe000ed00; dap info" ||
	{ cat "$DIR/attach.log"; fail "attach"; }
expect attach "$DIR/attach.log" 'tap/device found: 0x4ba00477'
expect attach "$DIR/attach.log" 'tap/device found: 0x06435041'
expect attach "$DIR/attach.log" 'Cortex-M4 r0p1 processor detected'
expect attach "$DIR/attach.log" 'target has 6 breakpoints, 4 watchpoints'
expect attach "$DIR/attach.log" 'device idcode = 0x10016435'
expect attach "$DIR/attach.log" 'RDP level 0 \(0xAA\)'
expect attach "$DIR/attach.log" 'flash mode : single-bank'
expect attach "$DIR/attach.log" 'flash size = 256'
expect attach "$DIR/attach.log" '0xe000ed00: 410fc241'
expect attach "$DIR/attach.log" 'Designer is 0x020|STMicroelectronics'
expect attach "$DIR/attach.log" 'Cortex-M4 SCS'
expect attach "$DIR/attach.log" 'Cortex-M4 TPIU'

say "memory, registers, step, breakpoint, watchpoint"
# adds r0,#1; str r0,[r1]; nop; b back: in SRAM2, where breakpoints reach
ocd core "
	init; reset halt
	mww 0x20000010 0x12345678; mdw 0x20000010
	mwb 0x20000011 0xab; mwh 0x20000012 0xbeef; mdw 0x20000010
	mww 0x10000100 0x60083001; mww 0x10000104 0xe7fbbf00
	reg r0 0; reg r1 0x20000020; reg pc 0x10000100; reg xpsr 0x01000000
	step; step; reg r0; reg pc; mdw 0x20000020
	bp 0x10000106 2 hw; resume; wait_halt 1000
	reg pc
	rbp 0x10000106
	wp 0x20000020 4 w; resume; wait_halt 1000
	rwp 0x20000020
	resume; sleep 20; halt; reg r0
" || { cat "$DIR/core.log"; fail "core"; }
expect core "$DIR/core.log" '0x20000010: 12345678'
expect core "$DIR/core.log" '0x20000010: beefab78'
expect core "$DIR/core.log" 'r0 \(/32\): 0x00000001'
expect core "$DIR/core.log" 'pc \(/32\): 0x10000104'
expect core "$DIR/core.log" '0x20000020: 00000001'
expect core "$DIR/core.log" 'pc \(/32\): 0x10000106'
expect core "$DIR/core.log" 'halted due to breakpoint'
expect core "$DIR/core.log" 'halted due to watchpoint'

say "erase, write by the on-chip algorithm, verify"
head -c 10007 /dev/urandom >"$DIR/image.bin"
ocd write "
	init; reset init
	flash erase_check 0
	flash write_image erase $DIR/image.bin 0x08000000
	verify_image $DIR/image.bin 0x08000000
	flash verify_bank 0 $DIR/image.bin
	flash erase_sector 0 100 101
	flash write_image $DIR/image.bin 0x08032000
	flash erase_sector 0 100 100
	mdw 0x08032000; mdw 0x08032800
	dump_image $DIR/back.bin 0x08000000 10007
" || { cat "$DIR/write.log"; fail "write"; }
expect write "$DIR/write.log" 'wrote 1[0-9]{4} bytes from file'
expect write "$DIR/write.log" 'verified 10007 bytes'
expect write "$DIR/write.log" '0x08032000: ffffffff'
expect_not write "$DIR/write.log" 'algorithm|slow'
cmp "$DIR/image.bin" "$DIR/back.bin" || fail "read-back differs"

say "a changed image does not verify"
head -c 10007 "$DIR/image.bin" >"$DIR/other.bin"
byte_flip "$DIR/other.bin" 10006
if ocd differ "init; halt; verify_image $DIR/other.bin 0x08000000"; then
	fail "OpenOCD verified a wrong image"
fi

say "lock; in force only after a power cycle"
ocd lock "init; reset halt; stm32l4x lock 0; mdw 0x08000000" ||
	{ cat "$DIR/lock.log"; fail "lock"; }
ctl power off
ctl power on 10
if ocd locked "init; halt; mdw 0x08000000"; then
	cat "$DIR/locked.log"
	fail "locked flash can be read"
fi
expect locked "$DIR/locked.log" 'Failed to read memory at 0x0800000'
ocd level "init; halt; flash probe 0; mdw 0x20000000" ||
	{ cat "$DIR/level.log"; fail "SRAM1 must stay readable"; }
expect level "$DIR/level.log" 'RDP level 1'
if ocd sram2 "init; halt; mdw 0x10000000"; then
	fail "SRAM2 can be read at level 1"
fi

say "unlock, option_load: the flash is gone, the chip open"
ocd unlock "init; halt; stm32l4x unlock 0; stm32l4x option_load 0" || true
ctl power off
ctl power on 10
ocd open "init; halt; flash probe 0; mdw 0x08000000 4; flash erase_check 0" ||
	{ cat "$DIR/open.log"; fail "open again"; }
expect open "$DIR/open.log" 'RDP level 0 \(0xAA\)'
expect open "$DIR/open.log" '0x08000000: ffffffff ffffffff ffffffff ffffffff'

say "PASS: $(ctl info)"
