#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Each device has its own serial number in the image, where the release says:
# sealed and signed, as text and as a number; the firmware's signature holds
# all the same.  Places and serial numbers that cannot be are refused.
set -euo pipefail
. tests/lib/line.sh
. tests/lib/sealed.sh

server_init
server_start
owner_init
loader_make
AT=$((FLASH_BASE + FLASH_LEN / 2 + 500))	# over the end of a chunk
random_image "$DIR/pad.bin" 2048
# room of 40 bytes, not on a program unit's edge
for fill in '\377' '\0'; do
	head -c 40 /dev/zero | tr '\0' "$fill" >"$DIR/room$fill"
done
dd if="$DIR/room"'\377' of="$DIR/pad.bin" bs=1 seek=500 conv=notrunc 2>/dev/null
PAD=$DIR/pad.bin@$((FLASH_BASE + FLASH_LEN / 2))

signet product create lamp --family "$FAMILY" --release-key main \
	--allow-signed >/dev/null
signet product device-key lamp --out "$DIR/device.pub"
mkdir -p "$DIR/lamp"
signet product keys-header lamp --out "$DIR/lamp/signet_keys.h"
for MODE in sealed signed; do
	make -s example CHIP="$CHIP" MODE=$MODE KEYS="$DIR/lamp/signet_keys.h" \
		OUT="$DIR/$MODE" >"$DIR/build.log" 2>&1 ||
		fail "example firmware: $(tail -n 5 "$DIR/build.log")"
done

# release VERSION PLACE
release() {
	release_make lamp "$1" "$DIR/$MODE/firmware.hex" "$PAD" --serial-at "$2"
}
# order NAME VERSION OPTION...
order() {
	local name=$1 version=$2
	shift 2
	signet order create "$name" --product lamp --release "$version" \
		--mode $MODE --quantity 9 --manufacturer acme "$@"
}
station_enrol line1 1
station_channels 1

boards=0
# build ORDER SERIAL BYTES: a fresh chip holds BYTES (hex) where it is told
build() {
	boards=$((boards + 1))
	local state=$DIR/board-$boards.state len=$((${#3} / 2))
	"$B/signet-vmcu" ctl "${CH_SOCKET[0]}" insert "$state" --new \
		--uid "$(chip_uid "$(printf '%02x' $((boards + 32)))")" \
		>/dev/null
	run "$1" 0 station program --order "$1"
	expect "$1" "$DIR/out" '^1 built, 0 refused, 0 failed$'
	"$B/signet-vmcu" ctl "${CH_SOCKET[0]}" save >/dev/null
	"$B/signet-vmcu" dump "$state" "$DIR/flash.bin" >/dev/null
	# the bootloader of the example has checked it, too: it has started
	run "$1: flash" 0 signet verify --flash "$DIR/flash.bin" \
		--key "$DIR/device.pub" \
		--release-key "$SIGNET_HOME/keys/main.pub"
	expect "$1: firmware" "$DIR/out" '^firmware .*byte for byte'
	expect "$1: credential" "$DIR/out" "^serial[^:]* +$2\$"
	got=$(dd if="$DIR/flash.bin" bs=1 skip=$((AT - FLASH_BASE)) \
		count=$len 2>/dev/null | od -An -v -tx1 | tr -d ' \n')
	[ "$got" = "$3" ] || fail "$1: $got is in the flash, not $3"
	# nothing beside it has changed
	cmp "$DIR/pad.bin" <(tail -c +$((FLASH_LEN / 2 + 1)) "$DIR/flash.bin" |
		head -c 2048) -n 500 || fail "$1: bytes before it"
	cmp -i $((500 + len)) "$DIR/pad.bin" <(tail -c \
		+$((FLASH_LEN / 2 + 1)) "$DIR/flash.bin" | head -c 2048) ||
		fail "$1: bytes behind it"
}

for MODE in sealed signed; do
	release "$MODE-text" "$AT:ascii:16"
	release "$MODE-number" "$AT:u32"
	order $MODE-t $MODE-text --serial-prefix "$MODE-" --serial-first 41 \
		>/dev/null
	order $MODE-n $MODE-number --serial-prefix "$MODE-n" \
		--serial-first 305419896 >/dev/null
	text=$(printf '%s' "$MODE-" | od -An -v -tx1 | tr -d ' \n')
	build $MODE-t "$MODE-41" "${text}343100000000000000"
	build $MODE-t "$MODE-42" "${text}343200000000000000"
	build $MODE-n "${MODE}-n305419896" 78563412
	build $MODE-n "${MODE}-n305419897" 79563412
done
signet --json release list --product lamp >"$DIR/out"
expect "release list" "$DIR/out" "\"serial_at\": *\"$(printf '0x%08x' $AT):ascii:16\""
expect "release list" "$DIR/out" "\"serial_at\": *\"$(printf '0x%08x' $AT):u32\""

# one byte beside the place: the release's signature is of that
cp "$DIR/flash.bin" "$DIR/bent.bin"
byte_flip "$DIR/bent.bin" $((AT - FLASH_BASE - 1))
run "bent" 1 signet verify --flash "$DIR/bent.bin" --key "$DIR/device.pub"

# -- serial numbers that do not fit, or are missing ----------------------------
run "no serial numbers" 1 order bad signed-text
says "no serial numbers" 'serial_prefix is missing'
run "too long" 1 order bad signed-text --serial-prefix abcdefgh- \
	--serial-first 9999999
says "too long" 'abcdefgh-10000007 does not fit'
run "beyond 32 bits" 1 order bad signed-number --serial-prefix x- \
	--serial-first 4294967290
says "beyond 32 bits" 'x-4294967298 does not fit'

# -- places that cannot be ------------------------------------------------------
# place WHAT EXIT PLACE TEXT
place() {
	run "$1" "$2" signet release make "$DIR/$MODE/firmware.hex" "$PAD" \
		--product lamp --version 9 --mode $MODE --chip "$CHIP" \
		--out "$DIR/never.signet" --serial-at "$3" \
		--passphrase-file "$DIR/owner.pass"
	says "$1" "$4"
	[ ! -e "$DIR/never.signet" ] || fail "$1: a release was made"
}
for MODE in sealed signed; do
	place "outside" 4 0x20000000:u32 'outside of the flash'
	place "reserved" 4 $((FLASH_BASE + FLASH_LEN - 32)) 'reserved top'
	first=$FLASH_BASE
	[ $MODE = signed ] || first=$((FLASH_BASE + FROZEN))
	place "boot words" 4 $((first + 4)):u32 \
		'stack pointer and the reset vector'
	place "not in the image" 4 $((AT + 4096)) 'not in the image'
	place "over code" 4 $((AT + 20)) 'has other content'
done
place "too large" 2 $AT:ascii:33 'at most 32 bytes'
place "no length" 2 $AT:ascii:0 'is not ADDRESS'
place "no such form" 2 $AT:u16 'is not ADDRESS'
place "u32 with a length" 2 $AT:u32:4 'is not ADDRESS'
place "no address" 2 here 'is not ADDRESS'
say "patches: serial numbers in the images of $boards devices"
