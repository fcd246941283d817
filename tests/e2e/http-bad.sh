#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Bad HTTP, bad JSON and bad clients.  Each refusal is JSON with code, cause
# and next step; the server lives on, and what was refused left no trace.
set -uo pipefail
. tests/lib/signetd.sh

server_init
sed -i -e 's/^request_seconds = .*/request_seconds = 2/' \
	-e 's/^connections = .*/connections = 24/' "$work/s/signetd.conf"
server_start
status_ok() { admin GET /v1/status | grep -q '"orders_open":0'; }
check "the server answers" status_ok

# says TEXT HTTP-STATUS CODE CAUSE curl-arguments...
url="https://127.0.0.1:$admin"
says() {
	local text=$1 http=$2 code=$3 cause=$4
	shift 4
	refusal() {
		curl -sS -m 20 --cacert "$work/ca.pem" -o "$work/body" \
			-H "Authorization: Bearer $token" \
			-w '%{http_code} %{content_type}' "$@" >"$work/code"
		cat "$work/code" "$work/body"
		grep -q "^$http application/json" "$work/code" &&
			grep -q "\"code\":\"$code\"" "$work/body" &&
			grep -qF "$cause" "$work/body" &&
			grep -q '"next":"[^"]' "$work/body" &&
			grep -q '"who":"[^"]' "$work/body"
	}
	check "$text: $http $code" refusal "$@"
}

order() { # order FIELD=JSON...: a valid order but for that
	local o='"name":"o1","product":"p1","release":"1.0","manufacturer":"acme","quantity":8'
	for kv; do
		o=$(sed "s|\"${kv%%=*}\":[^,]*|\"${kv%%=*}\":${kv#*=}|" <<<"$o")
	done
	printf '{%s}' "$o"
}

# ---- HTTP
head -c 5000 /dev/zero | tr '\0' a >"$work/5k"
says "5 kB of headers" 413 too-large "headers are longer than" \
	-H "X-Long: $(cat "$work/5k")" "$url/v1/status"
head -c 100000 /dev/zero | tr '\0' a >"$work/100k"
huge() { # refused below us: an error page, or the connection ends
	curl -sS -m 10 --cacert "$work/ca.pem" -H "Authorization: Bearer $token" \
		-H @<(printf "X-Long: "; cat "$work/100k") -o /dev/null \
		-w "%{http_code}" "$url/v1/status" >"$work/code"
	grep -q "^[04]" "$work/code"
}
check "100 kB of headers: refused" huge
head -c 300000 /dev/zero | tr '\0' ' ' >"$work/300k"
says "300 kB where an order fits" 413 too-large "longer than the" \
	--data-binary @"$work/300k" "$url/v1/orders"
says "the same, in chunks of unknown sum" 413 too-large "" \
	-H "Transfer-Encoding: chunked" --data-binary @"$work/300k" \
	"$url/v1/orders"
says "an unknown path" 404 no-such-operation "GET /v1/nothing" "$url/v1/nothing"
says "a known path of another port" 404 no-such-operation "" \
	-d '{}' "$url/v1/grants"
says "a wrong method" 404 no-such-operation "DELETE /v1/orders" \
	-X DELETE "$url/v1/orders"
says "an unknown parameter" 400 bad-request "colour: is not a field" \
	"$url/v1/log?colour=red"
says "a parameter that is no number" 400 bad-request "limit: must be an integer" \
	"$url/v1/log?limit=many"
wrong_token() {
	curl -sS -m 10 --cacert "$work/ca.pem" -H "Authorization: Bearer $1" \
		"$url/v1/status" | grep -q '"code":"not-authorised"'
}
check "a wrong token: not-authorised" wrong_token "${token%?}x"
check "an empty token: not-authorised" wrong_token ""
garbage() {
	{ head -c 3000 /dev/urandom; sleep 0.3; } | openssl s_client -quiet \
		-connect "127.0.0.1:$admin" >"$work/garbage" 2>/dev/null
	! grep -q "200 OK" "$work/garbage"
}
check "garbage inside TLS" garbage
head -c 3000 /dev/urandom >"$work/rnd"
tcp_garbage() {
	exec 9<>"/dev/tcp/127.0.0.1/$admin" && cat "$work/rnd" >&9 && exec 9>&-
}
check "garbage instead of TLS" tcp_garbage
check "the server still answers" status_ok

