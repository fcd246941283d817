#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The virtual MCU as a program: options, control socket, boards that are
# swapped, copied and damaged, clients that behave badly, a clean end.
set -euo pipefail
. tests/lib/vmcu.sh
need cmp timeout python3

V=$B/signet-vmcu
# refused CODE PATTERN COMMAND...
refused() {
	local want=$1 pattern=$2 code=0
	shift 2
	timeout 20 "$@" >"$DIR/out" 2>&1 || code=$?
	[ "$code" = "$want" ] || fail "exit $code instead of $want: $*"
	expect "$*" "$DIR/out" "$pattern"
	expect "$*: what to do" "$DIR/out" '^  next: .....'
}
# field NAME: of ctl info
field() { ctl info | sed -n 's/.*"'"$1"'":"\{0,1\}\([^",}]*\).*/\1/p'; }

say "usage"
"$V" --help >"$DIR/help"
for word in --state --bitbang --packet-cost --ready-file 'insert FILE'; do
	expect help "$DIR/help" "$word"
done
# The manual page and --help know the same options and commands.
sed -n 's/^  --\([a-z-]*\) .*/\1/p' "$DIR/help" | sort >"$DIR/in.help"
sed -n 's/^\.It Fl -\([a-z-]*\).*/\1/p' man/signet-vmcu.1 | sort >"$DIR/in.page"
cmp "$DIR/in.help" "$DIR/in.page" || fail "options of --help and man page"
sed -n '/^commands of ctl/,$s/^  \([a-z]*\).*/\1/p' "$DIR/help" | grep . |
	sort >"$DIR/in.help"
sed -n '/Ss Commands/,$s/^\.It Cm \([a-z]*\).*/\1/p' man/signet-vmcu.1 |
	sort >"$DIR/in.page"
cmp "$DIR/in.help" "$DIR/in.page" || fail "commands of --help and man page"
"$V" --version >/dev/null
refused 2 'no command' "$V"
refused 2 'unknown command "fly"' "$V" fly
refused 2 'nobody could reach' "$V" run
refused 2 'unrecognized option' "$V" run --fly
refused 2 'unexpected argument' "$V" run --dap 127.0.0.1:0 now
refused 2 '"--seed"|--seed: "x"' "$V" run --dap 127.0.0.1:0 --seed x
refused 2 'packet-cost' "$V" run --dap 127.0.0.1:0 --packet-cost -1
refused 2 '24 hex digits' "$V" run --dap 127.0.0.1:0 --uid 1234
refused 2 'no "pic16"' "$V" run --dap 127.0.0.1:0 --chip pic16
expect "chips" "$DIR/out" '^  next: give one of:.* stm32l432'
refused 2 'no JTAG client' "$V" run --dap 127.0.0.1:0 --fiction-jtag
refused 2 'no probe' "$V" run --bitbang 127.0.0.1:0 --usb-serial A
refused 1 'stm32f051 has SWD alone' "$V" run --chip stm32f051 \
	--bitbang 127.0.0.1:0
expect "no JTAG" "$DIR/out" '^  next: use --dap, or --fiction-jtag'
refused 1 'no profile "clone-gd" of nrf51822' "$V" run --dap 127.0.0.1:0 \
	--chip nrf51822 --profile clone-gd
refused 1 'stm32l432 has no quirk "swd-race"' "$V" run --dap 127.0.0.1:0 \
	--quirk swd-race
refused 2 'two options write to' "$V" run --dap 127.0.0.1:0 \
	--state "$DIR/one" --capture "$DIR/one"
[ ! -e "$DIR/one" ] || fail "a file appeared"
refused 1 'only loopback' "$V" run --dap 0.0.0.0:0
refused 1 'not ADDRESS:PORT' "$V" run --dap 127.0.0.1:http
refused 1 'only loopback' "$V" run --usbredir 192.0.2.1:4443
refused 2 'usb-serial' "$V" run --usbredir 127.0.0.1:0 --usb-serial 'a b'
refused 2 'usb-serial' "$V" run --usbredir 127.0.0.1:0 --usb-serial ''
refused 1 'nosuch' "$V" run --dap 127.0.0.1:0 --profile nosuch
printf 'this is not a chip' >"$DIR/foreign"
refused 1 'not a state file|truncated' "$V" run --dap 127.0.0.1:0 \
	--state "$DIR/foreign"
