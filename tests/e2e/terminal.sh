#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# What a terminal sees, and what a file does: colours and progress lines on a
# terminal alone, no colours with NO_COLOR, nothing wider than the terminal.
set -euo pipefail
. tests/lib/line.sh
need python3
MODE=signed
ESC=$'\033'

server_init
server_start
owner_init
product_make lamp
order_make first lamp 6
station_enrol line1 1
station_channels 1

# tty COLUMNS COMMAND: what a terminal of that width gets, in $DIR/tty
cat >"$DIR/screen.py" <<'PY'
import fcntl, os, pty, struct, sys, termios
pid, fd = pty.fork()
if pid == 0:
    # the size first, and then the program
    fcntl.ioctl(0, termios.TIOCSWINSZ,
                struct.pack("HHHH", 40, int(sys.argv[1]), 0, 0))
    os.execvp("sh", ["sh", "-c", sys.argv[2]])
while True:
    try:
        data = os.read(fd, 65536)
    except OSError:
        break
    if not data:
        break
    sys.stdout.buffer.write(data)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
PY
tty() {
	timeout 60 python3 "$DIR/screen.py" "$1" "${*:2}" >"$DIR/tty" 2>&1 ||
		fail "${*:2}: $(tail -n 5 "$DIR/tty")"
}
coloured() { grep -qF "${ESC}[3" "$DIR/tty"; }
# no line is wider than COLUMNS once the escape codes are gone
fits() { # COLUMNS WHAT
	python3 - "$1" "$DIR/tty" <<'PY' || fail "$2: wider than $1 columns"
import re, sys
text = open(sys.argv[2], encoding="utf-8", errors="replace").read()
text = re.sub(r"\033\[[0-9;]*[A-Za-z]", "", text)
wide = [l for l in re.split(r"[\r\n]+", text) if len(l) > int(sys.argv[1])]
if wide:
    sys.exit("\n".join(wide[:5]))
PY
}
fresh() { # SEED: a new chip
	"$B/signet-vmcu" ctl "${CH_SOCKET[0]}" insert "$DIR/b$1.state" --new \
		--uid "$(chip_uid 6b "$1")" >/dev/null
}
STATION="$B/signet-flasher --dir $DIR/station"
PROGRAM="$STATION program --order first --count 1"

# -- lists -------------------------------------------------------------------
tty 80 "$B/signet order list"
coloured || fail "no colour on a terminal"
tty 80 "NO_COLOR=1 $B/signet order list"
if coloured; then fail "NO_COLOR was not heard"; fi
run "piped" 0 signet order list
if grep -qF "$ESC" "$DIR/out"; then fail "escape codes in a file"; fi
for columns in 60 80; do
	for list in "key list" "product list" "release list" "order list" \
		"flasher list" "loader list" "batch list" "device list" \
		"log list"; do
		tty $columns "$B/signet $list"
		fits $columns "signet $list"
	done
	tty $columns "$STATION work"
	fits $columns "signet-flasher work"
done
# the same lists for scripts: one JSON object, whatever stands in it
for list in "key list" "product list" "release list" "order list" \
	"flasher list" "loader list" "batch list" "device list" "log list"; do
	# shellcheck disable=SC2086 # two words
	run "$list --json" 0 signet $list --json
	python3 -c 'import json, sys
rows = json.load(open(sys.argv[1]))["rows"]
assert isinstance(rows, list)' "$DIR/out" || fail "signet $list --json"
done
run "work --json" 0 station --json work
python3 -c 'import json, sys
assert json.load(open(sys.argv[1]))["rows"][0]["name"] == "first"' \
	"$DIR/out" || fail "signet-flasher --json work"

# -- the station at work -----------------------------------------------------
fresh 30
tty 80 "$PROGRAM"
grep -qF "${ESC}[K" "$DIR/tty" || cat -v "$DIR/tty"; grep -qF "${ESC}[K" "$DIR/tty" || fail "no progress line on a terminal"
coloured || fail "no colour in the result"
grep -q '1 built, 0 refused, 0 failed' "$DIR/tty" || fail "not built"
fits 80 "progress"
fresh 31
tty 60 "NO_COLOR=1 $PROGRAM"
if coloured; then fail "the station does not hear NO_COLOR"; fi
fits 60 "narrow progress"
tty 80 "$PROGRAM || true" # the chip that was just built
grep -q 'already-built' "$DIR/tty" || fail "no refusal on the terminal"
python3 - "$DIR/tty" <<'PY' || fail "a line of the result is too wide"
import re, sys
text = re.sub(r"\033\[[0-9;]*[A-Za-z]", "", open(sys.argv[1]).read())
table = text[text.rindex("unique ID"):].replace("\r", "").split("\n")
assert len(table) > 2 and all(len(l) <= 80 for l in table), table
PY
fresh 32
run "piped" 0 station program --order first --count 1
if grep -qF "$ESC" "$DIR/out"; then fail "escape codes in the station's log"; fi
expect "piped" "$DIR/out" '^channel 0 .* program$'
fresh 33
run "json" 0 station --json program --order first --count 1
python3 - "$DIR/out" <<'PY' || fail "signet-flasher --json program"
import json, sys
lines = [json.loads(l) for l in open(sys.argv[1])]
want = {
    "phase": {"event", "channel", "uid", "phase"},
    "result": {"event", "channel", "result", "uid", "serial", "grant",
               "attempt", "phase", "code", "cause", "next", "who", "line",
               "seconds", "unsent"},
    "summary": {"event", "built", "refused", "failed", "stopped"},
}
page = open("man/signet-flasher.1").read()
assert {l["event"] for l in lines} >= set(want), "an event is missing"
for l in lines:
    if l["event"] in want:
        assert set(l) == want[l["event"]], (l, want[l["event"]])
        for name in l:
            assert name in page, name + " is not in signet-flasher(1)"
PY
server_stop
say "terminals: colours, progress and widths as they should be"
