#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Judge: our own probe drivers against Linux' USB stack, in a Debian guest:
# CMSIS-DAP v2 over libusb, v1 over hidapi, two probes told apart by serial
# number, and plugs that are pulled in the middle of a job.
set -euo pipefail
. tests/lib/vmcu.sh
. tests/lib/guest.sh
HELLO=build/target/tests/hello.bin
for f in "$B/target_tool" "$B/signet-flasher" "$HELLO"; do
	[ -e "$f" ] || skip "$f is not built"
done

ID=1209:0001
TOOL="target_tool --clock 10000000 --off-ms 1"
JOB="identify program /tmp/hello.bin@0x08000000 power start hello 3000 prove power"

guest_host() { # what `host` in the guest may ask for
	case $1 in
	power) VMCU_SOCKET=$DIR/$2.sock ctl power "$3" 10 ;;
	pull) guest_monitor "device_del plug-$2" ;;
	plug) plug "$2" ;;
	usb) VMCU_SOCKET=$DIR/$2.sock ctl usb "$3" ;;
	*) return 1 ;;
	esac
}
plug() { # QEMU forgets a chardev with its device
	local address=PORT_${1#LINE-}
	guest_monitor "chardev-add socket,id=$1,host=127.0.0.1,port=${!address},reconnect=1"
	guest_monitor "device_add usb-redir,id=plug-$1,chardev=$1,bus=usb.0"
}

here() { echo "grep -qs $1 /sys/bus/usb/devices/*/serial"; }
both() { echo "[ \"\$(ls /dev | grep -c hidraw)\" = $1 ]"; }

good() { # NAME COMMAND PATTERN...
	local name=$1 command=$2 pattern
	shift 2
	guest "$name" "$command" || {
		cat "$DIR/$name.log" >&2
		fail "$name: $command"
	}
	for pattern; do
		expect "$name" "$DIR/$name.log" "$pattern"
	done
}

refused() { # NAME COMMAND PATTERN...
	local name=$1 command=$2 pattern
	shift 2
	! guest "$name" "$command" || {
		cat "$DIR/$name.log" >&2
		fail "$name should be refused: $command"
	}
	for pattern; do
		expect "$name" "$DIR/$name.log" "$pattern"
	done
}

# -- two chips, nothing plugged in -------------------------------------------
guest_prepare
guest_tool "$B/target_tool" "$B/signet-flasher"
guest_file "$HELLO" /tmp/hello.bin
serial=
for name in LINE-A LINE-B LINE-C; do
	[ $name = LINE-C ] && serial=LINE-A || serial=$name
	vmcu_start "$name" --state "$DIR/$name.state" --seed "$(printf %d "'${name#LINE-}")" \
		--usbredir 127.0.0.1:0 --usb-serial "$serial"
	declare "PORT_${name#LINE-}=${VMCU_USBREDIR##*:}"
	declare "UID_${name#LINE-}=$(VMCU_SOCKET=$DIR/$name.sock ctl info |
		sed 's/.*"uid":"\([0-9a-f]*\)".*/\1/')"
done
[ "$UID_A" != "$UID_B" ] || fail "both chips have one UID"
guest_start

say "nothing plugged in"
good none 'signet-flasher probes --plugged' 'no CMSIS-DAP probe is plugged in'
for scheme in usb hid; do
	refused absent "$TOOL --probe $scheme:LINE-A identify" \
		"phase=open error=E_PROBE_LOST why=no probe at $scheme:LINE-A"
done
refused kind "$TOOL --probe jlink:1 identify" 'error=E_ARG'

say "one probe, then two: listed by the addresses to use"
plug LINE-A
guest_wait "$(both 1)"
good only "$TOOL --probe usb: identify" "uid=$UID_A"
good only "$TOOL --probe hid:$ID identify" "uid=$UID_A"
plug LINE-B
guest_wait "$(both 2)"
good list 'signet-flasher probes --plugged' \
	"^usb:LINE-A  $ID  Signet virtual CMSIS-DAP" \
	"^usb:LINE-B  $ID" "^hid:LINE-A  $ID" "^hid:LINE-B  $ID"
[ "$(wc -l <"$DIR/list.log")" = 4 ] || fail "more than four are listed"
good json 'signet-flasher --json probes --plugged' \
	'"probe": ?"usb:LINE-A"' '"serial": ?"LINE-B"'

say "each by its serial number, v2 and v1"
for scheme in usb hid; do
	good pick "$TOOL --probe $scheme:LINE-A identify" "uid=$UID_A"
	good pick "$TOOL --probe $scheme:LINE-B identify" "uid=$UID_B"
	good pick "$TOOL --probe $scheme:$ID:LINE-B identify" "uid=$UID_B"
	refused which "$TOOL --probe $scheme:$ID identify" 'error=E_ARG' \
		"2 probes fit $scheme:$ID"
	refused which "$TOOL --probe $scheme: identify" 'error=E_ARG'
	refused other "$TOOL --probe $scheme:0d28:0204:LINE-A identify" \
		'error=E_PROBE_LOST'
	place=$(sed -n "s/^usb:LINE-B .* at \\(.*\\)$/\\1/p" "$DIR/list.log")
	good place "$TOOL --probe $scheme:@$place identify" "uid=$UID_B"
	refused place "$TOOL --probe $scheme:@9-9 identify" \
		"no probe at $scheme:@9-9"
	good probes "signet-flasher probes --probe $scheme:LINE-B" \
		'probe   Signet Signet virtual CMSIS-DAP LINE-B' \
		"target  stm32l432  $UID_B"
