#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# One interrupt test program, one binary, two machines: the virtual MCU and
# QEMU's mps2-an386 (Cortex-M4).  Their logs must not differ in one line.
set -euo pipefail
B=${B:-build/host}

for tool in qemu-system-arm od; do
	if ! command -v "$tool" >/dev/null; then
		echo "skipped: $tool is not installed"
		exit 77
	fi
done

dir=$(mktemp -d)
qemu=
cleanup() {
	[ -z "$qemu" ] || kill "$qemu" 2>/dev/null || true
	rm -rf "$dir"
}
trap cleanup EXIT

IRQ_LOG=$dir/vmcu.log "$B/test_vmcu_irq" >"$dir/vmcu.out" 2>&1 || {
	cat "$dir/vmcu.out"
	echo "the program does not finish on the virtual MCU"
	exit 1
}

mkfifo "$dir/mon.in" "$dir/mon.out"
qemu-system-arm -M mps2-an386 -kernel build/target/irq.elf -display none \
	-serial null -monitor "pipe:$dir/mon" &
qemu=$!
exec 3>"$dir/mon.in" 4<"$dir/mon.out"
cat <&4 >/dev/null &
reader=$!

# The program sets bit 31 of the length word when it has finished.
length=0
for _ in $(seq 100); do
	rm -f "$dir/raw"
	echo "pmemsave 0x20003000 8192 \"$dir/raw\"" >&3
	sleep 0.2
	[ -s "$dir/raw" ] || continue
	length=$(od -An -N4 -tu4 "$dir/raw" | tr -d ' ')
	[ "$length" -ge 2147483648 ] && break
done
echo quit >&3
wait "$qemu" || true
qemu=
kill "$reader" 2>/dev/null || true
if [ "$length" -lt 2147483648 ]; then
	echo "the program does not finish on QEMU"
	exit 1
fi
tail -c +5 "$dir/raw" | head -c $((length - 2147483648)) >"$dir/qemu.log"

if ! diff -u "$dir/qemu.log" "$dir/vmcu.log"; then
	echo "the virtual MCU and QEMU disagree"
	exit 1
fi
echo "$(wc -l <"$dir/qemu.log") lines alike on the virtual MCU and on QEMU"
