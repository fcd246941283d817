#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# deps.sh - installs the Debian packages of conf/packages.txt and gets the
# source of BearSSL.  Does nothing, quickly and without network, when all of
# it is there.
set -euo pipefail
cd "$(dirname "$0")/../.."

usage() {
	cat <<-'TXT'
	usage: ./dev deps [demo|test|lint|all]

	  Installs missing Debian packages (needs root or sudo) and puts the
	  source of BearSSL into build/deps/bearssl.
	    demo   what building and ./dev demo need
	    test   the same, and what ./dev test needs
	    lint   the same as demo, and what ./dev lint and ./dev fuzz need
	    all    everything (default)

	  BEARSSL_SRC=DIR  use this BearSSL source instead of Debian's
	TXT
}

say() { printf 'deps: %s\n' "$*"; }
die() { printf 'deps: %s\n' "$*" >&2; exit 1; }

case "${1:-all}" in
demo) sections="demo" ;;
test) sections="demo test" ;;
lint) sections="demo lint" ;;
all) sections="demo test lint" ;;
-h | --help) usage; exit 0 ;;
*) usage >&2; exit 2 ;;
esac

# -- packages ---------------------------------------------------------------

wanted_packages() {
	awk -v want=" $sections " '
	{ sub(/#.*/, ""); gsub(/[ \t]/, "") }
	/^\[/ { gsub(/[][]/, ""); on = index(want, " " $0 " "); next }
	on && $0 != ""' conf/packages.txt
}

# Prints the wanted packages that are not installed.
missing_packages() {
	local wanted
	mapfile -t wanted < <(wanted_packages)
	dpkg-query -W -f '${Package} ${db:Status-Status}\n' "${wanted[@]}" \
		2>/dev/null |
	awk -v wanted="${wanted[*]}" '
	$2 == "installed" { have[$1] = 1 }
	END {
		n = split(wanted, w, " ")
		for (i = 1; i <= n; i++)
			if (!(w[i] in have))
				print w[i]
	}' || true
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		env DEBIAN_FRONTEND=noninteractive "$@"
	elif command -v sudo >/dev/null; then
		sudo env DEBIAN_FRONTEND=noninteractive "$@"
	else
		die "neither root nor sudo is here; as root, run:
    apt-get install --no-install-recommends ${missing[*]}"
	fi
}

install_packages() {
	mapfile -t missing < <(missing_packages)
	[ "${#missing[@]}" -gt 0 ] || return 0
	command -v apt-get >/dev/null ||
		die "this is not Debian (no apt-get); install the equivalents of:
    ${missing[*]}"
	say "installing ${missing[*]}"
	as_root apt-get -q update ||
		say "apt-get update failed; trying with the lists at hand"
	as_root apt-get -q -y install --no-install-recommends \
		"${missing[@]}" ||
		die "apt-get could not install all packages (see above); the
    network or the package sources in /etc/apt may be the cause"
	mapfile -t missing < <(missing_packages)
	[ "${#missing[@]}" -eq 0 ] || die "still missing: ${missing[*]}"
}

# -- BearSSL ----------------------------------------------------------------

bearssl_ok() {
	[ -f "$1/inc/bearssl.h" ] && [ -f "$1/src/ec/ec_p256_m15.c" ]
}

# Writes DIR/signet.list and DIR/signet.sources: the machine's own package
# sources, asked for source packages.  Both formats of sources.list(5).
derive_sources() {
	local dir=$1 f
	: >"$dir/signet.list"
	: >"$dir/signet.sources"
	for f in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
		[ -r "$f" ] || continue
		sed -n 's/^[[:space:]]*deb\([[:space:]]\)/deb-src\1/p' "$f" \
			>>"$dir/signet.list"
	done
	for f in /etc/apt/sources.list.d/*.sources; do
		[ -r "$f" ] || continue
		{
			sed 's/^[Tt]ypes:.*/Types: deb-src/' "$f"
			echo
		} >>"$dir/signet.sources"
	done
}

# Everything of apt that would be written lies in the temporary folder.
apt_private() {
	apt-get -q \
		-o Dir::Etc::sourcelist=/dev/null \
		-o Dir::Etc::sourceparts="$tmp/parts" \
		-o Dir::State::lists="$tmp/lists" \
		-o Dir::Cache="$tmp/cache" \
		-o APT::Get::List-Cleanup=0 "$@"
}

fetch_bearssl() {
	local dest=build/deps/bearssl dsc
	if [ -n "${BEARSSL_SRC:-}" ]; then
		bearssl_ok "$BEARSSL_SRC" ||
			die "BEARSSL_SRC=$BEARSSL_SRC holds no BearSSL source"
		return 0
	fi
	if bearssl_ok "$dest"; then
		return 0
	fi
	say "getting BearSSL's source package"
	tmp=$(mktemp -d)
	trap 'rm -rf "$tmp"' EXIT
	chmod 755 "$tmp" # apt downloads as its own user
	mkdir -p "$tmp/parts" "$tmp/lists/partial" "$tmp/cache" "$tmp/get"
	if [ "$(id -u)" -eq 0 ] && id _apt >/dev/null 2>&1; then
		chown _apt "$tmp/get" "$tmp/lists/partial"
	fi
	derive_sources "$tmp/parts"
	apt_private update >"$tmp/update.log" 2>&1 || cat "$tmp/update.log" >&2
	# apt compares the files with the hashes of the signed index
	(cd "$tmp/get" && apt_private source --download-only bearssl) \
		>"$tmp/source.log" 2>&1 || {
		cat "$tmp/update.log" "$tmp/source.log" >&2
		die "could not download the source package \"bearssl\".  Check the
    network and /etc/apt, or unpack BearSSL 0.6 yourself and set BEARSSL_SRC"
	}
	dsc=$(echo "$tmp"/get/bearssl_*.dsc)
	[ -f "$dsc" ] || die "the source package has no .dsc file"
	dpkg-source -x "$dsc" "$tmp/bearssl" >"$tmp/unpack.log" 2>&1 ||
		{ cat "$tmp/unpack.log" >&2; die "unpacking BearSSL failed"; }
	bearssl_ok "$tmp/bearssl" || die "the package holds no BearSSL source"
	mkdir -p build/deps
	rm -rf "$dest.new" "$dest"
	cp -r "$tmp/bearssl" "$dest.new"
	mv "$dest.new" "$dest"
	say "BearSSL is in $dest ($(basename "$dsc" .dsc))"
}

install_packages
fetch_bearssl
