#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Sealed orders and a server whose answers are altered, cut short, lost, late,
# or for another chip, order, release or loader: somebody with a certificate of
# the server's own CA stands between.  Station and chip refuse each under its
# own name and say what to do next; the grant stays right, and the same board is
# built in the end.
set -euo pipefail
. tests/lib/line.sh
. tests/lib/sealed.sh
need python3 openssl

server_init
server_start
owner_init
loader_make
sealed_example lamp
random_image "$DIR/pad.bin" 4096
signet release make "$DIR/lamp/firmware.hex" "$DIR/pad.bin@0x08020000" \
	--product lamp --version 2.0.0 --out "$DIR/lamp-2.0.0.signet" \
	--passphrase-file "$DIR/owner.pass" >/dev/null
signet release upload "$DIR/lamp-2.0.0.signet" >/dev/null
order() { # NAME RELEASE QUANTITY [OPTION...]
	local name=$1 release=$2 quantity=$3
	shift 3
	signet order create "$name" --product lamp --release "$release" \
		--quantity "$quantity" --retries 9 --manufacturer acme \
		--serial-prefix "$name-" "$@" >/dev/null
}
order one 1.0.0 40
order two 2.0.0 40
station_enrol line1 1
station_channels 1
sed -i '/^\[channel 0\]/a link = uart' "$DIR/station/flasher.conf"
# virtual time: what does not come within that never does
sed -i "s/^start-timeout = .*/start-timeout = $BOOT_MS/" \
	"$DIR/station/flasher.conf"

# what the proxy needs: the owner's CA signs for it, and the station's keys
mkdir "$DIR/proxy"
cp "$DIR/server/keys/ca.crt" "$DIR/proxy/ca.crt"
openssl x509 -inform der -in "$DIR/station/station.der" \
	-out "$DIR/proxy/station.crt"
cp "$DIR/station/tls.key" "$DIR/proxy/station.key"
openssl ecparam -name prime256v1 -genkey -noout -out "$DIR/proxy/proxy.key"
openssl req -new -key "$DIR/proxy/proxy.key" -subj /CN=proxy \
	-out "$DIR/proxy/csr"
printf '%s\n' extendedKeyUsage=serverAuth subjectAltName=IP:127.0.0.1 \
	subjectAltName=DNS:localhost,IP:127.0.0.1 | sed 2d >"$DIR/proxy/ext"
openssl x509 -req -in "$DIR/proxy/csr" -CA "$DIR/proxy/ca.crt" \
	-CAkey "$DIR/server/keys/ca.pem" -passin "file:$DIR/server.pass" \
	-set_serial "0x$(openssl rand -hex 8)" -days 2 \
	-extfile "$DIR/proxy/ext" -out "$DIR/proxy/proxy.crt" 2>/dev/null
SERVER=$(sed -n 's/.*"server": *"https:\/\/\([^"]*\)".*/\1/p' \
	"$DIR/station/enrolled.json")
cp "$DIR/station/enrolled.json" "$DIR/enrolled"

boards=0
fresh() {
	boards=$((boards + 1))
	"$B/signet-vmcu" ctl "${CH_SOCKET[0]}" insert \
		"$DIR/board-$boards.state" --new \
		--uid "$(printf '%02x' $boards)00${boards:0:1}a00144f354638353320" \
		>/dev/null
}
device() { # ORDER FIELD
	signet --json device list --order "$1" | python3 -c "import json, sys
print(json.load(sys.stdin)['rows'][-1]['$2'])"
}
PROXY=
between() { # RULE...
	rm -f "$DIR/port"
	rm -rf "$DIR/station/cache"
	python3 tests/lib/answer_proxy.py "$DIR/proxy" "$SERVER" "$DIR/port" \
		"$@" 2>"$DIR/proxy.err" &
	PROXY=$!
	PIDS+=("$PROXY")
	for _ in {1..200}; do
		[ -f "$DIR/port" ] && break
		sleep 0.05
	done
	sed "s/https:[^\"]*/https:\/\/127.0.0.1:$(cat "$DIR/port")/" \
		"$DIR/enrolled" >"$DIR/station/enrolled.json"
}
gone() {
	kill "$PROXY"
	wait "$PROXY" 2>/dev/null || true
	cp "$DIR/enrolled" "$DIR/station/enrolled.json"
}
program() { station --json program --channels 0 --order "$@"; }
# refused WHAT CODE RULE...: order one, whatever board is there; no unit is taken,
# or an attempt that failed is recorded
refused() {
	local what=$1 code=$2
	shift 2
	between "$@"
	program one >"$DIR/out" 2>"$DIR/err" </dev/null &&
		fail "$what: built all the same"
	gone
	expect "$what" "$DIR/out" "\"code\":\"$code\""
	expect "$what" "$DIR/out" '"next":"[^"]'
	if grep -q '"grant":[1-9]' "$DIR/out"; then
		signet --json log list --order one --event grant.failed \
			>"$DIR/log"
		grep -q "$(grep -o '"uid":"[0-9a-f]*' "$DIR/out" | tail -n 1 |
			cut -d'"' -f4)" "$DIR/log" || fail "$what: not recorded"
	fi
	say "ok  $what"
}
again() { # WHAT: the board is built
	run "$1, again" 0 program one
	[ "$(device one state)" = closed ] || fail "$1: not closed"
}
bad() { # WHAT CODE RULE...: with a board of its own, which is built in the end
	fresh
	refused "$@"
	again "$1"
}
good() { # WHAT RULE...: one attempt
	local what=$1
	shift
	fresh
	between "$@"
	run "$what" 0 program one
	gone
	[ "$(device one attempts)" = 1 ] || fail "$what: more than one attempt"
	say "ok  $what"
}

