# SPDX-License-Identifier: MIT
#
# For script tests that need a virtual MCU: source it from the repository's
# root.  Makes $DIR, a folder that goes away, and ends what it started.

B=${B:-build/host}
# The virtual MCU is the plain one where only those who talk to it are
# sanitized: it has tests of its own, and minutes of machine code cost it six
# times as much.
VMCU=${VMCU:-build/host/signet-vmcu}
case $B in *asan*) [ -x "$VMCU" ] || VMCU=$B/signet-vmcu ;; *) VMCU=$B/signet-vmcu ;; esac
DIR=$(mktemp -d)
PIDS=()

cleanup() {
	local pid
	for pid in "${PIDS[@]}"; do
		kill "$pid" 2>/dev/null || true
		kill -CONT "$pid" 2>/dev/null || true # if it stands still
	done
	for pid in "${PIDS[@]}"; do
		wait "$pid" 2>/dev/null || true
	done
	rm -rf "$DIR"
}
trap cleanup EXIT

say() { printf '%s\n' "$*"; }
# byte_flip FILE OFFSET: turns one bit over, whatever stands there
byte_flip() {
	local byte
	byte=$(od -An -j "$2" -N1 -tu1 "$1")
	printf "\\x$(printf %02x $((byte ^ 1)))" |
		dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
fail() {
	printf 'FAIL: %s\n' "$*" >&2
	exit 1
}
need() {
	local tool
	for tool; do
		if ! command -v "$tool" >/dev/null; then
			say "skipped: $tool is not installed"
			exit 77
		fi
	done
}

# vmcu_start NAME [OPTION...]: runs one; its addresses are then in
# VMCU_DAP, VMCU_UART, VMCU_BITBANG, VMCU_USBREDIR (host:port) and VMCU_SOCKET.
vmcu_start() {
	local name=$1 ready=$DIR/$1.ready i
	shift
	VMCU_SOCKET=$DIR/$name.sock
	"$VMCU" run --control "$VMCU_SOCKET" --ready-file "$ready" \
		"$@" >"$DIR/$name.out" 2>"$DIR/$name.err" &
	VMCU_PID=$!
	PIDS+=("$VMCU_PID")
	for ((i = 0; i < 200; i++)); do
		[ -f "$ready" ] && break
		kill -0 "$VMCU_PID" 2>/dev/null ||
			fail "virtual MCU ended: $(cat "$DIR/$name.err")"
		sleep 0.05
	done
	[ -f "$ready" ] || fail "virtual MCU did not get ready"
	VMCU_DAP=$(sed -n 's/.*"dap":"\([^"]*\)".*/\1/p' "$ready")
	VMCU_USBREDIR=$(sed -n 's/.*"usbredir":"\([^"]*\)".*/\1/p' "$ready")
	VMCU_UART=$(sed -n 's/.*"uart":"\([^"]*\)".*/\1/p' "$ready")
	VMCU_BITBANG=$(sed -n 's/.*"bitbang":"\([^"]*\)".*/\1/p' "$ready")
}

ctl() { "$VMCU" ctl "$VMCU_SOCKET" "$@"; }

# expect WHAT FILE PATTERN, and the opposite
expect() {
	grep -qE -- "$3" "$2" && return
	cat "$2" >&2
	fail "$1: no line matches: $3"
}
expect_not() {
	grep -qE -- "$3" "$2" || return 0
	cat "$2" >&2
	fail "$1: a line matches: $3"
}
