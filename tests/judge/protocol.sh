#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The vectors of docs/protocol.md, recomputed by somebody who has only the page
# and the RFCs (ruby, ruby-cose, ruby's OpenSSL); altered pages are found out.
set -euo pipefail
ruby -e 'require "cose"; require "cbor"' 2>/dev/null || { echo "skipped: no ruby-cose"; exit 77; }
judge=$PWD/tests/judge/protocol.rb
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/docs"
cp docs/protocol.md "$dir/docs"
(cd "$dir" && ruby "$judge")
for change in 's/signet image v1/signet image v2/' 's/signet hpke content key v1/signet hpke content kez v1/' \
	's/signet handshake v1/signet handshake v0/' \
	's/^| `LINK_DATA` | 3 |/| `LINK_DATA` | 13 |/' '/^```vector message-2$/,/^```$/s/^9/8/' \
	'/^```vector chunks$/,/^```$/s/^./f/' '/^```vector credential$/,/^```$/s/6470756d70/6470756d71/'; do
	sed "$change" docs/protocol.md >"$dir/docs/protocol.md"
	if cmp -s docs/protocol.md "$dir/docs/protocol.md"; then
		echo "FAILED: '$change' changes nothing" >&2
		exit 1
	fi
	if (cd "$dir" && ruby "$judge") >/dev/null 2>&1; then
		echo "FAILED: the judge does not notice '$change'" >&2
		exit 1
	fi
done
