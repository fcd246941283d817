#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# ./dev bench grants [--seconds S] [--connections C] [--rounds R]
#
# Once with the disk as it is, beside servers that only echo; once with syncs
# that take 5 ms longer.
set -uo pipefail
. tests/lib/signetd.sh
mkdir -p build/bench

run() { # JSON PRELOAD arguments...
	local json=$1 preload=$2 load most=0 now
	shift 2
	rm -rf "$work/s"
	server_init
	# 1,000 handshakes, one after the other, come before the first request
	sed -i 's/^request_seconds = .*/request_seconds = 120/' \
		"$work/s/signetd.conf"
	SLOW_SYNC_US=5000 LD_PRELOAD=$preload server_start
	"$B/bench_grants" --dir "$work/s" --ready "$work/ready" \
		--server "$pid" --json "$json" "$@" &
	load=$!
	# kB of all four processes, each page counted for whom it belongs to
	while kill -0 $load 2>/dev/null; do
		now=$(cat /proc/"$pid"/smaps_rollup $(pgrep -P "$pid" |
			sed 's|.*|/proc/&/smaps_rollup|') 2>/dev/null |
			awk '/^Pss:/ { n += $2 } END { print n + 0 }')
		[ "$now" -gt $most ] && most=$now
		sleep 0.5
	done
	wait $load || {
		cat "$work/log"
		exit 1
	}
	awk "BEGIN { printf \"memory of all roles: %.1f MB at most\\n\",
		$most / 1024 }"
	sed -i "s/^{/{\n  \"memory_mb_most\": $((most / 1024)),/" "$json"
	server_stop
	[ "$status" = 0 ] || exit "$status"
}

run build/bench/grants.json "" "$@"
echo
echo "with syncs that take 5 ms longer:"
"${CC:-cc}" -shared -fPIC -O2 -o "$work/slow_sync.so" bench/slow_sync.c || exit 1
run build/bench/grants-slow.json "$work/slow_sync.so" --no-echo "$@"
