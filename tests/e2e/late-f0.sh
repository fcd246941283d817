#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# STM32F051, sealed, level 2 set last of all by the resident stub: the chip
# takes its firmware at level 1, and is silent for ever once it runs; a stub
# that does not do it is found out by the station's proof.  What cannot be had
# is refused where it is asked for.  (Power cuts in the stub's work:
# tests/sweep/power.c --late.)
set -euo pipefail
CHIP=stm32f051
. tests/lib/line.sh
. tests/lib/sealed.sh

server_init
server_start
owner_init
signet loader keys-header --out "$DIR/loader_keys.h" >/dev/null
make -s loader KEYS="$DIR/loader_keys.h" OUT="$DIR/loader" CHIP="$CHIP" \
	>"$DIR/loader.log" 2>&1 || fail "loader: $(tail -n 5 "$DIR/loader.log")"
# over swd-pins the stub has the question after level 2 patched out: `bmi`
# becomes `b`, and the firmware starts at any level
od -An -v -tx1 "$DIR/loader/$CHIP-swd-pins/stub.bin" | tr -d ' \n' \
	>"$DIR/stub.hex"
[ "$(grep -o '4007..d4' "$DIR/stub.hex" | wc -l)" = 1 ] ||
	fail "no such question in the stub"
sed 's/4007\(..\)d4/4007\1e0/; s/../\\x&/g' "$DIR/stub.hex" >"$DIR/stub.esc"
# shellcheck disable=SC2059 # the format is what is made
printf "$(cat "$DIR/stub.esc")" >"$DIR/bad-stub.bin"
signet loader add "$DIR/loader/$CHIP-uart/loader.bin" \
	>/dev/null
signet loader add "$DIR/loader/$CHIP-swd-pins/loader.bin" \
	--stub "$DIR/bad-stub.bin" >/dev/null

sealed_example lamp --allow-signed
make_late() { # VERSION LEVEL [OPTION...]
	local version=$1 level=$2
	shift 2
	signet release make "$DIR/lamp/firmware.hex" --product lamp \
		--version "$version" --protect "$level" --chip "$CHIP" "$@" \
		--out "$DIR/lamp-$version.signet" \
		--passphrase-file "$DIR/owner.pass"
}

# -- what is refused ---------------------------------------------------------
run "signed" 2 make_late 8 2-late --mode signed
says "signed" '2-late is of sealed releases'
run "level 3" 2 make_late 8 3
says "level 3" '"3" is no level of read protection'
signet product create lantern --family stm32l4 --release-key main >/dev/null
run "another chip" 4 signet release make "$DIR/lamp/firmware.hex" \
	--product lantern --version 1 --protect 2-late --chip stm32l432 \
	--out "$DIR/no.signet" --passphrase-file "$DIR/owner.pass"
says "another chip" 'the resident stub of stm32l432 does not set level 2'

# -- devices -----------------------------------------------------------------
run "late" 0 make_late 2.0.0 2-late
expect "late" "$DIR/out" 'read protection level 2-late on stm32f051'
signet release upload "$DIR/lamp-2.0.0.signet" >/dev/null
signet --json release list --product lamp >"$DIR/out"
expect "the list" "$DIR/out" '"protection": *"2-late"'
expect "the list" "$DIR/out" '"protection": *"1"'
signet order create late --product lamp --release 2.0.0 --quantity 2 \
	--manufacturer acme --serial-prefix L- >/dev/null
station_enrol line1 1
station_channels 1

# a clock that the loader cannot hear; then one at which it needs the ones
# between characters
sed -i '/^\[channel 0\]/a link-clock = 700000' "$DIR/station/flasher.conf"
run "too fast" 6 station program --order late --link swd-pins
expect "too fast" "$DIR/out" 'link-clock = 700000 is too fast .* at most 520000'
[ "$(order_field late delivered)" = 0 ] || fail "a unit was taken"
sed -i 's/^link-clock = .*/link-clock = 500000/' "$DIR/station/flasher.conf"

run "a stub that does not" 6 station program --order late --link swd-pins
expect "a stub that does not" "$DIR/out" 'E_TARGET_OPEN'
expect "a stub that does not" "$DIR/out" 'answers at level 2'
[ "$(order_field late closed)" = 0 ] || fail "closed without level 2"

"$B/signet-vmcu" ctl "${CH_SOCKET[0]}" insert "$DIR/board.state" --new \
	--uid "$(chip_uid 41)" >/dev/null
run "level 2, late" 0 station program --order late --link uart
expect "level 2, late" "$DIR/out" '^1 built, 0 refused, 0 failed$'
[ "$(order_field late closed)" = 1 ] || fail "not closed"
"$B/signet-vmcu" ctl "${CH_SOCKET[0]}" uart --clear >/dev/null
"$B/signet-vmcu" ctl "${CH_SOCKET[0]}" power cycle 1000 >/dev/null
"$B/signet-vmcu" ctl "${CH_SOCKET[0]}" run "$BOOT_MS" >/dev/null
"$B/signet-vmcu" ctl "${CH_SOCKET[0]}" uart >"$DIR/uart"
expect "it starts" "$DIR/uart" 'signet: genuine'
run "nobody answers any more" 6 station program --order late --link uart
expect "nobody answers any more" "$DIR/out" 'E_TARGET_LOST'
server_stop
say "level 2, late: set by the stub, proved, and missed where it is missing"
