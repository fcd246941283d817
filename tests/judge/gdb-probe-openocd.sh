#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Judge: stock OpenOCD's GDB server as our probe, in front of the virtual
# STM32L432.  Our flash algorithm, our lock and our proof go through somebody
# else's protocol server, JTAG driver and Cortex-M code.
set -euo pipefail
. tests/lib/vmcu.sh
need openocd timeout cmp
HELLO=build/target/tests/hello.bin
[ -f "$HELLO" ] || fail "$HELLO is missing; make target"

# A slow clock: OpenOCD waits by polling, and time passes on the wire only.
vmcu_start l4 --state "$DIR/l4.state" --bitbang 127.0.0.1:0 --seed 5 \
	--jtag-clock 100000
FIRST_BITBANG=$VMCU_BITBANG

# server NAME [COMMAND...]: OpenOCD until the end of the test; GDB is its
# address then.
server() {
	local name=$1 i commands=() c
	shift
	for c; do commands+=(-c "$c"); done
	: >"$DIR/$name.log"
	openocd -c "adapter driver remote_bitbang" \
		-c "remote_bitbang host ${VMCU_BITBANG%:*}" \
		-c "remote_bitbang port ${VMCU_BITBANG##*:}" \
		-c "transport select jtag" \
		-c "gdb_port 0; tcl_port disabled; telnet_port disabled" \
		"${commands[@]}" -f target/stm32l4x.cfg -c init \
		>"$DIR/$name.log" 2>&1 &
	OCD=$!
	PIDS+=("$OCD")
	GDB=
	for ((i = 0; i < 200 && ${#GDB} == 0; i++)); do
		kill -0 "$OCD" 2>/dev/null || break
		GDB=$(sed -n 's/.*Listening on port \([0-9]*\) for gdb.*/\1/p' \
			"$DIR/$name.log")
		[ -n "$GDB" ] || sleep 0.05
	done
	[ -n "$GDB" ] || { cat "$DIR/$name.log"; fail "OpenOCD: no GDB port"; }
	GDB=gdb:127.0.0.1:$GDB
}
server_end() {
	kill "$OCD"
	wait "$OCD" 2>/dev/null || true
}

# run NAME TOOL ARGUMENT...: output in $DIR/NAME.out, exit code in RC
run() {
	local name=$1 tool=$2
	shift 2
	RC=0
	timeout 200 "$B/$tool" --probe "$GDB" "$@" >"$DIR/$name.out" 2>&1 ||
		RC=$?
	[ "$RC" != 124 ] || fail "$name: hangs"
}
good() {
	run "$@"
	[ "$RC" = 0 ] || { cat "$DIR/$1.out"; fail "$1 should succeed"; }
}
refused() { # refused ERROR PATTERN NAME TOOL ARGUMENT...
	local error=$1 pattern=$2
	shift 2
	run "$@"
	[ "$RC" = 1 ] || { cat "$DIR/$1.out"; fail "$1 should be refused"; }
	expect "$1" "$DIR/$1.out" "^FAIL .*error=$error why=.*$pattern"
}
POWER=(--power "$B/signet-vmcu ctl $VMCU_SOCKET power" --off-ms 50)

say "a server that hides what a chip refuses"
server lies
refused E_UNSUPPORTED 'gdb_report_data_abort enable' lies gdb_tool info
server_end

server ocd "gdb_report_data_abort enable"

say "identify; what a server cannot give is said"
good info gdb_tool info
expect info "$DIR/info.out" 'product="OpenOCD" uart=0 silent=1 dpidr=0'
expect info "$DIR/info.out" 'swd-pins=.*no raw SWD'
good identify target_tool identify
expect identify "$DIR/identify.out" 'uid=[0-9a-f]{24} dpidr=00000000 cpuid=410fc241'
expect identify "$DIR/identify.out" 'designer=20 part=435 .* flash=256 .*locked=0'

say "memory, registers, steps"
good core gdb_tool reset \
	write 0x20000000 0x60083001 write 0x20000004 0xe7fbbf00 \
	read 0x20000000 8 \
	set 0 0x7d2a2a24 set 1 0x20000020 set 15 0x20000000 set 16 0x01000000 \
	set 20 1 reg 20 step step reg 0 reg 15 read 0x20000020 4 \
	resume wait 0x20000020 0xffff0000 0x7d2a0000 2000 halt reg 1
expect core "$DIR/core.out" '^read: 01300860 *00bffbe7$|^read: 0130086000bffbe7$'
expect core "$DIR/core.out" '^reg: 00000001$'
expect core "$DIR/core.out" '^reg: 7d2a2a25$'
expect core "$DIR/core.out" '^reg: 20000004$'
expect core "$DIR/core.out" '^read: 252a2a7d$'
refused E_DAP_FAULT 'read of 0xfffffff0' nowhere gdb_tool read 0xfffffff0 4
refused E_DAP_FAULT 'write of 0x60000000' nowhere_write gdb_tool \
	write 0x60000000 1
# bytes that must be escaped, at every length around a packet's end
head -c 16500 /dev/zero | tr '\0' '}' >"$DIR/escapes"
head -c 16500 /dev/zero | tr '\0' '*' >"$DIR/stars"
good escapes gdb_tool fill "$DIR/escapes" 0x20000000 read 0x20004070 4 \
	fill "$DIR/stars" 0x20000000 read 0x20004070 4
expect escapes "$DIR/escapes.out" '^read: 7d7d7d7d$'
expect escapes "$DIR/escapes.out" '^read: 2a2a2a2a$'
# a write whose error OpenOCD keeps for the packet after it
refused E_DAP_FAULT 'write at or behind 0x60000000' late gdb_tool \
	fill "$DIR/stars" 0x60000000

say "our algorithm, verify, records"
head -c 40004 /dev/urandom >"$DIR/noise"
head -c 472 /dev/urandom >"$DIR/record"
good program target_tool --record 0x1e00="$DIR/record" identify \
	program "$DIR/noise@0x08000000"
ctl save
"$B/signet-vmcu" dump "$DIR/l4.state" "$DIR/flash"
cmp -n 40004 "$DIR/noise" "$DIR/flash" || fail "flash differs"
cmp -i $((262144 - 8192 + 0x1e00)):0 -n 472 "$DIR/flash" "$DIR/record" ||
	fail "the record is not there"
refused E_TARGET_VERIFY 'has CRC' flipped target_tool --when verify --run \
	"$B/signet-vmcu ctl $VMCU_SOCKET flip 0x08001001 3" identify \
	program "$DIR/noise@0x08000000"

say "OpenOCD's own flash driver, by its memory map"
good load gdb_tool reset load "$DIR/noise@0x08000000"
ctl save
"$B/signet-vmcu" dump "$DIR/l4.state" "$DIR/flash"
cmp -n 40004 "$DIR/noise" "$DIR/flash" || fail "loaded flash differs"

say "signed mode: lock, power cycle, the firmware starts, prove, unlock"
good lock target_tool "${POWER[@]}" --level 1 identify \
	program "$HELLO@0x08000000" power
# Flash stays shut for the chip too as long as a debugger has been seen since
# power-on: that it starts shows that OpenOCD has kept silent.
ctl uart --clear
ctl run 300
ctl uart >"$DIR/uart"
expect start "$DIR/uart" 'hello from flash'
good prove target_tool "${POWER[@]}" identify prove power
expect prove "$DIR/prove.out" 'locked=1'
expect prove "$DIR/prove.out" '^prove: locked'
ctl uart --clear
ctl run 300
ctl uart >"$DIR/uart"
expect "start again" "$DIR/uart" 'hello from flash'
refused E_TARGET_PROTECTED 'unlock it' protected target_tool identify \
	program "$HELLO@0x08000000"
good unlock target_tool "${POWER[@]}" unlock identify
expect unlock "$DIR/unlock.out" 'locked=0'
refused E_TARGET_OPEN 'reads as' open target_tool identify prove

say "the same with the chip's serial line beside the server, in real time"
server_end
FIRST=$VMCU_SOCKET
vmcu_start line --chip stm32l432 --bitbang 127.0.0.1:0 --seed 6 \
	--jtag-clock 1000000 --speed real --uart 127.0.0.1:0
server line "gdb_report_data_abort enable"
good serial target_tool --serial "tcp:$VMCU_UART" --off-ms 50 --power \
	"$B/signet-vmcu ctl $VMCU_SOCKET power" --level 1 identify \
	program "$HELLO@0x08000000" power start 'hello from flash' 20000 \
	prove power start 'hello from flash' 20000
expect serial "$DIR/serial.out" '^prove: locked'

say "sealed mode, by that line"
"$B/sealed_tool" keys "$DIR/noise.pem" >"$DIR/loader_keys.h"
make -s loader KEYS="$DIR/loader_keys.h" OUT="$DIR/loader" \
	>"$DIR/make.log" 2>&1 || { cat "$DIR/make.log"; fail "make loader"; }
head -c 4000 "$DIR/noise" >"$DIR/small"
# the tool wants its subcommand first
sealed() {
	RC=0
	timeout 300 "$B/sealed_tool" run --probe "$GDB" --serial \
		"tcp:$VMCU_UART" --off-ms 50 --power \
		"$B/signet-vmcu ctl $VMCU_SOCKET power" --keys "$DIR/noise.pem" \
		--loader "$DIR/loader/stm32l432-$1" --link "$1" \
		"$DIR/small@0x08000000" >"$DIR/sealed.out" 2>&1 || RC=$?
}
sealed swd-pins
expect swd-pins "$DIR/sealed.out" 'FAIL phase=begin error=E_UNSUPPORTED why=.*no raw SWD'
sealed uart
[ "$RC" = 0 ] || { cat "$DIR/sealed.out"; fail "sealed job: exit code $RC"; }
expect sealed "$DIR/sealed.out" '^done: 4000 bytes'
server_end
VMCU_SOCKET=$FIRST
VMCU_BITBANG=$FIRST_BITBANG
server ocd1 "gdb_report_data_abort enable"

say "a target without power, and one that loses it"
ctl power off
refused 'E_(TARGET_LOST|DAP_NO_ACK)' . dark target_tool identify
ctl power on
server_end
server ocd2 "gdb_report_data_abort enable"
refused 'E_(TARGET_LOST|DAP_NO_ACK|DAP_FAULT)' . cut target_tool \
	--when program:50 --run "$B/signet-vmcu ctl $VMCU_SOCKET power off" \
	identify program "$DIR/noise@0x08000000"
ctl power on

say "a server that goes away, and one that is none"
server_end
refused E_PROBE_LOST 'no GDB server' gone target_tool identify
GDB=gdb:$VMCU_BITBANG
refused E_TARGET_LOST 'GDB server closed the connection' foreign target_tool \
	--timeout 500 identify

say "PASS: $(ctl info)"
