#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Sealed orders on a real line: signetd, station, virtual chips with the real
# loader.  Two devices; then power, server and station fail at each step, and
# every board is built in the end, under the grant that it had.
#
# CHIP (tests/lib/line.sh) says on which chip; SHORT=1 leaves out what does not
# depend on it.
set -euo pipefail
. tests/lib/line.sh
. tests/lib/sealed.sh
. tests/lib/hold.sh

server_init
server_start
owner_init
loader_make
sealed_example lamp
order_make first lamp 2
signet order create long --product lamp --release 1.0.0 --quantity 20 \
	--retries 9 --manufacturer acme --serial-prefix long- >/dev/null
station_enrol line1 2
station_channels 2

boards=0
fresh() { # CHANNEL: a new chip
	boards=$((boards + 1))
	BOARD=$DIR/board-$boards.state
	"$B/signet-vmcu" ctl "${CH_SOCKET[$1]}" insert "$BOARD" --new \
		--uid "$(chip_uid "$(printf '%02x' $((boards + 32)))")" \
		>/dev/null
}
built() { expect "$1" "$DIR/out" "^${2:-1} built, 0 refused, 0 failed\$"; }
# flash_of CHANNEL STATE FILE: what the debug port hides, past every lock
flash_of() {
	"$B/signet-vmcu" ctl "${CH_SOCKET[$1]}" save >/dev/null
	"$B/signet-vmcu" dump "$2" "$3" >/dev/null
}
at() { dd if="$1" bs=1 skip=$(($2)) count="$3" 2>/dev/null | od -An -v -tx1 |
	tr -d ' \n'; }
# field of the device list's last row
device() { # ORDER FIELD
	signet --json device list --order "$1" |
		python3 -c "import json, sys
print(json.load(sys.stdin)['rows'][-1]['$2'])"
}

# -- two devices, one on each line -------------------------------------------
sed -i '/^\[channel 1\]/a link = uart' "$DIR/station/flasher.conf"
[ "$LINKS" != uart ] ||
	sed -i '/^\[channel 0\]/a link = uart' "$DIR/station/flasher.conf"
run "two devices" 0 station program --order first --count 2
built "two devices" 2
# one on the STM32F0, when the probe takes its wires (docs/architecture.md)
for i in 0 1; do
	"$VMCU" ctl "${CH_SOCKET[$i]}" info >"$DIR/info"
	expect "chip and probe never drive one pin" "$DIR/info" \
		"\"pin_conflicts\":[0$([ "$FAMILY" != stm32f0 ] || echo 1)][,}]"
done
for phase in loader lock link handshake stream commit start prove; do
	[ "$(grep -c " $phase\$" "$DIR/out")" -ge 2 ] || fail "no phase $phase"
done
expect_not "no content key comes here" "$DIR/out" ' deliver$'
for field in delivered installed closed; do
	want=2
	[ $field = installed ] && want=0
	[ "$(order_field first $field)" = $want ] || fail "$field is not $want"
done
signet product device-key lamp --out "$DIR/device.pub"
for ch in 0 1; do
	flash_of $ch "$DIR/chip$ch.state" "$DIR/flash$ch.bin"
	run "flash" 0 signet verify --flash "$DIR/flash$ch.bin" \
		--key "$DIR/device.pub" \
		--release-key "$SIGNET_HOME/keys/main.pub"
	expect "flash" "$DIR/out" '^firmware +1.0.0, .*byte for byte'
	# the loader is gone, the marker is set
	[ "$(at "$DIR/flash$ch.bin" $((FLASH_LEN - 0x2000)) 64)" = \
		"$(printf 'ff%.0s' {1..64})" ] || fail "the loader is still there"
	[ "$(at "$DIR/flash$ch.bin" $((FLASH_LEN - 16)) 16)" = \
		"$(printf '00%.0s' {1..16})" ] || fail "no marker"
done
# a chip that hides its unique ID is erased to read it, if that is allowed
ERASE=${HIDES:+--erase-locked}
if [ -z "$HIDES" ]; then
	run "already built" 1 station program --order long --channels 0
	expect "already built" "$DIR/out" 'refused .*\(already-built\)'
else
	run "hidden" 6 station program --order long --channels 0
	expect "hidden" "$DIR/out" '\(E_TARGET_PROTECTED\)'
fi

# -- what the station cannot do is told before a unit is taken ----------------
fresh 0
cp "$DIR/station/flasher.conf" "$DIR/conf"
sed -i '/^power = /d' "$DIR/station/flasher.conf"
run "no power" 6 station program --order long --channels 0
expect "no power" "$DIR/out" '\(E_TARGET_POWER\)'
expect "no power" "$DIR/out" '^  next: +write power = '
cp "$DIR/conf" "$DIR/station/flasher.conf"
run "no such line" 2 station program --order long --link smoke
[ "$(order_field long reserved)" = 0 ] || fail "a unit was reserved"
# a power command that does nothing: no loader comes up, no key is given out
sed -i 's/^power = .*/power = true/' "$DIR/station/flasher.conf"
run "power that stays" 6 station program --order long --channels 0
expect "power that stays" "$DIR/out" '\(E_TARGET_LOST\)'
cp "$DIR/conf" "$DIR/station/flasher.conf"
[ "$(order_field long delivered)" = 0 ] || fail "a key was given out"

