#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# ./dev fuzz NAME [SECONDS] - fuzzes one decoder with libFuzzer.
set -euo pipefail
names=$(make -s list-fuzzers | tr ' ' '\n' | grep .)
if [ $# -lt 1 ] || ! grep -qx -- "$1" <<<"$names"; then
	echo "usage: ./dev fuzz NAME [SECONDS]; NAME is one of:" $names >&2
	exit 2
fi
bash conf/dev/deps.sh lint
make -s -j"$(nproc)" VARIANT=fuzz "build/fuzz/$1"
work=build/fuzz-corpus/$1
mkdir -p "$work"
exec "build/fuzz/$1" -max_total_time="${2:-60}" -artifact_prefix="$work/" \
	"$work" "tests/corpus/$1"
