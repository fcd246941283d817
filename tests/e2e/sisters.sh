#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Two chips of one family on one station, which differ in the end of their
# flash: an order is for one of them, and loader and board must be that one.
set -euo pipefail
CHIP=stm32f103xe
. tests/lib/line.sh
. tests/lib/sealed.sh

server_init
server_start
owner_init
loader_make # for the xE
signet product create lamp --family "$FAMILY" --release-key main >/dev/null
for chip in xb xe; do
	random_image "$DIR/$chip.bin" 3000
	CHIP=stm32f103$chip release_make lamp 1-$chip "$DIR/$chip.bin@$IMAGE_BASE"
	signet order create $chip --product lamp --release 1-$chip --quantity 9 \
		--manufacturer acme --serial-prefix $chip- >/dev/null
done
station_enrol line1 2
station_channels 1
vmcu_start xb --chip stm32f103xb --seed 7 --dap 127.0.0.1:0 \
	--state "$DIR/xb.state"
printf '[channel 1]\nprobe = tcp:%s\npower = %s\n' "$VMCU_DAP" \
	"$PWD/$B/signet-vmcu ctl $VMCU_SOCKET power" \
	>>"$DIR/station/flasher.conf"
# random firmware says nothing
sed -i '/^start-/d' "$DIR/station/flasher.conf"
untouched() { # WHAT ORDER
	[ "$(order_field "$2" reserved)" = 0 ] &&
		[ "$(order_field "$2" delivered)" = 0 ] ||
		fail "$1: a unit was taken"
}

# -- the wrong board in the fixture: nothing is erased, no unit is taken ------
"$B/signet-vmcu" ctl "$VMCU_SOCKET" save >/dev/null
"$B/signet-vmcu" dump "$DIR/xb.state" "$DIR/before.bin" >/dev/null
run "xB for an xE" 6 station program --order xe --channels 1
expect "xB for an xE" "$DIR/out" '\(E_TARGET_CHIP\)'
expect "xB for an xE" "$DIR/out" 'laid out for stm32f103xe, and this is a stm32f103xb'
expect "xB for an xE" "$DIR/out" '^  next: +put the right board in'
untouched "xB for an xE" xe
"$B/signet-vmcu" ctl "$VMCU_SOCKET" save >/dev/null
"$B/signet-vmcu" dump "$DIR/xb.state" "$DIR/after.bin" >/dev/null
cmp -s "$DIR/before.bin" "$DIR/after.bin" || fail "xB for an xE: it was erased"

# -- the right board, but only the other chip's loader is on the list ---------
run "no loader" 1 station program --order xb --channels 1
expect "no loader" "$DIR/out" 'no loader for stm32f103xb over swd-pins is admitted'
untouched "no loader" xb
make -s loader KEYS="$DIR/loader_keys.h" OUT="$DIR/loader" CHIP=stm32f103xb \
	LINK=swd-pins >/dev/null
xb=$DIR/loader/stm32f103xb-swd-pins xe=$DIR/loader/$CHIP-swd-pins
# one chip's loader under the other's name
run "its note" 4 signet loader add "$xb/loader.bin" --chip stm32f103xe
says "its note" "this loader's chip is stm32f103xb, not stm32f103xe"
mkdir "$DIR/bare"
cp "$xb/loader.bin" "$xb/stub.bin" "$DIR/bare"
run "its vectors" 1 signet loader add "$DIR/bare/loader.bin" \
	--chip stm32f103xe --link swd-pins
says "its vectors" '\(loader-chip\)'
run "rightly" 0 signet loader add "$DIR/bare/loader.bin" --chip stm32f103xb \
	--link swd-pins
run "list" 0 signet loader list
expect "list" "$DIR/out" '^stm32f103xb +swd-pins +admitted'
expect "list" "$DIR/out" '^stm32f103xe +uart +admitted'

run "xE for an xB" 6 station program --order xb --channels 0
expect "xE for an xB" "$DIR/out" '\(E_TARGET_CHIP\)'
untouched "xE for an xB" xb

# -- each on its own -----------------------------------------------------------
for job in 'xe 0' 'xb 1'; do
	run "$job" 0 station program --order "${job% *}" --channels "${job#* }"
	expect "$job" "$DIR/out" '^1 built, 0 refused, 0 failed$'
done
# retired, it is the other chip's that stays
digest=$(sha256sum <"$xe/loader.bin" | cut -d' ' -f1)
signet loader retire "$digest" >/dev/null
"$B/signet-vmcu" ctl "${CH_SOCKET[0]}" insert "$DIR/next.state" --new \
	--uid "$(chip_uid 77)" >/dev/null
run "retired" 1 station program --order xe --channels 0
expect "retired" "$DIR/out" 'no loader for stm32f103xe over swd-pins is admitted'
server_stop
say "each chip of the family gets its own loader, release and board"
