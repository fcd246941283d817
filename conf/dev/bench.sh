#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# ./dev bench NAME - runs one benchmark; its figures go to build/bench/NAME.json.
set -euo pipefail
names=$( { make -s list-benches | tr ' ' '\n' | sed 's/^bench_//'
	for f in bench/*.sh; do [ -e "$f" ] && basename "$f" .sh; done; } | sort -u | grep . )
if [ $# -lt 1 ] || ! grep -qx -- "$1" <<<"$names"; then
	echo "usage: ./dev bench NAME; NAME is one of:" $names >&2
	exit 2
fi
name=$1
shift
bash conf/dev/deps.sh test
mkdir -p build/bench
make -s -j"$(nproc)" benches target
if [ -f "bench/$name.sh" ]; then
	exec bash "bench/$name.sh" "$@"
fi
exec "build/host/bench_$name" "$@"
