#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# kill -9 of each process in the middle of production, then a restart: every
# credential that a station got is in the ledger, none twice, and the order is
# not overdrawn.  Two servers on one folder are refused.
set -uo pipefail
. tests/lib/signetd.sh
[ -x "$B/bench_grants" ] || make -s VARIANT="${B#build/}" "$B/bench_grants" || exit 1
command -v sqlite3 >/dev/null && have_sqlite=1 || have_sqlite=

order_number() { # order_number FIELD
	admin GET "/v1/orders?order=load" | tr ',' '\n' |
		sed -n "s/.*\"$1\":\([0-9]*\).*/\1/p" | head -1
}

# load: a station at work, process $load, until the server is gone; returns when
# it has got some 300 credentials
load() {
	rm -f "$work/noted"
	"$B/bench_grants" --dir "$work/s" --ready "$work/ready" --seconds 600 \
		--connections 32 --note "$work/noted" >"$work/load" 2>&1 &
	load=$!
	for _ in $(seq 1200); do
		[ "$(wc -c <"$work/noted" 2>/dev/null || echo 0)" -gt 8000 ] &&
			return
		kill -0 $load 2>/dev/null || break
		sleep 0.05
	done
	echo "FAIL  the station makes no devices"
	failures=$((failures + 1))
}
unlocked() { # orphans end by themselves
	flock -w 60 "$work/s/lock" true
}

kill_one() { # kill_one ROLE|parent
	rm -rf "$work/s" "$work/noted"
	server_init
	server_start
	local victim=$pid before
	[ "$1" = parent ] || victim=$(role_pid "$1")
	load
	kill -KILL "$victim"
	wait $load
	local load_status=$?
	wait "$pid"
	local server_status=$?
	pid=
	check "$1 killed: the station sees the server go" [ $load_status = 3 ]
	if [ "$1" != parent ]; then
		check "$1 killed: the server ends with status 5" \
			[ $server_status = 5 ]
		check "$1 killed: the log says which" \
			grep -q "the $1 process was killed by signal 9" \
			"$work/log"
	fi
	check "$1 killed: nobody is left" unlocked
	if [ -n "$have_sqlite" ]; then
		check "$1 killed: the database is sound" \
			sh -c "[ \"\$(sqlite3 $work/s/db/signet.db \
			'pragma integrity_check')\" = ok ]"
	fi
	server_start
	uids
	sort "$work/noted" >"$work/noted.sorted"
	before=$(wc -l <"$work/noted")
	check "$1 killed: $before credentials out, none forgotten" \
		sh -c "[ $before -gt 100 ] &&
		[ -z \"\$(comm -23 $work/noted.sorted $work/uids)\" ]"
	check "$1 killed: none twice" \
		sh -c "[ -z \"\$(uniq -d $work/uids)\" ]"
	check "$1 killed: the order's count is the number of devices" \
		[ "$(order_number delivered)" = "$(wc -l <"$work/uids")" ]
	server_stop
	check "$1 killed: stops cleanly afterwards" [ "$status" = 0 ]
}

for who in edge ledger signer parent; do
	kill_one $who
done

# ---- SIGTERM in the middle: what is in flight is finished
rm -rf "$work/s"
server_init
server_start
load
server_stop
check "SIGTERM in the middle: exit 0" [ "$status" = 0 ]
wait $load
load_status=$?
check "SIGTERM in the middle: the station sees the server go" \
	[ $load_status = 3 ]

# ---- one server per folder
server_start
second() {
	"$B/signetd" run --dir "$work/s" --passphrase-file "$work/pass" \
		>"$work/second" 2>&1
	[ $? = 4 ] && grep -q "another signetd runs on" "$work/second"
}
check "a second server on the folder is refused" second
check "and the first goes on" sh -c "kill -0 $pid"
again() { # and nobody is asked for a passphrase first
	setsid --wait "$B/signetd" init --dir "$work/s" \
		>"$work/second" 2>&1 </dev/null
	[ $? = 4 ] &&
		grep -q "a server's folder already" "$work/second"
}
check "init on a server's folder changes nothing" again
server_stop

# ---- what cannot start says why
(umask 077; echo wrong >"$work/wrong")
starts_not() { # starts_not TEXT ARGS...
	local text=$1
	shift
	"$B/signetd" run "$@" >"$work/second" 2>&1
	[ $? = 4 ] && grep -q "$text" "$work/second"
}
check "a wrong passphrase" starts_not "passphrase" --dir "$work/s" \
	--passphrase-file "$work/wrong"
check "no such folder" starts_not "No such file" --dir "$work/none"
sed "s/^\[admin\]/[admin]\nlistn = 1/" "$work/s/signetd.conf" >"$work/bad.conf"
check "a bad configuration names file, line and what was meant" \
	starts_not 'bad.conf:[0-9]*: unknown key "listn"; did you mean "listen"' \
	--dir "$work/s" --config "$work/bad.conf" --check-config
usage_says() { # usage_says ARGS...
	"$B/signetd" "$@" >"$work/second" 2>&1
	[ $? = 2 ] && grep -q -- "--help" "$work/second"
}
# ---- owner.json leads to a name that the certificate has
url_is() { # url_is URL ARGS...
	local url=$1
	shift
	rm -rf "$work/named"
	"$B/signetd" init --dir "$work/named" --ports 1,2,3 \
		--passphrase-file "$work/pass" "$@" >/dev/null &&
		grep -qF "\"url\": \"$url\"" "$work/named/owner.json"
}
check "listening everywhere: the first name" url_is https://a.example:3 \
	--names a.example,10.1.2.3 --listen 0.0.0.0
check "listening on a named address: that" url_is https://10.1.2.3:3 \
	--names a.example,10.1.2.3 --listen 10.1.2.3
check "listening on another: the first name" url_is https://localhost:3 \
	--names localhost --listen 127.0.0.1
check "IPv6 is written in brackets" url_is "https://[::1]:3" --names ::1 \
	--listen ::1
check "a name that cannot be one" usage_says init --dir "$work/n" --names 'a b'
check "no command is wrong usage" usage_says
check "an unknown command is" usage_says walk
check "so is an unknown option" usage_says run --dir "$work/s" --quickly
check "and a run without a folder" usage_says run
finish
