#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The target goes away, or the wire spoils what it carries, in every phase of a
# device's job with the server: the message says why and what to do, the order
# counts the chip once at most, and the same chip is then built without a
# further unit.  tests/e2e/target.sh tries the same faults against the driver.
set -euo pipefail
. tests/lib/line.sh
. tests/lib/hold.sh

server_init
server_start
owner_init
MODE=signed
product_make lamp
signet order create first --mode signed --product lamp --release 1.0.0 --quantity 40 \
	--manufacturer acme >/dev/null
station_enrol line1 1
station_channels 1
sock=${CH_SOCKET[0]}
bench() { "$B/signet-vmcu" ctl "$sock" "$@" >/dev/null; }

# The power hook of the channel: switches, and at the given call does damage.
cat >"$DIR/power" <<EOF2
#!/bin/sh
n=\$((\$(cat "$DIR/calls") + 1))
echo \$n >"$DIR/calls"
"$PWD/$B/signet-vmcu" ctl "$sock" power "\$@" || exit 1
[ \$n != "\$(cat "$DIR/at")" ] || "$PWD/$B/signet-vmcu" ctl "$sock" unplug
EOF2
chmod +x "$DIR/power"
sed -i "s|^power = .*|power = $DIR/power|" "$DIR/station/flasher.conf"

built=0
counts() { # WHAT RESERVED DELIVERED CLOSED
	local is
	is="$(order_field first reserved) $(order_field first delivered)"
	is+=" $(order_field first closed)"
	[ "$is" = "$2 $3 $4" ] || fail "$1: $is, not $2 $3 $4"
}
lost() { # WHAT: the last job's failure is explained
	expect "$1" "$DIR/out" 'failed in phase "[a-z]+"'
	expect "$1" "$DIR/out" '^  cause: .{10}'
	expect "$1" "$DIR/out" '^  next: +.{10}'
	expect "$1" "$DIR/out" '^  who: +(owner|operator)$'
	expect "$1" "$DIR/out" '^0 built, 0 refused, 1 failed$'
}
board() {
	bench insert "$DIR/board-$((built + 1)).state" --new --uid \
		"$(printf '6b00%02x00144f354638353320' $((built + 1)))"
	echo 0 >"$DIR/calls"
	echo none >"$DIR/at"
}
again() { # WHAT: the same chip, with nothing in the way
	local kind
	bench plug
	for kind in wait fault parity silence; do bench wire $kind 0; done
	echo none >"$DIR/at"
	run "$1: again" 0 station program --order first
	expect "$1: again" "$DIR/out" '^1 built, 0 refused, 0 failed$'
	built=$((built + 1))
	counts "$1: again" 0 "$built" "$built"
	say "ok: $1"
}

# -- before the grant: nothing is counted ---------------------------------------
board
bench unplug
run "unplugged at the start" 6 station program --order first
lost "unplugged at the start"
counts "unplugged at the start" 0 0 0
for kind in wait fault parity silence; do
	bench plug
	bench wire $kind 1000000
	run "$kind at the start" 6 station program --order first
	lost "$kind at the start"
	bench wire $kind 0
	counts "$kind at the start" 0 0 0
done
again "at the start"

# -- in a phase: the job stands still, the damage is done, and on it goes --------
hold_init
for damage in unplug "wire wait 1000000" "wire fault 1000000" \
	"wire parity 1000000" "wire silence 1000000"; do
	for phase in erase program; do
		board
		job_hold " $phase\$" program --order first
		# shellcheck disable=SC2086
		bench $damage
		job_go
		job_end "$damage in $phase" 6
		lost "$damage in $phase"
		expect "$damage in $phase" "$DIR/out" \
			'failed in phase "(erase|program|verify|records)"'
		counts "$damage in $phase" 0 $((built + 1)) "$built"
		again "$damage in $phase"
	done
done

# -- at each switching of the power: locked, started, proved ---------------------------
board
run "how often" 0 station program --order first
calls=$(cat "$DIR/calls")
built=$((built + 1))
[ "$calls" -ge 2 ] || fail "the power was never cycled"
seen=
for ((at = 1; at <= calls; at++)); do
	board
	echo "$at" >"$DIR/at"
	got=0
	station program --order first >"$DIR/out" 2>"$DIR/err" </dev/null ||
		got=$?
	seen+=" $got:$(sed -n 's/.*failed in phase "\([a-z]*\)".*/\1/p' \
		"$DIR/out" | head -n 1)"
	if [ "$got" = 0 ]; then
		# nothing was wanted of the debug port from there on
		built=$((built + 1))
		counts "unplugged at power switch $at" 0 "$built" "$built"
		bench plug
		continue
	fi
	[ "$got" = 6 ] || fail "unplugged at power switch $at: exit $got"
	lost "unplugged at power switch $at"
	again "unplugged at power switch $at"
done
say "unplugged at each of $calls power switches:$seen"
case $seen in *6:*) ;; *) fail "no switch was a bad moment" ;; esac

run "log" 0 signet log list --event grant.failed
expect "log" "$DIR/out" 'grant\.failed'
server_stop
say "a target that goes away: said, counted once, built again"
