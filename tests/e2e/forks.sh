#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# One sealed job of a real station and server on a chip that forks at every
# flash operation: mass erase, loader, option bytes, stream, records, marker,
# the loader's end.  Wherever the power fails, the chip is blank (open, without
# a byte of firmware), resumable or complete, in this order.
#
# FORKS_KB: size of the random firmware (default 6).
set -euo pipefail
. tests/lib/line.sh
. tests/lib/sealed.sh
need python3

server_init
server_start
owner_init
loader_make
random_image "$DIR/image.bin" $((${FORKS_KB:-6} * 1024))
sealed_product noise "$DIR/image.bin"
order_make two noise 2
station_enrol line1 1
station_channels 1
sed -i '/^start-pattern/d; /^\[channel 0\]/a link = uart' \
	"$DIR/station/flasher.conf"

# once as it should be, for what is installed in the end
run "reference" 0 station program --order two
"$B/signet-vmcu" ctl "${CH_SOCKET[0]}" save >/dev/null
"$B/signet-vmcu" dump "$DIR/chip0.state" "$DIR/flash.bin" >/dev/null
head -c "$(stat -c %s "$DIR/image.bin")" "$DIR/flash.bin" >"$DIR/installed"

ready=$DIR/forks.ready
"$B/vmcu_forks" --dap 127.0.0.1:0 --control "$DIR/forks.sock" \
	--ready-file "$ready" --state "$DIR/forks.state" \
	--image "$DIR/installed" --loader "$DIR/loader/stm32l432-uart/loader.bin" \
	--stub "$DIR/loader/stm32l432-uart/stub.bin" --out "$DIR/classes" \
	>"$DIR/forks.out" 2>"$DIR/forks.err" &
PIDS+=("$!")
for ((i = 0; i < 200; i++)); do
	[ -f "$ready" ] && break
	sleep 0.05
done
dap=$(sed -n 's/.*"dap":"\([^"]*\)".*/\1/p' "$ready")
sed -i "s,^probe = .*,probe = tcp:$dap,; s,^power = .*,power = $PWD/$B/signet-vmcu ctl $DIR/forks.sock power," \
	"$DIR/station/flasher.conf"
run "forks" 0 station program --order two
expect "forks" "$DIR/out" '^1 built, 0 refused, 0 failed$'
# time stands still without a probe: let the stub do the rest
"$B/signet-vmcu" ctl "$DIR/forks.sock" power cycle >/dev/null
"$B/signet-vmcu" ctl "$DIR/forks.sock" run 1000 >/dev/null

python3 - "$DIR/classes" <<'PY' || fail "classes: $(tail -n 3 "$DIR/classes")"
import collections, sys
rows = [line.split(None, 4) for line in open(sys.argv[1])]
ops = [int(r[0]) for r in rows]
assert ops == list(range(1, len(ops) + 1)), "an operation is missing"
bad = [r for r in rows if r[1] in ("bad", "regress")]
assert not bad, bad[:3]
# blank, then resumable, then complete; open chips hold no firmware
rank = {"blank": 0, "resumable": 1, "complete": 2}
at = 0
for n, name, level, plain, *_ in rows:
    assert rank[name] >= at, (n, name)
    at = rank[name]
    assert level != "0" or plain == "0", (n, level, plain)
counts = collections.Counter(r[1] for r in rows)
assert all(counts[c] for c in rank), counts
print(len(rows), "operations:", dict(counts))
PY