# -- something fails at a phase -----------------------------------------------
# job_with WHAT EXIT PHASE ACTION: channel 0 builds one; ACTION when it is
# there, in the stream when some of it has been sent
job_with() {
	local phase=$3
	[ "$phase" != stream ] || HOLD_AFTER=10
	job_hold "\"phase\":\"$phase\"" --json program --order long --channels 0
	HOLD_AFTER=0
	tail -n 1 "$DIR/out" >"$DIR/now"
	expect "$1" "$DIR/now" "\"phase\":\"$phase\""
	$4
	job_end "$1" "$2"
}
dark() { # the power fails
	"$VMCU" ctl "${CH_SOCKET[0]}" power off >/dev/null
	job_go
}
dip() { # or for a moment only
	"$VMCU" ctl "${CH_SOCKET[0]}" power cycle 1 >/dev/null
	job_go
}
server_lost() {
	server_stop KILL
	job_go
}
server_back() {
	server_lost
	missed_once
	server_start
}
killed() { kill -KILL "$JOB"; }

# the board on channel 0 is built, as attempt N under the grant it had
# shellcheck disable=SC2086 # ERASE is an option or nothing
again() { # WHAT N
	run "$1, again" 0 station program --order long --channels 0 $ERASE
	built "$1, again"
	[ "$(device long attempts)" = "$2" ] ||
		fail "$1: $(device long attempts) attempts, not $2"
	[ "$(order_field long delivered)" = "$boards" ] ||
		fail "$1: $(order_field long delivered) units, not $boards"
	[ "$(device long state)" = closed ] || fail "$1: not closed"
}
again "power that stays" 2

hold_init
for phase in link handshake stream; do
	fresh 0
	job_with "power fails in $phase" 6 $phase dark
	expect "power fails in $phase" "$DIR/out" '"result":"failed"'
	expect "power fails in $phase" "$DIR/out" '"next":"[^"]'
	# nothing that runs is in the chip, and nothing can be read
	"$B/signet-vmcu" ctl "${CH_SOCKET[0]}" power on >/dev/null
	flash_of 0 "$BOARD" "$DIR/cut.bin"
	[ "$(at "$DIR/cut.bin" $((FLASH_LEN - 16)) 8)" != 0000000000000000 ] ||
		fail "power fails in $phase: the marker is set"
	again "power fails in $phase" 2
done

if [ -n "${SHORT:-}" ]; then
	say "sealed: devices built on $CHIP ($LINKS); power failed at each step"
	exit 0
fi

# nrst, as a nervous operator would
fresh 0
job_with "reset in the stream" 6 stream dip
again "reset in the stream" 2

# the handshake comes after the link, the commit after the stream
for phase in link stream; do
	fresh 0
	job_with "server lost in $phase" 3 $phase server_lost
	expect "server lost in $phase" "$DIR/out" '"code":"E_NET"'
	server_start
	again "server lost in $phase" 2
done

# the server comes back in time: one attempt, although answers were lost
sed -i 's/^retry = .*/retry = 300/' "$DIR/station/flasher.conf"
for phase in link handshake stream; do
	fresh 0
	job_with "server restarts in $phase" 0 $phase server_back
	[ "$(device long attempts)" = 1 ] ||
		fail "server restarts in $phase: more than one attempt"
done

# a station that died in a power cycle leaves its board dark
fresh 0
"$B/signet-vmcu" ctl "${CH_SOCKET[0]}" power off >/dev/null
again "a board left dark" 1

for phase in loader handshake stream commit; do
	fresh 0
	job_with "station killed in $phase" 137 $phase killed
	again "station killed in $phase" 2
	expect "station killed in $phase" "$DIR/out" \
		'the flasher was stopped while it built'
done

# -- the line is noisy ---------------------------------------------------------
# one bit in ten thousand, both ways, and on both lines
for line in swd-pins uart; do
	fresh 0
	"$B/signet-vmcu" ctl "${CH_SOCKET[0]}" fault flip=0.0001 >/dev/null
	run "noise on $line" 0 station program --order long --channels 0 \
		--link $line
	built "noise on $line"
	"$B/signet-vmcu" ctl "${CH_SOCKET[0]}" fault flip=0 >/dev/null
done

# -- a loader that the owner has withdrawn -------------------------------------
fresh 0
signet loader list >"$DIR/loaders"
digest=$(grep swd-pins "$DIR/loaders" | grep -o '[0-9a-f]\{64\}')
signet loader retire "$digest" >/dev/null
run "withdrawn loader" 1 station program --order long --channels 0
expect "withdrawn loader" "$DIR/out" 'loader-not-admitted'
say "sealed: devices built on both lines; power, server and station failed" \
	"at each step"
