#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# A station whose probe is a GDB server that cannot do the whole job: OpenOCD
# over JTAG gives no DPIDR, QEMU's micro:bit is no genuine chip.  The station
# says so in words, before a unit is taken.
set -euo pipefail
. tests/lib/line.sh
need openocd timeout

server_init
server_start
owner_init
MODE=signed
product_make lamp
order_make first lamp 5
station_enrol line1 1

vmcu_start l4 --chip "$CHIP" --seed 5 --bitbang 127.0.0.1:0 --jtag-clock 1000000
: >"$DIR/ocd.log"
openocd -c "adapter driver remote_bitbang" \
	-c "remote_bitbang host ${VMCU_BITBANG%:*}" \
	-c "remote_bitbang port ${VMCU_BITBANG##*:}" \
	-c "transport select jtag" -c "gdb_report_data_abort enable" \
	-c "gdb_port 0; tcl_port disabled; telnet_port disabled" \
	-f target/stm32l4x.cfg -c init >"$DIR/ocd.log" 2>&1 &
PIDS+=("$!")
port=
for ((i = 0; i < 200 && ${#port} == 0; i++)); do
	port=$(sed -n 's/.*Listening on port \([0-9]*\) for gdb.*/\1/p' \
		"$DIR/ocd.log")
	[ -n "$port" ] || sleep 0.05
done
[ -n "$port" ] || { cat "$DIR/ocd.log"; fail "OpenOCD: no GDB port"; }

# channel [LINE...]: the station's only one
channel() {
	printf '%s\n' "$START" "[channel 0]" "power = true" "$@" \
		>"$DIR/station/flasher.conf"
}
refused() { # refused WHAT CAUSE
	run "$1" "$RC" station program --order first
	expect "$1" "$DIR/out" 'failed in phase "identify"|failed in phase'
	expect "$1" "$DIR/out" "^  cause: .*$2"
	expect "$1" "$DIR/out" '^  next: +.{10}'
	[ "$(order_field first reserved)$(order_field first delivered)" = 00 ] ||
		fail "$1: a unit was taken"
}
RC=6
START='start-pattern = signet: genuine'

channel "probe = gdb:127.0.0.1:$port"
run probes 0 station probes
expect probes "$DIR/out" 'probe +OpenOCD'
expect probes "$DIR/out" 'target +stm32l432'
refused "no DPIDR" "cannot read the chip's DPIDR"

channel "probe = gdb:127.0.0.1:$port" "serial = /dev/no-such-line"
refused "no such line" 'serial line /dev/no-such-line'

channel "probe = gdb:127.0.0.1:1"
refused "no server" 'no GDB server answers'

channel "probe = gdb:127.0.0.1:$port" "serials = x"
run "unknown key" 4 station program --order first
expect "unknown key" "$DIR/err" 'is no key of a channel .*serial'
say "PASS"
