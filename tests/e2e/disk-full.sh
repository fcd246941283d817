#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The server's disk runs full in the middle of production: the refusal says so,
# nothing half-written is taken for whole, and with room again it goes on.
set -uo pipefail
# Mounting a small file system needs rights: without them, those of a name
# space of one's own.
if [ "$(id -u)" != 0 ] && unshare -Urm true 2>/dev/null; then
	exec unshare -Urm bash "$0" "$@"
fi
. tests/lib/signetd.sh
[ -x "$B/bench_grants" ] || make -s VARIANT="${B#build/}" "$B/bench_grants" || exit 1

mkdir "$work/s" "$work/disk"
mount -t tmpfs -o size=24m tmpfs "$work/disk" 2>/dev/null || {
	echo "skipped: no right to mount a small file system"
	exit 77
}
trap 'server_kill; umount "$work/disk"; rm -rf "$work"' EXIT
rmdir "$work/s"
mkdir "$work/disk/s"
head -c 18M /dev/zero >"$work/disk/ballast"
ln -s "$work/disk/s" "$work/s"

server_init
server_start
"$B/bench_grants" --dir "$work/s" --ready "$work/ready" --seconds 60 \
	--connections 16 --note "$work/noted" >"$work/load" 2>&1
check "production ends with a refusal" \
	grep -q 'refused: 507 {"code":"storage"' "$work/load"
check "which says what to do" grep -q 'nothing was granted' "$work/load"
status_ok() { admin GET /v1/status | grep -q '"devices":[0-9]'; }
check "the server still reads" status_ok
sort "$work/noted" >"$work/noted.sorted"
whole() {
	uids
	[ "$(wc -l <"$work/noted")" -gt 50 ] &&
		[ -z "$(comm -23 "$work/noted.sorted" "$work/uids")" ] &&
		[ -z "$(uniq -d "$work/uids")" ]
}
check "every credential that was given out is in the ledger" whole
create() {
	admin POST /v1/orders "{\"name\":\"$1\",\"product\":\"lamp\",
		\"release\":\"1.0.0\",\"mode\":\"signed\",\"manufacturer\":\"acme\",\"quantity\":9}"
}
rm "$work/disk/ballast"
made() { create after | grep -q '"name":"after"'; }
check "with room again, an order can be made, without a restart" made
check "and the ledger is still right" whole
server_stop
check "stops cleanly" [ "$status" = 0 ]
server_start
check "starts again, and the ledger is right" whole
server_stop
finish
