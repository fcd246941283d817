#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# QEMU's Cortex-M4 judges the bootloader's MPU set-up: code in RAM, in the
# application's flash and in the flash's second place at 0 runs without it and
# faults with it; data is read and written as before.
set -euo pipefail
elf=build/target/mpu.elf
make -s "$elf"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
printf '\x2a\x20\x70\x47\x2a\x20\x70\x47' >"$tmp/code"

bad=0
try() { # STAGE WHAT
	if timeout 20 qemu-system-arm -M netduinoplus2 -display none \
		-serial none -monitor none -semihosting \
		-kernel "$elf" \
		-device "loader,file=$tmp/code,addr=0x08005000,force-raw=on" \
		-device "loader,addr=0x20008000,data=$1,data-len=4" \
		>"$tmp/log" 2>&1; then
		echo "ok   $2"
	else
		echo "FAIL $2 (exit $?)"
		cat "$tmp/log"
		bad=1
	fi
}
for guarded in 0 0x100; do
	word=runs
	[ "$guarded" = 0 ] || word=faults
	try $((guarded + 0)) "RAM $word"
	try $((guarded + 1)) "application flash $word"
	try $((guarded + 2)) "flash at 0 $word"
done
exit $bad
