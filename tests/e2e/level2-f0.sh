#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# STM32F051 at protection level 2, through server and station: the devices are
# silent for ever, start, and are not built twice; the published race, which
# opens level 1, gets nothing.
set -euo pipefail
CHIP=stm32f051
. tests/lib/line.sh
MODE=signed

server_init
server_start
owner_init
product_make lamp
signet release make "$DIR/lamp/firmware.hex" --product lamp --version 2.0.0 \
	--mode signed --chip "$CHIP" --protect 2 --out "$DIR/two.signet" \
	--passphrase-file "$DIR/owner.pass" >"$DIR/made"
expect "the release" "$DIR/made" 'read protection level 2 on stm32f051'
signet release upload "$DIR/two.signet" >/dev/null
signet order create dead --product lamp --release 2.0.0 --mode signed \
	--quantity 2 --manufacturer acme >/dev/null
order_make open lamp 1
station_enrol line1 1
station_channels 1
board() { # NAME [QUIRK]: the bench anew, with a new chip
	kill "${CH_PID[0]}"
	wait "${CH_PID[0]}" 2>/dev/null || true
	vmcu_start "$1" --chip "$CHIP" --seed 7 --dap "$DAP" --state \
		"$DIR/$1.state" --uid "$(chip_uid "$2")" ${3:+--quirk "$3"}
	CH_SOCKET[0]=$VMCU_SOCKET
	CH_PID[0]=$VMCU_PID
	sed -i "s|^power = .*|power = $PWD/$B/signet-vmcu ctl $VMCU_SOCKET power|" \
		"$DIR/station/flasher.conf"
}
DAP=$VMCU_DAP

run "level 2" 0 station program --order dead
expect "level 2" "$DIR/out" '^1 built, 0 refused, 0 failed$'
[ "$(order_field dead closed)" = 1 ] || fail "not closed"
ctl uart --clear
ctl power cycle 1000
ctl run "$BOOT_MS"
ctl uart >"$DIR/uart"
expect "it starts" "$DIR/uart" 'signet: genuine'
run "nobody answers any more" 6 station program --order dead
expect "nobody answers any more" "$DIR/out" 'E_TARGET_LOST'

board race2 32 swd-race
run "the race at level 2" 0 station program --order dead
[ "$(order_field dead closed)" = 2 ] || fail "not closed"
# the station's own proof loses the race, too: this board is no good
board race1 31 swd-race
run "the race at level 1" 6 station program --order open
expect "the race at level 1" "$DIR/out" 'E_TARGET_OPEN'
[ "$(order_field open closed)" = 0 ] || fail "closed without a proof"
server_stop
say "level 2: silent, genuine, counted"
