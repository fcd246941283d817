#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Judge: stock OpenOCD in a Debian guest sees each virtual chip behind a USB
# CMSIS-DAP probe, through Linux' USB stack, over SWD: identify, memory, step,
# breakpoints, flash, lock and unlock.  Chips without JTAG have no other way to
# OpenOCD.
set -euo pipefail
. tests/lib/vmcu.sh
. tests/lib/guest.sh
need openocd cmp

# -- the chips ---------------------------------------------------------------
# Per chip: OpenOCD's script, where its flash is, what identification must
# say, the commands to lock and to unlock, and what a reader of the locked chip
# is told (LOCKED_CODE: OpenOCD's exit code then).
CHIPS=(${USB_GUEST_CHIPS:-stm32l432 stm32f103xb stm32f051 nrf51822})

chip_stm32l432() {
	CFG=stm32l4x FLASH=0x08000000 ERASE="flash erase_sector 0 0 4"
	IDENTIFY=('DPIDR 0x2ba01477' 'Cortex-M4 r0p1' '6 breakpoints, 4 watch'
		'idcode = 0x10016435' 'RDP level 0 \(0xAA\)'
		'flash size = 256' '0xe000ed00: 410fc241')
	LOCK="stm32l4x lock 0"
	LOCKED='Failed to read memory at 0x0800000' LOCKED_CODE=1
	UNLOCK="stm32l4x unlock 0; stm32l4x option_load 0"
}

# Over SWD here; tests/judge/openocd-f1.sh has its JTAG.
chip_stm32f103xb() {
	CFG=stm32f1x FLASH=0x08000000 ERASE="flash erase_sector 0 0 9"
	IDENTIFY=('DPIDR 0x1ba01477' 'Cortex-M3 r1p1' '6 breakpoints, 4 watch'
		'device id = 0x20[0-9]{3}410' 'flash size = 128'
		'0xe000ed00: 411fc231')
	LOCK="stm32f1x lock 0"
	LOCKED='Failed to read memory at 0x0800000' LOCKED_CODE=1
	UNLOCK="stm32f1x unlock 0"
}

chip_stm32f051() {
	CFG=stm32f0x FLASH=0x08000000 ERASE="flash erase_sector 0 0 9"
	IDENTIFY=('DPIDR 0x0bb11477' 'Cortex-M0 r0p0' '4 breakpoints, 2 watch'
		'device id = 0x20006440' 'flash size = 64' '0xe000ed00: 410cc200')
	LOCK="stm32f1x lock 0"
	LOCKED='Failed to read memory at 0x0800000' LOCKED_CODE=1
	UNLOCK="stm32f1x unlock 0"
}

# No lock command: RBPCONF.PALL by hand.  A locked one reads as zeros.
chip_nrf51822() {
	CFG=nrf51 FLASH=0x00000000 ERASE="flash erase_sector 0 0 9"
	IDENTIFY=('DPIDR 0x0bb11477' 'Cortex-M0 r0p0' '4 breakpoints, 2 watch'
		'nRF51822' '256kB Flash' '0xe000ed00: 410cc200')
	LOCK="mww 0x4001e504 1; mww 0x10001004 0xffff00ff; mww 0x4001e504 0"
	LOCKED='0x00000000: 00000000' LOCKED_CODE=0
	UNLOCK="nrf51 mass_erase 0"
}

# -- the image: two vectors, a loop, random bytes ----------------------------
# adds r0,#1; str r0,[r1]; nop; b back
word() {
	local v=$(($1))
	printf "\\x$(printf %02x $((v & 255)))\\x$(
		printf %02x $((v >> 8 & 255)))\\x$(
		printf %02x $((v >> 16 & 255)))\\x$(
		printf %02x $((v >> 24 & 255)))"
}

