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
LINE=$(grep -n 'record.rounds++' tests/target/judge.c | cut -d: -f1)

vmcu_start l4 --bitbang 127.0.0.1:0 --seed 4

# gdb NAME: commands from the standard input; output in $DIR/NAME.log
gdb() {
	local name=$1
	cat - >"$DIR/$name.cmd" <<-TXT
		set pagination off
		set confirm off
		set remotetimeout 60
		target extended-remote | openocd -c "adapter driver remote_bitbang; remote_bitbang host ${VMCU_BITBANG%:*}; remote_bitbang port ${VMCU_BITBANG##*:}; transport select jtag; gdb_port pipe; tcl_port disabled; telnet_port disabled; log_output $DIR/$name.openocd" -f target/stm32l4x.cfg
	TXT
	cat >>"$DIR/$name.cmd"
	timeout 120 gdb-multiarch -nx -batch -x "$DIR/$name.cmd" "$ELF" \
		>"$DIR/$name.log" 2>&1 </dev/null && return
	cat "$DIR/$name.log" "$DIR/$name.openocd"
	fail "$name"
}

say "load and compare"
gdb load <<'TXT'
monitor reset halt
load
compare-sections
TXT
expect load "$DIR/load.log" 'Loading section \.text'
expect load "$DIR/load.log" 'Section \.text, range .* matched'
expect load "$DIR/load.log" 'Section \.data, range .* matched'
expect_not load "$DIR/load.log" 'MIS-MATCHED'

# A virgin chip looks for an empty flash at power-on only: until then it
# boots its ROM, as the real one does.
ctl power cycle

say "debug by source line"
gdb debug <<TXT
monitor reset halt
break main
continue
print record.sum
print record.name
next
next
print record.rounds
delete
break add
continue
backtrace
print a
print b
finish
delete
watch record.rounds
continue
continue
delete
stepi
info symbol \$pc
break judge.c:$LINE
continue
set var record.sum = 5000
continue
print record.sum
info registers pc
detach
TXT
LOG=$DIR/debug.log
expect break "$LOG" 'Breakpoint 1, main \(\)'
expect data "$LOG" '^\$1 = 100$'
expect data "$LOG" '^\$2 = "judge'
expect next "$LOG" '^\$3 = 1$'
expect frames "$LOG" '^#0 +add \(a=101, b=2\)'
expect frames "$LOG" '^#1 .* main \(\)'
expect arguments "$LOG" '^\$4 = 101$'
expect arguments "$LOG" '^\$5 = 2$'
expect finish "$LOG" 'Value returned is \$6 = 103$'
expect watch "$LOG" 'Hardware watchpoint 3: record.rounds'
expect watch "$LOG" '^Old value = 2$'
expect watch "$LOG" '^New value = 4$'
expect symbol "$LOG" 'main \+ [0-9]+ in section \.text'
expect set "$LOG" '^\$7 = 5005$'
say "PASS: $(ctl info)"