# ---- JSON
says "no JSON" 400 bad-request "not valid JSON: line 1" -d 'hello' "$url/v1/orders"
says "cut JSON" 400 bad-request "not valid JSON" -d '{"name":"o' "$url/v1/orders"
says "JSON with a tail" 400 bad-request "not valid JSON" -d '{} {}' "$url/v1/orders"
says "an array" 400 bad-request "must be a JSON object" -d '[]' "$url/v1/orders"
says "an empty body" 400 bad-request "name: is missing" -X POST "$url/v1/orders"
says "deep JSON" 400 bad-request "nested deeper than" \
	-d "{\"name\":$(printf '[%.0s' {1..3000})" "$url/v1/orders"
says "a duplicate field" 400 bad-request "duplicate object key" \
	-d '{"name":"a","name":"b"}' "$url/v1/orders"
says "an unknown field" 400 bad-request "color: is not a field" \
	-d '{"color":1}' "$url/v1/orders"
says "an order of 0" 400 bad-request "quantity: must be an integer from 1 to" \
	-d "$(order quantity=0)" "$url/v1/orders"
says "an order of 2^32" 400 bad-request "quantity: must be an integer" \
	-d "$(order quantity=4294967296)" "$url/v1/orders"
says "an order of 1.5" 400 bad-request "quantity: must be an integer" \
	-d "$(order quantity=1.5)" "$url/v1/orders"
says "an order of \"8\"" 400 bad-request "quantity: must be an integer" \
	-d "$(order quantity='"8"')" "$url/v1/orders"
says "a name that is a number" 400 bad-request "name: must be 1 to 31" \
	-d "$(order name=7)" "$url/v1/orders"
says "a name with a slash" 400 bad-request "name: must be 1 to 31" \
	-d "$(order name='"../x"')" "$url/v1/orders"
says "an unknown product" 404 not-found "" -d "$(order)" "$url/v1/orders"
says "an unknown order" 404 not-found "" -d '{"action":"end"}' \
	"$url/v1/orders/o9/change"
says "an unknown flasher" 404 not-found "" -d '{}' "$url/v1/flashers/f9/revoke"
says "a key of wrong length" 400 bad-request "release_pub: must be base64, exactly 65 bytes" \
	-d '{"name":"p","family":"stm32l4","release_pub":"AAAA"}' "$url/v1/products"
check "nothing of it was taken" status_ok
no_products() { admin GET /v1/products | grep -q '^{"rows":\[\]}$'; }
check "no product was made" no_products

# ---- a station's: it is known who asks, so each refusal is in the audit log
station bad
as_bad() { # curl-arguments...: to the flasher port
	curl -sS -m 10 --cacert "$work/ca.pem" --cert "$work/bad.crt" \
		--key "$work/bad.key" "$@" >"$work/body"
}
flasher_url="https://127.0.0.1:$flasher"
logged() { # ENTRIES TIMES CODE TEXT: of request.refused
	local all
	all=$(admin GET "/v1/log?event=request.refused&flasher=bad")
	echo "$all"
	[ "$(grep -o '"seq"' <<<"$all" | wc -l)" = "$1" ] &&
		grep -q "\"code\":\"$3\"" <<<"$all" &&
		grep -qF "$4" <<<"$all" && grep -q "\"count\":$2" <<<"$all"
}
for body in '{' '[]' '{"uid":7}'; do
	as_bad -d "$body" "$flasher_url/v1/grants"
done
check "a station's bad JSON is in the log, once" \
	logged 1 3 bad-request "not valid JSON"
as_bad -d '{"attempt":"x"}' "$flasher_url/v1/grants/1/report"
check "another operation is another entry" \
	logged 2 1 bad-request '/v1/grants/{grant}/report'
