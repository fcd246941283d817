#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# What happens when something dies: the flasher killed in mid-program, the
# server killed in mid-run, the disk full, two flashers at once.  Each must end
# in an outcome that the ledger and the operator both understand, and no unit
# of the order may be lost or counted twice.
set -euo pipefail
# Mounting a small file system needs rights: without them, those of a name
# space of one's own.
if [ "$(id -u)" != 0 ] && unshare -Urm true 2>/dev/null; then
	exec unshare -Urm bash "$0" "$@"
fi
. tests/lib/line.sh
. tests/lib/hold.sh
MODE=signed
MOUNT=
unmount() { [ -z "$MOUNT" ] || umount "$MOUNT" || true; }
trap 'unmount; cleanup' EXIT

server_init
server_start
owner_init
product_make lamp
# a release that a nearly full disk has no room for
head -c 40000 /dev/urandom >"$DIR/filler.bin"
release_make lamp 1.0.1 "$DIR/lamp/firmware.hex" \
	"$DIR/filler.bin@0x08008000"
order_of() { # NAME QUANTITY
	signet order create "$1" --product lamp --release 1.0.1 --mode signed \
		--quantity "$2" --manufacturer acme >/dev/null
}
order_of first 12
station_enrol line1 2
station_channels 2
hold_init

uid=0
fresh() { # CHANNEL: a new chip
	uid=$((uid + 1))
	"$B/signet-vmcu" ctl "${CH_SOCKET[$1]}" insert "$DIR/fresh-$uid.state" \
		--new --uid "$(printf '6b00%02x00144f354638353320' "$uid")" \
		>/dev/null
}

# until_phase PHASE ARGUMENT...: a flasher that stands still in it
until_phase() {
	local phase=$1
	shift
	job_hold " $phase\$" program --order first --channels 0 "$@"
}
killed() {
	kill -KILL "$JOB"
	wait "$JOB" 2>/dev/null || true
}

counts() { # WHAT DELIVERED CLOSED
	[ "$(order_field first delivered)" = "$2" ] ||
		fail "$1: delivered is $(order_field first delivered), not $2"
	[ "$(order_field first closed)" = "$3" ] ||
		fail "$1: closed is $(order_field first closed), not $3"
}

# -- killed in mid-program ------------------------------------------------------
until_phase program
killed
[ -f "$DIR/station/journal/0.json" ] || fail "nothing was noted"
run "status tells" 0 station status
expect "status tells" "$DIR/out" '^open attempts +1$'
run "restarted" 0 station program --order first --channels 0
expect "restarted" "$DIR/out" 'stopped while it built .*phase "program"'
expect "restarted" "$DIR/out" 'sent the report "failed"'
expect "restarted" "$DIR/out" '^1 built, 0 refused, 0 failed$'
counts "killed in mid-program" 1 1
run "the owner sees it" 0 signet log list
expect "the owner sees it" "$DIR/out" 'flasher restarted'
[ ! -e "$DIR/station/journal/0.json" ] || fail "the journal stays"

# -- killed before the answer to its grant request was noted ----------------------
fresh 0
until_phase program
killed
python3 - "$DIR/station/journal/0.json" >"$DIR/grant" <<'PY'
import json, sys
j = json.load(open(sys.argv[1]))
print(j["grant"])
j["grant"] = j["attempt"] = 0
j["phase"] = "grant"
json.dump(j, open(sys.argv[1], "w"))
PY
run "same request, same grant" 0 station program --order first --channels 0
expect "same request" "$DIR/out" "grant $(cat "$DIR/grant")\\) in phase"
counts "same request, same grant" 2 2

# -- killed between the last report's note and the end of the journal -------------
fresh 0
until_phase prove
cp "$DIR/station/journal/0.json" "$DIR/late.json"
job_go
job_end "late journal" 0
python3 - "$DIR/late.json" "$DIR/station/outbox" <<'PY'
import json, os, sys
j = json.load(open(sys.argv[1]))
os.makedirs(sys.argv[2], exist_ok=True)
json.dump({"grant": j["grant"], "attempt": j["attempt"], "outcome": "closed",
           "phase": "prove", "detail": ""},
          open(sys.argv[2] + "/000000000001000000000-%d-%d-closed.json" %
               (j["grant"], j["attempt"]), "w"))
PY
cp "$DIR/late.json" "$DIR/station/journal/0.json"
fresh 0
run "late journal" 0 station program --order first --channels 0
expect_not "late journal" "$DIR/out" 'build that board again'
counts "late journal" 4 4

