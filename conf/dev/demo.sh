#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# ./dev demo [FILE] [--chip C] [--mode M] [--devices N] [--channels N] [--keep]
#            [--no-build]
#
# A production order from start to end on virtual chips: server, owner, one
# flasher with several channels, good devices, what a listener and a debugger
# get, and everything that must be refused.  Exit code 0 only if every line
# came out as expected.
set -euo pipefail

# shellcheck source=conf/chips.sh
. conf/chips.sh
firmware='' mode='' chip=stm32l432 devices=8 channels=4 keep=0 build=1
usage() {
	cat <<-'TXT'
	usage: ./dev demo [FILE.hex|.srec|.elf|.bin@ADDRESS] [--chip C]
	                  [--mode M] [--devices N] [--channels N] [--keep] [--no-build]

	  FILE           program this firmware instead of the example.  One that
	                 is linked behind the example bootloader is started by
	                 it; one that brings its own vector table at the start of
	                 flash is programmed as it is.
	  --chip C       stm32l432 (default), stm32f103xb, stm32f103xe, stm32f051,
	                 nrf51822: docs/threat-model.md says what each protects
	  --mode M       sealed: encrypted from the server into the chip
	                 (default); signed: the station and the debug wire
	                 carry it in clear
	  --devices N    size of the order, 1 to 64 (default 8)
	  --channels N   chips programmed at the same time, 1 to 16 (default 4)
	  --keep         leave the server running and say how to reach it
	  --no-build     use what is built already
	TXT
}
number() { # OPTION VALUE MAX
	if ! [[ ${2:-} =~ ^[1-9][0-9]{0,3}$ ]] || [ "$2" -gt "$3" ]; then
		echo "demo: $1 wants a number from 1 to $3" >&2
		exit 2
	fi
}
while [ $# -gt 0 ]; do
	case $1 in
	--mode)
		case ${2:-} in
		sealed | signed) mode=$2 ;;
		*) echo 'demo: --mode wants sealed or signed' >&2; exit 2 ;;
		esac
		shift ;;
	--chip)
		if ! [[ " $CHIPS " == *" ${2:-?} "* ]]; then
			echo "demo: --chip wants one of: $CHIPS" >&2
			exit 2
		fi
		chip=$2
		shift ;;
	--devices) number "$1" "${2:-}" 64; devices=$2; shift ;;
	--channels) number "$1" "${2:-}" 16; channels=$2; shift ;;
	--keep) keep=1 ;;
	--no-build) build=0 ;;
	-h | --help) usage; exit 0 ;;
	-*) echo "demo: unknown option $1; ./dev demo --help lists them" >&2; exit 2 ;;
	*) firmware=$1 ;;
	esac
	shift
done
if [ -n "$firmware" ] && [ ! -r "${firmware%%@*}" ]; then
	echo "demo: cannot read ${firmware%%@*}" >&2
	exit 2
fi
[ "$channels" -le "$devices" ] || channels=$devices
chip_use "$chip"
if [ "$mode" = sealed ] && [ -z "$SEALED" ]; then
	echo "demo: there is no sealed mode for $chip (docs/threat-model.md)" >&2
	echo '  next: leave --mode away, or say --mode signed' >&2
	exit 2
fi
[ -n "$mode" ] || mode=${SEALED:+sealed}
[ -n "$mode" ] || mode=signed

if [ -t 1 ]; then
	bold=$'\e[1m' green=$'\e[32m' red=$'\e[31m' dim=$'\e[2m' off=$'\e[0m'
else
	bold='' green='' red='' dim='' off=''
	export COLUMNS=80
