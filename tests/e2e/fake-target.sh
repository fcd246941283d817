#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# A rogue station plays the chip with no chip.  Without stage 0 this attack
# passes: it gets the firmware, for one unit of the order, and never for more
# units than were ordered.  With stage 0 it is refused before any key is
# touched.  docs/threat-model.md names this test.
set -euo pipefail
. tests/lib/line.sh
. tests/lib/sealed.sh

server_init
server_start
owner_init
loader_make
random_image "$DIR/secret.bin" 20000
sealed_product lamp "$DIR/secret.bin"
sealed_product safe "$DIR/secret.bin" --demand-proof stage0
order_make first lamp 2
station_enrol rogue 4

attack() { # ORDER UID [OPTION VALUE]...
	local order=$1 uid=$2
	shift 2
	"$B/fake_target" --dir "$DIR/station" --order "$order" --uid "$uid" \
		--server-key "$SERVER_KEY" --out "$DIR/stolen" "$@"
}
uid() { printf '%02x000a00144f354638353320' "$1"; }

# -- what the attack needs, the manufacturer has ------------------------------
python3 - "$DIR/loader/stm32l432-uart/loader.bin" "$SERVER_KEY" <<'PY' ||
import sys
sys.exit(bytes.fromhex(sys.argv[2]) not in open(sys.argv[1], "rb").read())
PY
	fail "the server's public key is not in the loader"

# -- an honest claim of an open chip gets nothing, and costs nothing ----------
run "open chip" 1 attack first "$(uid 1)" --bend 1
expect "open chip" "$DIR/out" '^refused lock-state$'
[ "$(order_field first delivered)" = 0 ] || fail "an open chip was charged"

# -- a liar gets the firmware, for one unit ------------------------------------
run "fake target" 0 attack first "$(uid 1)"
expect "fake target" "$DIR/out" '^proof none$'
expect "fake target" "$DIR/out" '^stolen 20000 bytes$'
cmp -i 8 "$DIR/stolen" "$DIR/secret.bin" || fail "that is not the firmware"
[ "$(order_field first delivered)" = 1 ] || fail "it was not charged one unit"
run "devices" 0 signet --json device list --order first
python3 - "$DIR/out" "$(uid 1)" <<'PY' || fail "the device list hides it"
import json, sys
rows = [r for r in json.load(open(sys.argv[1]))["rows"]
        if r["uid"] == sys.argv[2]]
assert len(rows) == 1 and rows[0]["proof"] == "none", rows
PY

# -- ... and no more of them than were ordered --------------------------------
run "the last unit" 0 attack first "$(uid 2)"
run "one more" 1 attack first "$(uid 3)"
expect "one more" "$DIR/out" '^refused order-used-up$'
[ "$(order_field first delivered)" = 2 ] || fail "more than was ordered"

# -- with stage 0 -------------------------------------------------------------
run "no batch" 1 signet order create bare --product safe --release 1.0.0 \
	--quantity 2 --manufacturer acme
says "no batch" 'proof-step'
signet batch create wafer7 --family stm32l4 --manufacturer trusted >/dev/null
signet order create second --product safe --release 1.0.0 --quantity 2 \
	--manufacturer acme --batch wafer7 >/dev/null
rm -f "$DIR/stolen"
run "without a secret" 1 attack second "$(uid 5)"
expect "without a secret" "$DIR/out" '^proof stage0$'
expect "without a secret" "$DIR/out" '^refused handshake$'
run "with a guess" 1 attack second "$(uid 5)" --psk "$(openssl rand -hex 32)"
expect "with a guess" "$DIR/out" '^refused handshake$'
[ ! -e "$DIR/stolen" ] || fail "something was decrypted"
[ "$(order_field second delivered)" = 0 ] || fail "a key was released"
run "log" 0 signet log list --event handshake.refused
expect "log" "$DIR/out" 'rogue +second +handshake +[0-9]+ +05000a00'
# the rogue station cannot have a secret either: it is not the trusted site
vmcu_start extra --seed 77 --dap 127.0.0.1:0
run "not the trusted site" 1 station stage0 --batch wafer7 \
	--loader "$DIR/loader/stm32l432-uart" --probe "tcp:$VMCU_DAP" --power true
says "not the trusted site" 'not-allowed'

say "the fake target: reads the firmware without stage 0, one unit each;" \
	"refused with it"
