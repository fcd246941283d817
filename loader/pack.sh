#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# pack.sh DIR CHIP FAMILY LINK - loader.elf and stub.elf there become loader.bin (LOADER_LEN
# bytes), stub.bin and loader.json; refuses what is larger than it may be.
#
# RAM: the frames of chunks lie at the end of the data, the stack grows down
# towards them.  While a chunk comes or a commit is taken they are in use;
# everything else may run down over them.
set -euo pipefail
export LC_ALL=C
dir=$1
chip=$2
family=$3
link=$4
nm=${NM:-arm-none-eabi-nm}
awk=${AWK:-awk}
here=$(dirname "$0")
name=$(basename "$0")

fail() {
	echo "$name: $*" >&2
	exit 1
}
# shellcheck disable=SC2016 # awk's own $
symbol() { # address of $1 in loader.elf
	$nm "$dir/loader.elf" | $awk -v s="$1" '$3 == s { print $1; exit }' |
		{ read -r v && echo $((16#$v)); }
}
deep() { # most stack below and with $1, without $2
	$awk -v root="$1" -v without="${2:-}" -f "$here/stack.awk" \
		"$dir/loader.ci" | { read -r v _ && echo "$v"; }
}

len=$(($(sed -n 's/^#define LOADER_LEN //p' wire/layout.h)))
stub_len=$(($(sed -n 's/^#define STUB_CODE_LEN \([^ ]*\).*/\1/p' \
	wire/layout.h)))
size=$(stat -c %s "$dir/loader.raw")
stub_size=$(stat -c %s "$dir/stub.raw")
[ "$size" -le "$len" ] || fail "the loader has $size bytes, of $len"
[ "$stub_size" -le "$stub_len" ] ||
	fail "the stub has $stub_size bytes, of $stub_len"

# Those of libgcc take a time that depends on the numbers.
if slow=$($nm "$dir/loader.elf" |
	grep -E ' __aeabi_(lmul|u?idiv|u?ldiv|ll|lasr|f|d)'); then
	fail "libgcc's arithmetic is in it: $slow"
fi

# An NMI comes on top: eight words, and its handler.
begin=$(symbol ram_begin)
end=$(symbol bss_end)
top=$(symbol stack_top)
chunk_max=$(sed -n 's/^#define SEALED_CHUNK_MAX //p' wire/release.h)
frames=$((2 * (8 + chunk_max + 32 + 4)))
nmi=$((32 + $(deep target_nmi)))
base=$(($(deep loader_start round_of_frames) + nmi))
round=$(($(deep loader_start) + nmi))
chunk=$((base + $(deep round_of_frames frame_take) - \
	$(deep stream_chunk) + $(deep stream_chunk report_make)))
commit=$((round - $(deep frame_take) + $(deep commit_take) + 16))
room=$((top - end))
[ "$round" -le $((room + frames)) ] ||
	fail "the stack may need $round bytes, of $((room + frames))"
for need in "$chunk" "$commit"; do
	[ "$need" -le "$room" ] ||
		fail "the stack may need $need bytes, of $room"
done
ram=$((top - begin))
[ "$ram" -le 8192 ] || fail "$ram bytes of RAM"

{ cat "$dir/loader.raw"; head -c $((len - size)) /dev/zero | tr '\0' '\377'; } \
	>"$dir/loader.bin"
cp "$dir/stub.raw" "$dir/stub.bin"
digest=$(sha256sum "$dir/loader.bin" | cut -d' ' -f1)
stub_digest=$(sha256sum "$dir/stub.bin" | cut -d' ' -f1)
cat >"$dir/loader.json" <<J
{
  "chip": "$chip",
  "family": "$family",
  "link": "$link",
  "sha256": "$digest",
  "stub_sha256": "$stub_digest",
  "flash": $size,
  "flash_max": $len,
  "stub": $stub_size,
  "stub_max": $stub_len,
  "ram": $ram,
  "data": $((end - begin)),
  "stack": $round,
  "stack_chunk": $chunk,
  "stack_commit": $commit,
  "stack_room": $room
}
J
