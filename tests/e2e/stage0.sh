#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Stage 0 on a virtual chip: secret and loader at a trusted site, the sealed
# job at the manufacturer, and what must not work.
set -euo pipefail
. tests/lib/line.sh
. tests/lib/sealed.sh

server_init
server_start
owner_init
loader_make
LOADER=$DIR/loader/stm32l432-swd-pins # the default line
sealed_example safe --demand-proof stage0
signet batch create wafer7 --family stm32l4 --manufacturer trusted >/dev/null
signet order create lot --product safe --release 1.0.0 --quantity 3 \
	--manufacturer acme --batch wafer7 --serial-prefix S- >/dev/null

# two sites: each its own station; the chips travel
station_enrol line1 2
station_channels 2
mv "$DIR/station" "$DIR/line1"
code=$(signet --json flasher invite site --manufacturer trusted |
	sed -n 's/.*"code": *"\([^"]*\)".*/\1/p')
mkdir -p "$DIR/station" && mv "$DIR/station" "$DIR/site"
printf '%s\n' "$code" | "$B/signet-flasher" --dir "$DIR/site" enrol --code - \
	>/dev/null
cp "$DIR/line1/flasher.conf" "$DIR/site/flasher.conf"
site() { "$B/signet-flasher" --dir "$DIR/site" "$@"; }
line() { "$B/signet-flasher" --dir "$DIR/line1" "$@"; }
# flash_of CHANNEL FILE: what the debug port hides, from the bench's memory
flash_of() {
	"$B/signet-vmcu" ctl "${CH_SOCKET[$1]}" save >/dev/null
	"$B/signet-vmcu" dump "$DIR/chip$1.state" "$2" >/dev/null
}
secret_at=$((0x40000 - 8192 + 0x1be0))
secret() { dd if="$1" bs=1 skip=$secret_at count=32 2>/dev/null |
	od -An -v -tx1 | tr -d ' \n'; }

# -- families without it say why ----------------------------------------------
for f in stm32f1 nrf51; do
	run "$f" 4 site stage0 --batch wafer7 --loader "$LOADER" --family "$f"
	says "$f" "$f has no stage 0"
done
run "no family" 2 site stage0 --batch wafer7 --loader "$LOADER" \
	--family stm32z9
says "no family" 'stm32z9'

# -- the trusted site ---------------------------------------------------------
run "stage 0" 0 site stage0 --batch wafer7 --loader "$LOADER" --channels 0
expect "stage 0" "$DIR/out" '^channel 0 +[0-9a-f]{24} +has its stage 0'
uid=$(awk '{ print $3 }' "$DIR/out")
flash_of 0 "$DIR/flash0.bin"
psk=$(secret "$DIR/flash0.bin")
[ "$psk" != "$(printf 'ff%.0s' {1..32})" ] || fail "no secret in the chip"
run "once more" 6 site stage0 --batch wafer7 --loader "$LOADER" \
	--channels 0
says "once more" 'read-protected'
run "batches" 0 signet --json batch list
expect "batches" "$DIR/out" '"chips": *1'

# board after board, brought by a command
cat >"$DIR/bring" <<SH
#!/bin/sh
n=\$(ls "$DIR"/more-* 2>/dev/null | wc -l)
exec "$PWD/$B/signet-vmcu" ctl "${CH_SOCKET[1]}" \\
	insert "$DIR/more-\$n.state" --new --uid 6\${n}000a00144f354638353320
SH
chmod +x "$DIR/bring"
"$DIR/bring" >/dev/null
run "three more" 0 site stage0 --batch wafer7 --loader "$LOADER" \
	--channels 1 --count 3 --next "$DIR/bring"
[ "$(grep -c 'has its stage 0' "$DIR/out")" = 3 ] || fail "not three"
run "batches" 0 signet --json batch list
expect "batches" "$DIR/out" '"chips": *4'
"$B/signet-vmcu" ctl "${CH_SOCKET[1]}" insert "$DIR/chip1.state" >/dev/null

# -- the manufacturer ---------------------------------------------------------
run "an open chip" 6 line program --order lot --count 1 --channels 1
expect "an open chip" "$DIR/out" "cause: .*no stage 0"
expect "an open chip" "$DIR/out" "next: .*set the board aside"
[ "$(order_field lot delivered)" = 0 ] || fail "an open chip was charged"
[ "$(order_field lot reserved)" = 0 ] || fail "an open chip holds a unit"
# the power fails in mid-stream: the loader and its secret are still there
"$B/signet-vmcu" ctl "${CH_SOCKET[0]}" cut 500 >/dev/null
run "a power cut" 6 line program --order lot --count 1 --channels 0
"$B/signet-vmcu" ctl "${CH_SOCKET[0]}" power on >/dev/null
run "a stage-0 chip" 0 line program --order lot --count 1 --channels 0
expect "a stage-0 chip" "$DIR/out" '^1 built, 0 refused, 0 failed$'
expect "a stage-0 chip" "$DIR/out" ' built +serial S-[0-9]'
run "device" 0 signet --json device list --order lot
expect "device" "$DIR/out" '"proof": *"stage0"'
expect "device" "$DIR/out" '"attempts": *2'
flash_of 0 "$DIR/flash1.bin"
[ "$(secret "$DIR/flash1.bin")" = "$(printf '00%.0s' {1..32})" ] ||
	fail "the secret outlived the loader"
signet product device-key safe --out "$DIR/device.pub"
run "credential" 0 signet device credential "$uid" --out "$DIR/c.cbor"
run "verify" 0 signet verify "$DIR/c.cbor" --key "$DIR/device.pub" --uid "$uid"
expect "verify" "$DIR/out" 'stage0'

# -- one chip's secret does not open another's handshake ----------------------
run "another chip's secret" 1 "$B/fake_target" --dir "$DIR/line1" --order lot \
	--uid 5a000a00144f354638353320 --server-key "$SERVER_KEY" \
	--psk "$psk" --out "$DIR/stolen"
expect "another chip's secret" "$DIR/out" '^refused handshake$'
# -- but its own opens its own: a secret taken out of the silicon is one unit
# (docs/threat-model.md, "What stage 0 rests on")
"$B/signet-vmcu" ctl "${CH_SOCKET[1]}" insert "$DIR/chip2.state" --new \
	--uid 5b000a00144f354638353320 >/dev/null
run "a second chip" 0 site stage0 --batch wafer7 \
	--loader "$DIR/loader/stm32l432-uart" --channels 1
"$B/signet-vmcu" ctl "${CH_SOCKET[1]}" save >/dev/null
"$B/signet-vmcu" dump "$DIR/chip2.state" "$DIR/flash2.bin" >/dev/null
run "its secret, stolen" 0 "$B/fake_target" --dir "$DIR/line1" --order lot \
	--uid 5b000a00144f354638353320 --server-key "$SERVER_KEY" \
	--psk "$(secret "$DIR/flash2.bin")" --out "$DIR/stolen"
[ "$(order_field lot delivered)" = 2 ] || fail "that was not one unit"
say "stage 0: installed, used, wiped; refused without it"
