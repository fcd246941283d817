#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Judge: stock OpenOCD with its own STM32F0 script and driver.  The chip has
# SWD alone, which this OpenOCD cannot speak to a simulator, so it comes by a
# JTAG port that no silicon has (--fiction-jtag).  tests/judge/usb-guest.sh
# goes over SWD.
set -euo pipefail
. tests/lib/vmcu.sh
need openocd timeout cmp

say "without the switch there is no JTAG"
if "$B/signet-vmcu" run --chip stm32f051 --bitbang 127.0.0.1:0 \
	>"$DIR/refused" 2>&1; then
	fail "a JTAG port in front of a chip that has none"
fi
expect refused "$DIR/refused" 'SWD alone'

# A slow clock: OpenOCD waits by polling, and time passes on the wire only.
vmcu_start f0 --chip stm32f051 --state "$DIR/f0.state" \
	--bitbang 127.0.0.1:0 --fiction-jtag --seed 3 --jtag-clock 100000

. tests/lib/openocd.sh
OCD_TARGET=(-f target/stm32f0x.cfg
	-c "stm32f0x.cpu configure -event reset-start {}"
	-c "stm32f0x.cpu configure -event reset-init {}")

say "attach and identify"
must attach "init; halt; flash probe 0; mdw 0xe000ed00; dap info
	flash info 0"
expect attach "$DIR/attach.log" 'tap/device found: 0x0bb11477'
expect attach "$DIR/attach.log" 'Cortex-M0 r0p0 processor detected'
expect attach "$DIR/attach.log" 'target has 4 breakpoints, 2 watchp'
expect attach "$DIR/attach.log" 'device id = 0x20006440'
expect attach "$DIR/attach.log" 'flash size = 64'
expect attach "$DIR/attach.log" '0xe000ed00: 410cc200'
expect attach "$DIR/attach.log" 'Designer is 0x020|STMicroelectronics'
expect attach "$DIR/attach.log" 'Cortex-M0 SCS'
expect_not attach "$DIR/attach.log" 'inaccurate|fallback'

say "memory, registers, step, breakpoint, watchpoint"
# adds r0,#1; str r0,[r1]; nop; b back
must core "
	init; reset halt
	mww 0x20000010 0x12345678; mdw 0x20000010
	mwb 0x20000011 0xab; mwh 0x20000012 0xbeef; mdw 0x20000010
	flash fillw 0x08000100 0x60083001 1
	flash fillw 0x08000104 0xe7fbbf00 1
	reg r0 0; reg r1 0x20000020; reg pc 0x08000100
	reg xpsr 0x01000000
	step; step; reg r0; reg pc; mdw 0x20000020
	bp 0x08000106 2 hw; resume; wait_halt 1000
	reg pc
	rbp 0x08000106
	wp 0x20000020 4 w; resume; wait_halt 1000
	rwp 0x20000020
	resume; sleep 20; halt; reg r0"
expect core "$DIR/core.log" '0x20000010: 12345678'
expect core "$DIR/core.log" '0x20000010: beefab78'
expect core "$DIR/core.log" 'r0 \(/32\): 0x00000001'
expect core "$DIR/core.log" 'pc \(/32\): 0x08000104'
expect core "$DIR/core.log" '0x20000020: 00000001'
expect core "$DIR/core.log" 'pc \(/32\): 0x08000106'
expect core "$DIR/core.log" 'halted due to breakpoint'
expect core "$DIR/core.log" 'halted due to watchpoint'

say "erase, write by the on-chip algorithm, verify"
head -c 10007 /dev/urandom >"$DIR/image.bin"
must write "
	init; reset init
	flash write_image erase $DIR/image.bin 0x08000000
	verify_image $DIR/image.bin 0x08000000
	flash verify_bank 0 $DIR/image.bin
	flash erase_sector 0 62 63
	flash write_image $DIR/image.bin 0x08008000
	flash erase_sector 0 32 32
	mdw 0x08008000; mdw 0x08008400
	dump_image $DIR/back.bin 0x08000000 10007"
expect write "$DIR/write.log" 'wrote 1[0-9]{4} bytes from file'
expect write "$DIR/write.log" 'verified 10007 bytes'
expect write "$DIR/write.log" '0x08008000: ffffffff'
expect_not write "$DIR/write.log" 'algorithm|slow'
cmp "$DIR/image.bin" "$DIR/back.bin" || fail "read-back differs"

say "a half-word twice: refused, as on silicon"
if ocd twice "init; reset halt; flash fillh 0x08000000 0x1234 1"; then
	fail "OpenOCD programmed over what was there"
fi

say "a changed image does not verify"
{ head -c 10006 "$DIR/image.bin"; tail -c 1 "$DIR/image.bin" |
	tr '\000-\377' '\001-\377\000'; } >"$DIR/other.bin"
if ocd differ "init; halt; verify_image $DIR/other.bin 0x08000000"; then
	fail "OpenOCD verified a wrong image"
fi

say "lock; neither that nor a reset loads it"
must lock "init; reset halt; stm32f1x lock 0; reset halt; mdw 0x08000000
	stm32f1x options_read 0"
expect lock "$DIR/lock.log" '0x08000000: '
expect lock "$DIR/lock.log" 'read protection: off'
ctl power off
ctl power on 10

say "locked"
if ocd locked "init; halt; mdw 0x08000000"; then
	cat "$DIR/locked.log"
	fail "locked flash can be read"
fi
expect locked "$DIR/locked.log" 'Failed to read memory at 0x0800000'
must level "init; halt; flash probe 0; stm32f1x options_read 0
	mdw 0x20000000"
expect level "$DIR/level.log" 'flash size = 64' # readable, unlike an F1's
expect level "$DIR/level.log" 'read protection: on'
expect level "$DIR/level.log" '0x20000000: '
if ocd program "init; halt; flash erase_sector 0 8 8"; then
	fail "a page of a locked chip can be erased"
fi

say "unlock: the flash is gone, the chip open"
must unlock "init; halt; stm32f1x unlock 0"
ctl power off
ctl power on 10
must open "init; halt; flash probe 0; mdw 0x08000000 4
	stm32f1x options_read 0"
expect open "$DIR/open.log" 'read protection: off'
expect open "$DIR/open.log" '0x08000000: ffffffff ffffffff ffffffff ffffffff'
say "PASS: $(ctl info)"