make_image() { # FLASH FILE
	{
		word 0x20000400
		word $(($1 + 0x101))
		head -c $((0x100 - 8)) /dev/urandom
		word 0x60083001
		word 0xe7fbbf00
		head -c 9743 /dev/urandom
	} >"$2"
}

# ocd NAME COMMANDS: one OpenOCD session in the guest, on the present chip.
ocd() {
	local commands='' c code=0
	while read -r -d ';' c; do
		[ -z "$c" ] || commands+=" -c \"$c\""
	done <<<"${2//$'\n'/;};"
	guest "$1" "timeout 50 openocd -s /openocd -c 'adapter driver cmsis-dap; adapter serial $CHIP; ${BACKEND:-}transport select swd; gdb_port disabled; tcl_port disabled; telnet_port disabled' -f target/$CFG.cfg -c 'adapter speed 10000' $commands -c shutdown" ||
		code=$?
	[ "$code" != 143 ] || fail "$1: OpenOCD hangs"
	return "$code"
}

must() { # NAME COMMANDS
	ocd "$@" || {
		cat "$DIR/$1.log" >&2
		fail "$CHIP: $1"
	}
}

power_cycle() {
	VMCU_SOCKET=$DIR/$CHIP.sock
	ctl power off
	ctl power on 10
}

judge() {
	local pattern code image=/tmp/$CHIP.bin
	local at=$((FLASH + 0x100))
	local base b2 b4
	base=$(printf '0x%08x' $((FLASH)))
	at=$(printf '0x%08x' $((FLASH + 0x100)))
	b2=$(printf '0x%08x' $((FLASH + 0x102)))
	b4=$(printf '0x%08x' $((FLASH + 0x104)))

	say "$CHIP: identify"
	must identify "
		init; halt; flash probe 0; mdw 0xe000ed00; dap info
		reset halt
		mww 0x20000010 0x12345678; mdw 0x20000010
		mwb 0x20000011 0xab; mwh 0x20000012 0xbeef; mdw 0x20000010"
	expect identify "$DIR/identify.log" "serial=$CHIP"
	for pattern in "${IDENTIFY[@]}"; do
		expect identify "$DIR/identify.log" "$pattern"
	done

	say "$CHIP: memory in words, halves and bytes"
	expect memory "$DIR/identify.log" '0x20000010: 12345678'
	expect memory "$DIR/identify.log" '0x20000010: beefab78'

	say "$CHIP: flash probe, erase, write by the on-chip algorithm, verify"
	must write "
		init; reset init
		flash probe 0
		flash write_image erase $image $FLASH
		verify_image $image $FLASH
		flash verify_bank 0 $image
		dump_image /tmp/back.bin $FLASH 10007"
	expect write "$DIR/write.log" 'wrote 1[0-9]{4} bytes from file'
	expect write "$DIR/write.log" 'verified 10007 bytes'
	expect_not write "$DIR/write.log" 'not using|slow|failed'
	guest cmp "cmp $image /tmp/back.bin" || fail "$CHIP: read-back differs"

	say "$CHIP: an image with one bit changed does not verify"
	if ocd differ "init; halt; verify_image /tmp/$CHIP.bad $FLASH"; then
		fail "$CHIP: OpenOCD verified a wrong image"
	fi
	expect differ "$DIR/differ.log" 'diff|contents differ'

	# a chip that was blank at power-on may not look into its flash again
	power_cycle
	say "$CHIP: reset, step, breakpoints in flash, watchpoint"
	must core "
		init; reset halt
		reg pc
		reg r0 0; reg r1 0x20000020
		step; step
		reg r0; mdw 0x20000020; reg pc
		bp $b4 2 hw; resume; wait_halt 1000
		reg pc
		rbp $b4
		wp 0x20000020 4 w; resume; wait_halt 1000
		rwp 0x20000020
		resume; sleep 20; halt; reg r0"
	expect core "$DIR/core.log" "pc \(/32\): $at"
	expect core "$DIR/core.log" 'r0 \(/32\): 0x00000001'
	expect core "$DIR/core.log" '0x20000020: 00000001'
	expect core "$DIR/core.log" "pc \(/32\): $b4"
	expect core "$DIR/core.log" 'halted due to breakpoint'
	expect core "$DIR/core.log" 'halted due to watchpoint'

	say "$CHIP: erase, write without erasing, verify"
	must erase "
		init; reset init
		$ERASE; flash erase_check 0; mdw $FLASH
		flash write_image $image $FLASH; verify_image $image $FLASH
		reset halt; $LOCK"
	expect erase "$DIR/erase.log" "$base: ffffffff"
	expect erase "$DIR/erase.log" 'verified 10007 bytes'

	say "$CHIP: lock, in force after a power cycle"
	power_cycle
	ocd locked "init; halt; mdw $FLASH" && code=0 || code=$?
	if [ "$code" != "$LOCKED_CODE" ]; then
		cat "$DIR/locked.log" >&2
		fail "$CHIP: locked flash: exit code $code"
	fi
	expect locked "$DIR/locked.log" "$LOCKED"

	say "$CHIP: unlock erases the flash"
	ocd unlock "init; halt; $UNLOCK" || true
	power_cycle
	must open "init; halt; flash probe 0; mdw $FLASH 4; flash erase_check 0"
	expect open "$DIR/open.log" "$base: ffffffff ffffffff ffffffff ffffffff"
	say "$CHIP: ok; $(ctl info)"
}

