#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The real loader, on a virtual chip over each of its lines, against a server
# whose Noise is not ours: Debian's python3-dissononce installs a chip, NK and
# NKpsk0; noise-c (npm noise-c.wasm) gets as far as chunk 0.
set -euo pipefail
. tests/lib/vmcu.sh
. tests/lib/loader.sh
. tests/lib/noise_c.sh
python=/usr/bin/python3
"$python" -c 'import dissononce' 2>/dev/null || {
	say "skipped: no python3-dissononce"
	exit 77
}

private=$(head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n')
"$python" - "$private" >"$DIR/loader_keys.h" <<'PY'
import sys
from dissononce.dh.x25519.private import PrivateKey
from dissononce.dh.x25519.x25519 import X25519DH
key = X25519DH().generate_keypair(PrivateKey(bytes.fromhex(sys.argv[1])))
print("#include <stdint.h>\nstatic const uint8_t signet_server_pub[32] = {%s};"
      % ", ".join(map(str, key.public.data)))
PY
loader_build "$DIR/loader_keys.h" "$DIR/loader"
head -c 4096 /dev/urandom >"$DIR/image.bin"

# chip LINE [OPTION...]: a new chip, and the tool that speaks to it
n=0
chip() {
	local line=$1
	shift
	n=$((n + 1))
	vmcu_start "chip$n" --seed $n --dap 127.0.0.1:0 \
		--state "$DIR/chip$n.state"
	COMMAND=("$B/sealed_tool" pipe --probe "tcp:$VMCU_DAP" --power
		"$PWD/$B/signet-vmcu ctl $VMCU_SOCKET power"
		--loader "$(loader_dir "$DIR/loader" "$line")" --link "$line"
		"$@" "$DIR/image.bin@0x08000000")
	LOADER=$(loader_dir "$DIR/loader" "$line")/loader.bin
}

for line in uart swd-pins; do
	chip $line
	timeout 120 "$python" tests/judge/noise_server.py "$private" "$LOADER" \
		- "${COMMAND[@]}"
done
psk=$(head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n')
chip uart --secret "$psk"
timeout 120 "$python" tests/judge/noise_server.py "$private" "$LOADER" "$psk" \
	"${COMMAND[@]}"
# a server with another secret does not open message 1
chip uart --secret "$psk"
if timeout 120 "$python" tests/judge/noise_server.py "$private" "$LOADER" \
	"${psk//[0-7]/8}" "${COMMAND[@]}" >"$DIR/out" 2>&1; then
	fail "another secret opens message 1"
fi
expect "another secret" "$DIR/out" 'InvalidTag'

npm=build/judge/noise-c
noise_c "$npm" || exit 0
chip uart
timeout 120 node tests/judge/noise_server.js "$npm" "$private" "$LOADER" \
	"${COMMAND[@]}"
