#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Stage 0 on one virtual chip, with no server: what lies where afterwards, that
# the lock holds, and what the sealed job may and may not change in such a
# chip.  tests/e2e/stage0.sh does the whole of it.
set -euo pipefail
. tests/lib/vmcu.sh

value() { echo $(($(sed -n "s/^#define $1 \((*-*0x[0-9a-f]*)*\).*/\1/p" wire/layout.h))); }
loader_len=$(value LOADER_LEN) loader_at=$(value LOADER_OFFSET)
stub_at=$(value STUB_OFFSET)
secret_at=$(value STAGE0_SECRET_OFFSET)
stub_address=$(printf '%08x' $((0x0803e000 + stub_at + 1)) |
	sed 's/\(..\)\(..\)\(..\)\(..\)/\4\3\2\1/')

vmcu_start chip --seed 5 --dap 127.0.0.1:0 --state "$DIR/chip.state"
head -c "$loader_len" /dev/urandom >"$DIR/loader"
head -c 200 /dev/urandom >"$DIR/stub"
head -c 32 /dev/urandom >"$DIR/secret"

# tool WANT ARGUMENT...: its output in $DIR/out
tool() {
	local want=$1 got=0
	shift
	"$B/target_tool" --probe "tcp:$VMCU_DAP" \
		--power "$B/signet-vmcu ctl $VMCU_SOCKET power" "$@" \
		>"$DIR/out" 2>&1 || got=$?
	[ "$got" = "$want" ] && return
	cat "$DIR/out" >&2
	fail "$*: exit $got, not $want"
}
flash() { # past the lock, from the bench
	ctl save >/dev/null
	"$B/signet-vmcu" dump "$DIR/chip.state" "$DIR/flash" >/dev/null
}
at() { # OFFSET-IN-THE-TOP LENGTH
	tail -c $((8192 - $1)) "$DIR/flash" | head -c "$2"
}

# -- an open chip has none ----------------------------------------------------
tool 1 --level 1 identify ready
expect "an open chip" "$DIR/out" 'error=E_TARGET_OPEN .*no stage 0'

# -- installed, locked --------------------------------------------------------
tool 0 identify stage0 "$DIR/loader" "$DIR/stub" "$DIR/secret"
flash
at "$loader_at" "$loader_len" | cmp - "$DIR/loader" || fail "the loader is not in its place"
at "$stub_at" 200 | cmp - "$DIR/stub" || fail "nor is the stub"
at "$secret_at" 32 | cmp - "$DIR/secret" || fail "nor is the secret"
[ "$(head -c 8 "$DIR/flash" | od -An -v -tx1 | tr -d ' ')" = \
	"00c00020$stub_address" ] || fail "the boot words lead elsewhere"
at $((0x1c00)) 1024 | tr -d '\377' | cmp -s - /dev/null ||
	fail "something lies where the records go"
tool 0 identify prove power
expect "lock" "$DIR/out" '^prove: locked'
tool 1 identify stage0 "$DIR/loader" "$DIR/stub" "$DIR/secret"
expect "a second time" "$DIR/out" 'error=E_TARGET_PROTECTED'

# -- the job: nothing is erased, options become the release's -----------------
cp "$DIR/flash" "$DIR/before"
tool 0 --level 1 identify ready power
tool 0 --level 1 --option 0x40022020,0x700,0x300 identify ready power prove \
	power
flash
cmp "$DIR/flash" "$DIR/before" || fail "the job changed the flash"
tool 0 --level 2 identify ready power prove
flash
cmp "$DIR/flash" "$DIR/before" || fail "level 2 changed the flash"

# -- without power control there is no stage 0 --------------------------------
ctl insert "$DIR/other.state" --new >/dev/null
"$B/target_tool" --probe "tcp:$VMCU_DAP" --power false identify \
	stage0 "$DIR/loader" "$DIR/stub" "$DIR/secret" >"$DIR/out" 2>&1 &&
	fail "no power, no error"
expect "no power" "$DIR/out" 'error=E_TARGET_POWER'

# -- unlocking takes loader and secret away -----------------------------------
ctl insert "$DIR/third.state" --new >/dev/null
tool 0 identify stage0 "$DIR/loader" "$DIR/stub" "$DIR/secret" unlock
ctl save >/dev/null
"$B/signet-vmcu" dump "$DIR/third.state" "$DIR/flash" >/dev/null
tr -d '\377' <"$DIR/flash" | cmp -s - /dev/null || fail "not erased"
say "stage 0 in the chip: in place, locked, kept by the job, gone when unlocked"
