# SPDX-License-Identifier: MIT
# The table that tests/target/microbit.c looks for: a linear congruence, whose
# product is made in halves because awk counts in doubles.
BEGIN {
	print ".section .table, \"a\"\n.global table\ntable:"
	v = 1
	for (i = 0; i < 4096; i++) {
		printf ".word 0x%08x\n", v
		low = v % 65536
		high = (v - low) / 65536
		v = low * 1664525 + (high * 1664525 % 65536) * 65536 + 1013904223
		v = v % 4294967296
	}
}
