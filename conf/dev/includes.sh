#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Checks conf/includes.txt: which folder may include which (docs/architecture.md
# shows the same table).  Run by ./dev lint.
set -euo pipefail
bad=0
declare -A may
while read -r folder rest; do
	case $folder in '' | '#'*) continue ;; esac
	may[$folder]=" $folder $rest "
done <conf/includes.txt

while IFS=: read -r file line text; do
	from=${file%%/*}
	to=$(sed -n 's/.*#include "\([a-z]*\)\/.*/\1/p' <<<"$text")
	[ -n "$to" ] || continue
	case $from in tests | bench) continue ;; esac
	[ -d "$to" ] || continue # a folder of BearSSL's source, not ours
	if [ -z "${may[$from]:-}" ]; then
		echo "$file:$line: folder $from is not in conf/includes.txt"
		bad=1
	elif [[ ${may[$from]} != *" $to "* ]]; then
		echo "$file:$line: $from may not include $to"
		bad=1
	fi
done < <(git grep -nE '^#include "[a-z]+/' -- '*.c' '*.h' '*.S')

# freestanding code takes nothing from a hosted C library
while IFS=: read -r file line text; do
	echo "$file:$line: freestanding code includes ${text#*include }"
	bad=1
done < <(git grep -nE '^#include <' -- base wire verify/verify*.c verify/signet_verify.h |
	grep -vE '<(stdbool|stddef|stdint|string|limits)\.h>')
exit $bad
