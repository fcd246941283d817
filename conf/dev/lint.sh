#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# ./dev lint - formatting, include table, static analysis, house rules.
set -euo pipefail
bash conf/dev/deps.sh lint
failed=0
step() { # NAME COMMAND...
	local name=$1
	shift
	printf '%-14s' "$name"
	if "$@" >"build/lint-$name.log" 2>&1; then
		echo ok
	else
		echo FAILED
		grep -vE 'warnings? (generated|treated)|^Suppressed|^Use -' "build/lint-$name.log" |
			head -n 40
		failed=1
	fi
}
mkdir -p build

format() { git ls-files '*.c' '*.h' | xargs clang-format --dry-run -Werror; }
includes() { bash conf/dev/includes.sh; }
house() {
	local bad=0 f
	# every source file names its licence in the first two lines
	for f in $(git ls-files '*.c' '*.h' '*.S' '*.sh' '*.mk' '*.ld' dev); do
		head -n 2 "$f" | grep -q 'SPDX-License-Identifier: MIT' ||
			{ echo "$f: no SPDX line"; bad=1; }
	done
	# banned calls: unbounded copies, shell-outs from the server
	if git grep -nE '\b(strcpy|strcat|sprintf|gets|alloca|setjmp)\(' -- '*.c' '*.h' ||
		git grep -nE '\b(system|popen)\(' -- '*.c' '*.h' ':!tests/tools'; then
		bad=1
	fi
	# guards follow the path
	for f in $(git ls-files '*.h'); do
		guard=$(tr '[:lower:]/.-' '[:upper:]___' <<<"$f")
		# those of others' trees, and what a program writes
		case $f in verify/* | */loader_keys.h) continue ;; esac
		grep -q "^#define $guard\$" "$f" || { echo "$f: guard is not $guard"; bad=1; }
	done
	return $bad
}
cpp() {
	cppcheck -q --std=c11 --error-exitcode=1 --inline-suppr -I. -D__GNUC__ \
		--enable=warning,portability --suppress=missingIncludeSystem \
		--suppress=comparePointers:loader/main.c --suppress=normalCheckLevelMaxBranches -j"$(nproc)" \
		$(git ls-files '*.c' | grep -v '^tests/target\|^examples/')
}
tidy_one() {
	clang-tidy --quiet --warnings-as-errors='*' --checks="$TIDY_CHECKS" "$@" \
		-- -I. -Ibuild/host/gen -I/usr/include -D_GNU_SOURCE -std=c11
}
export -f tidy_one
export TIDY_CHECKS='-*,bugprone-*,-bugprone-easily-swappable-parameters,-bugprone-assignment-in-if-condition,-bugprone-reserved-identifier,-bugprone-branch-clone,-bugprone-narrowing-conversions,-bugprone-implicit-widening-of-multiplication-result,clang-analyzer-*,-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling,-clang-analyzer-valist.Uninitialized,-clang-analyzer-optin.performance.Padding'
tidy() {
	git ls-files '*.c' | grep -vE '^(tests/(target|fuzz)|examples/|chip/(.*/)?(algo_|target)|loader/|verify/signet_verify_bearssl|seal/prim_bearssl)' |
		xargs -P "$(nproc)" -n 1 bash -c 'tidy_one "$@"' tidy
}
make -s -j"$(nproc)" programs >/dev/null 2>&1 || true
step includes includes
step house house
step format format
step cppcheck cpp
step clang-tidy tidy
exit $failed
