#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The guides, by their readers: every shell block of docs/owner.md,
# docs/operator.md, docs/integrator.md and docs/vmcu.md is executed, in the
# order in which an owner, two stations and a firmware developer would come to
# it, on virtual chips.  Only names that a machine cannot have are replaced:
# addresses, folders, the one-time code, probes.
set -euo pipefail
. tests/lib/vmcu.sh
need openocd gdb-multiarch openssl
TOP=$PWD
W=$DIR/work
mkdir -p "$W/home" "$W/bin"
case $B in /*) ;; *) B=$TOP/$B ;; esac
export HOME=$W/home PATH=$B:$PATH SIGNET_PASSPHRASE_FILE=$W/passphrase
unset SIGNET_HOME SIGNET_FLASHER_DIR XDG_CONFIG_HOME XDG_STATE_HOME
(umask 077 && head -c 15 /dev/urandom | base64 >"$W/passphrase")
late() { # what the blocks left running
	local p
	[ ! -f "$W/pids" ] || while read -r p; do
		kill "$p" 2>/dev/null || true
	done <"$W/pids"
	cleanup
}
trap late EXIT

busy() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
port=$((20000 + RANDOM % 12000))
while busy $port || busy $((port + 1)) || busy $((port + 2)) ||
	busy $((port + 3)) || busy $((port + 4)) || busy $((port + 5)); do
	port=$((20000 + RANDOM % 12000))
done

# One file per block: owner.1, owner.2 ...
for guide in owner operator integrator vmcu; do
	awk -v out="$W/$guide" '/^```sh$/ { n++; on = 1; next }
		/^```/ { on = 0 } on { print >(out "." n) }' "docs/$guide.md"
done

# What is as the machine wants it: $1 is a block's file.
adapt() {
	sed -e "s#/srv/signet#$W/server#g" \
		-e "s#signet\.example,192\.0\.2\.10#localhost#" \
		-e "s#192\.0\.2\.10#127.0.0.1 --ports $port,$((port + 1)),$((port + 2))#" \
		-e "s#^signetd run .*#& --ready-file $W/ready >>$W/log 2>\&1 \&\necho \$! >>$W/pids\nuntil [ -s $W/ready ]; do sleep 0.1; done#" \
		-e "s#^make loader#make -s -C $TOP loader CHIP=stm32l432#" \
		-e "s#^make verify-dist#make -s -C $TOP verify-dist#" \
		-e 's#^\./dev deps.*##' \
		-e "s#SGN1-[^ ]*#$(cat "$W/code" 2>/dev/null)#" \
		-e "s#127\.0\.0\.1:4441#127.0.0.1:$((port + 3))#" \
		-e "s#127\.0\.0\.1:4442#127.0.0.1:$((port + 4))#" \
		-e "s#port 4442#port $((port + 4))#" \
		-e "s#^openocd #&-c 'gdb_port $((port + 5)); tcl_port disabled; telnet_port disabled' #" \
		-e "s#127\.0\.0\.1:3333#127.0.0.1:$((port + 5))#" \
		-e "s#/tmp/board#$W/board#g" -e "s#/tmp/ready#$W/vmcu-ready#g" \
		-e "s# &\$# >>$W/log 2>\&1 \& echo \$! >>$W/pids#" "$1"
}

done_blocks=()
step() { # GUIDE NUMBER [OPTION=VALUE of the environment...]
	local name=$1.$2
	shift 2
	say "docs/${name%.*}.md, block ${name#*.}"
	done_blocks+=("$name")
	adapt "$W/$name" >"$W/run.sh"
	(cd "$W" && timeout 150 env "$@" bash -euo pipefail run.sh \
		>"$W/out" 2>&1 </dev/null) || {
		cat "$W/run.sh" "$W/out"
		fail "docs/${name%.*}.md, block ${name#*.}"
	}
	cat "$W/out" >>"$W/log"
}
shows() { # TEXT: what the reader must have seen
	grep -qE -- "$1" "$W/out" || {
		cat "$W/out"
		fail "nothing like: $1"
	}
}
code() { grep -o 'SGN1-[^ ]*' "$W/out" >"$W/code"; }

# -- boards on three benches --------------------------------------------------
declare -A DAP SOCK
for i in 0 1 2; do
	vmcu_start "b$i" --dap 127.0.0.1:0 --seed $((i + 1)) \
		--state "$W/b$i.state"
	DAP[$i]=$VMCU_DAP
	SOCK[$i]=$VMCU_SOCKET
done
power() { echo "$B/signet-vmcu ctl ${SOCK[$1]} power"; }
firmware() { # PRODUCT: of examples/, with its keys, in folder $2
	make -s example KEYS="$1" OUT="$W/$2" >"$W/build.log" 2>&1 ||
		fail "example: $(tail -n 5 "$W/build.log")"
}

# -- the owner, up to the first order ------------------------------------------
step owner 1
step owner 2
shows '^name +lamp'
firmware "$W/signet_keys.h" fw
cp "$W/fw/bootloader.hex" "$W/fw/app.hex" "$W"
step owner 3
shows '^link +swd-pins'
step owner 4
shows '^version +1\.0\.0'
step owner 5
shows '^quantity +1000'
code

# -- the manufacturer ----------------------------------------------------------
step operator 1
shows 'enrolled as line1'
conf=$HOME/.local/state/signet-flasher/flasher.conf
awk '/^```ini$/ { on = 1; next } /^```/ { on = 0 } on' docs/operator.md |
	sed -e "s#usb:0240000034544e45#tcp:${DAP[0]}#" \
		-e "s#usb:0240000034544e46#tcp:${DAP[1]}#" \
		-e "s#^power = /usr/.*#power = $(power 0)#" \
		-e "s#^power = gpio.*#power = $(power 1)#" -e '/^next = /d' >"$conf"
[ "$(grep -c '^probe = tcp' "$conf")" = 2 ] || fail "docs/operator.md, flasher.conf"
step operator 2
shows 'stm32l432  65004000144f354638353320'
shows '2 built, 0 refused, 0 failed'

# -- who looks at it -----------------------------------------------------------
step owner 6
shows '^order +state +units +used +built'
shows '65004000144f354638353320 .*closed'
signet-vmcu ctl "${SOCK[0]}" save
signet-vmcu dump "$W/b0.state" "$W/dump.bin"
step owner 7
shows '^genuine: '
shows 'the chip at hand'
shows 'as signed, byte for byte'

# -- stage 0 -------------------------------------------------------------------
step owner 8
code
signet-flasher --dir "$W/bench" enrol --code "$(cat "$W/code")" >>"$W/log"
printf '[channel 0]\nprobe = tcp:%s\npower = %s\n' "${DAP[2]}" "$(power 2)" \
	>"$W/bench/flasher.conf"
step owner 9 SIGNET_FLASHER_DIR="$W/bench"
shows 'has its stage 0'
firmware "$W/safe/signet_keys.h" safe
step owner 10
shows '^proof +stage0'
signet-flasher program --order proved --count 1 --probe "tcp:${DAP[2]}" \
	--power "$(power 2)" --start-pattern 'signet: genuine' >"$W/out" 2>&1 || {
	cat "$W/out"
	fail "the proved order"
}

# -- who writes the bootloader -------------------------------------------------
step integrator 1
{
	echo '#include <stdbool.h>'
	awk '/^```c$/ { on = 1; next } /^```/ { on = 0 } on' docs/integrator.md |
		awk '/^\tsignet_verify_firmware/ { print "void check(void)\n{"; } { print }'
	echo '}'
} >"$W/check.c"
cat >"$W/around.h" <<'C'
#include "signet_verify.h"
extern const uint8_t firmware_record[512], credential_record[480], uid[12];
void flash_read(uint32_t address, void *out, size_t len);
void refuse(const char *why);
static struct firmware_info fw;
static struct credential cred;
static struct signet_reason why;
static struct verdict firmware_good, device_good;
C
gcc -std=c99 -Wall -Werror -fsyntax-only -I"$W" -Ibuild/verify \
	-include "$W/around.h" "$W/check.c" || fail "docs/integrator.md, the C"

# -- who debugs on a virtual chip ----------------------------------------------
cp build/target/judge.elf "$W/firmware.elf"
step vmcu 1
step vmcu 2
for ((i = 0; i < 300; i++)); do
	grep -q 'Verified OK' "$W/log" && break
	sleep 0.1
done
grep -q 'Verified OK' "$W/log" || { tail -20 "$W/log"; fail "openocd program"; }
step vmcu 3
shows '^pc .*<main'

# -- nothing was left out ------------------------------------------------------
for f in "$W"/owner.* "$W"/operator.* "$W"/integrator.* "$W"/vmcu.*; do
	name=${f##*/}
	case $name in
	vmcu.[4-9]*) continue ;; # other programs' command lines
	esac
	printf '%s\n' "${done_blocks[@]}" | grep -qx "$name" ||
		fail "nobody has run block ${name#*.} of docs/${name%.*}.md"
done
say "the guides work as they stand"
