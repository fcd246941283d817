#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Implementations of Noise that are not ours complete live handshakes with
# seal/, in either role: Debian's python3-dissononce NK and NKpsk0, noise-c
# (npm noise-c.wasm) NK.  Without npm's registry the second one is left out.
set -euo pipefail
B=${B:-build/host}
tool=$B/noise_tool
python=/usr/bin/python3
"$python" -c 'import dissononce' 2>/dev/null || { echo "skipped: no python3-dissononce"; exit 77; }
timeout 120 "$python" tests/judge/noise.py "$tool"

npm=build/judge/noise-c
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
	echo "noise-c: left out, there is no node or npm"
	exit 0
fi
if [ ! -f "$npm/node_modules/noise-c.wasm/package.json" ]; then
	mkdir -p "$npm"
	if ! timeout 120 npm install --silent --no-audit --no-fund --prefix "$npm" noise-c.wasm@0.4.0 >"$npm/log" 2>&1; then
		echo "noise-c: left out, npm cannot install noise-c.wasm"
		exit 0
	fi
fi
timeout 120 node tests/judge/noise.js "$npm" "$tool"
