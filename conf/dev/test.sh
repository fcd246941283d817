#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# ./dev test [PATTERN] - every test, or those whose name contains PATTERN.
#
# ./dev test sweep - the adversary's tests in full (conf/dev/sweep.sh).
#
# Unit tests and the fuzz corpora run twice, plain and under ASan and UBSan
# (but for SLOW_SANITIZED); the scripts in tests/e2e and tests/judge run on the
# plain build, and those named in tests/asan.list on the sanitized one as well.
# Those named in tests/long.list are begun first, so that none of them runs on
# alone in the end.  Each test's line says how long it took, and how much of
# a processor.  Logs stay in build/test.  The last line is "N passed, N failed[,
# N skipped]".
set -euo pipefail
pattern=${1:-}
bash conf/dev/deps.sh test
[ "$pattern" != sweep ] || exec bash conf/dev/sweep.sh

build() {
	local log=build/test/build-$1.log
	if ! make -s -j"$(nproc)" VARIANT="$1" tests fuzzers target \
		"build/$1/bench_grants" >"$log" 2>&1; then
		tail -n 40 "$log" >&2
		echo "dev test: the $1 build failed; the whole log is $log" >&2
		echo "0 passed, 1 failed"
		exit 1
	fi
}

mkdir -p build/test
rm -f build/test/*.log build/test/*.result
# minutes of machine code on models that others run sanitized
SLOW_SANITIZED='test_boot test_glitch test_loader test_loader_chips'
list() { # variant: lines "NAME COMMAND..."
	local b=build/$1 t
	for t in $(make -s VARIANT="$1" list-tests); do
		case $1:" $SLOW_SANITIZED " in
		asan:*" $t "*) ;;
		*) echo "$1/$t $b/$t" ;;
		esac
	done
	for t in $(make -s VARIANT="$1" list-fuzzers); do
		echo "$1/$t $b/$t tests/corpus/$t"
	done
	for t in tests/e2e/*.sh tests/judge/*.sh; do
		if [ "$1" = host ] || grep -qx "$t" tests/asan.list; then
			echo "$1/$(basename "$t" .sh) bash $t"
		fi
	done
}
long_first() {
	awk 'NR == FNR { rank[$1] = NR; next }
		{ print ($1 in rank) ? rank[$1] : NR + 1000, $0 }' \
		tests/long.list - | sort -n -s -k 1,1 | cut -d" " -f2-
}
{ list host; list asan; } | { grep -F -- "$pattern" || true; } | long_first \
	>build/test/list
if [ ! -s build/test/list ]; then
	echo "dev test: no test matches \"$pattern\"" >&2
	exit 2
fi

printf 'building (host) ... '
SECONDS=0
build host
printf '%d s\nbuilding (asan) ... ' "$SECONDS"
SECONDS=0
build asan
printf '%d s\n' "$SECONDS"

export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0
export UBSAN_OPTIONS=print_stacktrace=1

run_one() { # NAME COMMAND...
	local name=$1 log start status took cpu
	shift
	log=build/test/${name//\//-}
	start=$(date +%s%N)
	status=0
	B=build/${name%%/*} timeout -k 10 900 "$@" >"$log.log" 2>&1 </dev/null || status=$?
	took=$((($(date +%s%N) - start) / 1000000))
	# its own time, then that of what it ran: "0m1.234s 0m0.056s"; not into
	# a pipe, where it would be that of the pipe's end
	times >"$log.times"
	cpu=$(awk -F'[ ms]+' 'NR == 2 {
		printf "%d", ($1 * 60 + $2 + $3 * 60 + $4) * 1000 }' "$log.times")
	rm "$log.times"
	case $status in
	0) printf 'pass' >"$log.result"; printf 'ok    %-36s %6d ms %6d cpu\n' "$name" "$took" "$cpu" ;;
	77) printf 'skip' >"$log.result"; printf 'skip  %-36s %s\n' "$name" "$(tail -n 1 "$log.log")" ;;
	*) printf 'fail' >"$log.result"; printf 'FAIL  %-36s exit %d, see %s.log\n' "$name" "$status" "$log"
	   tail -n 15 "$log.log" | sed 's/^/      | /' ;;
	esac
}
export -f run_one

# many wait, for a server, a lease or a power cut: one more than processors
xargs -P "$(($(nproc) + 1))" -d '\n' -I{} bash -c 'run_one {}' <build/test/list

count() { { grep -lx "$1" build/test/*.result 2>/dev/null || true; } | wc -l; }
passed=$(count pass) failed=$(count fail) skipped=$(count skip)
if [ "$failed" -gt 0 ]; then
	echo
	echo "failed:"
	grep -lx fail build/test/*.result | sed 's,build/test/,  ,; s,\.result$,,'
fi
line="$passed passed, $failed failed"
[ "$skipped" -eq 0 ] || line="$line, $skipped skipped"
echo "$line"
[ "$failed" -eq 0 ]
