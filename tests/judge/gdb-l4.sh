#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Judge: gdb through OpenOCD's GDB server loads a program into the virtual
# chip's flash and debugs it by source line.
set -euo pipefail
. tests/lib/vmcu.sh
need openocd gdb-multiarch timeout
ELF=build/target/judge.elf
[ -f "$ELF" ] || fail "$ELF is missing; make target"

vmcu_start l4 --bitbang 127.0.0.1:0 --seed 4

timeout 180 openocd \
	-c "adapter driver remote_bitbang" \
	-c "remote_bitbang host ${VMCU_BITBANG%:*}" \
	-c "remote_bitbang port ${VMCU_BITBANG##*:}" \
	-c "transport select jtag" \
	-c "bindto 127.0.0.1; gdb_port pipe; tcl_port disabled" \
	-c "telnet_port disabled; log_output $DIR/openocd.log" \
	-f target/stm32l4x.cfg --version >/dev/null 2>&1 ||
	fail "OpenOCD does not take its arguments"

cat >"$DIR/commands" <<TXT
set pagination off
set confirm off
set remotetimeout 60
target extended-remote | openocd -c "adapter driver remote_bitbang; remote_bitbang host ${VMCU_BITBANG%:*}; remote_bitbang port ${VMCU_BITBANG##*:}; transport select jtag; gdb_port pipe; tcl_port disabled; telnet_port disabled; log_output $DIR/openocd.log" -f target/stm32l4x.cfg
monitor reset halt
load
compare-sections
monitor reset halt
break main
continue
info registers pc
print record.sum
print record.name
next
next
print record.rounds
break add
continue
backtrace
print a
finish
delete
watch record.rounds
continue
continue
print record.rounds
delete
stepi
info symbol \$pc
set var record.sum = 5000
break judge.c:35
continue
print record.sum
detach
quit
TXT
timeout 180 gdb-multiarch -nx -batch -x "$DIR/commands" "$ELF" \
	>"$DIR/gdb.log" 2>&1 || {
	cat "$DIR/gdb.log" "$DIR/openocd.log"
	fail "gdb"
}
expect load "$DIR/gdb.log" 'Loading section \.text'
expect load "$DIR/gdb.log" 'Section \.text, range .* matched'
expect break "$DIR/gdb.log" 'Breakpoint 1, main \(\)'
expect data "$DIR/gdb.log" '= 100$'
expect data "$DIR/gdb.log" '"judge'
expect next "$DIR/gdb.log" '= 1$'
expect finish "$DIR/gdb.log" 'Value returned is'
expect frames "$DIR/gdb.log" '#1 .* main \(\)'
expect watch "$DIR/gdb.log" 'Hardware watchpoint .*: record.rounds'
expect watch "$DIR/gdb.log" 'New value = 3'
expect set "$DIR/gdb.log" '= 500[0-9]$'
expect_not load "$DIR/gdb.log" 'MIS-MATCHED'
say "PASS"
