#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# A listener gets nothing.  Two devices of one order, one on each line, all
# their wires captured; the station's memory in mid-stream, its disk and its
# sockets.  In none of it there may be 16 bytes of firmware or a piece of the
# content key, and the two captures share no ciphertext.
#
# Controls, without which finding nothing would mean nothing: the same search
# finds the whole firmware in a capture of signed mode and in the chip's own
# flash, the content key in the chip's RAM, and what the station does hold (the
# link keys, the ciphertext) in its memory.
#
# LISTEN_KB: size of the random firmware (default 64).
set -euo pipefail
. tests/lib/line.sh
. tests/lib/sealed.sh
. tests/lib/hold.sh
need python3 gdb-multiarch
KB=${LISTEN_KB:-64}

server_init
server_start
owner_init
loader_make
random_image "$DIR/image.bin" $((KB * 1024))
tail -c +9 "$DIR/image.bin" >"$DIR/secret.bin" # the first words are public
sealed_product noise "$DIR/image.bin"
sealed_example lamp
order_make two noise 2
order_make real lamp 1
station_enrol line1 2
station_channels 2
sed -i '/^start-pattern/d' "$DIR/station/flasher.conf"
sed -i '/^\[channel 1\]/a link = uart' "$DIR/station/flasher.conf"

find_leak() { # WHAT WANT ARGUMENT...: leak_find, and its exit code
	local what=$1 want=$2 got=0
	shift 2
	"$B/leak_find" "$@" >"$DIR/leak.log" 2>&1 || got=$?
	[ "$got" = "$want" ] && return
	tail -n 5 "$DIR/leak.log" >&2
	fail "$what: leak_find says $got, not $want"
}
capture() { "$B/signet-vmcu" ctl "${CH_SOCKET[$1]}" capture "$2" >/dev/null; }

# -- both devices, with the station looked into in mid-stream ------------------
memory() { # PID FILE: what is in a process's writable memory
	python3 - "$1" "$2" <<'PY'
import os, sys
pid = int(sys.argv[1])
with open(f"/proc/{pid}/maps") as maps, \
     open(f"/proc/{pid}/mem", "rb") as mem, \
     open(sys.argv[2], "wb") as out:
    for line in maps:
        area, rights = line.split()[:2]
        if rights[:2] != "rw" or "[v" in line:
            continue
        begin, end = (int(x, 16) for x in area.split("-"))
        try:
            mem.seek(begin)
            out.write(mem.read(end - begin))
        except OSError:
            pass
PY
}
# The chip's keys as its RAM has them: content key, link keys
keys_of() { # CHANNEL FILE-PREFIX
	"$B/signet-vmcu" ctl "${CH_SOCKET[$1]}" peek "${DELIVERY[$1]}" 65 |
		python3 -c "
import sys
b = bytes.fromhex(sys.stdin.read().strip())
if not any(b[1:33]) or b[:1] != b'\x01':
    sys.exit() # not there yet, or wiped
for name, at in (('content', 1), ('link', 33)):
    open('$2.' + name, 'wb').write(b[at:at + 32])"
}
DELIVERY=()
for link in swd-pins uart; do # channels 0 and 1
	DELIVERY+=("$(gdb-multiarch -nx -batch \
		-ex 'p/x &loader.in.delivery.wire.version' \
		"$DIR/loader/stm32l432-$link/loader.elf" 2>&1 |
		sed -n 's/.*= *\(0x[0-9a-f]*\).*/\1/p')")
	[ -n "${DELIVERY[-1]}" ] ||
		fail "where does the loader keep message 2?"
done

build_one() { # CHANNEL: one device, looked into while the stream runs
	local ch=$1
	capture "$ch" "$DIR/wire$ch.vcd"
	JOB_UNDER=(strace -f -qq -e "trace=%network,read,write,readv,writev"
		-xx -s 1000000 -o "$DIR/calls$ch")
	HOLD_AFTER=40
	job_hold '"phase":"stream"' --json program --order two --channels "$ch"
	expect_not "in mid-stream" "$DIR/out" '"phase":"commit"'
	keys_of "$ch" "$DIR/key$ch"
	memory "$(cat "$DIR/hold.pid")" "$DIR/memory$ch.1"
	[ -s "$DIR/key$ch.content" ] || fail "no keys in the chip in mid-stream"
	[ -s "$DIR/memory$ch.1" ] || fail "the station's memory cannot be read"
	job_go
	job_end "channel $ch" 0
	capture "$ch" off
	"$VMCU" ctl "${CH_SOCKET[$ch]}" save >/dev/null
	"$VMCU" dump "$DIR/chip$ch.state" "$DIR/flash$ch.bin" >/dev/null
}
hold_init
need strace
for ch in 0 1; do
	build_one $ch
done
cmp "$DIR/key0.content" "$DIR/key1.content" ||
	fail "one order, two content keys"
cmp -s "$DIR/key0.link" "$DIR/key1.link" && fail "two devices, one link key"