[ "$(cat "$DIR/foreign")" = 'this is not a chip' ] ||
	fail "a foreign file was touched"

say "state files that are not whole, or another's"
vmcu_start whole --dap 127.0.0.1:0 --state "$DIR/whole" \
	--uid 00112233445566778899aabb
ctl quit
wait "$VMCU_PID" || fail "exit code after quit"
len=$(stat -c %s "$DIR/whole")
hurt() { # hurt CODE PATTERN [OPTION...]: refused, and not touched
	local code=$1 pattern=$2
	shift 2
	cp "$DIR/hurt" "$DIR/hurt.before"
	refused "$code" "$pattern" "$V" run --dap 127.0.0.1:0 \
		--state "$DIR/hurt" "$@"
	cmp -s "$DIR/hurt" "$DIR/hurt.before" || fail "$pattern: touched"
	[ "$(echo "$DIR"/hurt*)" = "$DIR/hurt $DIR/hurt.before" ] ||
		fail "$pattern: left something behind"
}
# named or not: a file this short does not know its chip
for n in 0 3 40 100 $((len / 2)) $((len - 1)); do
	head -c "$n" "$DIR/whole" >"$DIR/hurt"
	hurt 1 'truncated|not a state file' --chip stm32l432
	hurt 1 'truncated|not a state file'
done
{ cat "$DIR/whole"; echo; } >"$DIR/hurt"
hurt 1 'longer than it should be'
{ head -c $((len - 100)) "$DIR/whole"; head -c 100 /dev/zero; } >"$DIR/hurt"
hurt 1 'checksum is wrong'
{ head -c 4 "$DIR/whole"; printf '\11'; tail -c +6 "$DIR/whole"; } >"$DIR/hurt"
hurt 1 'unknown version' --chip stm32l432
expect version "$DIR/out" '^  next: use the signet-vmcu that wrote it'
cp "$DIR/whole" "$DIR/hurt"
hurt 1 'of another chip' --chip stm32f103xb
hurt 1 'of another profile' --profile clone-gd
hurt 1 'has another UID' --chip stm32l432 --uid 00112233445566778899aabc
# as the file says it is as good as not said
vmcu_start said --dap 127.0.0.1:0 --state "$DIR/hurt" --chip stm32l432 \
	--profile genuine --uid 00112233445566778899aabb
ctl quit
wait "$VMCU_PID" || fail "exit code after quit"
cmp "$DIR/hurt" "$DIR/whole" || fail "a chip that nobody touched has changed"

say "two that save one chip: one of them, whole"
for i in 1 2; do
	vmcu_start "twin$i" --dap 127.0.0.1:0 --state "$DIR/twins" \
		--chip stm32l432 --uid 00112233445566778899aabb
	eval "twin$i=\$VMCU_SOCKET pid$i=\$VMCU_PID"
done
for ((i = 0; i < 20; i++)); do
	"$V" ctl "$twin1" save &
	"$V" ctl "$twin2" save || fail "save beside another"
	wait $! || fail "save beside another"
	"$V" dump "$DIR/twins" "$DIR/twins.bin" || fail "the file is damaged"
done
"$V" ctl "$twin1" quit
"$V" ctl "$twin2" quit
wait "$pid1" "$pid2" || fail "exit code of the twins"
rm "$DIR"/twins*
[ -z "$(find "$DIR" -name "*.new*")" ] || fail "files of a save stay behind"

say "bench"
vmcu_start a --dap 127.0.0.1:0 --bitbang 127.0.0.1:0 --state "$DIR/a" \
	--uid 0011223344556677aabbccdd
