# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# For script tests of sealed orders; source it after tests/lib/line.sh.

# loader_make: the owner's loaders for $CHIP, in $DIR/loader/$CHIP-LINK and on
# the server's list; sets SERVER_KEY, the server's public key in hex
loader_make() {
	local link
	mkdir -p "$DIR/loader"
	signet loader keys-header --out "$DIR/loader_keys.h" >/dev/null
	make -s loader KEYS="$DIR/loader_keys.h" OUT="$DIR/loader" \
		CHIP="$CHIP" >"$DIR/loader.log" 2>&1 ||
		fail "loader: $(tail -n 5 "$DIR/loader.log")"
	for link in $LINKS; do
		signet loader add "$DIR/loader/$CHIP-$link/loader.bin" \
			>/dev/null
	done
	SERVER_KEY=$(grep -o '0x[0-9a-f]\{2\}' "$DIR/loader_keys.h" |
		sed 's/0x//' | tr -d '\n')
	[ ${#SERVER_KEY} = 64 ] || fail "no server key in loader_keys.h"
}

# IMAGE_BASE: where a sealed image begins
IMAGE_BASE=$(printf '0x%08x' $((FLASH_BASE + FROZEN)))

# random_image FILE BYTES: no byte of it can be guessed, but it starts like
# an image: a stack pointer, a reset vector 256 bytes on, and nothing where a
# core without a table of its own keeps nothing (vectors 4 and 5)
random_image() {
	local v=$((FLASH_BASE + FROZEN + 0x101))
	printf '\x00\x20\x00\x20' >"$1"
	# shellcheck disable=SC2059 # the format is what is made
	printf "$(printf '\\x%02x\\x%02x\\x%02x\\x%02x' $((v & 255)) \
		$((v >> 8 & 255)) $((v >> 16 & 255)) $((v >> 24 & 255)))" >>"$1"
	head -c 8 /dev/urandom >>"$1"
	head -c 8 /dev/zero >>"$1"
	head -c $(($2 - 24)) /dev/urandom >>"$1"
}

# sealed_product NAME IMAGE [OPTION...]: the product, and its release 1.0.0
sealed_product() {
	local name=$1 image=$2
	shift 2
	signet product create "$name" --family "$FAMILY" --release-key main "$@" \
		>/dev/null
	release_make "$name" 1.0.0 "$image@$IMAGE_BASE"
}

# sealed_example NAME [OPTION...]: the same with the example firmware
sealed_example() {
	local name=$1
	shift
	signet product create "$name" --family "$FAMILY" --release-key main "$@" \
		>/dev/null
	mkdir -p "$DIR/$name"
	signet product keys-header "$name" --out "$DIR/$name/signet_keys.h"
	make -s example CHIP="$CHIP" MODE=sealed KEYS="$DIR/$name/signet_keys.h" OUT="$DIR/$name" \
		>"$DIR/$name/build.log" 2>&1 ||
		fail "example firmware: $(tail -n 5 "$DIR/$name/build.log")"
	release_make "$name" 1.0.0 "$DIR/$name/firmware.hex"
}
