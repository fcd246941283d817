#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The job on one virtual chip, without a server: identify, program, lock,
# start, prove; then everything that can go wrong on the wire, in every phase.
# Each fault must end in the right error, and the chip must be usable again.
set -euo pipefail
B=${B:-build/host}
T=build/target
vmcu=$B/signet-vmcu
tool=$B/target_tool
for f in "$vmcu" "$tool" "$T/tests/hello.bin"; do
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

# boot [OPTION...]: a bench with a new chip
boot() {
	if [ -n "$pid" ]; then
		kill "$pid"
		wait "$pid" || true
	fi
	rm -f "$dir/chip" "$dir/ready" "$dir/ctl"
	"$vmcu" run --dap 127.0.0.1:0 --control "$dir/ctl" --state "$dir/chip" \
		--ready-file "$dir/ready" "$@" >/dev/null &
	pid=$!
	for _ in $(seq 1000); do
		[ -s "$dir/ready" ] && break
		kill -0 "$pid" 2>/dev/null || bad "signet-vmcu ended"
		sleep 0.02
	done
	dap=$(grep -o '"dap":"[^"]*"' "$dir/ready" | cut -d'"' -f4)
	[ -n "$dap" ] || bad "no port in the ready file"
}

run() { # run ARGUMENT...: the tool; its output in out, its exit code in rc
	rc=0
	"$tool" --probe "tcp:$dap" --power "$vmcu ctl $dir/ctl power" \
		"$@" >"$dir/out" 2>&1 || rc=$?
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

hello=$T/tests/hello.bin@0x08000000
head -c 304 /dev/urandom >"$dir/record1"
head -c 472 /dev/urandom >"$dir/record2"
head -c 5000 /dev/urandom >"$dir/noise"

# -- the whole job ------------------------------------------------------------
boot
good --level 1 --record 0x1c00="$dir/record1" --record 0x1e00="$dir/record2" \
	identify program "$hello" power start hello 500 prove power \
	start hello 500
said "cpuid=410fc241 designer=20 part=435"
said "start: hello from flash"
said "prove: locked"
if grep -q "counterfeit\|impossible" "$dir/out"; then
	bad "a genuine chip was doubted"
fi
ctl save
"$vmcu" dump "$dir/chip" "$dir/flash"
cmp -n "$(stat -c %s "$T/tests/hello.bin")" "$T/tests/hello.bin" "$dir/flash" ||
	bad "flash does not hold the image"
for i in 1 2; do
	at=$((262144 - 8192 + 0x1a00 + i * 0x200))
	cmp -i "$at:0" -n "$(stat -c %s "$dir/record$i")" "$dir/flash" \
		"$dir/record$i" || bad "record $i is not where it belongs"
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
	"$vmcu ctl $dir/ctl flip 0x08001001 3" identify program \
	"$dir/noise@0x08000000"
said "has CRC"
refused E_TARGET_VERIFY records --record 0x1e00="$dir/record2" \
	--when records:100 --run "$vmcu ctl $dir/ctl flip 0x0803fe11 3" \
	identify program "$dir/noise@0x08000000"
said "written to 0x0803fe00 reads back differently"
# a cell that is not erased: noticed, and erased and programmed once more
good --when program --run "$vmcu ctl $dir/ctl flip 0x08000801 3" identify \
	program "$dir/noise@0x08000000"
ctl save
"$vmcu" dump "$dir/chip" "$dir/flash"
cmp -n 5000 "$dir/noise" "$dir/flash" || bad "programmed over a bad cell"
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
refused E_TARGET_NO_PROOF start identify program "$dir/noise@0x08000000" \
	power start hello 300
echo "ok: no start proof"

# -- images: gaps, odd ends, the last byte; slowest and fastest flash ---------
printf '\1\2\3' >"$dir/a"
printf '\12\13' >"$dir/b"
printf '\314' >"$dir/c"
srec_cat "$dir/a" -binary -offset 0x08000001 "$dir/b" -binary -offset \
	0x08000006 "$dir/c" -binary -offset 0x08000009 -o "$dir/odd.hex" -intel
head -c 9001 /dev/urandom >"$dir/big"
for kind in min max typ; do
	boot --flash-time $kind
	good --level 1 identify program "$dir/big@0x08010003" power prove
	good unlock identify program "$dir/odd.hex" identify program \
		"$dir/noise@0x0803cc78"
done
refused E_RANGE connect identify program "$dir/noise@0x0803cc79"
said "reserved top 8192 bytes"
refused E_RANGE connect identify program "$dir/noise@0x20000000"
good identify program "$dir/odd.hex"
ctl save
"$vmcu" dump "$dir/chip" "$dir/flash"
printf '\377\1\2\3\377\377\12\13\377\314\377\377\377\377\377\377' >"$dir/want"
cmp -n 16 "$dir/want" "$dir/flash" || bad "odd image"
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
	echo "ok: $profile: $(grep -o 'counterfeit: .*' "$dir/out")"
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
"$tool" --probe tcp:127.0.0.1:1 identify >"$dir/out" || rc=$?
[ "$rc" = 1 ] || bad "no probe, but exit code $rc"
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
	[ "$rc" = 0 ] || bad "not recoverable after $1"
}

fault() { # fault PHASE[:PERCENT] COMMAND ERRORS PHASES
	local when=$1 command=$2 errors=$3 phases=$4 error phase
	run --level 1 --record 0x1e00="$dir/record2" --when "$when" \
		--run "$vmcu ctl $dir/ctl $command" identify program \
		"$dir/noise@0x08000000" power prove
	case $rc in
	0) [[ " $errors " == *" ok "* ]] || bad "$command in $when: no error" ;;
	1)
		error=$(grep -o 'error=[A-Z_]*' "$dir/out" | cut -d= -f2)
		phase=$(grep -o 'FAIL phase=[a-z]*' "$dir/out" | cut -d= -f2)
		[[ " $errors " == *" $error "* ]] ||
			bad "$command in $when: $error, should be $errors"
		[[ " $phases " == *" $phase "* ]] ||
			bad "$command in $when: seen in $phase"
		grep -q 'why=...........' "$dir/out" || bad "no reason given"
		;;
	*) bad "$command in $when: exit code $rc" ;;
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

# the probe itself falls silent: stopped, and let go on afterwards
for when in connect erase program program:50 verify records lock start prove; do
	run --timeout 300 --level 1 --record 0x1e00="$dir/record2" \
		--when "$when" --run "kill -STOP $pid" identify program \
		"$hello" power start hello 500 prove
	kill -CONT "$pid"
	[ "$rc" = 1 ] || bad "silent probe in $when: exit code $rc"
	grep -q "^FAIL phase=${when%:*} error=E_PROBE_LOST why=....." \
		"$dir/out" || bad "silent probe in $when"
	recover "silence of the probe in $when"
done
echo "ok: silent probe"
for n in 1 2 3 100 627 686; do
	fault connect "cut $n" "E_TARGET_LOST" "erase program records lock"
done
echo "ok: power cuts"
