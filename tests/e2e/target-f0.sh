#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The job on one virtual STM32F051, without a server: identify, program, lock,
# start, prove, at level 1 and 2; back; counterfeits; the published race; power
# cuts.  What is the same on every chip is in target.sh.
set -euo pipefail
CHIP=stm32f051
. tests/lib/target.sh
target_need build/target/tests/hello-stm32f0.bin
hello=$T/tests/hello-stm32f0.bin@0x08000000
head -c 9001 /dev/urandom >"$DIR/noise"

# -- the whole job, at level 1 ------------------------------------------------
boot
good --level 1 --record 0x1c00="$DIR/record1" --record 0x1e00="$DIR/record2" \
	identify program "$hello" power start hello 500 prove power \
	start hello 500
said "cpuid=410cc200 designer=20 part=440"
said "start: hello from flash"
said "prove: locked"
not_doubted
flash_holds 0 "${hello%@*}"
for i in 1 2; do
	flash_holds $((65536 - 8192 + 0x1a00 + i * 0x200)) "$DIR/record$i"
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
	good --level 1 identify program "$DIR/noise@0x08005003" power prove
	good unlock identify program "$DIR/noise@0x0800bcd7"
	flash_holds $((0xbcd7)) "$DIR/noise"
done
refused E_RANGE connect identify program "$DIR/noise@0x0800bcd8"
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
	echo "ok: $profile: $(grep -o 'counterfeit: .*' "$DIR/out")"
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
	run --level 1 --record 0x1e00="$DIR/record2" identify program "$hello" \
		power start hello 500
	ctl cut 0
	ctl power cycle
	[ "$rc" = 0 ] || said 'error=E_TARGET_LOST'
	good unlock identify program "$hello" power start hello 500
done
echo "ok: power cuts"