fi
width=79
[ ! -t 1 ] || width=$(tput cols 2>/dev/null || echo 79)
fit() { cut -c1-"$width" | sed 's/ *$//'; }
say() { printf '\n%s%s%s\n' "$bold" "$*" "$off"; }
wrong=0
boot_ms=$BOOT_MS # virtual time to start, check and speak
good() { printf '  %sok%s    %s\n' "$green" "$off" "$*"; }
bad() { printf '  %sWRONG%s %s\n' "$red" "$off" "$*"; wrong=$((wrong + 1)); }
# reason TEXT FILE: why, in one line: the refusal's code and cause, or what the
# firmware said.
reason() {
	local cause
	cause=$(sed -n 's/^ *cause: *//p' "$2" | head -n 1)
	if [ -n "$cause" ]; then
		printf '%s: %s' "$1" "$cause"
	else
		grep -iF -m 1 -- "$1" "$2" | sed 's/^[[:space:]]*//'
	fi
}
# expect TEXT FILE WHAT: the answer must contain TEXT.
expect() {
	if grep -qiF -- "$1" "$2"; then
		good "$3"
		printf '        %s%s%s\n' "$dim" "$(reason "$1" "$2" | cut -c1-72)" "$off"
	else
		bad "$3: expected \"$1\", got:"
		tail -n 5 "$2" | cut -c1-72 | sed 's/^/        /'
	fi
}

if [ "$build" = 1 ]; then
	say 'Building'
	bash conf/dev/deps.sh demo
	mkdir -p build
	if ! make -s -j"$(nproc)" programs target \
		build/host/leak_find build/host/trace_show build/host/target_tool build/host/fake_target \
		>build/demo-build.log 2>&1; then
		tail -n 30 build/demo-build.log >&2
		echo 'demo: the build failed; the whole log is build/demo-build.log' >&2
		exit 1
	fi
	echo '  signetd signet signet-flasher signet-vmcu, target code'
fi
if [ ! -x build/host/fake_target ] || [ ! -x build/host/leak_find ]; then
	echo 'demo: not everything is built; leave --no-build away' >&2
	exit 1
fi

export PATH="$PWD/build/host:$PATH"
D=$PWD/build/demo
pids=()
cleanup() {
	local p
	for p in "${pids[@]}"; do kill "$p" 2>/dev/null || true; done
	for p in "${pids[@]}"; do wait "$p" 2>/dev/null || true; done
}
trap cleanup EXIT
trap 'exit 130' INT TERM
if [ -f "$D/signetd.pid" ] && kill -0 "$(cat "$D/signetd.pid")" 2>/dev/null; then
	kill "$(cat "$D/signetd.pid")" && sleep 1
fi
rm -rf "$D"
mkdir -p "$D/boards" "$D/ctl"
chmod 700 "$D" # keys and the token are in there

