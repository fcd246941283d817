#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# image/ reads what srec_cat and objcopy write, and sees the same bytes.
#
# Random bytes with holes are written by the two tools in every form that they
# know; ours must find the same ranges (srec_info, srec_cat) and the same bytes.
set -euo pipefail
B=${B:-build/host}
tool=$B/image_tool
objcopy=arm-none-eabi-objcopy
for need in srec_cat srec_info "$objcopy" arm-none-eabi-gcc; do
	command -v "$need" >/dev/null || { echo "skipped: no $need"; exit 77; }
done
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
compared=0

# They warn of every record that is allowed to be missing.
srec_cat() { command srec_cat "$@" 2>>"$dir/warnings"; }
srec_info() { command srec_info "$@" 2>>"$dir/warnings"; }

fail() {
	echo "FAILED: $*" >&2
	exit 1
}

# same FILE FORMAT: ours against srec_cat's reading of the same file.
same() {
	local file=$1 format=$2 from to
	srec_info "$file" "$format" | sed -n 's/^Data: *//; s/^ *\([0-9A-F]* - [0-9A-F]*\)$/\1/p' |
		while read -r from _ to; do printf '%08x - %08x\n' "0x$from" "0x$to"; done >"$dir/want"
	[ -s "$dir/want" ] || fail "srec_info tells nothing of $file"
	"$tool" "$file" >"$dir/got" || fail "$file was refused"
	diff -u "$dir/want" "$dir/got" || fail "$file: ranges differ"
	same_bytes "$file" "$file" "$format"
}

# same_bytes FILE OTHER FORMAT: our FILE against srec_cat's OTHER.
same_bytes() {
	local first last len
	first=$((0x$(head -n 1 "$dir/want" | cut -d' ' -f1)))
	last=$((0x$(tail -n 1 "$dir/want" | cut -d' ' -f3)))
	len=$((last - first + 1))
	srec_cat "$2" "$3" -fill 0xff "$first" $((last + 1)) -offset "-$first" \
		-o "$dir/want.bin" -binary
	"$tool" -b "$first" "$len" "$1" >"$dir/got.bin"
	cmp "$dir/want.bin" "$dir/got.bin" || fail "$1: bytes differ"
	compared=$((compared + 1))
}

# Three pieces: at the base, after a small hole, and across a 64 kB border.
make_input() { # BASE
	head -c 1000 /dev/urandom >"$dir/a"
	head -c 77 /dev/urandom >"$dir/b"
	head -c 3000 /dev/urandom >"$dir/c"
	srec_cat "$dir/a" -binary -offset "$1" \
		"$dir/b" -binary -offset $(($1 + 1003)) \
		"$dir/c" -binary -offset $(($1 + 65536 - 1234)) \
		-o "$dir/in.s" -motorola
}

for base in 0 0x08000000 0xfffe0000 0x000f0000; do
	make_input $((base))
	for width in 16 32 255; do
		srec_cat "$dir/in.s" -o "$dir/x" -motorola -line-length=$((width * 2 + 14))
		same "$dir/x" -motorola
		srec_cat "$dir/in.s" -o "$dir/x" -intel -line-length=$((width * 2 + 11))
		same "$dir/x" -intel
	done
	srec_cat "$dir/in.s" -o "$dir/x" -motorola -address-length=4
	same "$dir/x" -motorola
	srec_cat "$dir/in.s" -o "$dir/x" -motorola -disable=data-count -execution-start-address=$((base))
	same "$dir/x" -motorola
	srec_cat "$dir/in.s" -o "$dir/x" -motorola -disable=header
	same "$dir/x" -motorola
	srec_cat "$dir/in.s" -o "$dir/x" -intel -execution-start-address=$((base))
	same "$dir/x" -intel
	for format in ihex srec; do
		srec_cat "$dir/in.s" -o "$dir/in.hex" -intel
		$objcopy -I ihex -O "$format" "$dir/in.hex" "$dir/x" 2>/dev/null || continue
		same "$dir/x" "$([ $format = ihex ] && echo -intel || echo -motorola)"
	done
	$objcopy -I ihex -O srec --srec-forceS3 --srec-len=64 "$dir/in.hex" "$dir/x"
	same "$dir/x" -motorola
	# the whole as a raw binary
	first=$((base))
	"$tool" "$dir/x" >"$dir/want"
	srec_cat "$dir/x" -motorola -fill 0x00 "$first" $((first + 68000)) -offset "-$first" -o "$dir/raw" -binary
	"$tool" -b "$first" 68000 "$dir/raw@$base" | cmp - "$dir/raw" || fail "raw binary at $base differs"
	compared=$((compared + 1))
