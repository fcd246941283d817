#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Somebody sits on the serial line between station and chip: frames lost,
# doubled, out of order, altered, forged, of another chip or of an older
# session.  Each job ends well or is refused under its own name; no unit is
# charged twice, and no nonce is used for two texts.
set -euo pipefail
. tests/lib/line.sh
. tests/lib/sealed.sh
need python3

server_init
server_start
owner_init
loader_make
sealed_example lamp
signet order create wire --product lamp --release 1.0.0 --quantity 60 \
	--retries 9 --manufacturer acme --serial-prefix W- >/dev/null
station_enrol line1 1
station_channels 1
sed -i '/^\[channel 0\]/a link = uart' "$DIR/station/flasher.conf"
cp "$DIR/station/flasher.conf" "$DIR/conf"
DAP=$(sed -n 's/^probe = tcp://p' "$DIR/conf")

boards=0
fresh() {
	boards=$((boards + 1))
	"$B/signet-vmcu" ctl "${CH_SOCKET[0]}" insert \
		"$DIR/board-$boards.state" --new \
		--uid "$(printf '%02x' $boards)00${boards:0:1}a00144f354638353320" \
		>/dev/null
}
device() { # FIELD
	signet --json device list --order wire | python3 -c "import json, sys
print(json.load(sys.stdin)['rows'][-1]['$1'])"
}
PROXY=
# listen NAME RULE...: the man in the middle; what he hears is in $DIR/NAME
listen() {
	local name=$1 i
	shift
	rm -f "$DIR/proxy"
	python3 tests/lib/wire_proxy.py 0 "$DAP" "$DIR/proxy" \
		--record "$DIR/$name" "$@" 2>"$DIR/proxy.err" &
	PROXY=$!
	PIDS+=("$PROXY")
	for ((i = 0; i < 200; i++)); do
		[ -f "$DIR/proxy" ] && break
		sleep 0.05
	done
	sed "s/^probe = .*/probe = tcp:$(cat "$DIR/proxy")/" "$DIR/conf" \
		>"$DIR/station/flasher.conf"
}
hang_up() {
	kill "$PROXY"
	wait "$PROXY" 2>/dev/null || true
	cp "$DIR/conf" "$DIR/station/flasher.conf"
}
# one chunk, one text: nothing but frame n ever goes under nonce n
nonces() { # WHAT FILE
	awk '$1 == "down" && $2 == "03" {
		if (($3 in was) && was[$3] != $4) bad = 1
		was[$3] = $4; n++ }
		END { exit bad || !n }' "$DIR/$2" ||
		fail "$1: one nonce, two texts"
}
# good WHAT RULE...: the job is done in one attempt all the same
good() {
	local what=$1
	shift
	fresh
	listen heard "$@"
	run "$what" 0 station program --order wire --channels 0
	hang_up
	expect "$what" "$DIR/out" '^1 built, 0 refused, 0 failed$'
	[ "$(device attempts)" = 1 ] || fail "$what: $(device attempts) attempts"
	nonces "$what" heard
	say "ok  $what"
}
# bad WHAT EXIT CODE RULE...: refused or failed under this name, with what to do
# next, and recorded; built then, as the same unit
bad() {
	local what=$1 want=$2 code=$3
	shift 3
	fresh
	listen first "$@"
	run "$what" "$want" station --json program --order wire --channels 0
	hang_up
	expect "$what" "$DIR/out" "\"code\":\"$code\""
	expect "$what" "$DIR/out" '"next":"[^"]'
	signet --json log list --order wire >"$DIR/log"
	expect "$what" "$DIR/log" '"event": ?"grant.failed"'
	case $code in
	E_*) ;;
	*) expect "$what" "$DIR/log" "\"code\": ?\"$code\"" ;;
	esac
	run "$what, again" 0 station program --order wire --channels 0
	[ "$(device attempts)" = 2 ] || fail "$what: $(device attempts) attempts"
	[ "$(device state)" = closed ] || fail "$what: not closed"
	say "ok  $what"
}

# -- lost, doubled, late ---------------------------------------------------------
good "nothing done" # what the other chip's frames are taken from
mv "$DIR/heard" "$DIR/other"
good "lost" down:01:0:drop up:82:0:drop down:02:0:drop down:03:2:drop \
	down:03:5:drop up:83:7:drop up:84:0:drop down:04:0:drop
good "doubled, out of order" down:03:0:double down:03:3:old down:03:5:double \
	down:03:7:old down:04:0:double
good "the last word lost" up:85:0:drop

# -- altered ----------------------------------------------------------------------
good "altered" down:02:0:flip up:82:0:flip down:03:3:flip up:84:0:flip \
	down:04:0:flip
signet --json log list --order wire --event handshake.refused >"$DIR/log"
expect "message 1 altered" "$DIR/log" '"code": ?"handshake"'
signet --json log list --order wire --event installed.refused >"$DIR/log"
expect "report altered" "$DIR/log" '"code": ?"report"'
bad "message 1 altered each time" 1 handshake 'up:82:*:flip'
bad "message 2 altered each time" 6 E_TARGET_LOST 'down:02:*:flip'

# -- of another chip, of an older session -----------------------------------------
good "another chip's" down:02:0:from="$DIR/other" down:03:1:from="$DIR/other" \
	down:03:4:from="$DIR/other" up:84:0:from="$DIR/other" \
	down:04:0:from="$DIR/other"
good "another chip's last word" up:85:0:from="$DIR/other"
bad "another chip's message 1" 1 replay-altered up:82:0:from="$DIR/other"

# -- forged -----------------------------------------------------------------------
good "wants another chunk, or one that is not" up:83:3:say=83,1 \
	up:83:6:say=83,8 up:83:9:say=83,60000
good "is ready, in the middle" up:83:4:say=81,0
good "a fault, in the middle" up:83:4:say=86,3
good "done, before it is" up:83:4:say=85,0
good "done, in place of its report" up:84:0:say=85,0
good "done, when the commit is lost" down:04:0:drop \
	"up:84:1:say=85,0,$(printf '00%.0s' {1..16})"
bad "a fault, again and again" 6 E_TARGET_FLASH 'up:83:*:say=86,3'
bad "ready, again and again" 6 E_TARGET up:83:4:say=81,0 up:83:5:say=81,0 \
	up:83:6:say=81,0

# -- the same chip's first session ---------------------------------------------
fresh
# the chunk behind is on its way when the first fault comes: its answer counts
listen first up:83:6:say=86,3 up:83:7:say=86,3 up:83:8:say=86,3 \
	up:83:9:say=86,3
run "an older session" 6 station program --order wire --channels 0
hang_up
listen second down:02:0:from="$DIR/first" down:03:2:from="$DIR/first"
run "an older session" 0 station program --order wire --channels 0
hang_up
nonces "an older session" second

[ "$(order_field wire delivered)" = $boards ] ||
	fail "$(order_field wire delivered) units for $boards boards"
[ "$(order_field wire closed)" = $boards ] || fail "not all are closed"
say "wire: $boards boards built, whatever was said on their lines"
