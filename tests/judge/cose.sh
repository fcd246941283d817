#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# An independent COSE implementation (ruby-cose) verifies what ours signs, and
# ours verifies what it makes; both refuse what was altered.
set -euo pipefail
B=${B:-build/host}
tool=$B/cose_tool
command -v openssl >/dev/null || { echo "skipped: no openssl"; exit 77; }
ruby -e 'require "cose"; require "cbor"' 2>/dev/null || { echo "skipped: no ruby-cose"; exit 77; }
judge() { ruby tests/judge/cose.rb "$@"; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
fail() { echo "FAILED: $*" >&2; exit 1; }

for k in device other; do
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$dir/$k.key" 2>/dev/null
	openssl pkey -in "$dir/$k.key" -pubout -out "$dir/$k.pub"
done
[ "$("$tool" kid "$dir/device.pub")" = "$(judge kid "$dir/device.pub")" ] || fail "key numbers differ"

# Ours, judged.
"$tool" credential "$dir/device.key" "$dir/credential"
judge verify credential "$dir/device.pub" "$dir/credential" >"$dir/claims" || fail "the judge refuses our credential"
cat >"$dir/want" <<'TXT'
2 "pump"
6 1767225600
7 "0102030405060708"
-70001 "0102030405060708090a0b0c"
-70002 3
-70003 "order-7"
-70004 "d100000000000000000000000000000000000000000000000000000000000000"
-70005 "SN ü 1"
-70006 0
TXT
diff -u "$dir/want" "$dir/claims" || fail "the judge reads other claims"
"$tool" firmware "$dir/device.key" "$dir/firmware"
judge verify firmware "$dir/device.pub" "$dir/firmware" >"$dir/claims" || fail "the judge refuses our firmware signature"
grep -qx '5 \[\[134217728, 2048\], \[134221824, 100\]\]' "$dir/claims" || fail "the judge reads other segments"

# The judge's, read by ours.
judge sign credential "$dir/device.key" "$dir/foreign"
[ "$("$tool" check credential "$dir/device.pub" "$dir/foreign")" = "lamp batch_2 L-42" ] || fail "ours refuses the judge's credential"
judge sign firmware "$dir/device.key" "$dir/foreign.fw"
[ "$("$tool" check firmware "$dir/device.pub" "$dir/foreign.fw")" = "lamp 2.1" ] || fail "ours refuses the judge's firmware signature"

# Refusals: one for another, another key, an unknown claim well signed.
if judge verify firmware "$dir/device.pub" "$dir/credential" 2>/dev/null; then fail "the judge takes a credential for a firmware signature"; fi
if judge verify credential "$dir/other.pub" "$dir/credential" 2>/dev/null; then fail "the judge takes another key"; fi
refused() { # WHY KIND PUB FILE
	local got
	if got=$("$tool" check "$2" "$3" "$4"); then fail "ours takes $4"; fi
	[ "$got" = "$1" ] || fail "$4: $got, expected $1"
}
refused E_SIGNATURE firmware "$dir/device.pub" "$dir/foreign"
refused E_KEY credential "$dir/other.pub" "$dir/foreign"
judge sign credential "$dir/device.key" "$dir/unknown" -70007=x
refused E_CRITICAL credential "$dir/device.pub" "$dir/unknown"

# Every byte of ours, altered: the judge refuses each, as ours does.
python3 - "$dir" <<'PY' || fail "cannot make altered files"
import sys
d = sys.argv[1]
whole = open(d + "/credential", "rb").read()
for i in range(0, len(whole), 9):
    b = bytearray(whole)
    b[i] ^= 1
    open("%s/altered.%03d" % (d, i), "wb").write(b)
PY
n=0
for f in "$dir"/altered.*; do
	if judge verify credential "$dir/device.pub" "$f" >/dev/null 2>&1; then fail "the judge takes $f"; fi
	if "$tool" check credential "$dir/device.pub" "$f" >/dev/null; then fail "ours takes $f"; fi
	n=$((n + 1))
done
[ $n -ge 20 ] || fail "too few altered files: $n"
echo "credential and firmware signature agree; $n altered ones refused by both"
