#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Who may speak on the flasher port is decided inside the handshake: nobody
# below gets one HTTP byte parsed, and the server counts them.
set -uo pipefail
. tests/lib/signetd.sh

server_init
server_start

new_key foreign
openssl req -x509 -key "$work/foreign.key" -subj /CN=foreign -days 30 \
	-addext extendedKeyUsage=clientAuth -out "$work/foreign.crt" 2>/dev/null
new_key expired
sign expired clientAuth -1
new_key asserver
sign asserver serverAuth 30
new_key nousage
openssl x509 -req -in "$work/nousage.csr" -CA "$work/ca.pem" \
	-CAkey "$work/s/keys/ca.pem" -passin "file:$work/pass" \
	-set_serial 77 -days 30 -out "$work/nousage.crt" 2>/dev/null

by_alert() {
	refused as_station "$1" GET /v1/work && grep -q "alert certificate" "$work/check.out"
}
work_list="https://127.0.0.1:$flasher/v1/work"
ca="--cacert $work/ca.pem"
check "no client certificate: refused" \
	refused curl -sS -m 10 $ca "$work_list"
check "a foreign certificate: refused, the alert says so" by_alert foreign
check "an expired certificate: refused likewise" by_alert expired
check "a server certificate used as client: refused" \
	refused as_station asserver GET /v1/work
check "a certificate without a usage: refused" \
	refused as_station nousage GET /v1/work
check "TLS 1.2: refused" refused curl -sS -m 10 $ca --tls-max 1.2 "$work_list"
tls12() {
	{ openssl s_client -connect "127.0.0.1:$1" -tls1_2 </dev/null 2>&1 || :; } |
		grep -q "Cipher is (NONE)"
}
check "TLS 1.2: no cipher is agreed (flasher)" tls12 "$flasher"
check "TLS 1.2: no cipher is agreed (admin)" tls12 "$admin"
check "TLS 1.2: no cipher is agreed (enrol)" tls12 "$enrol"
plain() { # HTTP without TLS gets no HTTP answer
	[ "$(curl -sS -m 5 -o /dev/null -w '%{http_code}' \
		"http://127.0.0.1:$flasher/v1/work")" = 000 ]
}
check "plain HTTP: no answer" plain

server_stop
check "stops cleanly on SIGTERM" [ "$status" = 0 ]
line=$(grep "flasher port: .* connections" "$work/log" | tail -1)
case $line in
*" 4 client certificates refused, 0 requests,"*) ok=true ;;
*) ok=false ;;
esac
check "not one request was parsed: ${line##*flasher port: }" $ok
for why in "not from our CA" "has expired" "not a client certificate"; do
	check "the log says: $why" grep -q "flasher port: .*$why" "$work/log"
done

server_start
station good
check "an enrolled station is let in" \
	sh -c "[ \"\$(curl -sS -m 10 $ca --cert $work/good.crt \
		--key $work/good.key https://127.0.0.1:$flasher/v1/work |
		head -c 8)\" = '{\"rows\":' ]"
sessions() { # no session tickets: each handshake proves itself
	openssl s_client -connect "127.0.0.1:$admin" -tls1_3 </dev/null 2>&1 |
		grep -q "Max Early Data: [1-9]"
}
check "no early data" refused sessions
chain() { # the CA comes along, for one-time codes that pin it
	[ "$(openssl s_client -connect "127.0.0.1:$enrol" -showcerts \
		</dev/null 2>/dev/null | grep -c 'BEGIN CERT')" = 2 ]
}
check "the server's chain includes its CA" chain
verified() {
	openssl s_client -connect "127.0.0.1:$admin" -CAfile "$work/ca.pem" \
		-verify_ip 127.0.0.1 -verify_return_error </dev/null
}
check "the server's certificate is for this address" verified
admin POST /v1/flashers/good/revoke '{}' >/dev/null
revoked() { as_station good GET /v1/work | grep -q flasher-revoked; }
check "a revoked station is refused at its next request" revoked
server_stop
check "stops cleanly again" [ "$status" = 0 ]
# ---- the TLS key is replaced while the server serves
sed -i "s/^tls_key_seconds = .*/tls_key_seconds = 1/" "$work/s/signetd.conf"
server_start
serial() {
	openssl s_client -connect "127.0.0.1:$admin" </dev/null 2>/dev/null |
		openssl x509 -noout -serial
}
first=$(serial)
sleep 2.5
second=$(serial)
check "a new certificate is in use" \
	sh -c "[ -n '$first' ] && [ '$first' != '$second' ]"
check "it is verified as the first was" verified
server_stop
check "stops cleanly after that" [ "$status" = 0 ]
finish
