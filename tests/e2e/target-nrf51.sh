#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The job on one virtual nRF51822, without a server: identify, program, lock,
# prove, recover; what its read protection leaves open; power cuts.
set -euo pipefail
CHIP=nrf51822
. tests/lib/target.sh
target_need
head -c 20000 /dev/urandom >"$DIR/noise"
image=$DIR/noise@0

say "the whole job"
boot
good --level 1 --record 0x1c00="$DIR/record1" identify program "$image" power \
	prove power
said 'cpuid=410cc200 designer=144 part=1'
said 'prove: locked'
not_doubted
flash_holds 0 "$DIR/noise"
flash_holds $((262144 - 1024)) "$DIR/record1"

say "locked: known by its unique ID, shut, and recovered by ERASEALL"
good identify
said 'uid=[0-9a-f]{16}.*locked=1|locked=1.*uid=[0-9a-f]{16}'
refused E_TARGET_PROTECTED connect identify program "$image"
good unlock identify program "$image"
said 'locked=0'

say "the proof of the lock can fail"
refused E_TARGET_OPEN prove identify prove
# locked, but not in force before a reset
refused E_TARGET_OPEN prove --level 1 identify program "$image" prove
good unlock
refused E_ARG connect --level 2 identify program "$image"

say "UICR words that a release asks for"
good --option 0x10001014,0xffffffff,0x0003c000 identify program "$image" power
[ "$(ctl peek 0x10001014 4 | tr -d ' ')" = 00c00300 ] ||
	fail "BOOTLOADERADDR: $(ctl peek 0x10001014 4)"

say "flash that does not hold what it was given"
refused E_TARGET_VERIFY verify --when verify --run \
	"$VMCU ctl $VMCU_SOCKET flip 0x00001001 3" identify program \
	"$image"
expect "by the checksum" "$DIR/out" 'has CRC 0x[0-9a-f]{16}, should have'
# a cell that was not erased takes no ones: what comes back differs
head -c 20000 /dev/zero | tr '\0' '\252' >"$DIR/stripes"
refused E_TARGET_VERIFY program --when program --run \
	"$B/signet-vmcu ctl $VMCU_SOCKET flip 0x00003001 3" identify program \
	"$DIR/stripes@0"
expect "by read-back" "$DIR/out" \
	'0x00003001 reads back as 0xa2, sent was 0xaa'
good identify program "$image"

say "power cut after some operations: lost, and good again"
for n in 1 2 700; do
	ctl cut "$n" >/dev/null
	refused 'E_[A-Z_]*' '[a-z]*' identify program "$image"
	ctl cut 0 >/dev/null
	ctl power on 100 >/dev/null
	good identify program "$image"
done

say "old revision, half of its RAM off; slowest flash"
boot --profile revision2 --flash-time max
good --level 1 identify program "$image" power prove
say "the nRF51822's job"
