# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# For script tests that interrupt a station at a phase of its job: by what it
# does, never by the clock.  Source it after tests/lib/line.sh.
#
#   hold_init                     once there are channels: their probes are
#                                 reached through tests/lib/hold_proxy.py
#   job_hold PATTERN ARGUMENT...  begins "signet-flasher ARGUMENT..." on it;
#                                 returns when it stands still behind the first
#                                 line of its output that matches.  JOB is the
#                                 process, its output in $DIR/out and $DIR/err.
#                                 Fails if it ends before.  HOLD_AFTER: so
#                                 many exchanges with the probe later.
#                                 JOB_UNDER: what runs the station
#   job_go                        lets it go on
#   job_end WHAT EXIT             waits for its end and demands the exit code

need python3
HOLD_AFTER=0
JOB_UNDER=()

hold_init() {
	local probe n=0 i
	for probe in $(sed -n 's/^probe = tcp://p' "$DIR/station/flasher.conf"); do
		python3 tests/lib/hold_proxy.py "$probe" "$DIR/hold.port$n" \
			"$DIR/hold" &
		PIDS+=("$!")
		for ((i = 0; i < 1200; i++)); do
			[ -f "$DIR/hold.port$n" ] && break
			sleep 0.05
		done
		sed -i "s/^probe = tcp:$probe\$/probe = tcp:$(cat "$DIR/hold.port$n")/" \
			"$DIR/station/flasher.conf"
		n=$((n + 1))
	done
}

job_hold() {
	local pattern=$1 i
	shift
	rm -f "$DIR/hold.met" "$DIR/hold.pid"
	: >"$DIR/out"
	printf '%s\n' "$DIR/out" "$pattern" "$HOLD_AFTER" >"$DIR/hold.new"
	mv "$DIR/hold.new" "$DIR/hold"
	# shellcheck disable=SC2016 # the shell is the station's
	"${JOB_UNDER[@]}" sh -c 'echo $$ >"$0"; exec "$@"' "$DIR/hold.pid" \
		"$B/signet-flasher" --dir "$DIR/station" "$@" >"$DIR/out" \
		2>"$DIR/err" </dev/null &
	JOB=$!
	PIDS+=("$JOB")
	for ((i = 0; i < 6000; i++)); do
		[ -f "$DIR/hold.met" ] && return
		kill -0 "$JOB" 2>/dev/null || break
		sleep 0.02
	done
	[ -f "$DIR/hold.met" ] && return
	rm -f "$DIR/hold"
	cat "$DIR/out" "$DIR/err" >&2
	fail "the job was not held at $pattern"
}

job_go() { kill -CONT "$(cat "$DIR/hold.pid")"; }

job_end() {
	local got=0
	wait "$JOB" || got=$?
	[ "$got" = "$2" ] && return
	cat "$DIR/out" "$DIR/err" >&2
	fail "$1: exit $got, not $2"
}

# missed_once: somebody on the dead server's port hangs up on one request, so
# that the station has met the outage before anything else happens
missed_once() {
	python3 - "${PORTS%%,*}" <<-'PY'
		import socket, sys
		s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
		s.settimeout(60)
		s.accept()
	PY
}
