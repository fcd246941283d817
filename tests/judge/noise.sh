#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Implementations of Noise that are not ours complete live handshakes with
# seal/, in either role: Debian's python3-dissononce NK and NKpsk0, noise-c
# (npm noise-c.wasm) NK.  Without npm's registry the second one is left out.
set -euo pipefail
. tests/lib/noise_c.sh
B=${B:-build/host}
tool=$B/noise_tool
python=/usr/bin/python3
"$python" -c 'import dissononce' 2>/dev/null || { echo "skipped: no python3-dissononce"; exit 77; }
timeout 120 "$python" tests/judge/noise.py "$tool"

npm=build/judge/noise-c
noise_c "$npm" || exit 0
timeout 120 node tests/judge/noise.js "$npm" "$tool"
