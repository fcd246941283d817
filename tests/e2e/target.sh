#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The job on one virtual chip, without a server: identify, program, lock,
# start, prove; then everything that can go wrong on the wire, in every phase.
# Each fault must end in the right error, and the chip must be usable again.
set -euo pipefail
CHIP=stm32l432
. tests/lib/target.sh
target_need build/target/tests/hello.bin
hello=$T/tests/hello.bin@0x08000000
head -c 5000 /dev/urandom >"$DIR/noise"

# -- the whole job ------------------------------------------------------------
boot
good --level 1 --record 0x1c00="$DIR/record1" --record 0x1e00="$DIR/record2" \
	identify program "$hello" power start hello 500 prove power \
	start hello 500
said "cpuid=410fc241 designer=20 part=435"
said "start: hello from flash"
said "prove: locked"
not_doubted
flash_holds 0 "${hello%@*}"
for i in 1 2; do
	flash_holds $((262144 - 8192 + 0x1a00 + i * 0x200)) "$DIR/record$i"
done
echo "ok: whole job"

# -- a locked chip, and back --------------------------------------------------
refused E_TARGET_PROTECTED connect identify program "$hello"
good identify
said "locked=1"
good unlock identify program "$hello" power start hello 500
said "locked=0"
refused E_TARGET_OPEN prove identify prove
# locked, but not in force before a power cycle
refused E_TARGET_OPEN prove --level 1 identify program "$hello" prove
ctl power cycle
good unlock
echo "ok: unlock"

# -- flash that does not hold what it was given -------------------------------
refused E_TARGET_VERIFY verify --when verify --run \
	"$VMCU ctl $VMCU_SOCKET flip 0x08001001 3" identify program \
	"$DIR/noise@0x08000000"
said "has CRC"
refused E_TARGET_VERIFY records --record 0x1e00="$DIR/record2" \
	--when records:100 --run "$VMCU ctl $VMCU_SOCKET flip 0x0803fe11 3" \
	identify program "$DIR/noise@0x08000000"
said "written to 0x0803fe00 reads back differently"
# a cell that is not erased: noticed, and erased and programmed once more
good --when program --run "$VMCU ctl $VMCU_SOCKET flip 0x08000801 3" identify \
	program "$DIR/noise@0x08000000"
flash_holds 0 "$DIR/noise"
# a write-protected page: the controller's own word
good --option 0x4002202c,0x00ff00ff,0 identify program "$hello" power
refused E_TARGET_FLASH erase identify program "$hello"
said "SR=0x00000010"
good unlock
echo "ok: flash that does not hold"

# -- firmware that takes the debug pins away ----------------------------------
good identify program "$T/tests/hello_shut.bin@0x08000000" power \
	start hello 500
ctl run 100
good identify program "$hello" power start hello 500
echo "ok: connect under reset"

# -- start proof that does not come -------------------------------------------
refused E_TARGET_NO_PROOF start identify program "$hello" power \
	start goodbye 300
said "hello from flash"
refused E_TARGET_NO_PROOF start identify program "$DIR/noise@0x08000000" \
	power start hello 300
echo "ok: no start proof"

# -- images: gaps, odd ends, the last byte; slowest and fastest flash ---------
printf '\1\2\3' >"$DIR/a"
printf '\12\13' >"$DIR/b"
printf '\314' >"$DIR/c"
srec_cat "$DIR/a" -binary -offset 0x08000001 "$DIR/b" -binary -offset \
	0x08000006 "$DIR/c" -binary -offset 0x08000009 -o "$DIR/odd.hex" -intel
head -c 9001 /dev/urandom >"$DIR/big"
for kind in min max typ; do
	boot --flash-time $kind
	good --level 1 identify program "$DIR/big@0x08010003" power prove
	good unlock identify program "$DIR/odd.hex" identify program \
		"$DIR/noise@0x0803cc78"
done
refused E_RANGE connect identify program "$DIR/noise@0x0803cc79"
said "reserved top 8192 bytes"
refused E_RANGE connect identify program "$DIR/noise@0x20000000"
good identify program "$DIR/odd.hex"
printf '\377\1\2\3\377\377\12\13\377\314\377\377\377\377\377\377' >"$DIR/want"
flash_holds 0 "$DIR/want"
echo "ok: odd images, flash times"

# -- option words -------------------------------------------------------------
refused E_ARG connect --option 0x40022020,0x00000800,0 identify program "$hello"
refused E_ARG connect --option 0x40022010,1,1 identify program "$hello"
good --level 1 --option 0x40022020,0x02000000,0 identify program "$hello" \
	power prove
