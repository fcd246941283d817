# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# For script tests of the job on one virtual chip, without a server: source it
# from the repository's root with CHIP set; it brings tests/lib/vmcu.sh along.
#
#   boot [OPTION...]           a bench with a new $CHIP; its state in $DIR/chip
#   run ARGUMENT...            target_tool; output in $DIR/out, exit code in rc
#   good ARGUMENT...           the same, and it must succeed
#   refused ERROR PHASE ARGUMENT...    and must fail so
#   said PATTERN               the last run did
#   flash_holds OFFSET FILE    the chip's flash does
#   not_doubted                the last run called nothing counterfeit
#
# Makes $DIR/record1 and record2, as long as a chip's records are.

# shellcheck source=tests/lib/vmcu.sh
. tests/lib/vmcu.sh
T=build/target
TOOL=$B/target_tool

# target_need FILE...: what must have been built
target_need() {
	local f
	for f in "$VMCU" "$TOOL" "$@"; do
		[ -e "$f" ] || { say "skipped: $f is not built"; exit 77; }
	done
	head -c 304 /dev/urandom >"$DIR/record1"
	head -c 472 /dev/urandom >"$DIR/record2"
}

boot() {
	[ -z "${VMCU_PID:-}" ] || { kill "$VMCU_PID"; wait "$VMCU_PID" || true; }
	rm -f "$DIR/bench.ready" "$DIR/chip"
	vmcu_start bench --chip "$CHIP" --dap 127.0.0.1:0 --state "$DIR/chip" \
		"$@"
	POWER="$VMCU ctl $VMCU_SOCKET power"
}

run() {
	rc=0
	timeout 300 "$TOOL" --chip "$CHIP" --probe "tcp:$VMCU_DAP" \
		--power "$POWER" "$@" >"$DIR/out" 2>&1 || rc=$?
}
good() {
	run "$@"
	[ "$rc" = 0 ] || { cat "$DIR/out"; fail "should succeed: $*"; }
}
refused() {
	local error=$1 phase=$2
	shift 2
	run "$@"
	[ "$rc" = 1 ] || { cat "$DIR/out"; fail "exit $rc, not refused: $*"; }
	expect "$*" "$DIR/out" "^FAIL phase=$phase error=$error why=......"
}
said() { expect "nobody said" "$DIR/out" "$1"; }
not_doubted() { expect_not "a genuine chip" "$DIR/out" 'counterfeit|impossible'; }
flash_holds() {
	ctl save >/dev/null
	"$VMCU" dump "$DIR/chip" "$DIR/flash" >/dev/null
	cmp -i "$1:0" -n "$(stat -c %s "$2")" "$DIR/flash" "$2" ||
		fail "flash at $1 does not hold $2"
}
