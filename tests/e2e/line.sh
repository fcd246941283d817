#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# A production line: server, station, virtual chips.  Three devices on two
# channels, then everything that must be refused, for the right reason.
set -euo pipefail
. tests/lib/line.sh
MODE=signed

server_init
server_start
owner_init
product_make lamp
order_make first lamp 3
station_enrol line1 2
station_channels 2

# -- the next board: a new chip of the next seed goes into the channel --------
cat >"$DIR/next" <<EOF2
#!/bin/sh
# CHANNEL RESULT
echo "\$1 \$2 \$SIGNET_UID" >>"$DIR/next.log"
"$PWD/$VMCU" ctl "$DIR/ch\$1.sock" insert "$DIR/next-\$1.state" --new \
	--uid $(chip_uid '5${1}') >/dev/null
EOF2
chmod +x "$DIR/next"

run "work" 0 station work
expect "work" "$DIR/out" '^first +open +3 +0 +0 +lamp +1.0.0'
run "probes" 0 station probes
expect "probes" "$DIR/out" "target +$CHIP +[0-9a-f]+\$"

# -- three devices on two channels -------------------------------------------
run "three devices" 0 station program --order first --count 3 \
	--next "$DIR/next"
expect "three devices" "$DIR/out" '^3 built, 0 refused, 0 failed$'
[ "$(grep -c ' prove$' "$DIR/out")" -ge 3 ] || fail "no proof of protection"
[ "$(wc -l <"$DIR/next.log")" = 1 ] || fail "one board was to be brought in"
expect "the hook" "$DIR/next.log" '^[01] built [0-9a-f]{16,24}$'
for field in delivered closed; do
	[ "$(order_field first $field)" = 3 ] || fail "$field is not 3"
done
[ "$(order_field first reserved)" = 0 ] || fail "something is reserved"
run "devices" 0 signet --json device list --order first
python3 - "$DIR/out" >"$DIR/uids" <<'PY' || fail "device list"
import json, sys
rows = json.load(open(sys.argv[1]))["rows"]
assert len(rows) == 3 and {r["state"] for r in rows} == {"closed"}, rows
assert sorted(r["serial"] for r in rows) == ["first-1", "first-2", "first-3"]
for r in rows: print(r["uid"])
PY

# -- what the devices hold, checked offline by the public keys ----------------
signet product device-key lamp --out "$DIR/device.pub"
uid=$(head -n 1 "$DIR/uids")
other=$(tail -n 1 "$DIR/uids")
run "credential" 0 signet device credential "$uid" --out "$DIR/c.cbor"
run "verify" 0 signet verify "$DIR/c.cbor" --key "$DIR/device.pub" \
	--uid "$uid" --product lamp
expect "verify" "$DIR/out" "^unique ID +$uid .*the chip at hand"
expect "verify" "$DIR/out" '^order +first'
run "another chip" 1 signet verify "$DIR/c.cbor" --key "$DIR/device.pub" \
	--uid "$other"
expect "another chip" "$DIR/out" '^NOT genuine: .'
run "another product" 1 signet verify "$DIR/c.cbor" --key "$DIR/device.pub" \
	--product other
run "another key" 1 signet verify "$DIR/c.cbor" \
	--key "$SIGNET_HOME/keys/main.pub"
cp "$DIR/c.cbor" "$DIR/bent.cbor"
byte_flip "$DIR/bent.cbor" 60
run "bent credential" 1 signet verify "$DIR/bent.cbor" --key "$DIR/device.pub"
run "no credential" 1 signet verify "$DIR/next.log" --key "$DIR/device.pub"

# The bench can read its own chip past the lock: the flash of channel 0.
"$VMCU" ctl "${CH_SOCKET[0]}" save >/dev/null
for f in "$DIR/next-0.state" "$DIR/chip0.state"; do
	[ -f "$f" ] && break
done
"$VMCU" dump "$f" "$DIR/flash.bin" >/dev/null
run "flash dump" 0 signet verify --flash "$DIR/flash.bin" \
	--key "$DIR/device.pub" --release-key "$SIGNET_HOME/keys/main.pub"
expect "flash dump" "$DIR/out" '^firmware +1.0.0, .*byte for byte'
cp "$DIR/flash.bin" "$DIR/bent.bin"
python3 - "$DIR/bent.bin" <<'PY'
import sys
b = bytearray(open(sys.argv[1], "rb").read())
b[300] ^= 1
open(sys.argv[1], "wb").write(b)
PY
run "one byte of firmware" 1 signet verify --flash "$DIR/bent.bin" \
	--key "$DIR/device.pub" --release-key "$SIGNET_HOME/keys/main.pub"
