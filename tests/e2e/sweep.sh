#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The short forms of ./dev test sweep: power cuts, debugger, skipped
# instructions, on the loader's machine code.
set -euo pipefail
for f in stm32l432-uart stm32l432-swd-pins; do
	[ -f build/target/loader/$f/loader.bin ] || {
		echo "FAIL: no loader in build/target/loader/$f: run make target" >&2
		exit 1
	}
done
SWEEP=short exec bash conf/dev/sweep.sh