[ "$(field uid)" = 0011223344556677aabbccdd ] || fail "uid"
[ "$(field power)" = true ] || fail "power"
refused 1 'in use' "$V" run --control "$VMCU_SOCKET"
refused 1 'start it with --usbredir' "$V" ctl "$VMCU_SOCKET" usb unplug
refused 2 'plug or unplug' "$V" ctl "$VMCU_SOCKET" usb out
refused 2 'power wants' "$V" ctl "$VMCU_SOCKET" power up
refused 2 'usage: ctl SOCKET cut' "$V" ctl "$VMCU_SOCKET" cut
refused 2 'unknown command' "$V" ctl "$VMCU_SOCKET" explode
refused 2 'wait, fault, parity' "$V" ctl "$VMCU_SOCKET" wire noise 1
refused 1 'range' "$V" ctl "$VMCU_SOCKET" flip 0x20000000 1
refused 1 'No such file' "$V" ctl "$DIR/nosuch.sock" info
before=$(field now_us)
ctl run 250
[ $(($(field now_us) - before)) = 250000 ] || fail "virtual time"
before=$(field now_us)
sleep 0.2
[ "$(field now_us)" = "$before" ] || fail "time must stand still"
before=$(field resets)
ctl reset
[ "$(field resets)" -gt "$before" ] || fail "reset"
ctl power off
[ "$(field power)" = false ] || fail "power off"
[ "$(field debug_port)" = false ] || fail "a chip without power answers"
ctl power on
[ "$(field debug_port)" = true ] || fail "power on"

say "faults and captures"
refused 2 'is no fault' "$V" ctl "$VMCU_SOCKET" fault rng=odd
refused 2 'is no fault' "$V" ctl "$VMCU_SOCKET" fault flip=1.5
refused 2 'usage: ctl SOCKET fault' "$V" ctl "$VMCU_SOCKET" fault
refused 1 'is no fault' "$V" run --dap 127.0.0.1:0 --fault reset=soon
ctl fault rng=stuck
ctl fault flip=0.5,9
ctl fault flip=0
refused 1 'cannot write the capture' "$V" ctl "$VMCU_SOCKET" capture \
	"$DIR/no/such/folder.vcd"
refused 1 'cannot write the capture' "$V" run --dap 127.0.0.1:0 \
	--capture "$DIR/no/such/folder.vcd"
ctl capture "$DIR/wires.vcd"
ctl power off
ctl run 1
ctl power on
ctl reset
ctl capture off
expect "the capture's head" "$DIR/wires.vcd" '^\$timescale 1 ns \$end$'
id=$(sed -n 's/^\$var wire 1 \(.\) vdd .*/\1/p' "$DIR/wires.vcd")
[ "$(grep -c "^[01]$id\$" "$DIR/wires.vcd")" = 3 ] || fail "vdd: on, off, on"
id=$(sed -n 's/^\$var wire 1 \(.\) nrst .*/\1/p' "$DIR/wires.vcd")
[ "$(grep -c "^[01]$id\$" "$DIR/wires.vcd")" = 3 ] || fail "nrst: 1, 0, 1"
refused 2 'peek wants' "$V" ctl "$VMCU_SOCKET" peek 0x08000000 0
refused 1 'range' "$V" ctl "$VMCU_SOCKET" peek 0x2000bfff 2
[ "$(ctl peek 0x08000000 4)" = ffffffff ] || fail "peek"
[ "$(ctl peek 0x10000000 16384 | tr -d '\n' | wc -c)" = 32768 ] || fail "peek"

say "boards"
refused 1 'does not exist' "$V" ctl "$VMCU_SOCKET" insert "$DIR/b"
[ "$(field uid)" = 0011223344556677aabbccdd ] || fail "old board gone"
ctl insert "$DIR/b" --new
uid_b=$(field uid)
[ "$uid_b" != 0011223344556677aabbccdd ] || fail "same UID twice"
[ "$(field power)" = true ] || fail "the supply was on"
ctl insert "$DIR/c" --new
[ "$(field uid)" != "$uid_b" ] || fail "same UID twice"
refused 1 'exists' "$V" ctl "$VMCU_SOCKET" insert "$DIR/b" --new
refused 2 'only with --new' "$V" ctl "$VMCU_SOCKET" insert "$DIR/b" \
	--profile clone-gd
