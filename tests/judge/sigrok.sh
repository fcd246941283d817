#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# sigrok, which knows nothing of us, reads a capture of the virtual MCU: the
# SWD session of a probe, the words in it, and the firmware's UART.
set -euo pipefail
. tests/lib/vmcu.sh
need sigrok-cli

vmcu_start one --dap 127.0.0.1:0 --seed 5 --capture "$DIR/whole.vcd"
tool() {
	timeout 60 "$B/target_tool" --probe "tcp:$VMCU_DAP" \
		--power "$PWD/$B/signet-vmcu ctl $VMCU_SOCKET power" "$@"
}
decode() { sigrok-cli -I vcd:downsample=50 -i "$1" "${@:2}"; }

say "an SWD session"
ctl capture "$DIR/swd.vcd"
tool identify >"$DIR/identify"
ctl capture off
uid=$(sed -n 's/^identify: uid=\([0-9a-f]*\).*/\1/p' "$DIR/identify")
decode "$DIR/swd.vcd" -P swd:swclk=swclk:swdio=swdio -A swd >"$DIR/swd"
expect "line reset" "$DIR/swd" 'LINERESET'
expect "switch" "$DIR/swd" 'JTAG->SWD'
expect "DPIDR" "$DIR/swd" '0x2ba01477'
for i in 0 8 16; do # three words of the unique ID, bytes in memory order
	word=${uid:i+6:2}${uid:i+4:2}${uid:i+2:2}${uid:i:2}
	expect "unique ID" "$DIR/swd" "0x$word"
done
expect_not "protocol errors" "$DIR/swd" 'WAIT|FAULT|NOACK|parity'

say "the firmware's UART"
tool --level 0 identify program build/target/tests/hello.bin@0x08000000 \
	>"$DIR/program" || fail "$(cat "$DIR/program")"
ctl power off
ctl capture "$DIR/uart.vcd"
ctl power on 5
ctl capture off
decode "$DIR/uart.vcd" -P uart:rx=tx:baudrate=115200:format=ascii \
	-A uart=rx-data >"$DIR/uart"
heard=$(sed 's/.*: //' "$DIR/uart" | tr -d '\n')
case $heard in
hello*) ;;
*) fail "sigrok hears: $heard" ;;
esac
decode "$DIR/uart.vcd" --show >"$DIR/show"
for wire in vdd nrst swclk swdio swdio_target tx rx; do
	expect "wires" "$DIR/show" "^- $wire:"
done
say "sigrok agrees"