wait_file() { # FILE PID: until FILE exists
	local i
	for i in $(seq 300); do
		[ -s "$1" ] && return 0
		kill -0 "$2" 2>/dev/null || break
		sleep 0.05
	done
	echo "demo: $(basename "$1") did not appear; see $D/*.log" >&2
	tail -n 5 "$D"/*.log >&2
	exit 1
}

# -- the owner's side --------------------------------------------------------
export SIGNET_HOME=$D/owner
printf 'demo passphrase\n' >"$D/passphrase" && chmod 600 "$D/passphrase"
export SIGNET_PASSPHRASE_FILE=$D/passphrase

say '1. The server: three processes, keys encrypted, TLS 1.3'
port=7443 # the usual ones, or the next that are free
while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 10)); done
signetd init --dir "$D/server" --names localhost,127.0.0.1 --owner demo \
	--ports "$port,$((port + 1)),$((port + 2))" \
	>"$D/init.log" 2>&1 || { cat "$D/init.log" >&2; exit 1; }
signetd run --dir "$D/server" --ready-file "$D/server.ready" \
	>"$D/signetd.log" 2>&1 &
server=$!
echo "$server" >"$D/signetd.pid"
pids+=("$server")
wait_file "$D/server.ready" "$server"
signet init --from "$D/server/owner.json" >/dev/null
signet status | sed 's/^/  /'

say '2. A product, its keys, and a bootloader that knows the public halves'
signet key generate release thermo >/dev/null
allow=()
[ "$mode" = sealed ] || allow=(--allow-signed)
signet product create thermo --family "$FAMILY" --release-key thermo \
	"${allow[@]}" >"$D/product.log"
signet product keys-header thermo --out "$D/signet_keys.h"
make -s example CHIP="$CHIP" MODE="$mode" KEYS="$D/signet_keys.h" OUT="$D/fw" >"$D/example.log" 2>&1 ||
	{ tail -n 20 "$D/example.log" >&2; exit 1; }
sed 's/^/  /' "$D/product.log"
if [ "$mode" = sealed ]; then
	echo '  and loaders that know the server, on the server'\''s list:'
	signet loader keys-header --out "$D/loader_keys.h" >/dev/null
	make -s loader CHIP="$CHIP" KEYS="$D/loader_keys.h" OUT="$D/loader" \
		>"$D/loader.log" 2>&1 ||
		{ tail -n 20 "$D/loader.log" >&2; exit 1; }
	for link in $LINKS; do
		signet loader add "$D/loader/$CHIP-$link/loader.bin" |
			sed 's/^digest  */digest  /; s/^/  /' | fit
	done
fi

say '3. A release, made and signed on the owner'\''s machine'
proof=1
images=("$D/fw/bootloader.hex" "$D/fw/app.hex")
if [ -n "$firmware" ]; then
	if signet release make "$D/fw/bootloader.hex" "$firmware" --product thermo \
		--chip "$CHIP" \
		--mode "$mode" --version probe --out "$D/probe.signet" >/dev/null 2>&1; then
		images=("$D/fw/bootloader.hex" "$firmware")
	else # it brings its own vectors: no bootloader, no start proof
		images=("$firmware")
		proof=0
	fi
fi
signet release make "${images[@]}" --product thermo --version 1.0.0 \
	--chip "$CHIP" --mode "$mode" --out "$D/thermo-1.0.0.signet" >"$D/release.log"
sed 's/^/  /' "$D/release.log"
# Where the application lies; it must begin where the bootloader looks.
segment() { sed -n "s/^ *$1  *\([0-9]*\) bytes\$/\1/p" "$D/release.log"; }
app_len=$(segment "$APP_BASE")
if [ "$proof" = 1 ] && [ -z "$app_len" ]; then
	cat >&2 <<-TXT
	demo: $firmware has nothing at $APP_BASE, where the example bootloader
	      looks for the application
	  next: link it there, or bring a vector table of its own at $FLASH_BASE
	TXT
	exit 2
fi
signet release upload "$D/thermo-1.0.0.signet" >/dev/null

say "4. An order of $devices, $mode, and a flasher at the manufacturer's"
signet order create lot-1 --product thermo --release 1.0.0 --mode "$mode" \
	--quantity "$devices" --manufacturer acme --serial-prefix T- \
	--serial-first 1001 >/dev/null
code=$(signet flasher invite line-1 --manufacturer acme \
	--channels "$channels" --json | sed -n 's/.*"code": *"\([^"]*\)".*/\1/p')
signet-flasher enrol --code "$code" --dir "$D/station" | sed 's/^/  /'

# -- the manufacturer's side -------------------------------------------------
for c in $(seq 0 $((channels - 1))); do
	wires=()
	[ "$c" != 0 ] || wires=(--capture "$D/wire.vcd")
	signet-vmcu run --chip "$CHIP" \
		--state "$D/boards/board-$((c + 1)).state" \
		--seed $((c + 1)) "${wires[@]}" --dap 127.0.0.1:0 --control "$D/ctl/$c" \
		--ready-file "$D/ctl/$c.ready" >"$D/vmcu-$c.log" 2>&1 &
	pids+=("$!")
done
probes=()
for c in $(seq 0 $((channels - 1))); do
	wait_file "$D/ctl/$c.ready" "${pids[$((c + 1))]}"
	dap=$(sed -n 's/.*dap[=": ]*\([0-9.]*:[0-9]*\).*/\1/p' "$D/ctl/$c.ready")
	probes+=("$dap")
done
{
	[ "$boot_ms" -le 5000 ] || printf 'start-timeout = %d\n' "$boot_ms"
	for c in $(seq 0 $((channels - 1))); do
		printf '\n[channel %d]\nprobe = tcp:%s\n' "$c" "${probes[$c]}"
		printf 'power = signet-vmcu ctl %s/ctl/%d power\n' "$D" "$c"
		# half of the channels speak uart, where there is a choice
		[ $((c % 2)) = 0 ] && [ "$LINKS" != uart ] || echo 'link = uart'
		printf 'next = bash %s/next.sh %s\n' "$D" "$D"
	done
} >>"$D/station/flasher.conf"
echo "$channels" >"$D/boards/last"
# The operator's hands: keep what the finished board said, put the next one in.
cat >"$D/next.sh" <<'SH'
set -eu
D=$1 c=$2
signet-vmcu ctl "$D/ctl/$c" capture off >/dev/null # the first board is enough
exec 9>"$D/boards/lock"
flock 9
n=$(($(cat "$D/boards/last") + 1))
echo "$n" >"$D/boards/last"
signet-vmcu ctl "$D/ctl/$c" insert "$D/boards/board-$n.state" --new >/dev/null
SH

say "5. Production: $devices chips, $channels at a time"
pattern=()
[ "$proof" = 1 ] && pattern=(--start-pattern 'signet: genuine')
production=0
signet-flasher program --dir "$D/station" --order lot-1 --count "$devices" \
	"${pattern[@]}" || production=$?
[ "$production" = 0 ] || bad "production ended with exit code $production"
signet-vmcu ctl "$D/ctl/0" capture off >/dev/null

say '6. What the devices say'
signet device list --order lot-1 --json >"$D/devices.json"
listen() { # CHANNEL: boots this channel's share of the boards, nobody attached
	local n ctl=$D/ctl/$1
	for ((n = $1 + 1; n <= devices; n += channels)); do
		signet-vmcu ctl "$ctl" insert "$D/boards/board-$n.state"
		signet-vmcu ctl "$ctl" uart --clear
		signet-vmcu ctl "$ctl" power cycle 1000
		signet-vmcu ctl "$ctl" run "$boot_ms"
		signet-vmcu ctl "$ctl" uart >"$D/uart-$n.txt"
	done >"$D/listen-$1.log" 2>&1
}
listeners=()
for c in $(seq 0 $((channels - 1))); do
	listen "$c" &
	listeners+=("$!")
done
wait "${listeners[@]}" || true
said=0
for n in $(seq "$devices"); do
	[ "$proof" = 1 ] || break
	if grep -q '^signet: genuine' "$D/uart-$n.txt" 2>/dev/null; then
		said=$((said + 1))
		sed -n 's/^signet: genuine/  genuine/p' "$D/uart-$n.txt" | cut -c1-79
	else
		bad "board $n: $(head -n 1 "$D/uart-$n.txt" 2>/dev/null || echo 'was never built')"
	fi
done
if [ "$proof" = 1 ]; then
	[ "$said" = "$devices" ] && good "$said of $devices boot and say that they are genuine"
else
	echo '  This firmware has no Signet bootloader: it proves nothing by itself.'
fi

# -- what others get --------------------------------------------------------
say '7. What a listener and a debugger get'
plain=()
for i in "${!images[@]}"; do
	case ${images[$i]} in
	*.hex)
		arm-none-eabi-objcopy -I ihex -O binary "${images[$i]}" \
			"$D/plain-$i.bin"
		plain+=(--secret "$D/plain-$i.bin") ;;
	*.srec | *.s19)
		arm-none-eabi-objcopy -I srec -O binary "${images[$i]}" \
			"$D/plain-$i.bin"
		plain+=(--secret "$D/plain-$i.bin") ;;
	*.elf)
		arm-none-eabi-objcopy -O binary "${images[$i]}" \
			"$D/plain-$i.bin"
		plain+=(--secret "$D/plain-$i.bin") ;;
	*) plain+=(--secret "${images[$i]%@*}") ;;
	esac