as_bad "$flasher_url/v1/%ff%0anothing"
check "bytes that are no text cannot hurt the log" \
	logged 3 1 no-such-operation 'GET /v1/? nothing'
as_bad --data-binary @"$work/300k" "$flasher_url/v1/grants"
check "a request too large is in the log" \
	logged 4 1 too-large "longer than the"

# ---- the other ports: a person by name, strangers by code and port
all_refused() { admin GET "/v1/log?event=request.refused" | tr '{' '\n'; }
# entries ACTOR CODE SUBJECT TIMES: they say so many refusals, in a few lines
# (one a minute)
entries() {
	all_refused | grep "\"actor\":\"$1\"" | grep -F "\"code\":\"$2\"" |
		grep -F "\"subject\":\"$3\"" | tee "$work/entries"
	[ "$(wc -l <"$work/entries")" -le 3 ] &&
		sed 's/.*"count":\([0-9]*\).*/\1/' "$work/entries" |
		awk -v "n=$4" '{ s += $1 } END { exit !(s == n) }'
}
person=$(all_refused | sed -n 's/.*"actor":"\([^"]*\)".*POST \/v1\/orders.*/\1/p' |
	head -1)
check "a person's bad orders are in the log by name" [ -n "$person" ]
check "... and what is no operation" \
	entries "$person" no-such-operation "" 3
for i in $(seq 12); do
	curl -sS -m 10 --cacert "$work/ca.pem" -o /dev/null \
		-H "Authorization: Bearer stranger$i" "$url/v1/nothing$i"
	curl -sS -m 10 --cacert "$work/ca.pem" -o /dev/null "$url/v1/orders"
done
check "a stranger's paths and tokens are one thing" \
	entries "" no-such-operation "administration port" 12
check "requests without a token are another" \
	entries "" not-authorised "administration port" 13
for body in '{' '[]' '{"secret":7}'; do
	curl -sS -m 10 --cacert "$work/ca.pem" -d "$body" -o /dev/null \
		"https://127.0.0.1:$enrol/v1/enrol"
done
check "bad enrolments are in the log" \
	entries "" bad-request "POST /v1/enrol" 3

# ---- slow clients, and many
# cut_off COMMAND...: its output goes down a connection that the server ends,
# long before the minute is over
cut_off() {
	timeout 60 openssl s_client -quiet -connect "127.0.0.1:$admin" \
		>/dev/null 2>&1 < <("$@")
	local rc=$?
	kill $! 2>/dev/null
	[ $rc != 124 ]
}
drip() {
	printf 'GET /v1/status HTTP/1.1\r\n'
	while sleep 0.5; do printf X || return; done
}
check "a dripping client is cut off" cut_off drip
stall() { # TCP, and not one byte of a handshake
	exec 8<>"/dev/tcp/127.0.0.1/$admin" || return 1
	timeout 60 cat <&8 >/dev/null
	local rc=$?
	exec 8>&-
	[ $rc != 124 ]
}
check "a silent client is cut off" stall
body_stall() { # the headers promise more than ever comes
	printf 'POST /v1/orders HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: 100\r\n\r\n{' "$token"
	exec sleep 70
}
check "a body that never comes is given up" cut_off body_stall
many() {
	local fds=() fd i rc=1
	for i in $(seq 60); do
		exec {fd}<>"/dev/tcp/127.0.0.1/$admin" && fds+=("$fd")
	done
	# the silent ones are cut, whoever was let in
	for i in $(seq 20); do
		status_ok && rc=0 && break
		sleep 0.5
	done
	for fd in "${fds[@]}"; do exec {fd}>&-; done
	return $rc
}
check "60 connections where 24 may be: it recovers" many

server_stop
check "stops cleanly" [ "$status" = 0 ]
cut_counted() { grep "admin port: " "$work/log" | tail -1 |
	grep -Eq ' ([3-9]|[1-9][0-9]+) connections cut for slowness'; }
check "the cuts were counted" cut_counted
check "no process died" refused grep -Eq "process (was|ended)" "$work/log"
finish
