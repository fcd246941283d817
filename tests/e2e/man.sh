#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The manual pages say what --help says, for all four programs: every command,
# every option of each command, every exit code, and the reverse.  The pages of
# the two configuration files have every key, with the range and the default
# that the programs go by, and no other.
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
		$0 == cmd { on = 1 } /^\.S[hs] / { on = 0 } on { print }' "$1"
}

# a heading's text, to the next one
part() { # PAGE TITLE
	awk -v title=".Ss $2" '$0 == title { on = 1; next }
		/^\.S[hs] / { on = 0 } on' "$1"
}

exit_table() { # PAGE: the list and no more
	sed -n '/^\.Sh EXIT STATUS/,/^\.El/p' "$1" |
		sed -n '/^\.Bl/,/^\.El/p'
}

# the codes that a page says the program gives
gives() { # PAGE
	sed -n '/^\.Sh EXIT STATUS/,/^\.Pp/{/^gives/p}' "$1" |
		sed 's/:.*//' | grep -o '[0-9]'
}

long_options() { sed -n 's/^  --\([a-z-]*\).*/\1/p' | sort -u; }
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
	exit_table "$page" | sed -n 's/^\.It //p' >"$DIR/page"
	differs "$prog, exit codes"
done

# -- signetd: options under the heading of each command ----------------------
page=man/signetd.8
"$B/signetd" --help >"$DIR/top"
for cmd in init run; do
	# from "init makes ..." to the next empty line
	awk -v cmd="$cmd" '$1 == cmd { on = 1 } /^$/ { on = 0 } on' \
		"$DIR/top" | long_options >"$DIR/help"
	[ -s "$DIR/help" ] || { echo "signetd --help says nothing of $cmd"; status=1; }
	awk -v cmd=".Ss $cmd" '$0 == cmd { on = 1; next }
		/^\.S[hs] / { on = 0 } on && /^\.It Fl/' "$page" |
		options >"$DIR/page"
	differs "signetd $cmd, options"
	sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESC/p' "$page" |
		awk -v cmd=".Cm $cmd" '$0 == cmd { on = 1; next }
			/^\.(Nm|Sh)/ { on = 0 } on' | options >"$DIR/page"
	differs "signetd $cmd, options in the synopsis"
done
section 'exit codes' <"$DIR/top" | awk '{ print $1 }' >"$DIR/help"
gives "$page" >"$DIR/page"
differs "signetd, exit codes"

# -- signet-vmcu: options of run, commands of ctl ----------------------------
page=man/signet-vmcu.1
"$B/signet-vmcu" --help >"$DIR/top"
section 'options of run' <"$DIR/top" | long_options >"$DIR/help"
part "$page" 'Options of run' | sed -n '/^\.It Fl/p' | options >"$DIR/page"
[ -s "$DIR/help" ] || { echo "signet-vmcu --help has no options"; status=1; }
differs "signet-vmcu run, options"
section 'commands of ctl' <"$DIR/top" | awk '/^  [a-z]/ { print $1 }' |
	sort >"$DIR/help"
part "$page" 'Commands of ctl' | sed -n 's/^\.It Cm \([a-z]*\).*/\1/p' |
	sort >"$DIR/page"
differs "signet-vmcu ctl, commands"
section 'commands of ctl' <"$DIR/top" | grep -o -- '--[a-z-]*' | sed 's/--//' |
	sort -u >"$DIR/help"
part "$page" 'Commands of ctl' | sed -n '/^\.It Cm/p' | grep -o 'Fl -[a-z-]*' |
	sed 's/Fl -//' | sort -u >"$DIR/page"
differs "signet-vmcu ctl, options"
sed -n 's/^usage: signet-vmcu \([a-z]*\).*/\1/p; s/^ *signet-vmcu \([a-z]*\) .*/\1/p' \
	"$DIR/top" | sort >"$DIR/help"
sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESC/s/^\.Cm //p' "$page" | sort >"$DIR/page"
differs "signet-vmcu, commands"
tr '\n' ' ' <"$DIR/top" | grep -o 'Exit codes: [^.]*' | grep -o '[0-9]' >"$DIR/help"
gives "$page" >"$DIR/page"
differs "signet-vmcu, exit codes"

# -- one table of exit codes -------------------------------------------------
exit_table man/signet.1 >"$DIR/help"
[ "$(grep -c '^\.It' "$DIR/help")" -gt 5 ] || { echo "no exit codes"; status=1; }
for page in man/signet-flasher.1 man/signetd.8 man/signet-vmcu.1; do
	exit_table "$page" >"$DIR/page"
	differs "$page: the table of exit codes, against signet(1)"
