# SPDX-License-Identifier: MIT
#
# awk -f seal/reroll.awk BEARSSL/src/FILE.c >FILE.c
#
# The loader has 8 kB.  BearSSL 0.6 writes eight rounds of SHA-256, and the
# eight quarter rounds of ChaCha20, one after the other; this makes one round
# in a loop of each and leaves all else as it is.  Fails when the source is not
# as expected.

# SHA-256: what moves on from step to step are the names a to h.
/for \(i = 0; i < 64; i \+= 8\) \{/ {
	sub(/i \+= 8/, "i ++")
	edits++
}
/^\t\tSHA2_STEP\(.*, i \+ [1-7]\);/ { edits++; next }
/^\t\tSHA2_STEP\(a, b, c, d, e, f, g, h, i \+ 0\);/ {
	print
	print "\t\t{"
	print "\t\t\tuint32_t next = h;"
	print ""
	print "\t\t\th = g; g = f; f = e; e = d;"
	print "\t\t\td = c; c = b; b = a; a = next;"
	print "\t\t}"
	edits++
	next
}

# ChaCha20: four columns, then four diagonals, which begin 0, 1, 2, 3 further.
/^\t\t\tQROUND\( 0,  4,  8, 12\);/ {
	print "\t\t\tfor (u = 0; u < 8; u ++) {"
	print "\t\t\t\tsize_t x = u & 3, s = u >> 2;"
	print ""
	print "\t\t\t\tQROUND(x, 4 + ((x + s) & 3), 8 + ((x + 2 * s) & 3),"
	print "\t\t\t\t\t12 + ((x + 3 * s) & 3));"
	print "\t\t\t}"
	edits++
	next
}
/^\t\t\tQROUND\(/ { edits++; next }
{ print }

END {
	want = FILENAME ~ /sha2small/ ? 9 : 8
	if (edits != want) {
		printf "%s: %d places found, %d expected: not BearSSL 0.6?\n",
			FILENAME, edits, want >"/dev/stderr"
		exit 1
	}
}
