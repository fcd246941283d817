#!/usr/bin/awk -f
# SPDX-License-Identifier: MIT
#
# stack.awk - the deepest the stack can get, from what GCC writes with
# -fcallgraph-info=su.  Fails on anything that has no bound: recursion, calls
# through pointers, frames of variable size, functions not known by size.
#
#	awk -v root=FUNCTION [-v without=FUNCTION] -f stack.awk FILE.ci
#
# Prints bytes and the path.  `known` functions of the C library have none of
# their own: hand-written assembler, looked at (memcpy, memmove, memset).

BEGIN {
	known["memcpy"] = known["memmove"] = 8
	known["memset"] = known["__aeabi_memcpy"] = 8
}

function short(name) {
	sub(/.*:/, "", name)
	return name
}

/^node:/ {
	split($0, q, "\"")
	name = q[2]
	label = q[4]
	if (match(label, /[0-9]+ bytes \(/)) {
		frame[name] = substr(label, RSTART) + 0
		if (label !~ /bytes \((static|dynamic,bounded)\)/)
			bad = bad " variable:" name
	}
	if (short(name) == root)
		start = name
}

/^edge:/ {
	split($0, q, "\"")
	calls[q[2]] = calls[q[2]] "\n" q[4]
}

function deepest(name,   n, i, list, best, d, own) {
	if (name in done)
		return done[name]
	if (short(name) == without)
		return 0
	if (name in busy) {
		bad = bad " recursion:" name
		return 0
	}
	if (name in frame)
		own = frame[name]
	else if (short(name) in known)
		own = known[short(name)]
	else
		bad = bad " unknown:" name
	busy[name] = 1
	n = split(substr(calls[name], 2), list, "\n")
	for (i = 1; i <= n; i++) {
		d = deepest(list[i])
		if (d > best) {
			best = d
			via[name] = list[i]
		}
	}
	delete busy[name]
	return done[name] = own + best
}

END {
	if (start == "") {
		print "stack.awk: no function " root >"/dev/stderr"
		exit 1
	}
	total = deepest(start)
	if (bad != "") {
		print "stack.awk: no bound:" bad >"/dev/stderr"
		exit 1
	}
	line = ""
	for (name = start; name != ""; name = via[name])
		line = line " " short(name) ":" frame[name]
	print total line
}
