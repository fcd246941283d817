#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# A sealed job that was cut short goes on with the loader that it left in the
# chip, under the same grant, with nothing erased; the long way where that does
# not do.  A job is done when the loader is gone, whether its last word was
# heard or not.
set -euo pipefail
. tests/lib/line.sh
. tests/lib/sealed.sh
. tests/lib/loader.sh
need python3

server_init
server_start
owner_init
loader_make
random_image "$DIR/pad.bin" 32768
sealed_example lamp
signet release make "$DIR/lamp/firmware.hex" "$DIR/pad.bin@0x08020000" \
	--product lamp --version 2.0.0 --out "$DIR/lamp-2.0.0.signet" \
	--passphrase-file "$DIR/owner.pass" >/dev/null
signet release upload "$DIR/lamp-2.0.0.signet" >/dev/null
signet order create long --product lamp --release 2.0.0 --quantity 20 \
	--retries 9 --manufacturer acme --serial-prefix R- >/dev/null
station_enrol line1 1
station_channels 1

boards=0
fresh() { # a new chip
	boards=$((boards + 1))
	"$B/signet-vmcu" ctl "${CH_SOCKET[0]}" insert \
		"$DIR/board-$boards.state" --new \
		--uid "$(printf '%02x' $boards)00${boards:0:1}a00144f354638353320" \
		>/dev/null
}
program() { station --json program --order long --channels 0 "$@"; }
# cut_in_stream WHAT LINE: the power fails while chunks stream.  The loader itself
# is about a thousand double words, the image six thousand: so many flash
# operations on, either way, chunks are on their way, on any machine.
cut_in_stream() {
	"$B/signet-vmcu" ctl "${CH_SOCKET[0]}" cut 3000 >/dev/null
	run "$1" 6 program --link "$2"
	expect "$1" "$DIR/out" '"phase":"stream"'
	expect_not "$1" "$DIR/out" '"phase":"commit"'
	"$B/signet-vmcu" ctl "${CH_SOCKET[0]}" power on >/dev/null
}
device() { # FIELD
	signet --json device list --order long | python3 -c "import json, sys
print(json.load(sys.stdin)['rows'][-1]['$1'])"
}
check() { # WHAT ATTEMPTS
	expect "$1" "$DIR/out" '"result":"built"'
	[ "$(device attempts)" = "$2" ] ||
		fail "$1: $(device attempts) attempts, not $2"
	[ "$(device state)" = closed ] || fail "$1: not closed"
	[ "$(order_field long delivered)" = $boards ] ||
		fail "$1: $(order_field long delivered) units, not $boards"
	say "ok  $1"
}
erased='"phase":"(erase|loader|lock)"'
kept='nothing is erased'

for line in uart swd-pins; do
	fresh
	cut_in_stream "resumed over $line" $line
	run "resumed over $line" 0 program --link $line
	expect "resumed over $line" "$DIR/out" "$kept"
	expect_not "resumed over $line" "$DIR/out" "$erased"
	check "resumed over $line" 2
done

# cut again: the third attempt does not try what has failed
fresh
cut_in_stream "cut twice" uart
cut_in_stream "cut twice" uart
expect "cut twice" "$DIR/out" "$kept"
run "cut twice" 0 program --link uart
expect "cut twice" "$DIR/out" "$erased"
check "cut twice" 3

# the channel's line is not the loader's
fresh
cut_in_stream "another line" uart
run "another line" 0 program --link swd-pins
expect "another line" "$DIR/out" "$erased"
check "another line" 2

# the loader in the chip is no longer admitted; the new one differs in what is
# never used
fresh
cut_in_stream "a withdrawn loader" uart
old=$(loader_dir "$DIR/loader" uart)
mkdir "$DIR/new"
cp "$old/stub.bin" "$DIR/new/"
python3 - "$old/loader.bin" "$DIR/new/loader.bin" <<'PY'
import sys
code = bytearray(open(sys.argv[1], "rb").read())
assert code[-1] == 0xFF
code[-1] = 0
open(sys.argv[2], "wb").write(code)
PY
signet loader add "$DIR/new/loader.bin" --chip stm32l432 --link uart >/dev/null
signet loader retire "$(sha256sum <"$old/loader.bin" | cut -d' ' -f1)" \
	>/dev/null
run "a withdrawn loader" 0 program --link uart
expect "a withdrawn loader" "$DIR/out" 'refused \(loader-not-admitted\)'
expect "a withdrawn loader" "$DIR/out" "$erased"
check "a withdrawn loader" 2

# -- firmware that says nothing: is the loader gone? -----------------------------
sed -i '/^start-pattern/d; /^\[channel 0\]/a link = uart' \
	"$DIR/station/flasher.conf"
for line in uart swd-pins; do
	fresh
	run "no start proof, $line" 0 program --link $line
	check "no start proof, $line" 1
done
DAP=$(sed -n 's/^probe = //p' "$DIR/station/flasher.conf")
through() { # RULE...: somebody on the wire
	python3 tests/lib/wire_proxy.py 0 "${DAP#tcp:}" "$DIR/proxy" "$@" &
	PROXY=$!
	PIDS+=("$PROXY")
	for _ in {1..100}; do
		[ -f "$DIR/proxy" ] && break
		sleep 0.05
	done
	sed -i "s/^probe = .*/probe = tcp:$(cat "$DIR/proxy")/" \
		"$DIR/station/flasher.conf"
}
hang_up() {
	kill "$PROXY"
	wait "$PROXY" 2>/dev/null || true
	rm "$DIR/proxy"
	sed -i "s/^probe = .*/probe = $DAP/" "$DIR/station/flasher.conf"
}
fresh
through up:85:0:drop
run "the last word lost" 0 program
hang_up
check "the last word lost" 1
# and the commit with it: then it is not built
fresh
through 'down:04:*:drop'
run "the commit lost" 6 program
hang_up
expect "the commit lost" "$DIR/out" '"code":"E_TARGET"'
expect "the commit lost" "$DIR/out" 'the loader is still there'
[ "$(device state)" != closed ] || fail "the commit lost: closed all the same"
run "the commit lost, again" 0 program
check "the commit lost, again" 2
say "resume: $boards boards"
