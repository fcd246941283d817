#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# What a station may say about chips, spoken by hand over its own enrolled
# connection: impossible unique IDs, wrong types, two stations that claim one
# chip, more grants than credit, a request sent twice, and sent twice with one
# byte changed.  Each refusal names cause, next step and who can resolve it,
# and the order's numbers are right after each.
set -euo pipefail
. tests/lib/line.sh
need curl openssl

server_init
server_start
owner_init
MODE=signed
product_make lamp
order_make first lamp 9
order_make second lamp 9
order_make small lamp 1
for n in 1 2; do
	code=$(signet --json flasher invite "line$n" --manufacturer acme \
		--channels 2 | sed -n 's/.*"code": *"\([^"]*\)".*/\1/p')
	"$B/signet-flasher" --dir "$DIR/st$n" enrol --code "$code" \
		--channels 2 >/dev/null
	openssl x509 -inform DER -in "$DIR/st$n/station.der" \
		-out "$DIR/st$n/station.crt"
done

# ask STATION PATH BODY: the answer in $DIR/body, its status in $HTTP
ask() {
	HTTP=$(curl -sS -m 20 --cacert "$DIR/server/keys/ca.crt" \
		--cert "$DIR/st$1/station.crt" --key "$DIR/st$1/tls.key" \
		-d "$3" -o "$DIR/body" -w '%{http_code}' \
		"https://127.0.0.1:${PORTS%%,*}$2")
}
# answers WHAT STATUS [CODE [CAUSE]]: the last answer
answers() {
	[ "$HTTP" = "$2" ] || fail "$1: $HTTP, not $2: $(cat "$DIR/body")"
	[ -n "${3:-}" ] || return 0
	expect "$1" "$DIR/body" "\"code\":\"$3\""
	expect "$1" "$DIR/body" "\"cause\":\"[^\"]*${4:-.}"
	expect "$1" "$DIR/body" '"next":"[^"]'
	expect "$1" "$DIR/body" '"who":"(owner|operator|nobody|caller)"'
}
# chip ORDER UID NONCE [FIELD=VALUE]...: a grant request of a genuine part
chip() {
	local q kv
	q="\"order\":\"$1\",\"uid\":\"$2\",\"nonce\":\"$3\""
	q+=',"dpidr":731911287,"cpuid":1091551809,"designer":32'
	q+=',"part":1077,"device_id":268461109,"flash_kb":256'
	q+=',"ap_idr":611778577,"vtor":4294967168'
	for kv in "${@:4}"; do
		q=$(sed "s|\"${kv%%=*}\":[^,]*|\"${kv%%=*}\":${kv#*=}|" <<<"$q")
	done
	printf '{%s}' "$q"
}
nonce() { openssl rand -hex 16; }
field() { sed -n "s/.*\"$1\":\"\\{0,1\\}\\([^\",}]*\\).*/\\1/p" "$DIR/body"; }
counts() { # WHAT ORDER RESERVED DELIVERED CLOSED
	local is
	is="$(order_field "$2" reserved) $(order_field "$2" delivered)"
	is+=" $(order_field "$2" closed)"
	[ "$is" = "$3 $4 $5" ] || fail "$1: $2 has $is, not $3 $4 $5"
}
chip_uid() { printf '6b00%02x00144f354638353320' "$1"; }

# -- unique IDs that no chip has ----------------------------------------------
bad_uid() { # WHAT UID STATUS CODE CAUSE
	ask 1 /v1/grants "$(chip first "$2" "$(nonce)")"
	answers "$1" "$3" "$4" "$5"
	counts "$1" first 0 0 0
}
bad_uid "all zeros" 000000000000000000000000 422 uid-malformed zeros
bad_uid "all ones" ffffffffffffffffffffffff 422 uid-malformed ones
bad_uid "11 bytes" 6b001100144f3546383533 422 uid-malformed "11 bytes"
bad_uid "13 bytes" 6b001100144f35463835332020 400 bad-request "uid: must be"
bad_uid "no bytes" "" 400 bad-request "uid: must be"
bad_uid "half a byte" 6b001100144f35463835332 400 bad-request "uid: must be"
bad_uid "no hex" 6b001100144f35463835332g 400 bad-request "uid: must be"
bad_uid "wafer 0" 6b001100004f354638353320 422 uid-malformed wafer
bad_uid "no lot number" 6b001100144f351f38353320 422 uid-malformed 0x1f

# -- wrong types, other parts, unknown orders -----------------------------------
u=$(chip_uid 1)
for bad in 'uid=17|uid: ' 'uid=null|uid: ' 'flash_kb="256"|flash_kb: ' \
	'cpuid=-1|cpuid: ' 'dpidr=4294967296|dpidr: ' 'order=["first"]|order: '; do
	ask 1 /v1/grants "$(chip first "$u" "$(nonce)" "${bad%%|*}")"
	answers "${bad%%|*}" 400 bad-request "${bad#*|}"