run "one byte of firmware, no release key" 1 signet verify \
	--flash "$DIR/bent.bin" --key "$DIR/device.pub"
expect "one byte of firmware, no release key" "$DIR/out" '^NOT genuine'
run "flash without release key" 0 signet verify --flash "$DIR/flash.bin" \
	--key "$DIR/device.pub"
expect "flash without release key" "$DIR/out" '^firmware +as the credential'
run "empty flash" 1 sh -c "head -c $FLASH_LEN /dev/zero | tr '\0' '\377' \
	>'$DIR/blank.bin' && '$B/signet' verify --flash '$DIR/blank.bin' \
	--key '$DIR/device.pub'"
expect "empty flash" "$DIR/out" 'no credential'

# -- refusals ------------------------------------------------------------------
boards=0
fresh() { # CHANNEL UID [PROFILE]: a new chip
	boards=$((boards + 1))
	"$VMCU" ctl "${CH_SOCKET[$1]}" insert \
		"$DIR/board-$boards.state" --new --uid "$2" \
		${3:+--profile "$3"} >/dev/null
}
refused() { # WHAT CODE: the last run's one result
	expect "$1" "$DIR/out" "refused .*\\($2\\)|refused +$2: "
	expect "$1" "$DIR/out" '^  next: +.'
	expect "$1" "$DIR/out" '^  who: +(owner|operator|nobody|caller)$'
}

fresh 0 "$(chip_uid 6b 20)"
run "order used up" 1 station program --order first --channels 0
refused "order used up" order-used-up

order_make second lamp 6
rm -f "$DIR/again.state"
cp "$f" "$DIR/again.state"
"$VMCU" ctl "${CH_SOCKET[0]}" insert "$DIR/again.state" >/dev/null
if [ -n "$HIDES" ]; then
	run "hidden" 6 station program --order second --channels 0
	expect "hidden" "$DIR/out" 'E_TARGET_PROTECTED.*hides its unique ID'
fi
# who it is can be read when it is empty
run "already built" 1 station program --order second --channels 0 \
	${HIDES:+--erase-locked}
refused "already built" already-built


fresh 0 "$(chip_uid 6b 21)" "$CLONE" ||
	fail "no counterfeit to be had"
run "counterfeit" 1 station program --order second --channels 0
refused "counterfeit" fingerprint

run "unknown order" 1 station program --order nothing
says "unknown order" 'not-found'
signet order create foreign --product lamp --release 1.0.0 --quantity 1 \
	--mode signed \
	--manufacturer others >/dev/null
run "another manufacturer's order" 1 station program --order foreign
expect "another manufacturer's order" "$DIR/err" 'not-allowed|not-found'

# what the station cannot do is told before a unit is taken
cp "$DIR/station/flasher.conf" "$DIR/conf"
sed -i '/^power = /d' "$DIR/station/flasher.conf"
run "no power" 6 station program --order second --channels 0
expect "no power" "$DIR/out" '\(E_TARGET_POWER\)'
expect "no power" "$DIR/out" '^  next: +write power = '
cp "$DIR/conf" "$DIR/station/flasher.conf"
for field in delivered reserved; do
	[ "$(order_field second $field)" = 0 ] || fail "no power: $field is not 0"
done

fresh 0 "$(chip_uid 6b 22)"
signet order pause second >/dev/null
run "paused order" 1 station program --order second --channels 0
refused "paused order" order-closed
signet order resume second >/dev/null

"$VMCU" ctl "${CH_SOCKET[0]}" unplug >/dev/null
run "no board" 6 station program --order second --channels 0
expect "no board" "$DIR/out" 'failed in phase "connect"'
expect "no board" "$DIR/out" 'next: +check that the board sits in its fixture'
"$VMCU" ctl "${CH_SOCKET[0]}" plug >/dev/null

run "no probe" 6 station program --order second --probe tcp:127.0.0.1:1
expect "no probe" "$DIR/out" 'E_PROBE_LOST'
run "no such channel" 2 station program --order second --channels 7
run "bad probe address" 2 station program --order second --probe carrier:pigeon
run "start pattern" 6 station program --order second --channels 0 \
	--start-pattern "never said"
