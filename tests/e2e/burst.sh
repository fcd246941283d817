#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# As many clients at once as libmicrohttpd's event array holds (128), and one
# more or less: its own event loop fell asleep at exactly that number.
set -uo pipefail
. tests/lib/signetd.sh
[ -x "$B/bench_grants" ] || make -s VARIANT="${B#build/}" "$B/bench_grants" || exit 1

for n in 127 128 129 256; do
	rm -rf "$work/s"
	server_init
	server_start
	made() {
		"$B/bench_grants" --dir "$work/s" --ready "$work/ready" \
			--seconds 2 --connections "$n" --note "$work/noted" &&
			[ "$(wc -l <"$work/noted")" -ge "$n" ]
	}
	check "$n clients at once all get their devices" made
	server_stop
done
finish
