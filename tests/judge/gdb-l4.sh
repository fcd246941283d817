#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Judge: gdb through OpenOCD's GDB server loads a program into the virtual
# chip's flash and debugs it by source line.
set -euo pipefail
. tests/lib/vmcu.sh
need openocd gdb-multiarch timeout
ELF=build/target/judge.elf
EXAMPLE=build/target/boot/bootloader.elf
for f in "$ELF" "$EXAMPLE"; do
	[ -f "$f" ] || fail "$f is missing; make target"
done
LINE=$(grep -n 'record.rounds++' tests/target/judge.c | cut -d: -f1)

vmcu_start l4 --bitbang 127.0.0.1:0 --seed 4

# gdb NAME ELF: commands from the standard input; output in $DIR/NAME.log
gdb() {
	local name=$1 elf=$2
	cat - >"$DIR/$name.cmd" <<-TXT
		set pagination off
		set confirm off
		set remotetimeout 60
		target extended-remote | openocd -c "adapter driver remote_bitbang; remote_bitbang host ${VMCU_BITBANG%:*}; remote_bitbang port ${VMCU_BITBANG##*:}; transport select jtag; gdb_port pipe; tcl_port disabled; telnet_port disabled; log_output $DIR/$name.openocd" -f target/stm32l4x.cfg
	TXT
	cat >>"$DIR/$name.cmd"
	timeout 120 gdb-multiarch -nx -batch -x "$DIR/$name.cmd" "$elf" \
		>"$DIR/$name.log" 2>&1 </dev/null && return
	cat "$DIR/$name.log" "$DIR/$name.openocd"
	fail "$name"
}

say "load and compare"
gdb load "$ELF" <<'TXT'
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
gdb debug "$ELF" <<TXT
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
# The example bootloader on a chip that has no credential: it refuses, and
# gdb sees why before the console says it.
say "the example"
ctl uart --clear
gdb example "$EXAMPLE" <<'TXT'
monitor reset halt
load
compare-sections
monitor reset halt
break main
continue
break refuse
continue
print reason
backtrace
delete
monitor resume
detach
TXT
LOG=$DIR/example.log
expect_not load "$LOG" 'MIS-MATCHED'
expect break "$LOG" 'Breakpoint 1, main \(\) at examples/bootloader/main.c'
expect refuse "$LOG" 'Breakpoint 2, refuse \(reason='
reason=$(sed -n 's/^\$1 = 0x[0-9a-f]* .*"\(.*\)"$/\1/p' "$LOG")
[ -n "$reason" ] || { cat "$LOG"; fail "no reason"; }
expect backtrace "$LOG" '^#1 .* main \(\)'
ctl run 500
ctl uart >"$DIR/uart"
grep -qF "signet: refused: $reason" "$DIR/uart" ||
	fail "console says \"$(cat "$DIR/uart")\", gdb says \"$reason\""

# A listener hears the next start as it happens.
ctl uart --follow >"$DIR/heard" &
PIDS+=($!)
for ((i = 0; i < 100; i++)); do
	ctl power cycle
	ctl run 300
	grep -q 'refused' "$DIR/heard" && break
	sleep 0.05
done
expect follow "$DIR/heard" "^signet: refused: $reason"

say "PASS: $(ctl info)"