done

# 16-bit and 24-bit addresses; segmented HEX, whose records wrap at 64 kB.
make_input 0x1000
srec_cat "$dir/in.s" -crop 0x1000 0x2000 -o "$dir/x" -motorola -address-length=2
same "$dir/x" -motorola
srec_cat "$dir/in.s" -o "$dir/x" -motorola -address-length=3
same "$dir/x" -motorola
srec_cat "$dir/in.s" -o "$dir/x" -intel -address-length=3
grep -q '^:02000002' "$dir/x" || fail "srec_cat wrote no segment record"
same "$dir/x" -intel
srec_cat "$dir/in.s" -crop 0x1000 0x2000 -o "$dir/x" -intel -address-length=2
same "$dir/x" -intel

# ELF: linked as applications are, with data loaded behind the code, and with
# the three ways in which a linker may lay out the first segment.
cat >"$dir/t.c" <<'C'
const unsigned v[] __attribute__((section(".vec"), used)) = { 0x20001000, 0x08004041 };
int data = 0x11223344;
int bss;
int main(void) { return data + bss; }
C
n=0
for link in "0x08000000 -n" "0x08004100 -Wl,-z,max-page-size=0x1000" "0x08004000 -Wl,-z,max-page-size=0x10000"; do
	read -r address flags <<<"$link"
	cat >"$dir/t.ld" <<LD
SECTIONS {
	.text $address : { *(.vec) *(.text*) }
	.data 0x20000000 : AT(LOADADDR(.text) + SIZEOF(.text) + 0x20) { *(.data*) }
	.bss : { *(.bss*) *(COMMON) }
	/DISCARD/ : { *(.ARM*) *(.comment) }
}
LD
	arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb -nostdlib -Wl,-T,"$dir/t.ld" -Wl,-emain $flags -o "$dir/t.elf" "$dir/t.c"
	$objcopy -O ihex "$dir/t.elf" "$dir/t.hex"
	"$tool" "$dir/t.hex" >"$dir/want"
	"$tool" "$dir/t.elf" | diff -u "$dir/want" - || fail "t.elf ($link): ranges differ from objcopy's"
	same_bytes "$dir/t.elf" "$dir/t.hex" -intel
	n=$((n + 1))
done
[ $n = 3 ] || fail "not every ELF file was tried"

# Two files merged are the same as srec_cat's merge; overlapping ones are not
# merged by either.
srec_cat "$dir/a" -binary -offset 0x08000000 -o "$dir/1" -intel
srec_cat "$dir/b" -binary -offset 0x08001000 -o "$dir/2" -motorola
srec_cat "$dir/1" -intel "$dir/2" -motorola -o "$dir/x" -intel
"$tool" "$dir/x" >"$dir/want"
"$tool" "$dir/1" "$dir/2" | diff -u "$dir/want" - || fail "merged ranges differ"
if "$tool" "$dir/1" "$dir/x" 2>"$dir/err"; then fail "an overlap was merged"; fi
grep -q 'defined already' "$dir/err" || fail "the overlap is not named: $(cat "$dir/err")"

# What srec_cat finds broken, ours does.
sed '3s/.$/X/' "$dir/1" >"$dir/bad"
if srec_cat "$dir/bad" -intel -o "$dir/y" -intel; then fail "srec_cat takes a bad digit"; fi
if "$tool" "$dir/bad" 2>"$dir/err"; then fail "ours takes a bad digit"; fi
grep -q 'bad:3: ' "$dir/err" || fail "the line is not named: $(cat "$dir/err")"

echo "$compared files compared"
[ "$compared" -ge 50 ]