# -- all of it ---------------------------------------------------------------

guest_prepare
guest_tool "$(command -v openocd)"
guest_file /usr/share/openocd/scripts /openocd
PROBE_OPTIONS=()
# OpenOCD waits for the flash by sleeping between polls, and virtual time
# passes on the wire only: a packet has to cost what the sleep would.
for CHIP in "${CHIPS[@]}"; do
	"chip_$CHIP"
	vmcu_start "$CHIP" --chip "$CHIP" --state "$DIR/$CHIP.state" \
		--seed 3 --packet-cost 1 --usbredir 127.0.0.1:0 --usb-serial "$CHIP"
	guest_probe "$CHIP" "$VMCU_USBREDIR"
	make_image "$FLASH" "$DIR/image.bin"
	guest_file "$DIR/image.bin" "/tmp/$CHIP.bin"
	{
		head -c 10006 "$DIR/image.bin"
		tail -c 1 "$DIR/image.bin" | tr '\000-\377' '\001-\377\000'
	} >"$DIR/image.bad"
	guest_file "$DIR/image.bad" "/tmp/$CHIP.bad"
done
guest_start "${PROBE_OPTIONS[@]}"

say "Linux sees the probes"
guest usb 'i=0; while [ $(ls /dev/hidraw* 2>/dev/null | wc -l) -lt '${#CHIPS[@]}' ] && [ $i -lt 100 ]; do usleep 100000; i=$((i+1)); done; ls /dev/hidraw*; cat /sys/bus/usb/devices/*/serial' ||
	fail "no probe in the guest"
for CHIP in "${CHIPS[@]}"; do
	expect usb "$DIR/usb.log" "^$CHIP\$"
done

for CHIP in "${CHIPS[@]}"; do
	"chip_$CHIP"
	judge
done

say "CMSIS-DAP v1: the same chip over HID"
CHIP=${CHIPS[0]}
"chip_$CHIP"
BACKEND="cmsis_dap_backend hid; " must hid "
	init; halt; mdw 0xe000ed00; reset init
	flash write_image erase /tmp/$CHIP.bin $FLASH
	verify_image /tmp/$CHIP.bin $FLASH"
expect hid "$DIR/hid.log" '0xe000ed00: '
expect hid "$DIR/hid.log" 'verified 10007 bytes'
expect_not hid "$DIR/hid.log" 'CMSIS-DAPv2'

say "PASS in $SECONDS s"
