#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Judge: GPIO lines of the station against the kernel's gpio-sim, in a Debian
# guest: a job whose target is powered by a line, and buttons.  What a line
# really does is read from the simulator, and told by Debian's gpioinfo.
set -euo pipefail
. tests/lib/vmcu.sh
. tests/lib/guest.sh
need gpioinfo
HELLO=build/target/tests/hello.bin
for f in "$B/target_tool" "$HELLO"; do
	[ -e "$f" ] || skip "$f is not built"
done

TOOL="target_tool --probe usb:LINE"
SIM=/sys/devices/platform/gpio-sim.0

guest_host() { ctl power "$1" 10; }

good() { # NAME COMMAND PATTERN...
	local name=$1 command=$2 pattern
	shift 2
	guest "$name" "$command" || {
		cat "$DIR/$name.log" >&2
		fail "$name: $command"
	}
	for pattern; do
		expect "$name" "$DIR/$name.log" "$pattern"
	done
}

refused() { # NAME COMMAND PATTERN...
	local name=$1 command=$2 pattern
	shift 2
	! guest "$name" "$command" || {
		cat "$DIR/$name.log" >&2
		fail "$name should be refused: $command"
	}
	for pattern; do
		expect "$name" "$DIR/$name.log" "$pattern"
	done
}

guest_prepare
guest_gpio_sim
guest_tool "$B/target_tool" "$(command -v gpioinfo)" "$(command -v nice)"
guest_file "$HELLO" /tmp/hello.bin
# Line 0 is the target's relay, 1 another one, 2 the button, 3 taken.
cat >"$DIR/bench" <<-'SH'
	mkdir /config
	mount -t configfs none /config
	b=/config/gpio-sim/bench
	mkdir -p $b/bank/line0 $b/bank/line1 $b/bank/line2 $b/bank/line3/hog
	echo 4 >$b/bank/num_lines
	echo bench-io >$b/bank/label
	echo relay >$b/bank/line0/name
	echo lamp >$b/bank/line1/name
	echo button >$b/bank/line2/name
	echo status-led >$b/bank/line3/hog/name
	echo output-low >$b/bank/line3/hog/direction
	echo 1 >$b/live
	cat $b/bank/chip_name
SH
guest_file "$DIR/bench" /tmp/bench
# The relay: what the line does, the target's supply follows; a pull-up keeps
# it on while nobody drives the line.
cat >"$DIR/relay" <<-SH
	old=1
	for p in $SIM/gpiochip*/sim_gpio0/pull; do echo pull-up >\$p; done
	while :; do
		v=\$(cat $SIM/gpiochip*/sim_gpio0/value)
		if [ "\$v" != "\$old" ]; then
			[ "\$v" = 1 ] && word=on || word=off
			echo "relay: \$word"
			host \$word
			old=\$v
		fi
		usleep 5000
	done
SH
guest_file "$DIR/relay" /tmp/relay
vmcu_start LINE --state "$DIR/LINE.state" --usbredir 127.0.0.1:0 \
	--usb-serial LINE
PROBE_OPTIONS=()
guest_probe LINE "$VMCU_USBREDIR"
guest_start "${PROBE_OPTIONS[@]}"

say "gpio-sim: four lines"
good bench 'sh /tmp/bench; gpioinfo' 'gpiochip[0-9]+' '"relay"' '"status-led"'
CHIP=$(grep -o -m 1 '^gpiochip[0-9]*' "$DIR/bench.log")
V="cat $SIM/$CHIP/sim_gpio"
guest_wait "grep -qs LINE /sys/bus/usb/devices/*/serial && ls /dev/hidraw0"

say "a whole job, the target powered by a line"
# the relay goes first, or a slow guest could miss a short pulse
good job "nice -n -20 sh /tmp/relay >/tmp/relay.log 2>&1 & r=\$!; nice -n 19 $TOOL --power gpio:bench-io:relay --off-ms 1 --level 1 identify program /tmp/hello.bin@0x08000000 power start hello 60000 prove power; code=\$?; sleep 1; kill \$r; cat /tmp/relay.log; exit \$code" \
	'program: ok' 'power: ok' 'start: .*hello' 'prove: locked'
