# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# For script tests of sealed orders; source it after tests/lib/line.sh.

# loader_make: the owner's loaders, in $DIR/loader/stm32l4-LINK and on the
# server's list; sets SERVER_KEY, the server's public key in hex
loader_make() {
	local link
	mkdir -p "$DIR/loader"
	signet loader keys-header --out "$DIR/loader_keys.h" >/dev/null
	make -s loader KEYS="$DIR/loader_keys.h" OUT="$DIR/loader" \
		>"$DIR/loader.log" 2>&1 ||
		fail "loader: $(tail -n 5 "$DIR/loader.log")"
	for link in swd-pins uart; do
		signet loader add "$DIR/loader/stm32l4-$link/loader.bin" \
			--family stm32l4 >/dev/null
	done
	SERVER_KEY=$(grep -o '0x[0-9a-f]\{2\}' "$DIR/loader_keys.h" |
		sed 's/0x//' | tr -d '\n')
	[ ${#SERVER_KEY} = 64 ] || fail "no server key in loader_keys.h"
}

# random_image FILE BYTES: no byte of it can be guessed, but it starts like
# an image
random_image() {
	printf '\x00\xc0\x00\x20\x01\x01\x00\x08' >"$1"
	head -c $(($2 - 8)) /dev/urandom >>"$1"
}

# sealed_product NAME IMAGE [OPTION...]: the product, and its release 1.0.0
sealed_product() {
	local name=$1 image=$2
	shift 2
	signet product create "$name" --family stm32l4 --release-key main "$@" \
		>/dev/null
	release_make "$name" 1.0.0 "$image@0x08000000"
}

# sealed_example NAME [OPTION...]: the same with the example firmware
sealed_example() {
	local name=$1
	shift
	signet product create "$name" --family stm32l4 --release-key main "$@" \
		>/dev/null
	mkdir -p "$DIR/$name"
	signet product keys-header "$name" --out "$DIR/$name/signet_keys.h"
	make -s example KEYS="$DIR/$name/signet_keys.h" OUT="$DIR/$name" \
		>"$DIR/$name/build.log" 2>&1 ||
		fail "example firmware: $(tail -n 5 "$DIR/$name/build.log")"
	release_make "$name" 1.0.0 "$DIR/$name/firmware.hex"
}
