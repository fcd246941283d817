#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The README's first product: every block is pasted into a shell, in order, in
# a copy of the tree's names, and must end in a genuine device and a refused
# clone.
set -euo pipefail
B=${B:-build/host}
top=$PWD
work=$(mktemp -d)
status=1
cleanup() {
	local p
	for p in $(cat "$work/pids" 2>/dev/null); do kill "$p" 2>/dev/null || true; done
	sleep 0.5
	[ "$status" = 0 ] || tail -n 40 "$work/log" >&2
	rm -rf "$work"
}
trap cleanup EXIT

# A tree of links, so that the tour's folder is not the real build/.
mkdir -p "$work/tree/build"
for f in "$top"/*; do
	[ "$(basename "$f")" = build ] || ln -s "$f" "$work/tree/"
done
ln -s "$top/$B" "$work/tree/build/host"
ln -s "$top/build/deps" "$work/tree/build/deps"

awk '/^```sh$/ { on = 1; next } /^```$/ { on = 0 } on' README.md >"$work/tour.sh"
[ "$(wc -l <"$work/tour.sh")" -gt 25 ] || { echo 'README.md has no tour' >&2; exit 1; }
# Other ports than the manual's, for tests that run side by side.
busy() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
while :; do
	base=$((20000 + RANDOM % 12000))
	busy "$base" || busy $((base + 1)) || busy $((base + 2)) ||
		busy $((base + 3)) || break
done
sed -i "s/signetd init --dir server/& --ports $base,$((base + 1)),$((base + 2))/
	s/127\.0\.0\.1:4441/127.0.0.1:$((base + 3))/g" "$work/tour.sh"
{
	cat "$work/tour.sh"
	echo "jobs -p >$work/pids"
} >"$work/run.sh"
cd "$work/tree"
# Without a terminal, so that nothing can ask: pasted into one, a server in the
# background that asked for its passphrase would be stopped, and the tour hang.
timeout 300 setsid --wait env -u SIGNET_PASSPHRASE_FILE -u SIGNET_HOME \
	bash -euo pipefail "$work/run.sh" >"$work/log" 2>&1 </dev/null ||
	{ cat "$work/log" >&2; exit 1; }

want() {
	grep -qF -- "$1" "$work/log" || { echo "the tour never said: $1" >&2; exit 1; }
}
want '1 built, 0 refused, 0 failed'
want 'genuine: the credential is by this device key'
want 'byte for byte'
want 'signet: refused: credential is for another chip'
status=0
echo 'the README tour works'
