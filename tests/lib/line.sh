# SPDX-License-Identifier: MIT
#
# For script tests of the whole line: a real signetd, the owner's program and
# a station.  Source it from the repository's root; it brings tests/lib/vmcu.sh
# along.

# CHIP, from the environment, says what is built: stm32l432 unless told.

# shellcheck source=tests/lib/vmcu.sh
. tests/lib/vmcu.sh
# shellcheck source=conf/chips.sh
. conf/chips.sh
chip_use "${CHIP:-stm32l432}"

export SIGNET_HOME=$DIR/owner
umask 077
printf 'server pass\n' >"$DIR/server.pass"
printf 'owner pass\n' >"$DIR/owner.pass"
unset SIGNET_PASSPHRASE_FILE CREDENTIALS_DIRECTORY

signet() { "$B/signet" "$@"; }
station() { "$B/signet-flasher" --dir "$DIR/station" "$@"; }

# free_ports: the first of three that nobody has just now; below those that
# the kernel gives to outgoing connections
free_ports() {
	local port i busy
	while :; do
		port=$((20000 + RANDOM % 12000))
		busy=0
		for i in 0 1 2; do
			(exec 3<>"/dev/tcp/127.0.0.1/$((port + i))") \
				2>/dev/null && busy=1
		done
		[ "$busy" = 0 ] && break
	done
	echo "$port"
}

server_init() {
	local port
	port=$(free_ports)
	PORTS=$port,$((port + 1)),$((port + 2))
	"$B/signetd" init --dir "$DIR/server" --ports "$PORTS" \
		--passphrase-file "$DIR/server.pass" >"$DIR/init.out" ||
		fail "signetd init: $(cat "$DIR/init.out")"
	# the leak detector of a sanitized build traces, as no sandbox allows
	case $B in *asan*)
		sed -i "s/^sandbox = yes/sandbox = no/" "$DIR/server/signetd.conf" ;;
	esac
}

server_start() {
	local i
	rm -f "$DIR/server.ready"
	"$B/signetd" run --dir "$DIR/server" \
		--passphrase-file "$DIR/server.pass" \
		--ready-file "$DIR/server.ready" >>"$DIR/server.log" 2>&1 &
	SERVER_PID=$!
	PIDS+=("$SERVER_PID")
	for ((i = 0; i < 200; i++)); do
		[ -f "$DIR/server.ready" ] && return
		kill -0 "$SERVER_PID" 2>/dev/null ||
			fail "signetd ended: $(tail -n 5 "$DIR/server.log")"
		sleep 0.05
	done
	fail "signetd did not get ready: $(tail -n 5 "$DIR/server.log")"
}

# server_stop [SIGNAL]
server_stop() {
	kill -"${1:-TERM}" "$SERVER_PID"
	wait "$SERVER_PID" 2>/dev/null || true
	# after a kill -9 the children end by themselves, and the ports and the
	# lock with them
	flock -w 60 "$DIR/server/lock" true || fail "the server lives on"
}

# owner_init: settings and the release key "main"
owner_init() {
	signet init --from "$DIR/server/owner.json" >/dev/null
	signet key generate release main \
		--passphrase-file "$DIR/owner.pass" >/dev/null
}

# MODE: how releases are laid out and orders are built; tests of signed mode
# set it to signed before product_make
MODE=sealed

# product_make NAME: the product, and a release 1.0.0 of the example firmware
product_make() {
	local allow=()
	[ "$MODE" = sealed ] || allow=(--allow-signed)
	signet product create "$1" --family "$FAMILY" --release-key main \
		"${allow[@]}" >/dev/null
	signet product keys-header "$1" --out "$DIR/$1/signet_keys.h" \
		2>/dev/null || {
		mkdir -p "$DIR/$1"
		signet product keys-header "$1" --out "$DIR/$1/signet_keys.h"
	}
	make -s example CHIP="$CHIP" MODE="$MODE" KEYS="$DIR/$1/signet_keys.h" \
		OUT="$DIR/$1" \
		>"$DIR/$1/build.log" 2>&1 ||
		fail "example firmware: $(tail -n 5 "$DIR/$1/build.log")"
	release_make "$1" 1.0.0 "$DIR/$1/firmware.hex"
}

# release_make PRODUCT VERSION FILE...
release_make() {
	local product=$1 version=$2
	shift 2
	signet release make "$@" --product "$product" --version "$version" \
		--mode "$MODE" --chip "$CHIP" \
		--out "$DIR/$product-$version.signet" \
		--passphrase-file "$DIR/owner.pass" >/dev/null
	signet release upload "$DIR/$product-$version.signet" >/dev/null
}

# order_make NAME PRODUCT QUANTITY
order_make() {
	signet order create "$1" --product "$2" --release 1.0.0 --mode "$MODE" \
		--quantity "$3" --manufacturer acme --serial-prefix "$1-" \
		>/dev/null
}

# station_enrol NAME CHANNELS
station_enrol() {
	local code
	code=$(signet --json flasher invite "$1" --manufacturer acme \
		--channels "$2" | sed -n 's/.*"code": *"\([^"]*\)".*/\1/p')
	[ -n "$code" ] || fail "no one-time code"
	printf '%s\n' "$code" | station enrol --code - --channels "$2" \
		>/dev/null
}

# station_channels N: N virtual chips as channels of flasher.conf, sockets in
# CH_SOCKET[n]
station_channels() {
	local i
	printf 'start-pattern = signet: genuine\nretry = 3\n%s\n' \
		"start-timeout = $((BOOT_MS > 5000 ? BOOT_MS : 5000))" \
		>"$DIR/station/flasher.conf"
	CH_SOCKET=()
	CH_PID=()
	for ((i = 0; i < $1; i++)); do
		vmcu_start "ch$i" --chip "$CHIP" --seed $((i + 1)) --dap 127.0.0.1:0 \
			--state "$DIR/chip$i.state"
		CH_SOCKET[i]=$VMCU_SOCKET
		CH_PID[i]=$VMCU_PID
		printf '[channel %d]\nprobe = tcp:%s\npower = %s\n' "$i" \
			"$VMCU_DAP" \
			"$PWD/$VMCU ctl $VMCU_SOCKET power" \
			>>"$DIR/station/flasher.conf"
	done
}

# run WHAT EXIT COMMAND...: runs it, stdout in $DIR/out, stderr in $DIR/err,
# and demands the exit code
run() {
	local what=$1 want=$2 got=0
	shift 2
	"$@" >"$DIR/out" 2>"$DIR/err" </dev/null || got=$?
	[ "$got" = "$want" ] && return
	cat "$DIR/out" "$DIR/err" >&2
	fail "$what: exit $got, not $want"
}

# says WHAT PATTERN: the last run's messages hold it, and a next step
says() {
	expect "$1" "$DIR/err" "$2"
	expect "$1" "$DIR/err" '^  next: .'
}

# order_field ORDER FIELD
order_field() {
	signet --json order show "$1" |
		sed -n "s/.*\"$2\": *\"\\{0,1\\}\\([^\",}]*\\).*/\\1/p"
}
