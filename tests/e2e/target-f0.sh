#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The job on one virtual STM32F051, without a server: identify, program, lock,
# start, prove, at level 1 and 2; back; counterfeits; the published race; power
# cuts.  What is the same on every chip is in target.sh.
set -euo pipefail
B=${B:-build/host}
T=build/target
vmcu=$B/signet-vmcu
tool=$B/target_tool
for f in "$vmcu" "$tool" "$T/tests/hello-stm32f0.bin"; do
	[ -e "$f" ] || { echo "skipped: $f is not built"; exit 77; }
done

dir=$(mktemp -d)
pid=
cleanup() {
	[ -z "$pid" ] || kill "$pid" 2>/dev/null || true
	wait 2>/dev/null || true
	rm -rf "$dir"
}
trap cleanup EXIT

bad() {
	echo "FAILED: $*" >&2
	[ ! -s "$dir/out" ] || sed 's/^/    /' "$dir/out" >&2
	exit 1
}

ctl() { "$vmcu" ctl "$dir/ctl" "$@"; }

boot() { # boot [OPTION...]: a bench with a new chip
	if [ -n "$pid" ]; then
		kill "$pid"
		wait "$pid" || true
	fi
	rm -f "$dir/chip" "$dir/ready" "$dir/ctl"
	"$vmcu" run --chip stm32f051 --dap 127.0.0.1:0 --control "$dir/ctl" \
		--state "$dir/chip" --ready-file "$dir/ready" "$@" >/dev/null &
	pid=$!
	for _ in $(seq 1000); do
		[ -s "$dir/ready" ] && break
		kill -0 "$pid" 2>/dev/null || bad "signet-vmcu ended"
		sleep 0.02
	done
	dap=$(grep -o '"dap":"[^"]*"' "$dir/ready" | cut -d'"' -f4)
}

run() { # run ARGUMENT...: the tool; its output in out, its exit code in rc
	rc=0
	timeout 120 "$tool" --chip stm32f051 --probe "tcp:$dap" \
		--power "$vmcu ctl $dir/ctl power" "$@" >"$dir/out" 2>&1 || rc=$?
}
good() {
	run "$@"
	[ "$rc" = 0 ] || bad "should succeed: $*"
}
refused() { # refused ERROR PHASE ARGUMENT...
	local error=$1 phase=$2
	shift 2
	run "$@"
	[ "$rc" = 1 ] || bad "exit code $rc, should be refused: $*"
	grep -q "^FAIL phase=$phase error=$error why=......" "$dir/out" ||
		bad "should be $error in $phase: $*"
}
said() { grep -q -- "$1" "$dir/out" || bad "nobody said: $1"; }

hello=$T/tests/hello-stm32f0.bin@0x08000000
head -c 304 /dev/urandom >"$dir/record1"
head -c 472 /dev/urandom >"$dir/record2"
head -c 9001 /dev/urandom >"$dir/noise"

# -- the whole job, at level 1 ------------------------------------------------
boot
good --level 1 --record 0x1c00="$dir/record1" --record 0x1e00="$dir/record2" \
	identify program "$hello" power start hello 500 prove power \
	start hello 500
said "cpuid=410cc200 designer=20 part=440"
said "start: hello from flash"
said "prove: locked"
if grep -q "counterfeit\|impossible" "$dir/out"; then
	bad "a genuine chip was doubted"
fi
ctl save
"$vmcu" dump "$dir/chip" "$dir/flash"
cmp -n "$(stat -c %s "${hello%@*}")" "${hello%@*}" "$dir/flash" ||
	bad "flash does not hold the image"
for i in 1 2; do
	at=$((65536 - 8192 + 0x1a00 + i * 0x200))
	cmp -i "$at:0" -n "$(stat -c %s "$dir/record$i")" "$dir/flash" \
		"$dir/record$i" || bad "record $i is not where it belongs"
done
echo "ok: level 1"

# -- locked, and back ---------------------------------------------------------
refused E_TARGET_PROTECTED connect identify program "$hello"
good unlock identify program "$hello" power start hello 500
said "locked=0"
refused E_TARGET_OPEN prove identify prove
# programmed, but not in force before a power cycle
refused E_TARGET_OPEN prove --level 1 identify program "$hello" prove
ctl power cycle
good unlock
echo "ok: unlock"

# -- images that end anywhere; slowest and fastest flash ----------------------
for kind in min max typ; do
	boot --flash-time $kind
	good --level 1 identify program "$dir/noise@0x08005003" power prove
	good unlock identify program "$dir/noise@0x0800bcd7"
	ctl save
	"$vmcu" dump "$dir/chip" "$dir/flash"
	cmp -i $((0xbcd7)):0 -n 9001 "$dir/flash" "$dir/noise" ||
		bad "odd image, $kind"
done
refused E_RANGE connect identify program "$dir/noise@0x0800bcd8"
echo "ok: odd images, flash times"

# -- option bytes: USER bits, no others ---------------------------------------
good --level 1 --option 0x1ffff800,0x00020000,0 identify program "$hello" \
	power prove
good unlock
refused E_ARG connect --option 0x1ffff80c,0xff,0 identify program "$hello"
refused E_ARG connect --option 0x1ffff804,0x0100,0 identify program "$hello"
# a write-protected sector: the controller's own word
good --option 0x1ffff808,0x000000ff,0xfe identify program "$hello" power
refused E_TARGET_FLASH erase identify program "$hello"
said "SR=0x000000[13]0"
good unlock
echo "ok: option bytes"

# -- counterfeits -------------------------------------------------------------
for profile in clone-m0plus clone-arm remarked; do
	boot --profile "$profile"
	good identify
	said "counterfeit: "
	echo "ok: $profile: $(grep -o 'counterfeit: .*' "$dir/out")"
done

# -- level 2: for ever; silence is the proof ----------------------------------
boot
good --level 2 identify program "$hello" power start hello 500 prove power \
	start hello 500
refused E_TARGET_LOST connect identify
said "not even under reset"
refused E_TARGET_LOST connect unlock
echo "ok: level 2"

# -- the published race: the proof sees it ------------------------------------
boot --quirk swd-race
refused E_TARGET_OPEN prove --level 1 identify program "$hello" power prove
said "0x08000000 reads as"
# level 2 closes it
boot --quirk swd-race
good --level 2 identify program "$hello" power prove
echo "ok: the SWD race at level 1, not at level 2"

# -- power cuts: the next job begins anew -------------------------------------
boot
good identify
for n in 1 2 3 50 200 201 202 203; do
	ctl cut "$n"
	run --level 1 --record 0x1e00="$dir/record2" identify program "$hello" \
		power start hello 500
	ctl cut 0
	ctl power cycle
	[ "$rc" = 0 ] || grep -q 'error=E_TARGET_LOST' "$dir/out" ||
		bad "cut $n"
	good unlock identify program "$hello" power start hello 500
done
echo "ok: power cuts"
