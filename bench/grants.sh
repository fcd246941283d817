#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# ./dev bench grants [--seconds S] [--connections C]
set -uo pipefail
. tests/lib/signetd.sh

server_init
server_start
mkdir -p build/bench
"$B/bench_grants" --dir "$work/s" --ready "$work/ready" \
	--json build/bench/grants.json "$@" || {
	cat "$work/log"
	exit 1
}
server_stop
exit "$status"
