#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Judge: QEMU's micro:bit, an nRF51 that nobody here wrote.  Our GDB backend
# programs it, the firmware starts and finds itself whole, and tells so over
# the serial line; then the same by a sealed job.
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
		qemu-system-arm -M microbit -display none -S \
			-gdb "tcp:127.0.0.1:$port" -serial \
			"tcp:127.0.0.1:$((port + 1)),server=on,wait=off" \
			-chardev "socket,id=m,host=127.0.0.1,port=$((port + 2
			)),server=on,wait=off" -mon chardev=m \
			2>"$DIR/$1.err" &
		QEMU=$!
		PIDS+=("$QEMU")
		GDB=gdb:127.0.0.1:$port
		LINE=tcp:127.0.0.1:$((port + 1))
		echo $((port + 2)) >"$DIR/monitor"
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

# The supply: a machine without it stands still, and begins at its reset.
cat >"$DIR/power" <<'EOF'
#!/usr/bin/env bash
exec 3<>"/dev/tcp/127.0.0.1/$(cat "${0%/*}/monitor")"
case $1 in
off) printf 'stop\ninfo status\n' >&3 ;;
on) printf 'system_reset\ncont\ninfo status\n' >&3 ;;
esac
while read -r -t 9 -u 3 line; do
	case $line in *"VM status: "*) exit 0 ;; esac
done
exit 1
EOF
chmod +x "$DIR/power"

# tool NAME ARGUMENT...: output in $DIR/NAME.out, exit code in RC
tool() {
	local name=$1
	shift
	RC=0
	timeout 60 "$B/${TOOL:-gdb_tool}" --probe "$GDB" "$@" >"$DIR/$name.out" 2>&1 ||
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
byte_flip "$DIR/bad.bin" "$at"
good bad --serial "$LINE" load "$DIR/bad.bin@0" uart 115200 start \
	hear ready 5000
expect bad "$DIR/bad.out" 'microbit: table=BAD nvmc=ok'

say "signed mode: our own flash algorithm, on a core that is not ours"
machine_end
machine third
head -c 200001 /dev/urandom >"$DIR/noise"
head -c 472 /dev/urandom >"$DIR/record"
job() { # job KIND NAME ARGUMENT...: target_tool, by good or refused
	local kind=$1
	shift
	TOOL=target_tool "$kind" "$1" --chip nrf51822 --serial "$LINE" \
		--power "$DIR/power" --off-ms 10 "${@:2}"
}
job good identify identify
expect identify "$DIR/identify.out" 'uid=0300000078563412 dpidr=00000000 cpuid=410cc200 .* flash=256'
expect identify "$DIR/identify.out" 'counterfeit: DPIDR is 0x0'
expect identify "$DIR/identify.out" 'impossible: UID is the one that QEMU'
job good noise --record 0x1e00="$DIR/record" identify program "$DIR/noise@0"
good back read 0 4096 read 0x30d40 4 read 0x3fe00 472
cmp <(head -c 4096 "$DIR/noise" | od -An -v -tx1 | tr -d ' \n') \
	<(sed -n '1s/^read: //p' "$DIR/back.out" | tr -d '\n') ||
	fail "flash does not hold the noise"
# the last byte, and nothing behind it
expect tail "$DIR/back.out" "^read: $(od -An -j 200000 -tx1 "$DIR/noise" |
	tr -d ' ')ffffff$"
cmp <(od -An -v -tx1 "$DIR/record" | tr -d ' \n') \
	<(sed -n '3s/^read: //p' "$DIR/back.out" | tr -d '\n') ||
	fail "flash does not hold the record"
job good signed --level 1 identify program "$FIRMWARE@0" power \
	start 'random=ok' 5000 power start 'ready' 5000
expect signed "$DIR/signed.out" 'start: microbit: table=ok nvmc=ok'

say "QEMU has no read protection: that is seen, and refused"
locked() { refused E_TARGET_OPEN 'through the debug port' "$@"; }
job locked locked --level 1 identify program "$FIRMWARE@0" power prove
expect locked "$DIR/locked.out" '^FAIL phase=prove'
machine_end

# Sealed: QEMU has no read protection, and its UICR forgets at each reset.  The
# nRF51's loader finds that out and gives nothing away; one that is built for
# this emulator, under a name and with a digest of its own, goes on, says what
# it sees, and would be refused by every server.
"$B/sealed_tool" keys "$DIR/keys" >"$DIR/loader_keys.h"
make -s loader CHIP="nrf51822 qemu_microbit" KEYS="$DIR/loader_keys.h" \
	OUT="$DIR/loader" >"$DIR/loader.log" 2>&1 ||
	fail "loader: $(tail -n 5 "$DIR/loader.log")"
cmp -s "$DIR/loader/nrf51822-uart/loader.bin" \
	"$DIR/loader/qemu_microbit-uart/loader.bin" &&
	fail "the emulator's loader is the chip's"
expect "its name" "$DIR/loader/qemu_microbit-uart/loader.json" \
	'"chip": "qemu_microbit"'
sealed() { # sealed KIND NAME CHIP ARGUMENT...: sealed_tool, by good or refused
	local kind=$1 name=$2 chip=$3
	shift 3
	RC=0
	timeout 120 "$B/sealed_tool" run --chip nrf51822 --probe "$GDB" \
		--serial "$LINE" --power "$DIR/power" --off-ms 10 --link uart \
		--keys "$DIR/keys" --loader "$DIR/loader/$chip-uart" "$@" \
		"$FIRMWARE@0" >"$DIR/$name.out" 2>&1 || RC=$?
	[ "$RC" != 124 ] || { cat "$DIR/$name.out"; fail "$name: hangs"; }
	[ "$RC" = "$kind" ] || { cat "$DIR/$name.out"; fail "$name: exit $RC"; }
}
machine fourth
say "sealed mode: the chip's own loader sees that nothing is locked"
sealed 1 unlocked nrf51822
expect unlocked "$DIR/unlocked.out" '^FAIL phase=.* why=fault 1$'
say "nor when RBPCONF reads as it should: code in RAM can still read the flash"
# written by the core (str r1, [r0]), as GDB cannot there; on to the stub
good written reset write 0x20000000 0xe7fe6001 set 15 0x20000000 \
	set 16 0x01000000 set 0 0x10001004 set 1 0xffff00ff step \
	set 15 0x3fb00 read 0x10001004 4 resume
expect written "$DIR/written.out" '^read: ff00ffff$'
python3 - "${LINE#tcp:}" <<'PY' || fail "a word in the UICR passes for a lock"
import socket, sys, time, zlib
host, port = sys.argv[1].split(":")
crc, head = 0xffff, bytes([5, 0, 0, 0, 0])  # LINK_ASK
for b in head:
    crc ^= b << 8
    for _ in range(8):
        crc = (crc << 1 ^ (0x1021 if crc & 0x8000 else 0)) & 0xffff
ask = b"\xa5" + head + crc.to_bytes(2, "little") + zlib.crc32(b"").to_bytes(4, "little")
s = socket.create_connection((host, int(port)), 5)
s.settimeout(0.5)
got = b""
for _ in range(30):
    s.sendall(ask)
    try:
        got += s.recv(256)
    except TimeoutError:
        continue
    if len(got) >= 12:
        break
    time.sleep(0.1)
# LINK_FAULT, LINK_FAULT_OPEN
sys.exit(got[:4] != b"\xa5\x86\x01\x00")
PY
say "the emulator's loader says so, which a server refuses"
sealed 1 honest qemu_microbit
expect honest "$DIR/honest.out" \
	'^FAIL phase=.* error=E_TARGET_OPEN why=option register RBPCONF .* is 0xffffffff'
say "and goes on: handshake, stream, report, commit, by QEMU's UART and NVMC"
sealed 0 whole qemu_microbit --lock none
expect whole "$DIR/whole.out" '^open: option register RBPCONF'
job good ready power start 'ready' 20000
expect ready "$DIR/ready.out" 'start: microbit: table=ok nvmc=ok timer=ok random=ok'
good gone read 0x3d800 16 read 0x3fff0 16 read 0x3c000 4
expect "the loader is gone" "$DIR/gone.out" '^read: f{32}$'
expect "the marker is set" "$DIR/gone.out" '^read: 0{32}$'

say "a machine that goes away"
refused E_TIMEOUT '' quiet --serial "$LINE" reset uart 115200 hear ready 50
tool gone --serial "$LINE" reset uart 115200 info hear never 50000 &
waiter=$!
for ((i = 0; i < 600; i++)); do # until it listens
	grep -q '^info: ' "$DIR/gone.out" && break
	sleep 0.1
done
machine_end
wait "$waiter" || true
expect gone "$DIR/gone.out" 'FAIL action=hear error=E_PROBE_LOST why=serial line .* is gone'
refused E_PROBE_LOST 'no GDB server' dead info

say "PASS"