expect "start pattern" "$DIR/out" 'E_TARGET_NO_PROOF'
expect "start pattern" "$DIR/out" 'it said "'
run "the same chip again" 0 station program --order second --channels 0 \
	${HIDES:+--erase-locked}
[ "$(order_field second delivered)" = 1 ] || fail "a retry cost a unit"
[ "$(order_field second closed)" = 1 ] || fail "the retry is not closed"

# -- the cache: ciphertext, checked ---------------------------------------------
cache=$DIR/station/cache/second.release
if grep -qaF 'signet: genuine' "$cache"; then fail "plaintext in the cache"; fi
byte_flip "$cache" 3000
fresh 0 "$(chip_uid 6b 23)"
run "altered cache" 0 station program --order second --channels 0
expect "altered cache" "$DIR/out" 'damaged or was altered; it is fetched again'

# altered by somebody who knows the checksum: the chunk's own seal says so
fresh 0 "$(chip_uid 6b 26)"
python3 - "$cache" <<'PY'
import hashlib, sys
b = bytearray(open(sys.argv[1], "rb").read())
b[-5000] ^= 1
b[8:40] = hashlib.sha256(b[40:]).digest()
open(sys.argv[1], "wb").write(b)
PY
run "forged cache" 6 station program --order second --channels 0
expect "forged cache" "$DIR/out" 'E_DECRYPT'
expect "forged cache" "$DIR/out" 'cause: chunk [0-9]+: decryption failed'
run "forged cache, again" 0 station program --order second --channels 0

# -- the same for programs: JSON ---------------------------------------------------
fresh 1 "$(chip_uid 6b 24)"
run "json" 0 station --json program --order second --channels 1
python3 - "$DIR/out" <<'PY' || fail "program --json"
import json, sys
events = [json.loads(line) for line in open(sys.argv[1])]
result = [e for e in events if e["event"] == "result"]
assert len(result) == 1 and result[0]["result"] == "built", result
assert "genuine" in result[0]["line"], result
assert events[-1] == {"event": "summary", "built": 1, "refused": 0,
                      "failed": 0, "stopped": 0}, events[-1]
assert any(e["event"] == "phase" and e["phase"] == "prove" for e in events)
PY

# -- a terminal: the operator brings the next board, one line a channel ----------
order_make third lamp 5
fresh 0 "$(chip_uid 6b 30)"
cat >"$DIR/operator.py" <<'PY'
import os, pty, select, subprocess, sys, time
command, swap = sys.argv[2:], sys.argv[1]
pid, fd = pty.fork()
if pid == 0:
    os.execvp(command[0], command)
seen, asked, end = b"", 0, time.time() + 120
while time.time() < end:
    if not select.select([fd], [], [], 0.2)[0]:
        continue
    try:
        data = os.read(fd, 4096)
    except OSError:
        break
    if not data:
        break
    seen += data
    if seen.count(b"put the next board in") > asked:
        asked += 1
        if asked == 1:
            subprocess.run(["sh", "-c", swap], check=True)
            os.write(fd, b"0\n")
        else:
            os.write(fd, b"q\n")
sys.stdout.buffer.write(seen)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
PY
run "operator at a terminal" 0 python3 "$DIR/operator.py" \
	"'$VMCU' ctl '${CH_SOCKET[0]}' insert '$DIR/third.state' \
	--new --uid $(chip_uid 6b 31) >/dev/null" \
	"$B/signet-flasher" --dir "$DIR/station" program --order third \
	--channels 0
expect "operator at a terminal" "$DIR/out" '2 built, 0 refused, 0 failed'
expect "operator at a terminal" "$DIR/out" \
	"$(chip_uid 6b 30) +[a-z]+ .* [0-9.]+ s"
[ "$(order_field third closed)" = 2 ] || fail "the operator's two devices"

# -- revoked: at the next request ------------------------------------------------
fresh 0 "$(chip_uid 6b 25)"
signet flasher revoke line1 >/dev/null
run "revoked" 1 station program --order second --channels 0
refused "revoked" flasher-revoked
run "revoked, work" 1 station work
says "revoked, work" 'flasher-revoked'
[ "$(order_field second reserved)" = 0 ] || fail "something stays reserved"

# -- every refusal is in the log ---------------------------------------------------
run "log" 0 signet log list
for code in order-used-up already-built fingerprint order-closed \
	flasher-revoked; do
	expect "log" "$DIR/out" "$code"
done
if grep -q ' $' "$DIR/out"; then fail "log: blanks at the end of a line"; fi
server_stop
say "the line: built what was ordered, refused the rest"
