#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# docs/threat-model.md names tests; a name that leads nowhere is a promise that
# nobody keeps.  Scripts must be there and run, unit tests must be built.
set -euo pipefail
B=${B:-build/host}
page=docs/threat-model.md
status=0 count=0

while read -r t; do
	count=$((count + 1))
	case $t in
	*.sh) [ -x "$t" ] && continue ;;
	tests/sweep/*.c)
		[ -f "$t" ] && [ -x "$B/sweep_$(basename "$t" .c)" ] && continue ;;
	*.c) [ -f "$t" ] && [ -x "$B/$(basename "$t" .c)" ] && continue ;;
	esac
	echo "$page names $t, which is not there or does not run"
	status=1
done < <(grep -o '\(tests\|bench\)/[a-z0-9_/.-]*\.\(sh\|c\)' "$page" | sort -u)
[ "$count" -ge 10 ] || { echo "only $count tests are named"; status=1; }

# each of the fifteen attacks has its row, with a test or a reason in it
for n in $(seq 15); do
	row=$(grep -E "^\| A$n \|" "$page" || true)
	case $row in
	*tests/* | *planned* | *'the same |') ;;
	*) echo "A$n has no row, or nothing behind it"; status=1 ;;
	esac
done
for link in README.md docs/architecture.md SECURITY.md; do
	grep -q 'threat-model\.md' "$link" || { echo "$link has no link"; status=1; }
done
[ "$status" = 0 ] && echo "threat model: $count tests named, all there"
exit "$status"