refused 1 'not a state file|truncated' "$V" ctl "$VMCU_SOCKET" insert \
	"$DIR/foreign"
ctl insert "$DIR/d" --new --profile clone-gd --uid 00112233445566778899aabb
ctl flip 0x08000101 3
ctl insert "$DIR/b"
[ "$(field uid)" = "$uid_b" ] || fail "board b is another"
ctl insert "$DIR/d"
[ "$(field profile)" = clone-gd ] || fail "profile lost"

here=$PWD
cd "$DIR"
case $V in /*) ;; *) V=$here/$V ;; esac
"$V" ctl "$VMCU_SOCKET" insert ./b
"$V" ctl "$VMCU_SOCKET" insert --new e2
[ -f "$DIR/e2" ] && [ ! -e "$here/e2" ] || fail "a relative path went astray"
cd "$here"
ctl insert "$DIR/d"

say "copies and damage"
"$V" dump "$DIR/d" "$DIR/d.bin"
[ "$(stat -c %s "$DIR/d.bin")" = 262144 ] || fail "size of the dump"
[ "$(od -An -tx1 -j 257 -N 1 "$DIR/d.bin")" = ' f7' ] || fail "flip is lost"
"$V" flip "$DIR/b" 0x0803ffff 0
"$V" copy "$DIR/b" "$DIR/copy" --uid ffeeddccbbaa998877665544
"$V" dump "$DIR/b" "$DIR/b.bin"
"$V" dump "$DIR/copy" "$DIR/copy.bin"
cmp "$DIR/b.bin" "$DIR/copy.bin" || fail "the copy differs"
[ "$(od -An -tx1 -j 262143 -N 1 "$DIR/b.bin")" = ' fe' ] || fail "flip"
ctl insert "$DIR/copy"
[ "$(field uid)" = ffeeddccbbaa998877665544 ] || fail "UID of the copy"
refused 1 'exists already' "$V" copy "$DIR/b" "$DIR/copy" \
	--uid ffeeddccbbaa998877665544
refused 1 '24 hex digits' "$V" copy "$DIR/b" "$DIR/e" --uid 12
refused 1 'No such file' "$V" dump "$DIR/nosuch" "$DIR/x.bin"
refused 2 'usage' "$V" flip "$DIR/b" 0x08000000 8
refused 1 'range' "$V" flip "$DIR/b" 0x08040000 0
[ ! -e "$DIR/e" ] && [ ! -e "$DIR/nosuch" ] || fail "a file appeared"

say "clients that behave badly"
host=${VMCU_DAP%:*} port=${VMCU_DAP##*:}
exec 5<>"/dev/tcp/$host/$port"
printf 'DAP\0\002\0\001\0\0\376' >&5
[ "$(head -c 11 <&5 | od -An -tx1 | tr -d ' \n')" = 4441500003000200000108 ] ||
	fail "DAP_Info"
exec 6<>"/dev/tcp/$host/$port"
timeout 5 cat <&6 >"$DIR/refusal" || fail "the second client was not closed"
expect "second client" "$DIR/refusal" 'in use by another client'
exec 6>&-
printf 'GET / HTTP/1.1\r\n\r\n' >&5
timeout 5 cat <&5 >"$DIR/closed" || fail "a bad frame does not close"
[ ! -s "$DIR/closed" ] || fail "a bad frame was answered"
exec 5>&-
exec 5<>"/dev/tcp/$host/$port"
printf 'DAP\0\002\0\001\0\0\376' >&5
[ "$(head -c 11 <&5 | wc -c)" = 11 ] || fail "no service afterwards"
exec 5>&-
host=${VMCU_BITBANG%:*} port=${VMCU_BITBANG##*:}
exec 5<>"/dev/tcp/$host/$port"
printf '0R4R' >&5
[ "$(head -c 2 <&5 | wc -c)" = 2 ] || fail "remote_bitbang"
exec 6<>"/dev/tcp/$host/$port"
timeout 5 cat <&6 >/dev/null || fail "a second debugger was not closed"
exec 6>&-
printf '4R' >&5
[ "$(head -c 1 <&5 | wc -c)" = 1 ] || fail "the first one lost its place"
printf 'x' >&5
timeout 5 cat <&5 >/dev/null || fail "an unknown character does not close"
exec 5>&-
# one debugger by JTAG, one by SWD: the pins have room for one
jtag=/dev/tcp/${VMCU_BITBANG%:*}/${VMCU_BITBANG##*:}
swd=/dev/tcp/${VMCU_DAP%:*}/${VMCU_DAP##*:}
exec 5<>"$jtag"
printf '4R' >&5
[ "$(head -c 1 <&5 | wc -c)" = 1 ] || fail "remote_bitbang"
exec 6<>"$swd"
timeout 5 cat <&6 >"$DIR/refusal" || fail "SWD beside JTAG was not closed"
expect "SWD beside JTAG" "$DIR/refusal" 'in use by another client'
exec 6>&- 5>&-
exec 5<>"$swd"
printf 'DAP\0\002\0\001\0\0\376' >&5
[ "$(head -c 11 <&5 | wc -c)" = 11 ] || fail "SWD after JTAG"
exec 6<>"$jtag"
timeout 5 cat <&6 >/dev/null || fail "JTAG beside SWD was not closed"
exec 6>&- 5>&-
exec 5<>"$jtag"
printf '4R' >&5
[ "$(head -c 1 <&5 | wc -c)" = 1 ] || fail "JTAG after SWD"
exec 5>&-
expect "JTAG beside SWD" "$DIR/a.err" 'second debugger, by remote_bitbang'
# left in the middle: of a frame's head, of its packet; on ctl's socket
host=${VMCU_DAP%:*} port=${VMCU_DAP##*:}
for part in 'DA' 'DAP\0\002\0\001' 'DAP\0\020\0\001\0\005\0\010'; do
	exec 5<>"/dev/tcp/$host/$port"
	printf "$part" >&5
	exec 5>&-
done
exec 5<>"/dev/tcp/$host/$port"
printf 'DAP\0\002\0\001\0\0\376' >&5
[ "$(head -c 11 <&5 | wc -c)" = 11 ] || fail "no service after a half packet"
exec 5>&-
head -c 100000 /dev/urandom | timeout 5 python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
try:
    s.sendall(sys.stdin.buffer.read())
except OSError:
    pass
s.close()
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(b"info")
s.close()
' "$VMCU_SOCKET" || fail "the control socket: $?"
expect "second debugger" "$DIR/a.err" 'second remote_bitbang client refused'
expect "garbage" "$DIR/a.err" 'sent a malformed frame; connection closed'
expect "what to do" "$DIR/a.err" '^  next: end the first one'
[ "$(field power)" = true ] || fail "the virtual MCU is gone"

say "the end"
ctl flip 0x08000000 0
kill -TERM "$VMCU_PID"
wait "$VMCU_PID" || fail "exit code after SIGTERM"
"$V" dump "$DIR/copy" "$DIR/copy.bin"
[ "$(od -An -tx1 -N 1 "$DIR/copy.bin")" = ' fe' ] || fail "not saved at the end"
[ ! -e "$VMCU_SOCKET" ] || fail "the socket stays"
vmcu_start b --dap 127.0.0.1:0 --state "$DIR/copy" --power off --speed real
[ "$(field power)" = false ] || fail "--power off"
ctl power on
wall=${EPOCHREALTIME/[.,]/}
before=$(field now_us)
for ((i = 0; i < 600; i++)); do
	sleep 0.1
	passed=$(($(field now_us) - before))
	[ "$passed" -lt 300000 ] || break
done
wall=$((${EPOCHREALTIME/[.,]/} - wall))
[ "$passed" -ge 300000 ] && [ "$passed" -le $((wall + 100000)) ] ||
	fail "--speed real: $passed us in $wall"
ctl quit
wait "$VMCU_PID" || fail "exit code after quit"

say "virtual time: what packets cost, to the microsecond, and nothing else"
spent() { # spent MS: microseconds of the same conversation; PACKETS it had
	vmcu_start "cost$1" --dap 127.0.0.1:0 --seed 6 --packet-cost "$1"
	before=$(field now_us)
	packets=$(field packets)
	"$B/target_tool" --probe "tcp:$VMCU_DAP" identify >"$DIR/identify" ||
		fail "identify: $(cat "$DIR/identify")"
	US=$(($(field now_us) - before))
	PACKETS=$(($(field packets) - packets))
	sleep 0.2
	[ "$(field now_us)" = $((before + US)) ] || fail "time does not stand"
	ctl quit
	wait "$VMCU_PID" || fail "exit code after quit"
}
spent 0
free=$US
spent 2
[ "$PACKETS" -gt 10 ] && [ $((US - free)) = $((2000 * PACKETS)) ] ||
	fail "--packet-cost 2: $((US - free)) us more for $PACKETS packets"

say "--speed real: firmware that nobody talks to runs"
if [ -f build/target/tests/hello.bin ]; then
	vmcu_start real --dap 127.0.0.1:0 --seed 6 --speed real \
		--uart 127.0.0.1:0
	"$B/target_tool" --probe "tcp:$VMCU_DAP" --off-ms 10 --power \
		"$V ctl $VMCU_SOCKET power" identify \
		program build/target/tests/hello.bin@0x08000000 power \
		>"$DIR/program" || fail "program: $(cat "$DIR/program")"
	ctl uart --clear
	for ((i = 0; i < 100; i++)); do
		ctl uart >"$DIR/uart"
		grep -q 'hello from flash' "$DIR/uart" && break
		sleep 0.05
	done
	expect hello "$DIR/uart" 'hello from flash'
	# the same as a byte stream; a second listener is refused, and one that
	# talks to a firmware that does not listen hurts nobody
	exec 5<>"/dev/tcp/127.0.0.1/${VMCU_UART##*:}"
	head -c 3000 /dev/urandom >&5
	timeout 5 head -c 200 <&5 >"$DIR/stream" || fail "the stream is silent"
	expect stream "$DIR/stream" 'hello from flash'
	exec 6<>"/dev/tcp/127.0.0.1/${VMCU_UART##*:}"
	[ "$(timeout 5 head -c 1 <&6 | wc -c)" = 0 ] || fail "second listener"
	exec 5>&- 6>&-
	exec 5<>"/dev/tcp/127.0.0.1/${VMCU_UART##*:}"
	timeout 5 head -c 100 <&5 >"$DIR/stream" || fail "no stream again"
	exec 5>&-
	ctl quit
	wait "$VMCU_PID" || fail "exit code after quit"
fi
say "other chips: the file says which"
refused 2 'nrf51822 has one of 16 hex digits' "$V" run --dap 127.0.0.1:0 \
	--chip nrf51822 --uid 00112233445566778899aabb
for chip in stm32f051:65536 stm32f103xe:524288 nrf51822:262144; do
	vmcu_start other --chip "${chip%:*}" --dap 127.0.0.1:0 \
		--state "$DIR/other"
	ctl quit
	wait "$VMCU_PID" 2>/dev/null || true
	"$V" dump "$DIR/other" "$DIR/other.bin"
	[ "$(stat -c %s "$DIR/other.bin")" = "${chip#*:}" ] || fail "$chip: dump"
	vmcu_start again --dap 127.0.0.1:0 --state "$DIR/other"
	[ "$(field chip)" = "${chip%:*}" ] || fail "$chip: not told by its file"
	ctl quit
	wait "$VMCU_PID" 2>/dev/null || true
	refused 1 'another chip' "$V" run --dap 127.0.0.1:0 --chip stm32l432 \
		--state "$DIR/other"
	refused 1 'a UID of .* has' "$V" copy "$DIR/other" "$DIR/other2" \
		--uid 0011
	rm "$DIR/other" "$DIR/other.ready" "$DIR/again.ready"
done
say "PASS"
