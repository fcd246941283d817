#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The job on one virtual STM32F103xB and xE, without a server: identify,
# program, lock, start, prove, with both answers to what a reset does after the
# lock; back; imitations, each by its own witness; flash times; power cuts.
# What is the same on every chip is in target.sh.
set -euo pipefail
. tests/lib/target.sh
target_need build/target/tests/hello-stm32f1.bin
hello=$T/tests/hello-stm32f1.bin@0x08000000
head -c 9001 /dev/urandom >"$DIR/noise"

whole_job() { # LEN PART
	for quirk in '' '--quirk nrst-keeps-open' '--quirk no-crystal'; do
		say "$CHIP: the whole job ${quirk#--quirk }"
		# shellcheck disable=SC2086
		boot $quirk
		good --level 1 --record 0x1c00="$DIR/record1" \
			--record 0x1e00="$DIR/record2" identify \
			program "$hello" power start hello 500 prove power \
			start hello 500
		said "cpuid=411fc231 designer=20 part=$2"
		said 'start: hello from flash'
		said 'prove: locked'
		not_doubted
		flash_holds 0 "${hello%@*}"
		flash_holds $(($1 - 8192 + 0x1c00)) "$DIR/record1"
		flash_holds $(($1 - 8192 + 0x1e00)) "$DIR/record2"
	done
}

for sister in 'stm32f103xb 131072 410' 'stm32f103xe 524288 414'; do
	# shellcheck disable=SC2086
	set -- $sister
	CHIP=$1
	whole_job "$2" "$3"

	say "$CHIP: locked, it hides its unique ID and its size; and back"
	good identify
	said 'uid= .*flash=0 .*locked=1'
	refused E_TARGET_PROTECTED connect identify program "$hello"
	good unlock identify program "$hello" power start hello 500
	said 'locked=0'
	refused E_TARGET_OPEN prove identify prove
	# programmed, but not in force before a power cycle
	refused E_TARGET_OPEN prove --level 1 identify program "$hello" prove
	ctl power cycle >/dev/null
	good unlock
done

CHIP=stm32f103xb
say "images that end anywhere; slowest and fastest flash"
for kind in min max typ; do
	boot --flash-time $kind
	good --level 1 identify program "$DIR/noise@0x08005003" power prove
	good unlock identify program "$DIR/noise@0x0801bcd7"
	flash_holds $((0x1bcd7)) "$DIR/noise"
done
refused E_RANGE connect identify program "$DIR/noise@0x0801bcd8"

say "option bytes: the product's, and no others"
good --level 1 --option 0x1ffff800,0x00020000,0 identify program "$hello" \
	power prove
good unlock
refused E_ARG connect --option 0x1ffff810,0xff,0 identify program "$hello"
refused E_ARG connect --option 0x1ffff804,0x0100,0 identify program "$hello"
refused E_ARG connect --level 2 identify program "$hello"
said 'has no read-protection level 2'
# a write-protected sector: the controller's own word
good --option 0x1ffff808,0x000000ff,0xfe identify program "$hello" power
refused E_TARGET_FLASH erase identify program "$hello"
said 'SR=0x000000[13]0'
good unlock

say "imitations, each by its own witness"
while read -r profile witness; do
	boot --profile "$profile"
	good identify
	said "counterfeit: $witness is "
done <<-TXT
	gd32f103 CPUID
	apm32f103 DPIDR
	cks32f103 DPIDR
	cs32f103 DPIDR
	hk32f103 DPIDR
	ch32f103 DPIDR
	at32f403 DPIDR
	empty-rom ROM table designer
	newer-ap AP IDR
	newer-core VTOR
	remarked ROM table part
TXT

say "power cuts: the next job begins anew"
boot
good identify
for n in 1 2 3 50 100 150 300 301 302 303; do
	ctl cut "$n" >/dev/null
	run --level 1 --record 0x1e00="$DIR/record2" identify program "$hello" \
		power start hello 500
	ctl cut 0 >/dev/null
	ctl power cycle >/dev/null
	[ "$rc" = 0 ] || said 'error=E_TARGET_LOST'
	good unlock identify program "$hello" power start hello 500
done
say "PASS"
