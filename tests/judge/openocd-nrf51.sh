#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Judge: stock OpenOCD with its own nRF51 script and driver.  The chip has SWD
# alone, which this OpenOCD cannot speak to a simulator, so it comes by a JTAG
# port that no silicon has (--fiction-jtag), with the one word that the stock
# script lacks for JTAG: -irlen 4.  tests/judge/usb-guest.sh goes over SWD.
set -euo pipefail
. tests/lib/vmcu.sh
need openocd timeout cmp

say "without the switch there is no JTAG"
if "$B/signet-vmcu" run --chip nrf51822 --bitbang 127.0.0.1:0 \
	>"$DIR/refused" 2>&1; then
	fail "a JTAG port in front of a chip that has none"
fi
expect refused "$DIR/refused" 'SWD alone'

# A slow clock: OpenOCD waits by polling, and time passes on the wire only.
vmcu_start n51 --chip nrf51822 --state "$DIR/n51.state" \
	--bitbang 127.0.0.1:0 --fiction-jtag --seed 3 --jtag-clock 100000

# The stock script, told the length of the instruction register.
for d in /usr/share/openocd/scripts /usr/local/share/openocd/scripts; do
	[ -f "$d/target/nrf51.cfg" ] && stock=$d/target/nrf51.cfg
done
[ -n "${stock:-}" ] || { say "skipped: OpenOCD's scripts are not here"; exit 77; }
sed 's/-expected-id \$_CPUTAPID/-irlen 4 &/' "$stock" >"$DIR/nrf51.cfg"
grep -q 'irlen 4 -expected-id' "$DIR/nrf51.cfg" || fail "another nrf51.cfg"

. tests/lib/openocd.sh
OCD_TARGET=(-f "$DIR/nrf51.cfg")

say "attach and identify"
ocd attach "init; halt; flash probe 0; flash info 0; mdw 0xe000ed00; dap info" || {
	cat "$DIR/attach.log"
	fail "attach"
}
expect attach "$DIR/attach.log" 'tap/device found: 0x0bb11477'
expect attach "$DIR/attach.log" 'Cortex-M0 r0p0 processor detected'
expect attach "$DIR/attach.log" 'target has 4 breakpoints, 2 watchpoints'
expect attach "$DIR/attach.log" '256k[Bb] Flash, 16k[Bb] RAM'
expect attach "$DIR/attach.log" '0xe000ed00: 410cc200'
expect attach "$DIR/attach.log" 'Designer is 0x244|Nordic'
expect attach "$DIR/attach.log" 'Cortex-M0 SCS'

say "memory, registers, step, breakpoint"
# adds r0,#1; str r0,[r1]; nop; b back
ocd core "
	init; reset halt
	mww 0x20000010 0x12345678; mwb 0x20000011 0xab; mwh 0x20000012 0xbeef
	mdw 0x20000010
	mww 0x20000100 0x60083001; mww 0x20000104 0xe7fbbf00
	reg r0 0; reg r1 0x20000020; reg pc 0x20000100; reg xpsr 0x01000000
	step; step; reg r0; reg pc; mdw 0x20000020
	wp 0x20000020 4 w; resume; wait_halt 1000; rwp 0x20000020
	reg r0
" || { cat "$DIR/core.log"; fail "core"; }
expect core "$DIR/core.log" '0x20000010: beefab78'
expect core "$DIR/core.log" 'r0 \(/32\): 0x00000001'
expect core "$DIR/core.log" 'pc \(/32\): 0x20000104'
expect core "$DIR/core.log" '0x20000020: 00000001'
expect core "$DIR/core.log" 'halted due to watchpoint'
expect core "$DIR/core.log" 'r0 \(/32\): 0x00000002'

say "erase, write by the on-chip algorithm, verify"
head -c 10007 /dev/urandom >"$DIR/image.bin"
ocd write "
	init; reset init
	flash write_image erase $DIR/image.bin 0
	verify_image $DIR/image.bin 0
	flash verify_bank 0 $DIR/image.bin
	flash erase_sector 0 100 101
	flash write_image $DIR/image.bin 0x19000
	flash erase_sector 0 100 100
	mdw 0x19000; mdw 0x19400
	dump_image $DIR/back.bin 0 10007
" || { cat "$DIR/write.log"; fail "write"; }
expect write "$DIR/write.log" 'wrote 1[0-9]{4} bytes from file'
expect write "$DIR/write.log" 'verified 10007 bytes'
expect write "$DIR/write.log" '0x00019000: ffffffff'
expect_not write "$DIR/write.log" 'slow'
cmp "$DIR/image.bin" "$DIR/back.bin" || fail "read-back differs"

say "a changed image does not verify"
head -c 10007 "$DIR/image.bin" >"$DIR/other.bin"
byte_flip "$DIR/other.bin" 10006
if ocd differ "init; halt; verify_image $DIR/other.bin 0"; then
	fail "OpenOCD verified a wrong image"
fi

say "lock by UICR; in force after a reset"
ocd lock "init; halt; flash fillw 0x10001004 0xffff00ff 1; mdw 0x19400" || {
	cat "$DIR/lock.log"
	fail "lock"
}
expect_not lock "$DIR/lock.log" '0x00019400: 00000000'
ctl power off
ctl power on 10
ocd locked "init; halt; mdw 0; mdw 0x19400; mdw 0x20000010; mdw 0x10001004
	mww 0x20000010 0x55; mdw 0x20000010; reg pc" || {
	cat "$DIR/locked.log"
	fail "the debug port of a locked nRF51 answers"
}
for a in 0x00000000 0x00019400 0x20000010; do
	expect locked "$DIR/locked.log" "$a: 00000000"
done
expect_not locked "$DIR/locked.log" ': 00000055'
expect locked "$DIR/locked.log" '0x10001004: ffff00ff'
expect locked "$DIR/locked.log" 'pc \(/32\): 0x' # registers stay open

say "mass erase opens it, and all is gone"
ocd unlock "init; halt; nrf51 mass_erase" || {
	cat "$DIR/unlock.log"
	fail "mass erase"
}
ctl power off
ctl power on 10
ocd open "init; halt; mdw 0; mdw 0x19400; mdw 0x10001004; flash erase_check 0" || {
	cat "$DIR/open.log"
	fail "after the mass erase"
}
for a in 0x00000000 0x00019400 0x10001004; do
	expect open "$DIR/open.log" "$a: ffffffff"
done
say "OpenOCD takes it for an nRF51"