done
[ ! -d "$D/loader" ] ||
	plain=(--except "$D/loader/$CHIP-${LINKS%% *}/loader.bin" "${plain[@]}")
# nor is a secret what the firmware itself says on its serial line
for f in "$D"/uart-*.txt; do
	[ ! -s "$f" ] || plain=(--except "$f" "${plain[@]}")
done
listener=0
leak_find "${plain[@]}" "$D/wire.vcd" >"$D/leak.log" 2>&1 || listener=$?
if [ "$mode" = sealed ]; then
	echo '  All wires of one device were recorded. The conversation on them:'
	trace_show "$D/wire.vcd" | sed 's/^/    /' | fit
	if [ "$listener" = 0 ]; then
		good 'the listener: no 16 bytes of the firmware, at any bit offset'
	else
		bad "the listener: $(head -n 1 "$D/leak.log" | cut -c1-60)"
	fi
elif [ "$listener" = 1 ]; then
	good 'the listener: the firmware, in clear. That is what signed mode is'
else
	bad "the listener: nothing, which cannot be: $(head -n 1 "$D/leak.log")"
fi
signet-vmcu ctl "$D/ctl/0" insert "$D/boards/board-1.state" >/dev/null
if target_tool --chip "$CHIP" --probe "tcp:${probes[0]}" \
	--power "signet-vmcu ctl $D/ctl/0 power" identify prove \
	>"$D/prove.log" 2>&1; then
	if [ "$FAMILY" = nrf51 ]; then
		good 'the debugger: flash and RAM read as zeros'
		printf '        %s%s%s\n' "$dim" \
			'but it can step the core, which reads all for it: a demonstration' \
			"$off"
	elif [ -n "$HIDES" ]; then
		good 'the debugger: option bytes and SRAM; flash and unique ID are refused'
	else
		good 'the debugger: unique ID and option bytes; reading flash is refused'
	fi