done

for page in man/*.[1-8]; do
	if command -v mandoc >/dev/null; then
		mandoc -Tlint -W warning "$page" || status=1
	fi
done

# -- flasher.conf: keys and ranges, as its own errors have them --------------
complaint() { # TEXT OF flasher.conf
	printf '%b' "$1" >"$DIR/flasher.conf"
	{ "$B/signet-flasher" --dir "$DIR" probes 2>&1 || true; }
}
keys() { # TEXT: what the complaint about a wrong key offers
	complaint "$1" | sed -n 's/.*is no key.*(\(.*\)).*/\1/p' | tr -d ' ' |
		tr ',' '\n'
}
page=man/signet-flasher.conf.5
ranges() { # TITLE FIRST-LINES: "key least most" of every number
	keys "$2x = 1\n" | while read -r key; do
		complaint "$2$key = -\n" |
			sed -n "s/.*: $key = -: must be a number, \([0-9]*\) to \([0-9]*\)/$key \1 \2/p"
	done >"$DIR/help"
	part "$page" "$1" | awk '/^\.It Ic/ { key = $3 }
		{ for (i = 3; i <= NF; i++) if ($(i - 1) == "to" &&
			$(i - 2) ~ /^[0-9]+$/ && $i ~ /^[0-9]+[.;,]?$/) {
			most = $i; sub(/[.;,]$/, "", most)
			print key, $(i - 2), most } }' >"$DIR/page"
	[ -s "$DIR/help" ] || { echo "no ranges: $1"; status=1; }
	differs "flasher.conf, ranges, $1"
	keys "$2x = 1\n" >"$DIR/help"
	part "$page" "$1" | sed -n 's/^\.It Ic \([a-z-]*\) = .*/\1/p' \
		>"$DIR/page"
	[ -s "$DIR/help" ] || { echo "no keys: $1"; status=1; }
	differs "flasher.conf, keys, $1"
}
ranges 'Before the first channel' ''
ranges 'In a channel' '[channel 0]\n'

# -- docs/operator.md: what to do about each code that a station can show ------
# refusals, but those of the owner's side; and errors that have an advice
{
	sed -n '/^## Refusals/,/^## /s/^| `\([a-z-]*\)` .*/\1/p' docs/api.md |
		grep -vxE 'bad-request|exists|signature|too-large|no-such-operation|loader-chip'
	sed -n '/advices\[\]/,/^};/s/^\t{ \(E_[A-Z_]*\),.*/\1/p' \
		flasher/result.c
} | sort >"$DIR/help"
[ "$(wc -l <"$DIR/help")" -gt 40 ] || { echo "too few codes found"; status=1; }
sed -n '/^| code | do |/,/^$/s/^| \([^|]*\)|.*/\1/p' docs/operator.md |
	grep -oE '[a-z]+(-[a-z0-9]+)*|E_[A-Z_]+' |
	grep -vxE 'code|in|link|to|commit|E_CRYPTO' |
	{ cat; echo link; } | sort >"$DIR/page"
differs "docs/operator.md, codes"

# -- signetd.conf: keys and defaults, as init writes them --------------------
(umask 077 && echo test >"$DIR/pass")
"$B/signetd" init --dir "$DIR/server" --passphrase-file "$DIR/pass" >/dev/null
awk '/^\[/ { section = $0; next }
	/^[a-z]/ { sub(/ *$/, ""); print section, $0 }' \
	"$DIR/server/signetd.conf" >"$DIR/help"
[ "$(wc -l <"$DIR/help")" -gt 10 ] || { echo "no keys of signetd.conf"; status=1; }
awk '/^\.Ss / { section = $2 }
	/^\.It Ic/ { if (key) print section_of, key " = " value
		key = $3; value = ""; section_of = section; next }
	/^Default:/ { value = $0; sub(/^Default: */, "", value)
		sub(/ *\(.*/, "", value); sub(/\.$/, "", value); quoted = value == ""; next }
	quoted { value = $0; sub(/^\.Ql /, "", value); sub(/ \.$/, "", value)
		quoted = 0 }
	END { print section_of, key " = " value }' man/signetd.conf.5 |
	sed 's/ *$//' >"$DIR/page"
differs "signetd.conf, keys and defaults"
[ "$status" = 0 ] && echo "the manual pages and --help agree"
exit "$status"
