#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Judge: stock OpenOCD with its own scripts, its own flash driver and its own
# on-chip algorithm takes the virtual STM32F103xB and xE for the real ones,
# over JTAG, locked and open.
set -euo pipefail
. tests/lib/vmcu.sh
need openocd timeout cmp

. tests/lib/openocd.sh
OCD_TARGET=(-c "set WORKAREASIZE 0x4000" -f target/stm32f1x.cfg)

# judge CHIP SIZE-IN-KB PAGE DEVICE BOUNDARY-TAP
judge() {
	local chip=$1 kb=$2 page=$3 device=$4 boundary=$5
	local last=$((kb * 1024 / page - 1))

	# A slow clock: OpenOCD waits by polling, and time passes on the wire.
	vmcu_start "$chip" --chip "$chip" --state "$DIR/$chip.state" \
		--bitbang 127.0.0.1:0 --seed 3 --jtag-clock 100000

	say "$chip: attach and identify"
	must attach "init; halt; flash probe 0; mdw 0xe000ed00; dap info
		flash info 0"
	expect attach "$DIR/attach.log" 'tap/device found: 0x3ba00477'
	expect attach "$DIR/attach.log" "tap/device found: $boundary"
	expect attach "$DIR/attach.log" 'Cortex-M3 r1p1 processor detected'
	expect attach "$DIR/attach.log" 'target has 6 breakpoints, 4 watchp'
	expect attach "$DIR/attach.log" "device id = $device"
	expect attach "$DIR/attach.log" "flash size = $kb"
	expect attach "$DIR/attach.log" '0xe000ed00: 411fc231'
	expect attach "$DIR/attach.log" 'Designer is 0x020|STMicroelectronics'
	expect attach "$DIR/attach.log" 'Cortex-M3 SCS'
	expect_not attach "$DIR/attach.log" 'inaccurate|fallback'

	say "$chip: memory, registers, step, breakpoint, watchpoint"
	# adds r0,#1; str r0,[r1]; nop; b back: hardware breakpoints of the M3
	# reach flash only
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

	say "$chip: erase, write by the on-chip algorithm, verify"
	head -c 10007 /dev/urandom >"$DIR/image.bin"
	must write "
		init; reset init
		flash write_image erase $DIR/image.bin 0x08000000
		verify_image $DIR/image.bin 0x08000000
		flash verify_bank 0 $DIR/image.bin
		flash erase_sector 0 $((last - 1)) $last
		flash write_image $DIR/image.bin 0x08010000
		flash erase_sector 0 $((0x10000 / page)) $((0x10000 / page))
		mdw 0x08010000; mdw $((0x08010000 + page))
		dump_image $DIR/back.bin 0x08000000 10007"
	expect write "$DIR/write.log" 'wrote 1[0-9]{4} bytes from file'
	expect write "$DIR/write.log" 'verified 10007 bytes'
	expect write "$DIR/write.log" '0x08010000: ffffffff'
	expect_not write "$DIR/write.log" 'algorithm|slow'
	cmp "$DIR/image.bin" "$DIR/back.bin" || fail "read-back differs"

	say "$chip: a half-word twice: refused, as on silicon"
	if ocd twice "init; reset halt; flash fillh 0x08000000 0x1234 1"; then
		fail "OpenOCD programmed over what was there"
	fi

	say "$chip: a changed image does not verify"
	head -c 10007 "$DIR/image.bin" >"$DIR/other.bin"
	byte_flip "$DIR/other.bin" 10006
	if ocd differ "init; halt; verify_image $DIR/other.bin 0x08000000"; then
		fail "OpenOCD verified a wrong image"
	fi

	say "$chip: lock; still open until options are loaded"
	must lock "init; reset halt; stm32f1x lock 0; mdw 0x08000000
		stm32f1x options_read 0"
	expect lock "$DIR/lock.log" '0x08000000: '
	ctl power off
	ctl power on 10

	say "$chip: locked"
	if ocd locked "init; halt; mdw 0x08000000"; then
		cat "$DIR/locked.log"
		fail "locked flash can be read"
	fi
	expect locked "$DIR/locked.log" 'Failed to read memory at 0x0800000'
	must level "init; halt; flash probe 0; stm32f1x options_read 0
		mdw 0x20000000"
	expect level "$DIR/level.log" \
		'flash size failed, probe inaccurate - assuming|memory at 0x1ffff7e2'
	expect level "$DIR/level.log" 'read protection: on'
	expect level "$DIR/level.log" '0x20000000: '
	if ocd program "init; halt; flash erase_sector 0 8 8"; then
		fail "a page of a locked chip can be erased"
	fi

	say "$chip: unlock: the flash is gone, the chip open"
	must unlock "init; halt; stm32f1x unlock 0"
	ctl power off
	ctl power on 10
	must open "init; halt; flash probe 0; mdw 0x08000000 4
		stm32f1x options_read 0"
	expect open "$DIR/open.log" "flash size = $kb"
	expect open "$DIR/open.log" 'read protection: off'
	expect open "$DIR/open.log" \
		'0x08000000: ffffffff ffffffff ffffffff ffffffff'
	say "$chip: $(ctl info)"
}

judge stm32f103xb 128 1024 0x20036410 0x16410041
judge stm32f103xe 512 2048 0x10036414 0x06414041
say "PASS"
