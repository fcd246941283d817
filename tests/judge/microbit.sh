#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Judge: QEMU's micro:bit, an nRF51 that nobody here wrote.  Our GDB backend
# programs it, the firmware starts and finds itself whole, and tells so over
# the serial line.
set -euo pipefail
. tests/lib/vmcu.sh
need qemu-system-arm timeout
FIRMWARE=build/target/tests/microbit.bin
[ -f "$FIRMWARE" ] || fail "$FIRMWARE is missing; make target"

# machine NAME: a new one, halted at its reset; GDB and LINE are its addresses.
# QEMU does not tell which port it got, so ports are tried.
machine() {
	local i port tries
	for ((tries = 0; tries < 20; tries++)); do
		port=$((20000 + RANDOM % 12000))
		qemu-system-arm -M microbit -display none -monitor none -S \
			-gdb "tcp:127.0.0.1:$port" -serial \
			"tcp:127.0.0.1:$((port + 1)),server=on,wait=off" \
			2>"$DIR/$1.err" &
		QEMU=$!
		PIDS+=("$QEMU")
		GDB=gdb:127.0.0.1:$port
		LINE=tcp:127.0.0.1:$((port + 1))
		for ((i = 0; i < 100; i++)); do
			kill -0 "$QEMU" 2>/dev/null || break
			# the serial line takes one caller at a time: not that
			(: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null && return
			sleep 0.05
		done
	done
	fail "QEMU does not start: $(cat "$DIR/$1.err")"
}
machine_end() {
	kill "$QEMU" 2>/dev/null || true
	wait "$QEMU" 2>/dev/null || true
}

# tool NAME ARGUMENT...: output in $DIR/NAME.out, exit code in RC
tool() {
	local name=$1
	shift
	RC=0
	timeout 60 "$B/gdb_tool" --probe "$GDB" "$@" >"$DIR/$name.out" 2>&1 ||
		RC=$?
	[ "$RC" != 124 ] || fail "$name: hangs"
}
good() {
	tool "$@"
	[ "$RC" = 0 ] || { cat "$DIR/$1.out"; fail "$1 should succeed"; }
}
refused() { # refused ERROR PATTERN NAME ARGUMENT...
	local error=$1 pattern=$2
	shift 2
	tool "$@"
	[ "$RC" = 1 ] || { cat "$DIR/$1.out"; fail "$1 should be refused"; }
	expect "$1" "$DIR/$1.out" "FAIL .*error=$error why=.*$pattern"
}

say "what it is, and what it cannot do"
machine first
good info info read 0x10000060 8 read 0x10000010 8 read 0xe000ed00 4
expect info "$DIR/info.out" 'product="QEMU" uart=0 silent=1 dpidr=0'
expect info "$DIR/info.out" 'swd-pins=.*no raw SWD'
expect uid "$DIR/info.out" '^read: 0300000078563412$'
expect size "$DIR/info.out" '^read: 0004000000010000$'
expect cpuid "$DIR/info.out" '^read: 00c20c41$'
refused E_DAP_FAULT 'read of 0x30000000' nowhere read 0x30000000 4
refused E_UNSUPPORTED 'no UART' deaf hear x 10

say "core: registers, steps, reset"
good core reset write 0x20000000 0x30013001 set 15 0x20000000 \
	set 16 0x01000000 set 0 0x41 step step reg 0 reg 15 reset reg 0 reg 12
expect core "$DIR/core.out" '^reg: 00000043$'
expect core "$DIR/core.out" '^reg: 20000004$'
expect core "$DIR/core.out" '^reg: 00000000$'

say "programmed, started, and right in its own eyes"
good start --serial "$LINE" load "$FIRMWARE@0" uart 115200 start \
	hear ready 5000 say echo123 hear echo123 2000
expect start "$DIR/start.out" 'microbit: table=ok nvmc=ok timer=ok random=ok'
expect start "$DIR/start.out" 'uid=0000000312345678 ready'

say "memory while it runs, and after it was let go of"
good running --serial "$LINE" resume read 0x0000001c 4 say abc hear abc 2000
good again --serial "$LINE" reset read 0 16 uart 115200 start hear ready 5000
cmp <(head -c 16 "$FIRMWARE" | od -An -v -tx1 | tr -d ' \n') \
	<(sed -n 's/^read: //p' "$DIR/again.out" | tr -d '\n') ||
	fail "flash does not hold the firmware"
machine_end

say "one bit wrong, and it says so"
machine second
cp "$FIRMWARE" "$DIR/bad.bin"
at=$(($(stat -c %s "$FIRMWARE") - 4097))
byte=$(od -An -j "$at" -N1 -tu1 "$FIRMWARE")
printf "\\x$(printf %02x $((byte ^ 4)))" |
	dd of="$DIR/bad.bin" bs=1 seek="$at" conv=notrunc status=none
good bad --serial "$LINE" load "$DIR/bad.bin@0" uart 115200 start \
	hear ready 5000
expect bad "$DIR/bad.out" 'microbit: table=BAD nvmc=ok'

say "a machine that goes away"
refused E_TIMEOUT '' quiet --serial "$LINE" reset uart 115200 hear ready 50
tool gone --serial "$LINE" --timeout 500 reset uart 115200 hear never 2000 &
waiter=$!
sleep 0.7
machine_end
wait "$waiter" || true
expect gone "$DIR/gone.out" 'FAIL action=hear error=E_PROBE_LOST why=serial line .* is gone'
refused E_PROBE_LOST 'no GDB server' dead info

say "PASS"
