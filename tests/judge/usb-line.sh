#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Judge: a production line with its probes on Linux' USB stack.  The station
# runs in a Debian guest, server and owner outside; two sealed devices are
# built at once, one over CMSIS-DAP v2 and the debug pins, one over v1 and the
# probe's UART.  Then a plug is pulled in mid-job: that channel fails for a
# clear reason, the other goes on, and after plugging in the same process
# builds the board under the grant that it had.
set -euo pipefail
. tests/lib/line.sh
. tests/lib/sealed.sh
. tests/lib/guest.sh
need make arm-none-eabi-gcc

guest_host() { # what `host` in the guest may ask for
	case $1 in
	power) VMCU_SOCKET=$DIR/$2.sock ctl power "$3" 10 ;;
	usb) VMCU_SOCKET=$DIR/$2.sock ctl usb "$3" ;;
	next) # CHANNEL RESULT: a failed board stays, its plug comes back
		local line=LINE-$2
		VMCU_SOCKET=$DIR/$line.sock
		if [ "$3" = built ]; then
			ctl insert "$DIR/$line-next.state" --new --uid \
				"$(chip_uid "7$2")"
		else
			ctl usb plug
		fi ;;
	*) return 1 ;;
	esac
}

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

here() { # until N probes are plugged in
	guest_wait "[ \"\$(signet-flasher probes --plugged | grep -c LINE-)\" = $((2 * $1)) ]"
}

# -- outside: server, owner, an order -----------------------------------------
guest_prepare
server_init
sed -i 's/^names = .*/&, server.test/' \
	"$DIR/server/signetd.conf"
server_start
owner_init
loader_make
sealed_example lamp
order_make first lamp 9
station_enrol line1 2
SERVER=$(grep -rhoE --exclude=flasher.conf '(localhost|127\.0\.0\.1):[0-9]+' "$DIR/station" | head -n 1)
[ -n "$SERVER" ] || fail "the station knows no server"

# -- inside: a station with two probes ------------------------------------------
cat >"$DIR/station/flasher.conf" <<CONF
server = https://server.test:${SERVER##*:}
start-pattern = signet: genuine
start-timeout = 5000
retry = 3
[channel 0]
probe = usb:LINE-0
power = host power LINE-0
next = sh /tmp/next
link = swd-pins
[channel 1]
probe = hid:LINE-1
power = host power LINE-1
next = sh /tmp/next
link = uart
CONF
# the operator: brings the next board, and waits until the probe is there
cat >"$DIR/next" <<'NEXT'
echo "next $*" >>/tmp/next.log
host next "$1" "$2"
i=0
until grep -qs "LINE-$1" /sys/bus/usb/devices/*/serial; do
	i=$((i+1))
	[ $i -lt 200 ] || exit 1
	usleep 50000
done
NEXT
guest_file "$DIR/next" /tmp/next
guest_modules e1000
GUEST_MODULES+=" e1000"
guest_tool "$B/signet-flasher"
guest_file "$DIR/station" /station
mkdir -p "$TREE/etc"
echo '10.0.2.100 server.test' >"$TREE/etc/hosts"
PROBE_OPTIONS=()
for i in 0 1; do
	vmcu_start "LINE-$i" --state "$DIR/LINE-$i.state" \
		--seed "$((i + 1))" --uid "$(chip_uid "1$i")" --usbredir 127.0.0.1:0 \
		--usb-serial "LINE-$i"
	guest_probe "LINE-$i" "$VMCU_USBREDIR"
done
# the guest reaches the server's port, and nothing else
cat >"$DIR/relay" <<RELAY
#!/usr/bin/env bash
exec 3<>/dev/tcp/127.0.0.1/${SERVER##*:}
cat <&3 &
cat >&3
kill \$!
RELAY
chmod +x "$DIR/relay"
guest_start "${PROBE_OPTIONS[@]}" \
	-netdev "user,id=net,restrict=on,guestfwd=tcp:10.0.2.100:${SERVER##*:}-cmd:$DIR/relay" \
	-device e1000,netdev=net,romfile=
guest net 'ifconfig eth0 10.0.2.15 netmask 255.255.255.0 up; date'
here 2

say "two sealed devices at once: v2 and debug pins, v1 and UART"
STATION="signet-flasher --dir /station"
GUEST_TIMEOUT=150
good work "$STATION work" '^first +open'
good two "$STATION program --order first --count 2" \
	'^2 built, 0 refused, 0 failed' 'channel 0 .* stream$' \
	'channel 1 .* stream$'
expect_not two "$DIR/two.log" ' deliver$'
for field in delivered closed; do
	[ "$(order_field first $field)" = 2 ] || fail "$field is not 2"
done
signet product device-key lamp --out "$DIR/device.pub"
for i in 0 1; do
	VMCU_SOCKET=$DIR/LINE-$i.sock
	ctl save >/dev/null
	"$B/signet-vmcu" dump "$DIR/LINE-$i.state" "$DIR/flash.bin" >/dev/null
	run "flash $i" 0 signet verify --flash "$DIR/flash.bin" \
		--key "$DIR/device.pub" \
		--release-key "$SIGNET_HOME/keys/main.pub"
	ctl insert "$DIR/LINE-$i-2.state" --new --uid "$(chip_uid "3$i")" \
		>/dev/null
done

say "a plug is pulled in mid-stream, and put back"
good pulled "$STATION --json program --order first --count 4 >/tmp/run 2>&1 & p=\$!; i=0; until grep -q '\"channel\":0.*\"phase\":\"stream\"' /tmp/run; do usleep 20000; i=\$((i+1)); [ \$i -lt 3000 ] || break; done; host usb LINE-0 unplug; wait \$p; echo exit \$?; cat /tmp/run /tmp/next.log" \
	'^exit 6' '"channel":0.*"result":"failed"' \
	'E_PROBE_LOST.*the probe went away: unplugged' \
	'^next 0 failed' '"channel":0.*"result":"built"' \
	'"channel":1.*"result":"built"'
[ "$(grep -c '"result":"built"' "$DIR/pulled.log")" = 3 ] ||
	fail "three were to be built"
for field in delivered closed; do
	[ "$(order_field first $field)" = 5 ] || fail "$field is not 5"
done
run "devices" 0 signet --json device list --order first
python3 - "$DIR/out" "$(chip_uid 30)" <<'PY' || fail "device list"
import json, sys
rows = {r["uid"]: r for r in json.load(open(sys.argv[1]))["rows"]}
assert len(rows) == 5 and {r["state"] for r in rows.values()} == {"closed"}, rows
assert rows[sys.argv[2]]["attempts"] == 2, rows[sys.argv[2]]
PY

say "PASS in $SECONDS s"