# what passed the station's sockets and pipes, as bytes
for ch in 0 1; do
	python3 - "$DIR/calls$ch" >"$DIR/sockets$ch" <<'PY'
import re, sys
for line in open(sys.argv[1]):
    for text in re.findall(r'"((?:\\x[0-9a-f]{2})*)"', line):
        sys.stdout.buffer.write(bytes.fromhex(text.replace("\\x", "")))
PY
	[ "$(stat -c %s "$DIR/sockets$ch")" -gt $((KB * 1024)) ] ||
		fail "the sockets were not heard"
done
tar -cf "$DIR/disk" -C "$DIR" station

say "controls"
for ch in 0 1; do
	find_leak "the chip has the firmware" 1 --secret "$DIR/secret.bin" \
		"$DIR/flash$ch.bin"
	find_leak "the station has the link key" 1 --window 32 \
		--secret "$DIR/key$ch.link" "$DIR/memory$ch.1"
done

say "firmware and content key"
public=(--except "$DIR/loader/stm32l432-uart/loader.bin"
	--except "$DIR/loader/stm32l432-swd-pins/loader.bin")
seen=("$DIR"/wire[01].vcd "$DIR"/memory[01].? "$DIR"/sockets[01] "$DIR/disk")
find_leak "firmware" 0 "${public[@]}" --secret "$DIR/secret.bin" "${seen[@]}"
find_leak "content key" 0 --window 8 --distinct 4 \
	--secret "$DIR/key0.content" "${seen[@]}"
find_leak "link keys on the wire" 0 --window 8 --distinct 4 \
	--secret "$DIR/key0.link" --secret "$DIR/key1.link" \
	"$DIR"/wire[01].vcd "$DIR/disk"

say "whatever the station has is no key to what it stores"
head -c 4096 "$DIR/flash0.bin" >"$DIR/installed"
got=0
"$B/key_try" "$DIR/installed" "$DIR/disk" "$DIR/key0.content" >/dev/null ||
	got=$?
[ $got = 1 ] || fail "control: the content key does not decrypt"
"$B/key_try" "$DIR/installed" "$DIR/disk" "$DIR/disk" "$DIR"/memory[01].1 \
	"$DIR"/sockets[01] >"$DIR/keys" || fail "a key: $(cat "$DIR/keys")"
expect "keys tried" "$DIR/keys" '"tried":[0-9]{6}'

say "two captures, no common ciphertext"
"$B/frame_common" "$DIR/wire0.vcd" "$DIR/wire1.vcd" $((KB * 1024)) \
	>"$DIR/common" || fail "common: $(cat "$DIR/common")"
# control: a capture has all in common with itself
got=0
"$B/frame_common" "$DIR/wire0.vcd" "$DIR/wire0.vcd" >/dev/null || got=$?
[ $got = 1 ] || fail "frame_common cannot find"

say "the example firmware"
"$B/signet-vmcu" ctl "${CH_SOCKET[0]}" insert "$DIR/real.state" --new \
	>/dev/null
capture 0 "$DIR/real.vcd"
run "example" 0 station program --order real --channels 0
capture 0 off
# what a firmware prints is no secret
"$B/signet-vmcu" ctl "${CH_SOCKET[0]}" uart >"$DIR/said"
expect "the example speaks" "$DIR/said" 'signet: genuine'
arm-none-eabi-objcopy -I ihex -O binary "$DIR/lamp/firmware.hex" \
	"$DIR/lamp.bin"
"$B/signet-vmcu" ctl "${CH_SOCKET[0]}" save >/dev/null
"$B/signet-vmcu" dump "$DIR/real.state" "$DIR/real.bin" >/dev/null
find_leak "control: example in the chip" 1 --secret "$DIR/lamp.bin" \
	"$DIR/real.bin"
find_leak "example" 0 "${public[@]}" --except "$DIR/said" --except "$DIR/loader/stm32l432-uart/stub.bin" \
	--secret "$DIR/lamp.bin" "$DIR/real.vcd"

say "signed mode: the listener gets all of it"
MODE=signed
signet product create open --family stm32l4 --release-key main \
	--allow-signed >/dev/null
release_make open 1.0.0 "$DIR/image.bin@0x08000000"
order_make clear open 1
"$B/signet-vmcu" ctl "${CH_SOCKET[0]}" insert "$DIR/clear.state" --new \
	>/dev/null
capture 0 "$DIR/clear.vcd"
run "signed" 0 station program --order clear --channels 0
capture 0 off
find_leak "signed" 1 --secret "$DIR/secret.bin" "$DIR/clear.vcd"
found=$(sed -n 's/.*"found":\([0-9]*\).*/\1/p' "$DIR/leak.log" | tail -n 1)
[ "$found" -ge $((KB * 900)) ] || fail "only $found windows found"
say "listener: nothing in $KB kB, two captures, memory, disk and sockets"