good unlock
echo "ok: option words"

# -- counterfeits -------------------------------------------------------------
for profile in clone-gd clone-arm remarked; do
	boot --profile "$profile"
	good identify
	said "counterfeit: "
	echo "ok: $profile: $(grep -o 'counterfeit: .*' "$DIR/out")"
done

# -- level 2: for ever; silence is the proof --------------------------------
boot
good --level 2 identify program "$hello" power start hello 500 prove power \
	start hello 500
refused E_TARGET_LOST connect identify
said "not even under reset"
refused E_TARGET_LOST connect unlock
boot
echo "ok: level 2"

# -- a probe that is not there ------------------------------------------------
rc=0
"$TOOL" --probe tcp:127.0.0.1:1 identify >"$DIR/out" || rc=$?
[ "$rc" = 1 ] || fail "no probe, but exit code $rc"
said "error=E_PROBE_LOST why=no probe answers"
refused E_TARGET_POWER power --power false identify program "$hello" power
echo "ok: no probe, no power"

# -- faults on the wire, in every phase ---------------------------------------
# A spoiled transfer is E_DAP_*; an endless one or a cable that is off is
# E_TARGET_LOST.
recover() { # recover AFTER-WHAT
	ctl plug
	for kind in wait fault parity silence; do ctl wire $kind 0; done
	ctl cut 0
	ctl power cycle
	run unlock identify program "$hello" power start hello 500
	[ "$rc" = 0 ] || fail "not recoverable after $1"
}

fault() { # fault PHASE[:PERCENT] COMMAND ERRORS PHASES
	local when=$1 command=$2 errors=$3 phases=$4 error phase
	run --level 1 --record 0x1e00="$DIR/record2" --when "$when" \
		--run "$VMCU ctl $VMCU_SOCKET $command" identify program \
		"$DIR/noise@0x08000000" power prove
	case $rc in
	0) [[ " $errors " == *" ok "* ]] || fail "$command in $when: no error" ;;
	1)
		error=$(grep -o 'error=[A-Z_]*' "$DIR/out" | cut -d= -f2)
		phase=$(grep -o 'FAIL phase=[a-z]*' "$DIR/out" | cut -d= -f2)
		[[ " $errors " == *" $error "* ]] ||
			fail "$command in $when: $error, should be $errors"
		[[ " $phases " == *" $phase "* ]] ||
			fail "$command in $when: seen in $phase"
		grep -q 'why=...........' "$DIR/out" || fail "no reason given"
		;;
	*) fail "$command in $when: exit code $rc" ;;
	esac
	recover "$command in $when"
}

for when in connect erase program program:50 verify records lock prove; do
	p=${when%%:*}
	retried=
	refused=
	dark=E_TARGET_LOST
	# connecting is tried again under reset, and with the power switched on;
	# a proof expects FAULT
	[ $p != connect ] || { retried=ok dark=ok; }
	[ $p != prove ] || { retried=ok refused=ok; }
	fault $when "wire wait 20" "ok" ""
	fault $when "wire wait 1000000" "E_DAP_WAIT" "$p"
	fault $when "wire parity 1" "E_DAP_PARITY" "$p"
	fault $when "wire silence 1" "E_DAP_NO_ACK $retried" "$p"
	fault $when "wire silence 1000000" "E_TARGET_LOST" "$p"
	fault $when "wire fault 1" "E_DAP_FAULT $refused" "$p"
	fault $when "unplug" "E_TARGET_LOST" "$p"
	fault $when "power off" "$dark" "$p"
	echo "ok: faults in $when"
done
fault power "unplug" "E_TARGET_LOST" "prove"

# the probe itself falls silent: stopped, and let go on afterwards; what a station
# waits for its answer, and no less, or a busy machine would be taken for that
for when in connect program:50 lock start; do
	run --level 1 --record 0x1e00="$DIR/record2" \
		--when "$when" --run "kill -STOP $VMCU_PID" identify program \
		"$hello" power start hello 500 prove
	kill -CONT "$VMCU_PID"
	[ "$rc" = 1 ] || fail "silent probe in $when: exit code $rc"
	grep -q "^FAIL phase=${when%:*} error=E_PROBE_LOST why=....." \
		"$DIR/out" || fail "silent probe in $when"
	recover "silence of the probe in $when"
done
echo "ok: silent probe"
for n in 1 2 3 100 627 686; do
	fault connect "cut $n" "E_TARGET_LOST" "erase program records lock"
done
echo "ok: power cuts"
