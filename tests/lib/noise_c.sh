# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# noise_c FOLDER: noise-c (npm noise-c.wasm) in there; false and a line that
# says why, if it cannot be had.
noise_c() {
	if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
		echo "noise-c: left out, there is no node or npm"
		return 1
	fi
	[ ! -f "$1/node_modules/noise-c.wasm/package.json" ] || return 0
	mkdir -p "$1"
	timeout 120 npm install --silent --no-audit --no-fund --prefix "$1" \
		noise-c.wasm@0.4.0 >"$1/log" 2>&1 && return 0
	echo "noise-c: left out, npm cannot install noise-c.wasm"
	return 1
}
