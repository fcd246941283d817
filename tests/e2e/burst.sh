#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# As many clients at once as libmicrohttpd's event array holds (128), and one
# more or less: its own event loop fell asleep at exactly that number.
set -uo pipefail
. tests/lib/signetd.sh
[ -x "$B/bench_grants" ] || make -s VARIANT="${B#build/}" "$B/bench_grants" || exit 1

made() { # until each may have one; $work/load is what it says
	rm -f "$work/noted"
	"$B/bench_grants" --dir "$work/s" --ready "$work/ready" \
		--seconds 600 --connections "$n" --note "$work/noted" \
		>"$work/load" 2>&1 &
	local load=$! i
	for ((i = 0; i < 1200; i++)); do
		[ "$(wc -l 2>/dev/null <"$work/noted")" -ge "$n" ] && break
		kill -0 $load 2>/dev/null || break
		sleep 0.05
	done
	kill $load
	wait $load 2>/dev/null
	cat "$work/load"
	[ "$(wc -l <"$work/noted")" -ge "$n" ]
}
for n in 127 128 129 256; do
	rm -rf "$work/s"
	server_init
	server_start
	check "$n clients at once all get their devices" made
	server_stop
done
finish
