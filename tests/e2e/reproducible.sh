#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The example firmware and the loader come out bit for bit the same wherever
# they are built: here, and in a copy of the tree under another path.
set -euo pipefail
git rev-parse --git-dir >/dev/null 2>&1 || {
	echo "reproducible: needs git to know the tree's files"
	exit 77
}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
bearssl=$(cd "${BEARSSL_SRC:-build/deps/bearssl}" && pwd)
mkdir -p "$tmp/another/path/tree" "$tmp/keys"
cp tests/target/glitch/signet_keys.h tests/target/loader/loader_keys.h \
	"$tmp/keys/"
git ls-files -z | grep -zv '^docs/\|^tests/corpus/' |
	xargs -0 cp --parents -t "$tmp/another/path/tree"
keys=$tmp/keys/signet_keys.h

make -s example KEYS="$keys" OUT="$tmp/here" >/dev/null
make -s -C "$tmp/another/path/tree" example KEYS="$keys" OUT=out \
	BEARSSL_SRC="$bearssl" >/dev/null
for f in firmware.hex bootloader.elf app.elf; do
	cmp "$tmp/here/$f" "$tmp/another/path/tree/out/$f" || {
		echo "reproducible: $f differs" >&2
		exit 1
	}
done
make -s loader KEYS="$tmp/keys/loader_keys.h" OUT="$tmp/here" >/dev/null
make -s -C "$tmp/another/path/tree" loader KEYS="$tmp/keys/loader_keys.h" \
	OUT=out BEARSSL_SRC="$bearssl" >/dev/null
for f in stm32{l432,f103xb,f103xe,f051}-{uart,swd-pins}/{loader.bin,stub.bin,loader.json}; do
	cmp "$tmp/here/$f" "$tmp/another/path/tree/out/$f" || {
		echo "reproducible: $f differs" >&2
		exit 1
	}
done
# and the comparison can fail
sed 's/\(.*\)0x../\10x00/' "$tmp/keys/loader_keys.h" >"$tmp/loader_keys.h"
make -s loader KEYS="$tmp/loader_keys.h" OUT="$tmp/there" >/dev/null
if cmp -s "$tmp"/{there,here}/stm32l432-uart/loader.bin; then
	echo "reproducible: another key gives the same loader" >&2
	exit 1
fi
make -s example KEYS="$keys" OUT="$tmp/here" APP_VERSION=1.0.1 >/dev/null
if cmp -s "$tmp/here/app.elf" "$tmp/another/path/tree/out/app.elf"; then
	echo "reproducible: another version gives the same file" >&2
	exit 1
fi
echo "reproducible: firmware.hex, bootloader.elf, app.elf and loader.bin are" \
	"the same"
