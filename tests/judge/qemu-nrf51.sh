#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Judge: QEMU's microbit, an nRF51822 that nobody here wrote.  One binary runs
# there and on the virtual MCU; what the two tell over their UARTs must be
# alike, line by line, but where they are known to differ (docs/vmcu.md), and
# there each must be as known.
set -euo pipefail
B=${B:-build/host}

for tool in qemu-system-arm timeout; do
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

N51_LOG=$dir/vmcu.log "$B/test_n51_judge" >"$dir/vmcu.out" 2>&1 || {
	cat "$dir/vmcu.out"
	echo "the program does not finish on the virtual MCU"
	exit 1
}

mkfifo "$dir/in"
timeout 60 qemu-system-arm -M microbit -kernel build/target/n51_judge.elf \
	-display none -monitor none -serial stdio \
	<"$dir/in" >"$dir/qemu.log" 2>"$dir/qemu.err" &
qemu=$!
exec 3>"$dir/in"
wait_for() { # LINE
	local i
	for ((i = 0; i < 300; i++)); do
		grep -q "^$1\$" "$dir/qemu.log" && return 0
		kill -0 "$qemu" 2>/dev/null || break
		sleep 0.1
	done
	cat "$dir/qemu.err" "$dir/qemu.log"
	echo "the program does not get to \"$1\" on QEMU"
	exit 1
}
wait_for echo
for line in hello nrf51 end; do
	printf '%s\n' "$line" >&3
	sleep 0.2
done
wait_for done

for who in vmcu qemu; do
	grep -v '^dev ' "$dir/$who.log" >"$dir/$who.same"
done
if ! diff -u "$dir/qemu.same" "$dir/vmcu.same"; then
	echo "the virtual MCU and QEMU disagree"
	exit 1
fi

# What differs: name, QEMU's, ours.  ".*": any.
bad=0
while read -r name theirs ours; do
	for who in "qemu $theirs" "vmcu $ours"; do
		grep -qE "^dev $name ${who#* }\$" "$dir/${who%% *}.log" && continue
		echo "${who%% *}: not the known deviation $who:" \
			"$(grep "^dev $name " "$dir/${who%% *}.log")"
		bad=1
	done
done <<-TXT
	blank 00000000 ffffffff
	clenr0 00002000 ffffffff
	uid 12345678 .*
	uicr 600dbeef ffffffff
	vtor 20002000 00000000
	systick 00000001 00000000
	gpregret 00000001 0000005a
TXT
[ "$bad" = 0 ] || exit 1
[ "$(grep -c '^dev ' "$dir/qemu.log")" = 7 ] || {
	echo "a deviation is not in the list"
	exit 1
}
echo "$(wc -l <"$dir/vmcu.same") lines alike on the virtual MCU and on QEMU," \
	"7 known deviations"