done

say "the whole job on both at once: LINE-A over v2, LINE-B over v1"
cat >"$DIR/both" <<-SH
	$TOOL --probe usb:LINE-A --power "host power LINE-A" --level 1 $JOB >a 2>&1 &
	a=\$!
	$TOOL --probe hid:LINE-B --power "host power LINE-B" --level 1 $JOB >b 2>&1 &
	b=\$!
	code=0
	wait \$a || code=1
	wait \$b || code=1
	sed 's/^/A: /' a
	sed 's/^/B: /' b
	exit \$code
SH
# one line, as the guest takes it
good together "$(tr '\n' ';' <"$DIR/both" | sed 's/&;/\&/g')" \
	'A: program: ok' 'A: start: .*hello' 'A: prove: locked' \
	'B: program: ok' 'B: start: .*hello' 'B: prove: locked'

say "LINE-B unlocked over v1, LINE-A over v2"
good unlock "$TOOL --probe hid:LINE-B --power 'host power LINE-B' unlock identify" \
	'unlock: ok' 'locked=0'
good unlock "$TOOL --probe usb:LINE-A --power 'host power LINE-A' unlock identify" \
	'unlock: ok' 'locked=0'

say "the plug is pulled in mid-job; the other channel does not notice"
cat >"$DIR/pulled" <<-SH
	$TOOL --probe usb:LINE-A --power "host power LINE-A" --when program:50 --run "host pull LINE-A; while grep -qs LINE-A /sys/bus/usb/devices/*/serial; do usleep 10000; done" $JOB >a 2>&1 &
	a=\$!
	$TOOL --probe usb:LINE-B --power "host power LINE-B" identify program /tmp/hello.bin@0x08000000 power start hello 3000 >b 2>&1 &
	b=\$!
	code=0
	wait \$a && code=1
	wait \$b || code=2
	sed 's/^/A: /' a
	sed 's/^/B: /' b
	exit \$code
SH
good pulled "$(tr '\n' ';' <"$DIR/pulled" | sed 's/&;/\&/g')" \
	'A: FAIL phase=program error=E_PROBE_LOST why=.*the probe went away: unplugged' \
	'B: program: ok' 'B: start: .*hello'
refused gone "$TOOL --probe usb:LINE-A identify" 'error=E_PROBE_LOST' \
	'none that fits is plugged in'

say "plugged in again: the channel works"
plug LINE-A
guest_wait "$(here LINE-A)"
good again "$TOOL --probe usb:LINE-A --power 'host power LINE-A' identify program /tmp/hello.bin@0x08000000 power start hello 3000" \
	'program: ok' 'start: .*hello'

say "the same over v1, the cable pulled at the probe"
guest_wait "$(both 2)"
refused hidpull "$TOOL --probe hid:LINE-B --power 'host power LINE-B' --when program:50 --run 'host usb LINE-B unplug; while grep -qs LINE-B /sys/bus/usb/devices/*/serial; do usleep 10000; done' identify program /tmp/hello.bin@0x08000000" \
	'FAIL phase=program error=E_PROBE_LOST why=.*the probe went away: unplugged'
guest replug "host usb LINE-B plug"
guest_wait "$(both 2)"
good hidagain "$TOOL --probe hid:LINE-B --power 'host power LINE-B' identify program /tmp/hello.bin@0x08000000 power start hello 3000" \
	'program: ok' 'start: .*hello'

say "a probe that another program, or another channel, has"
for scheme in usb hid; do
	refused busy "$TOOL --probe $scheme:LINE-A --when program:0 --run '$TOOL --probe $scheme:LINE-A identify >/tmp/second; grep -q another.program /tmp/second && cat /tmp/second >&2 && host usb LINE-A unplug' identify program /tmp/hello.bin@0x08000000" \
		"error=E_PROBE_LOST why=probe $scheme:LINE-A: another program has it"
	guest replug "host usb LINE-A plug"
	guest_wait "$(both 2)"
done

say "two probes with one serial number: told apart by their sockets"
plug LINE-C
guest_wait "$(both 3)"
good twins 'signet-flasher probes --plugged' '^usb:@' '^hid:@' '^usb:LINE-B '
expect_not twins "$DIR/twins.log" '^(usb|hid):LINE-A'
for scheme in usb hid; do
	refused twins2 "$TOOL --probe $scheme:LINE-A identify" 'error=E_ARG' \
		'2 probes fit .*by its place'
	: >"$DIR/uids"
	while read -r address; do
		good twin "$TOOL --probe $address identify" 'uid='
		grep -o ' uid=[0-9a-f]*' "$DIR/twin.log" >>"$DIR/uids"
	done < <(grep -o "^$scheme:@[0-9.-]*" "$DIR/twins.log")
	sort "$DIR/uids" | cmp -s - <(printf ' uid=%s\n' "$UID_A" "$UID_C" |
		sort) || fail "$scheme: the twins are $(cat "$DIR/uids")"
done

say "PASS in $SECONDS s"