else
	bad "the debugger: $(tail -n 1 "$D/prove.log" | cut -c1-60)"
fi

# -- what must not work ------------------------------------------------------
say '8. What must not work'
try() { # LOG BOARD [INSERT OPTIONS]: one device on channel 0
	local log=$1 board=$2
	shift 2
	signet-vmcu ctl "$D/ctl/0" insert "$board" "$@" >/dev/null
	signet-flasher program --dir "$D/station" --order lot-1 --count 1 \
		--channels 0 "${pattern[@]}" ${HIDES:+--erase-locked} \
		>"$log" 2>&1 </dev/null
}
if try "$D/ninth.log" "$D/boards/extra.state" --new; then
	bad 'one device more than ordered was built'
else
	expect 'order-used-up' "$D/ninth.log" "device $((devices + 1)) of $devices: refused"
fi
boot() { # BOARD: what it says when it is switched on
	signet-vmcu ctl "$D/ctl/0" insert "$1" >/dev/null
	signet-vmcu ctl "$D/ctl/0" uart --clear >/dev/null
	signet-vmcu ctl "$D/ctl/0" power cycle 1000 >/dev/null
	signet-vmcu ctl "$D/ctl/0" run "$boot_ms" >/dev/null
	signet-vmcu ctl "$D/ctl/0" uart
}
if [ "$proof" = 1 ]; then
	signet-vmcu copy "$D/boards/board-1.state" "$D/boards/clone.state" \
		--uid "$(chip_uid 14)" >/dev/null
	boot "$D/boards/clone.state" >"$D/clone.log"
	expect 'signet: refused' "$D/clone.log" 'bit-for-bit clone in another chip: refuses to run'
	cp "$D/boards/board-$devices.state" "$D/boards/flipped.state"
	signet-vmcu flip "$D/boards/flipped.state" \
		"$(printf '0x%08x' $((APP_BASE + app_len / 2)))" 3 >/dev/null
	boot "$D/boards/flipped.state" >"$D/flipped.log"
	expect 'signet: refused' "$D/flipped.log" 'one flipped bit in the firmware: the bootloader refuses'