# the second time on is that of the pull-up, when the process has ended
[ "$(grep -c '^relay: off' "$DIR/job.log")" = 2 ] ||
	fail "the target was not switched off twice"
expect job <(ctl info) '"power":true'

say "held until the process ends, active high and low, by name and number"
hold() { # NAME ADDRESS LINE-OFFSET WANT
	good "$1" "rm -f /tmp/out; $TOOL --power $2 --off-ms 1 power button gpio:$CHIP:button 60000 >/tmp/out & p=\$!; i=0; until grep -qs 'power: ok' /tmp/out || [ \$i -gt 300 ]; do usleep 10000; i=\$((i+1)); done; echo level=\$(${V}$3/value); gpioinfo bench-io; kill \$p; wait \$p; true" \
		"level=$4" '"signet-flasher"'
}
hold high gpio:bench-io:lamp 1 1
hold low "gpio:$CHIP:1:low" 1 0
expect low "$DIR/low.log" 'lamp.*output.*active-low.*used'
hold path "gpio:/dev/$CHIP:lamp" 1 1

say "lines that cannot be had"
power() { echo "$TOOL --power $1 --off-ms 1 power"; }
refused hog "$(power gpio:bench-io:3)" \
	'FAIL phase=power error=E_TARGET_POWER why=.*gpio:bench-io:3 is in use by status-led'
refused line "$(power gpio:bench-io:9)" 'error=E_TARGET_POWER why=.*gpio:bench-io:9'
refused name "$(power gpio:bench-io:relais)" 'error=E_TARGET_POWER'
refused chip "$(power gpio:nowhere:1)" 'error=E_TARGET_POWER why=.*gpio:nowhere:1: No such'
refused words "$(power gpio:bench-io:1:up)" 'error=E_TARGET_POWER why=.*is not gpio:CHIP'
refused two "rm -f /tmp/out; $TOOL --power gpio:bench-io:lamp --off-ms 1 power button gpio:bench-io:button 60000 >/tmp/out & p=\$!; i=0; until grep -qs 'power: ok' /tmp/out || [ \$i -gt 300 ]; do usleep 10000; i=\$((i+1)); done; target_tool --probe hid:LINE --power gpio:bench-io:lamp power; code=\$?; kill \$p; wait \$p; exit \$code" \
	'error=E_TARGET_POWER why=.*gpio:bench-io:lamp is in use by signet-flasher'

say "a button: a press counts; held before, bounced or silent does not"
PULL=$SIM/$CHIP/sim_gpio2/pull
press() { # NAME ADDRESS MS SCRIPT: the button is waited for, the script runs
	echo "$TOOL button $1 $2 >/tmp/out 2>&1 & p=\$!; i=0; until gpioinfo bench-io | grep -q 'button.*signet-flasher' || [ \$i -gt 300 ]; do usleep 10000; i=\$((i+1)); done; $3; wait \$p; code=\$?; cat /tmp/out; exit \$code"
}
good press "$(press gpio:bench-io:button 30000 "echo pull-up >$PULL")" \
	'button: pressed'
refused held "$(press gpio:bench-io:button 2000 true)" 'button: E_TIMEOUT'
guest release "echo pull-down >$PULL"
refused silent "$(press gpio:bench-io:button 600 true)" 'button: E_TIMEOUT'
# the program sees a bounce when it is over, however slow the guest is
refused bounce "$(press gpio:bench-io:button 3000 "kill -STOP \$p; echo pull-up >$PULL; echo pull-down >$PULL; kill -CONT \$p")" \
	'button: E_TIMEOUT'
guest release "echo pull-up >$PULL"
good low "$(press gpio:bench-io:button:low 30000 "echo pull-down >$PULL")" \
	'button: pressed'
refused nobutton "$TOOL button gpio:nowhere:2 100" 'button: E_NOT_FOUND'

say "PASS in $SECONDS s"
