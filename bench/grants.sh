#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# ./dev bench grants [--seconds S] [--connections C]
set -uo pipefail
. tests/lib/signetd.sh

server_init
server_start
mkdir -p build/bench
"$B/bench_grants" --dir "$work/s" --ready "$work/ready" --server "$pid" \
	--json build/bench/grants.json "$@" &
load=$!
most=0 # kB of all four processes, each page counted for whom it belongs to
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
awk "BEGIN { printf \"memory of all roles    %8.1f MB at most\\n\", $most / 1024 }"
sed -i "s/^{/{\n  \"memory_mb_most\": $((most / 1024)),/" build/bench/grants.json
server_stop
exit "$status"