fi
if try "$D/fake.log" "$D/boards/fake.state" --new --profile "$CLONE"; then
	bad 'a counterfeit part was programmed'
else
	expect 'fingerprint' "$D/fake.log" 'counterfeit part: refused'
fi
if try "$D/again.log" "$D/boards/board-1.state"; then
	bad 'a finished device was built again'
else
	expect 'already-built' "$D/again.log" \
		"already built chip: ${HIDES:+erased to see who it is, then }refused"
fi
play_chip() { # ORDER UID: a rogue station has no chip, and says that it has
	fake_target --dir "$D/station" --order "$1" --uid "$2" \
		--server-key "$(grep -o '0x[0-9a-f]\{2\}' "$D/loader_keys.h" |
			sed 's/0x//' | tr -d '\n')" \
		--out "$D/stolen.bin" >"$D/play-$1.log" 2>&1
}
books=none
[ "$FAMILY" != nrf51 ] || books=demonstration
if [ "$mode" = sealed ]; then
	signet order create lot-3 --product thermo --release 1.0.0 \
		--quantity 1 --manufacturer acme >/dev/null
	if play_chip lot-3 "$(chip_uid 5b)"; then
		printf '  %snote%s  %s\n' "$bold" "$off" \
			'a program that plays the chip: gets the firmware, for one unit'
		printf '        %s%s%s\n' "$dim" \
			'not stopped: docs/threat-model.md, A1. The books say "proof '"$books"'"' \
			"$off"
	else
		bad "a program that plays the chip: $(tail -n 1 "$D/play-lot-3.log")"
	fi
fi
case $FAMILY in
stm32l4 | stm32f0) stage0=1 ;; # the others cannot keep a secret
*) stage0=0 ;;
esac
if [ "$mode" = sealed ] && [ "$stage0" = 1 ]; then
	signet product create thermo0 --family "$FAMILY" --release-key thermo \
		--demand-proof stage0 >/dev/null
	signet release make "${images[@]}" --product thermo0 --version 1.0.0 \
		--chip "$CHIP" \
		--out "$D/thermo0.signet" >/dev/null
	signet release upload "$D/thermo0.signet" >/dev/null
	signet batch create wafer-7 --family "$FAMILY" --manufacturer my-bench \
		>/dev/null
	signet order create lot-2 --product thermo0 --release 1.0.0 \
		--quantity 2 --manufacturer acme --batch wafer-7 >/dev/null
	if play_chip lot-2 "$(chip_uid 5a)"; then
		bad 'a program that plays the chip got the firmware in spite of stage 0'
	else
		expect 'refused handshake' "$D/play-lot-2.log" \
			'the same, stage 0 demanded: refused'
	fi
fi
signet flasher revoke line-1 >/dev/null
if try "$D/revoked.log" "$D/boards/extra.state"; then
	bad 'a revoked flasher still works'
else
	expect 'flasher-revoked' "$D/revoked.log" 'revoked flasher: refused'
fi

say '9. What the server knows'
signet order list
echo
signet device list --order lot-1
echo
signet log list --event grant.refused
count=$(grep -o '"state": *"closed"' "$D/devices.json" | wc -l)
if [ "$count" = "$devices" ]; then
	good "$count devices closed of $devices ordered"
else
	bad "$count devices closed of $devices ordered"
fi

echo
if [ "$wrong" -gt 0 ]; then
	printf '%s%d thing(s) went wrong.%s  Everything is in build/demo.\n' "$red" "$wrong" "$off"
	exit 1
fi
printf '%sEvery line came out as expected.%s\n' "$green" "$off"
if [ "$keep" = 1 ]; then
	pids=("${pids[@]:1}")
	cat <<-TXT

	The server is still running (process $server). To look around:
	  export SIGNET_HOME=$D/owner
	  export PATH=$PWD/build/host:\$PATH
	  signet device list
	Stop it with: kill $server
	TXT
fi
