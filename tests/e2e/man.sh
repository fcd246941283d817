#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The manual pages say what --help says: every command, every option of each
# command, every exit code, and the reverse.
set -euo pipefail
B=${B:-build/host}
DIR=$(mktemp -d)
trap 'rm -rf "$DIR"' EXIT
status=0

differs() { # WHAT: $DIR/help and $DIR/page should be the same
	diff "$DIR/help" "$DIR/page" >"$DIR/diff" && return
	echo "$1: --help (<) and the page (>) differ:"
	sed 's/^/  /' "$DIR/diff"
	status=1
}

# the rows of one section of --help, first words
section() { # TITLE
	awk -v title="$1:" '$0 == title { on = 1; next }
		/^[^ ]/ || /^$/ { on = 0 }
		on && /^  [^ ]/ { print }'
}

# what the page says of one command: from its ".Cm" to the next ".It Xo"
block() { # PAGE COMMAND
	awk -v cmd=".Cm $2" '$0 == ".It Xo" { on = 0 }
		$0 == cmd { on = 1 } /^\.Sh / { on = 0 } on { print }' "$1"
}

options() { sed -n 's/.*Fl -\([a-z-]*\).*/\1/p' | sort -u; }

for prog in signet signet-flasher; do
	page=man/$prog.1
	"$B/$prog" --help >"$DIR/top"
	section commands <"$DIR/top" | cut -c3-24 | sed 's/ *$//' |
		sort >"$DIR/help"
	# a long name's explanation may begin in the next line
	sed -n 's/^\.Cm \([a-z0-9 -]*\)$/\1/p' "$page" | grep -vx verify |
		sort >"$DIR/page"
	grep -vx verify "$DIR/help" >"$DIR/x" || true
	mv "$DIR/x" "$DIR/help"
	differs "$prog, commands"
	while read -r cmd; do
		# shellcheck disable=SC2086
		"$B/$prog" $cmd --help >"$DIR/cmd"
		section options <"$DIR/cmd" |
			sed -n 's/^  --\([a-z-]*\).*/\1/p' | sort -u >"$DIR/help"
		block "$page" "$cmd" | options >"$DIR/page"
		differs "$prog $cmd, options"
		section operands <"$DIR/cmd" | awk '{ print $1 }' |
			sort -u >"$DIR/help"
		block "$page" "$cmd" | sed -n 's/^\.It Ar //p' |
			sort -u >"$DIR/page"
		differs "$prog $cmd, operands"
	done < <(section commands <"$DIR/top" | cut -c3-24 | sed 's/ *$//')
	section 'options of every command' <"$DIR/top" |
		sed -n 's/^  --\([a-z-]*\).*/\1/p' | sort -u >"$DIR/help"
	sed -n '/^Options of every command/,/^\.Sh COMMANDS/p' "$page" |
		options >"$DIR/page"
	differs "$prog, options of every command"
	section 'exit codes' <"$DIR/top" | awk '{ print $1 }' >"$DIR/help"
	sed -n '/^\.Sh EXIT STATUS/,/^\.Sh EXAMPLES/s/^\.It \([0-9]*\)$/\1/p' \
		"$page" >"$DIR/page"
	differs "$prog, exit codes"
	if command -v mandoc >/dev/null; then
		mandoc -Tlint -W warning "$page" || status=1
	fi
done

# the keys of flasher.conf, as its own errors list them
keys() { # TEXT: what the complaint about a wrong key offers
	printf '%b' "$1" >"$DIR/flasher.conf"
	{ "$B/signet-flasher" --dir "$DIR" probes 2>&1 || true; } |
		sed -n 's/.*is no key.*(\(.*\)).*/\1/p' | tr -d ' ' | tr ',' '\n'
}
{
	keys 'x = 1\n'
	keys '[channel 0]\nx = 1\n'
} | sort >"$DIR/help"
sed -n '/^\.Ss flasher.conf/,/^\.Sh/s/^\.It Ic //p' man/signet-flasher.1 |
	sort >"$DIR/page"
[ -s "$DIR/help" ] || { echo "no keys of flasher.conf found"; status=1; }
differs "flasher.conf, keys"
[ "$status" = 0 ] && echo "the manual pages and --help agree"
exit "$status"