# -- a damaged journal ------------------------------------------------------------
echo '{' >"$DIR/station/journal/0.json"
fresh 0
run "damaged journal" 0 station program --order first --channels 0
expect "damaged journal" "$DIR/out" 'journal/0.json is damaged'
counts "damaged journal" 5 5

# -- the server dies in mid-program: the device is finished all the same -----------
fresh 0
until_phase program
server_stop KILL
job_go
job_end "server lost" 0
expect "server lost" "$DIR/out" 'waits for the server'
expect "server lost" "$DIR/out" '^1 built, 0 refused, 0 failed$'
expect "server lost" "$DIR/out" '2 reports for the server wait'

# -- and stays away: nothing is begun -----------------------------------------------
fresh 0
run "server down" 3 station program --order first --channels 0
says "server down" 'network error'
expect_not "server down" "$DIR/out" 'identify|connect'
run "server down" 3 station status
expect "server down" "$DIR/out" '^unsent reports +2$'

# -- and comes back: it hears everything, in order -----------------------------------
server_start
counts "before the reports" 6 5
run "server back" 0 station program --order first --channels 0
expect "server back" "$DIR/out" 'sent the report "installed" .*now installed'
expect "server back" "$DIR/out" 'sent the report "closed" .*now closed'
counts "server back" 7 7
run "outbox empty" 0 station status
expect "outbox empty" "$DIR/out" '^unsent reports +0$'

# -- the server dies and comes back while the flasher tries ---------------------------
fresh 0
sed -i 's/^retry = .*/retry = 300/' "$DIR/station/flasher.conf"
until_phase program
server_stop KILL
job_go
missed_once
server_start
job_end "server came back" 0
expect "server came back" "$DIR/out" '^1 built, 0 refused, 0 failed$'
counts "server came back" 8 8
sed -i 's/^retry = .*/retry = 3/' "$DIR/station/flasher.conf"

# -- one interrupt: the device is finished, no further one is begun -------------------
fresh 0
until_phase program --next true --count 5
kill -INT "$JOB"
job_go
job_end "interrupted" 7
expect "interrupted" "$DIR/out" '^1 built, 0 refused, 0 failed$'
counts "interrupted" 9 9

# -- two flashers, one folder ------------------------------------------------------------
fresh 0
until_phase program
mv "$DIR/out" "$DIR/first.out" # it goes on writing there
mv "$DIR/err" "$DIR/first.err"
run "two flashers" 4 station program --order first --channels 1
says "two flashers" 'another signet-flasher is at work'
job_go
job_end "two flashers" 0
expect "two flashers" "$DIR/first.out" '^1 built, 0 refused, 0 failed$'
counts "two flashers" 10 10

# -- a full disk -----------------------------------------------------------------------
mkdir "$DIR/small"
if [ "$(id -u)" != 0 ] ||
	! mount -t tmpfs -o size=256k,mode=700 none "$DIR/small" 2>/dev/null
then
	server_stop
	say "restarts: outcomes as they should be (disk full: not tried, needs root)"
	exit 0
fi
MOUNT=$DIR/small
cp -r "$DIR/station/." "$DIR/small"
rm -rf "$DIR/small/cache"
small() { "$B/signet-flasher" --dir "$DIR/small" "$@"; }
# room for the journal, not for the release: it is fetched and not kept
room=$(df --output=avail -B1 "$DIR/small" | tail -n 1)
head -c $((room - 32768)) /dev/zero >"$DIR/small/ballast"
fresh 0
run "cache does not fit" 0 small program --order first --channels 0
expect "cache does not fit" "$DIR/out" 'the cache cannot be written'
counts "cache does not fit" 11 11
[ -z "$(ls -A "$DIR/small/cache")" ] || fail "half a release was left behind"
# not even the journal
dd if=/dev/zero of="$DIR/small/ballast2" bs=4096 2>/dev/null || true
fresh 0
run "disk full" 4 small program --order first --channels 0
expect "disk full" "$DIR/out" 'E_DISK_FULL|[Nn]o space left'
expect "disk full" "$DIR/out" 'next: +free space'
counts "disk full" 11 11
[ "$(order_field first reserved)" = 0 ] || fail "disk full: a unit is reserved"
rm "$DIR/small/ballast" "$DIR/small/ballast2"
run "space again" 0 small program --order first --channels 0
counts "space again" 12 12

server_stop
say "restarts: every outcome is known to ledger and operator"