good "nothing done"
for op in grants handshake installed loader release; do
	[ -s "$DIR/proxy/answer-$op.json" ] || fail "no answer to $op"
	cp "$DIR/proxy/answer-$op.json" "$DIR/old-$op.json"
done

# -- cut short -------------------------------------------------------------------
fresh # before anything is done to it
for op in loader release grants; do
	refused "cut short: $op" E_HTTP "$op:*:cut"
done
refused "loader altered" E_CHECKSUM loader:0:flip=loader
refused "another link's loader" E_HTTP loader:0:set=link=swd-pins
refused "grant of another release" E_HTTP \
	"grants:0:set=header_digest=$(printf 'ab%.0s' {1..32})"
again "before anything is done"
for op in handshake installed; do
	bad "cut short: $op" E_HTTP "$op:*:cut"
done
# -- lost: the same request gets the same answer -----------------------------------
good "answers lost" grants:0:lose handshake:0:lose
good "commit lost" installed:0:lose

# -- altered ----------------------------------------------------------------------
bad "message 2 altered" E_TARGET_LOST 'handshake:*:flip=message2'
bad "link key altered" E_DECRYPT 'handshake:*:flip=key_sealed'
bad "commit altered" E_TARGET_NO_PROOF 'installed:*:flip=commit'
bad "chunks altered" E_TARGET_LOST 'release:*:flip=chunks'
bad "challenge altered" handshake 'grants:0:flip=challenge'

# -- for another chip, attempt, release, order, loader ---------------------------------
bad "message 2 of another chip" E_TARGET_LOST \
	"handshake:*:field=message2=$DIR/old-handshake.json"
bad "handshake of another chip" E_DECRYPT \
	"handshake:*:from=$DIR/old-handshake.json"
bad "commit of another chip" E_TARGET_NO_PROOF \
	"installed:*:from=$DIR/old-installed.json"
fresh
between
run "another order" 0 program two
gone
cp "$DIR/proxy/answer-release.json" "$DIR/two-release.json"
bad "release of another order" E_HTTP \
	"release:*:from=$DIR/two-release.json"
# the grant of a chip that is built: its hello is not this chip's
fresh
between "grants:0:from=$DIR/old-grants.json"
run "grant of another chip" 1 program one
gone
expect "grant of another chip" "$DIR/out" '"next":"[^"]'
expect "grant of another chip" "$DIR/out" '"code":"(state|already-built)"'
run "grant of another chip, again" 0 program one
say "ok  grant of another chip"

# -- late: the lease is over ---------------------------------------------------------
order brief 1.0.0 2 --lease 5
late() { # a job whose handshake waits until its lease is over, and then for go
	local i
	fresh
	rm -f "$DIR/go" "$DIR/go.held"
	between "handshake:0:hold=$DIR/go"
	program brief >"$DIR/late" 2>&1 </dev/null &
	LATE=$!
	PIDS+=("$LATE")
	for ((i = 0; i < 1200; i++)); do
		[ -f "$DIR/go.held" ] && [ "$(order_field brief reserved)" = 0 ] &&
			return
		sleep 0.05
	done
	fail "late: the lease does not end"
}
late
touch "$DIR/go"
wait $LATE || fail "late, and a unit is free: $(cat "$DIR/late")"
gone
say "ok  late, and a unit is free"
cp -r "$DIR/station" "$DIR/other"
late
run "the last unit goes elsewhere" 0 "$B/fake_target" --dir "$DIR/other" \
	--order brief --uid 7a000a00144f354638353320 \
	--server-key "$SERVER_KEY" --out "$DIR/stolen"
touch "$DIR/go"
wait $LATE && fail "late: built all the same"
gone
expect "late, and no unit is left" "$DIR/late" '"code":"lease-expired"'
expect "late, and no unit is left" "$DIR/late" '"next":"[^"]'
[ "$(order_field brief delivered)" = 2 ] || fail "more than were ordered"
say "ok  late, and no unit is left"
say "answers: $boards boards"
