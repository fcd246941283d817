# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# For script tests that build loaders; source it after tests/lib/vmcu.sh.

# loader_build KEYS.H DIR: those of all chips and lines
loader_build() {
	mkdir -p "$2"
	make -s loader CHIP= KEYS="$1" OUT="$2" >"$DIR/loader.log" 2>&1 ||
		fail "loader: $(tail -n 5 "$DIR/loader.log")"
}

# loader_dir DIR LINE [CHIP]: the folder of one of them
loader_dir() {
	local dir=$1/${3:-stm32l432}-$2
	[ -d "$dir" ] || dir=$1
	echo "$dir"
}
