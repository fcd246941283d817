# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# tests/lib/signetd.sh - a signetd of one's own; source it from a test.
#
#   server_init                 makes $work/s
#   server_start [ENV...]       starts it, sets $pid $flasher $enrol $admin
#   server_stop                 SIGTERM, waits, sets $status
#   admin METHOD PATH [JSON]    curl on the administration port
#   station NAME                invites and enrols: $work/NAME.{key,crt}
#   uids                        $work/uids, sorted: every UID of the order
#                               "load" that the ledger says was delivered
#   check TEXT COMMAND...       prints ok or FAIL
#   finish                      exits 0 if nothing failed

B=${B:-build/host}
work=$(mktemp -d "${TMPDIR:-/tmp}/signet.XXXXXX")
pid=
failures=0
trap 'server_kill; rm -rf "$work"' EXIT

for tool in curl openssl; do
	command -v $tool >/dev/null || { echo "skipped: no $tool"; exit 77; }
done

check() {
	local text=$1
	shift
	if "$@" >"$work/check.out" 2>&1; then
		echo "ok    $text"
	else
		echo "FAIL  $text"
		sed 's/^/      /' "$work/check.out" | head -20
		failures=$((failures + 1))
	fi
}

refused() { ! "$@"; }

finish() {
	[ "$failures" = 0 ] || {
		echo "$failures failed; the server's log:"
		tail -30 "$work/log" 2>/dev/null
		exit 1
	}
	exit 0
}

json() { # json KEY FILE: the first value of KEY
	tr ',{}' '\n' <"$2" | sed -n "s/^ *\"$1\": *\"\{0,1\}\([^\"]*\)\"\{0,1\}.*/\1/p" |
		head -1
}

server_init() {
	(umask 077; echo "correct horse" >"$work/pass")
	"$B/signetd" init --dir "$work/s" --ports 0,0,0 \
		--passphrase-file "$work/pass" >"$work/init.out" || exit 1
	# the leak detector of a sanitized build traces, as no sandbox allows
	case $B in *asan*)
		sed -i "s/^sandbox = yes/sandbox = no/" "$work/s/signetd.conf" ;;
	esac
	token=$(json token "$work/s/owner.json")
	cp "$work/s/keys/ca.crt" "$work/ca.pem"
}

server_start() {
	rm -f "$work/ready"
	"$B/signetd" run --dir "$work/s" --passphrase-file "$work/pass" \
		--ready-file "$work/ready" "$@" >"$work/out" 2>>"$work/log" &
	pid=$!
	for _ in $(seq 200); do
		[ -s "$work/ready" ] && break
		kill -0 $pid 2>/dev/null || break
		sleep 0.05
	done
	[ -s "$work/ready" ] || {
		echo "FAIL  the server does not start"
		cat "$work/log"
		exit 1
	}
	flasher=$(json flasher_port "$work/ready")
	enrol=$(json enrol_port "$work/ready")
	admin=$(json admin_port "$work/ready")
}

server_stop() {
	kill -TERM "$pid"
	wait "$pid" && status=0 || status=$?
	pid=
}

server_kill() {
	[ -z "$pid" ] || { kill -KILL "$pid" && wait "$pid"; } 2>/dev/null
	pid=
	return 0
}

role_pid() { # role_pid edge
	pgrep -P "$pid" -x "$1"
}

admin() {
	curl -sS -m 20 --cacert "$work/ca.pem" \
		-H "Authorization: Bearer $token" -X "$1" ${3+-d "$3"} \
		"https://127.0.0.1:$admin$2"
}

as_station() { # as_station NAME METHOD PATH [JSON]
	curl -sS -m 20 --cacert "$work/ca.pem" --cert "$work/$1.crt" \
		--key "$work/$1.key" -X "$2" ${4+-d "$4"} \
		"https://127.0.0.1:$flasher$3"
}

new_key() { # new_key NAME: $work/NAME.key and .csr
	openssl ecparam -name prime256v1 -genkey -noout -out "$work/$1.key"
	openssl req -new -key "$work/$1.key" -subj "/CN=$1" \
		-out "$work/$1.csr"
}

station() {
	local code secret csr
	new_key "$1"
	admin POST /v1/flashers \
		"{\"name\":\"$1\",\"manufacturer\":\"acme\",\"channels\":4}" \
		>"$work/invite.json"
	code=$(json code "$work/invite.json")
	secret=${code#SGN1-*-}
	secret=${secret%%@*}
	csr=$(openssl req -in "$work/$1.csr" -outform DER | base64 -w0)
	curl -sS -m 20 --cacert "$work/ca.pem" -d "{\"secret\":\"$secret\",
		\"csr\":\"$csr\",\"kem_pub\":\"$(openssl rand -hex 32)\",
		\"channels\":4,\"station\":\"$1\"}" \
		"https://127.0.0.1:$enrol/v1/enrol" >"$work/enrol.json"
	json certificate "$work/enrol.json" | base64 -d |
		openssl x509 -inform DER -out "$work/$1.crt"
}

# sign NAME EKU DAYS: a certificate by the server's own CA
sign() {
	printf 'extendedKeyUsage=%s\nbasicConstraints=critical,CA:FALSE\n' \
		"$2" >"$work/ext"
	openssl x509 -req -in "$work/$1.csr" -CA "$work/ca.pem" \
		-CAkey "$work/s/keys/ca.pem" -passin "file:$work/pass" \
		-set_serial "0x$(openssl rand -hex 8)" -days "$3" \
		-extfile "$work/ext" -out "$work/$1.crt" 2>/dev/null
}

uids() {
	local after=0
	: >"$work/uids"
	while :; do
		admin GET "/v1/devices?order=load&after=$after" >"$work/page"
		tr '{' '\n' <"$work/page" | grep '"uid"' >"$work/rows" || break
		grep -E '"state":"(delivered|installed|closed|unknown)"' \
			"$work/rows" | sed 's/.*"uid":"\([0-9a-f]*\)".*/\1/' \
			>>"$work/uids"
		after=$(tail -1 "$work/rows" |
			sed 's/.*"grant":\([0-9]*\).*/\1/')
	done
	sort -o "$work/uids" "$work/uids"
}
