# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Stock OpenOCD over remote_bitbang in front of the chip that vmcu_start (of
# tests/lib/vmcu.sh) started.  OCD_TARGET are its arguments for the chip.

# ocd NAME COMMANDS: one session; output in $DIR/NAME.log.  Each command is an
# argument of its own: only then is its result printed.
ocd() {
	local name=$1 code=0 commands=() c
	while read -r -d ';' c; do
		[ -z "$c" ] || commands+=(-c "$c")
	done <<<"${2//$'\n'/;};"
	timeout 120 openocd \
		-c "adapter driver remote_bitbang" \
		-c "remote_bitbang host ${VMCU_BITBANG%:*}" \
		-c "remote_bitbang port ${VMCU_BITBANG##*:}" \
		-c "transport select jtag" \
		-c "gdb_port disabled; tcl_port disabled; telnet_port disabled" \
		"${OCD_TARGET[@]}" \
		"${commands[@]}" -c "shutdown" >"$DIR/$name.log" 2>&1 || code=$?
	[ "$code" != 124 ] || fail "$name: OpenOCD hangs"
	return "$code"
}

# must NAME COMMANDS: the session has to end well.
must() {
	ocd "$1" "$2" || { cat "$DIR/$1.log"; fail "$1"; }
}