done
ask 1 /v1/grants "$(chip first "$u" 00)"
answers "a nonce of one byte" 400 bad-request nonce
ask 1 /v1/grants "$(chip first "$u" "$(nonce)" cpuid=1091552833)"
answers "another core" 422 fingerprint CPUID
ask 1 /v1/grants "$(chip nothing "$u" "$(nonce)")"
answers "unknown order" 404 not-found nothing
ask 1 /v1/grants/77/deliver "{\"attempt\":1,\"nonce\":\"$(nonce)\"}"
answers "unknown grant" 404 not-found
head -c 300000 /dev/zero | tr '\0' ' ' >"$DIR/large"
ask 1 /v1/grants @"$DIR/large"
answers "300 kB" 413 too-large
counts "nothing of it counts" first 0 0 0

# -- one request sent twice, and with one byte changed ---------------------------
n=$(nonce)
q=$(chip first "$u" "$n")
ask 1 /v1/grants "$q"
answers "grant" 200
g=$(field grant)
cp "$DIR/body" "$DIR/granted"
ask 1 /v1/grants "$q"
answers "the same again" 200
cmp "$DIR/body" "$DIR/granted" || fail "the same request, another answer"
for bad in device_id=268461110 flash_kb=255 order='"second"' \
	uid="\"$(chip_uid 2)\""; do
	ask 1 /v1/grants "$(chip first "$u" "$n" "$bad")"
	answers "replayed with $bad" 409 replay-altered
done
counts "one grant" first 1 0 0
counts "one grant" second 0 0 0

# -- two stations, one chip ----------------------------------------------------------
ask 2 /v1/grants "$(chip first "$u" "$(nonce)")"
answers "two stations, one chip" 409 uid-conflict
ask 2 "/v1/grants/$g/deliver" "{\"attempt\":1,\"nonce\":\"$(nonce)\"}"
[ "$HTTP" != 200 ] || fail "a key for the grant of another station"
ask 2 "/v1/grants/$g/report" \
	'{"attempt":1,"outcome":"closed","phase":"prove","detail":""}'
[ "$HTTP" != 200 ] || fail "a report for the grant of another station"
counts "the other station changes nothing" first 1 0 0

n=$(nonce)
ask 1 "/v1/grants/$g/deliver" "{\"attempt\":1,\"nonce\":\"$n\"}"
answers "deliver" 200
cp "$DIR/body" "$DIR/delivered"
ask 1 "/v1/grants/$g/deliver" "{\"attempt\":1,\"nonce\":\"$n\"}"
answers "deliver again" 200
cmp "$DIR/body" "$DIR/delivered" || fail "the same chip, another credential"
ask 1 "/v1/grants/$g/deliver" "{\"attempt\":2,\"nonce\":\"$n\"}"
answers "deliver, altered" 409 replay-altered
ask 2 /v1/grants "$(chip second "$u" "$(nonce)")"
[ "$HTTP" = 200 ] && {
	g2=$(field grant)
	ask 2 "/v1/grants/$g2/deliver" "{\"attempt\":1,\"nonce\":\"$(nonce)\"}"
}
answers "a key for the chip from a second order" 409 uid-conflict
counts "one key for one chip" first 0 1 0
[ "$(order_field second delivered)" = 0 ] || fail "the chip was counted twice"

# -- more grants than credit: two channels ----------------------------------------------
ask 1 /v1/grants "$(chip first "$(chip_uid 3)" "$(nonce)")"
answers "the second channel" 200
ask 1 /v1/grants "$(chip first "$(chip_uid 4)" "$(nonce)")"
answers "a third grant for two channels" 429 credit
counts "credit" first 1 1 0
ask 1 "/v1/grants/$g/report" \
	'{"attempt":1,"outcome":"closed","phase":"prove","detail":""}'
answers "the first is finished" 200
ask 1 /v1/grants "$(chip first "$(chip_uid 4)" "$(nonce)")"
answers "its channel is free again" 200
counts "a channel is free" first 2 1 1

# -- the last unit --------------------------------------------------------------------------
ask 2 /v1/grants "$(chip small "$(chip_uid 5)" "$(nonce)")"
answers "the last unit" 200
g=$(field grant)
ask 2 /v1/grants "$(chip small "$(chip_uid 6)" "$(nonce)")"
[ "$HTTP" != 200 ] || fail "two grants in an order of one"
ask 2 "/v1/grants/$g/deliver" "{\"attempt\":1,\"nonce\":\"$(nonce)\"}"
answers "the last unit's key" 200
ask 2 "/v1/grants/$g/report" \
	'{"attempt":1,"outcome":"failed","phase":"program","detail":"x"}'
answers "it failed" 200
ask 2 /v1/grants "$(chip small "$(chip_uid 6)" "$(nonce)")"
answers "a failed device stays charged" 409 order-used-up
counts "a failed device stays charged" small 0 1 0

# -- the owner sees all of it ------------------------------------------------------------------
run "log" 0 signet log list
for code in uid-malformed fingerprint not-found replay-altered uid-conflict \
	credit order-used-up; do
	expect "log" "$DIR/out" "$code"
done
server_stop
expect_not "the server's log" "$DIR/server.log" 'process (was|ended)'
say "claims: every false one is refused and noted"
