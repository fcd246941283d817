# SPDX-License-Identifier: MIT
#
# awk [-v least=1] -f seal/reroll.awk BEARSSL/src/FILE.c >FILE.c
#
# The loader has 8 kB.  BearSSL 0.6 writes eight rounds of SHA-256, the eight
# quarter rounds of ChaCha20, and the words of Poly1305 and of X25519's
# multiplication one after the other; this makes one step in a loop of each and
# leaves all else as it is.  least: bytes come before time (Cortex-M0, whose
# code is longer).  Fails when the source is not as expected.
#
# PRIM_STEP() comes every few microseconds in what opens a frame: a loader looks
# after its flash there (seal/prim_bearssl_glue.h).  Where a double round and a
# block's end take a slow core longer, PRIM_STEP_OFTEN() comes in the middle.

# SHA-256, the least of it: a to h are v[1] to v[8], and move on in a loop, which
# takes half as long again.
least && /^\tuint32_t a, b, c, d, e, f, g, h;/ {
	print "\tint j;"
	print "\tuint32_t v[9];"
	edits++
	next
}
least && /^\ta = val\[0\];/ { print "\tmemcpy(v + 1, val, 32);" }
least && /^\t[a-h] = val\[[0-7]\];/ { edits++; next }
least && /^\t\tSHA2_STEP\(a, b, c, d, e, f, g, h, i \+ 0\);/ {
	print "\t\tuint32_t T1;"
	print ""
	print "\t\tT1 = v[8] + BSG2_1(v[5]) + CH(v[5], v[6], v[7]) + K[i] + w[i];"
	print "\t\tv[4] += T1;"
	print "\t\tv[0] = T1 + BSG2_0(v[1]) + MAJ(v[1], v[2], v[3]);"
	print "\t\tfor (j = 8; j > 0; j --) {"
	print "\t\t\tv[j] = v[j - 1];"
	print "\t\t}"
	edits++
	next
}
least && /^\tval\[0\] \+= a;/ {
	print "\tfor (i = 0; i < 8; i ++) {"
	print "\t\tval[i] += v[i + 1];"
	print "\t}"
}
least && /^\tval\[[0-7]\] \+= [a-h];/ { edits++; next }
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
	print "\t\t\tPRIM_STEP();"
	print "\t\t\tfor (u = 0; u < 8; u ++) {"
	print "\t\t\t\tif (u & 1)"
	print "\t\t\t\t\tPRIM_STEP_OFTEN();"
	print "\t\t\t\tsize_t x = u & 3, s = u >> 2;"
	print ""
	print "\t\t\t\tQROUND(x, 4 + ((x + s) & 3), 8 + ((x + 2 * s) & 3),"
	print "\t\t\t\t\t12 + ((x + 3 * s) & 3));"
	print "\t\t\t}"
	edits++
	next
}
/^\t\t\tQROUND\(/ { edits++; next }

# ... whose block stays in in[] as it is put in, to be added at the end in one
# loop; in the byte order of our cores, which is ChaCha20's.
FILENAME ~ /chacha/ {
	edits += sub(/uint32_t kw\[8\], ivw\[3\]/, "uint32_t in[16]")
	if (/memcpy\(&state|kw|ivw|tmp\[64\]|tmp\[48\]/) {
		edits++
		next
	}
	if (/^\t*for \(u = .*(< 3|< 8|< 12|< 16|< clen); .*\{/ && !/\t\t\tfor/)
		tail = !/clen/
	if (tail) {
		tail = !/\}/
		edits++
		next
	}
	if (/^\twhile/) {
		print "\tmemcpy(in, CW, sizeof CW);"
		print "\tmemcpy(in + 4, key, 32);"
		print "\tmemcpy(in + 13, iv, 12);"
	}
	if (/^\t\tstate\[12\] = cc/) {
		print "\t\tin[12] = cc;"
		print "\t\tmemcpy(state, in, sizeof in);"
		edits++
		next
	}
	edits += sub(/u = 0; u < 4;/, "u = 0; u < 16;")
	if (/^\t\t\tbuf\[u\] \^= /) {
		print "\t\t\tif (u % 8 == 0)"
		print "\t\t\t\tPRIM_STEP_OFTEN();"
	}
	edits += sub(/br_enc32le.*;/, "state[u] += in[u];")
	edits += sub(/tmp\[u\]/, "((unsigned char *)state)[u]")
}

# Poly1305: the words r0..r4 and 5 * r1..r4 become one table m, in which word i
# of a product begins at m[4 + i] and runs down.
/^poly1305_inner\(/ { inner = 1 }
inner && /^\tconst unsigned char \*buf;/ {
	print
	print "\tuint32_t m[9], a[5];"
	print "\tint i, j;"
	print ""
	print "\tfor (i = 0; i < 5; i ++) {"
	print "\t\tm[4 + i] = r[i];"
	print "\t\tif (i > 0)"
	print "\t\t\tm[i - 1] = r[i] * 5;"
	print "\t}"
	edits++
	next
}
inner && /^\tuint32_t [aru]/ { edits++; next }
inner && /^\t[aru][0-4] = / { edits++; next }
inner && /^\t\tuint64_t w0,/ { edits++; next }
inner && /^\t\tuint64_t c;/ { print "\t\tuint64_t c = 0;"; edits++; next }
inner && /^\t\ta[0-3] \+= \(?br_dec32le/ { edits++; next }
inner && /^\t\ta4 \+= \(br_dec32le/ {
	print "\t\tfor (i = 0; i < 5; i ++)"
	print "\t\t\ta[i] = acc[i] + ((br_dec32le(buf + 3 * i) >> 2 * i)"
	print "\t\t\t\t& 0x03FFFFFF);"
	print "\t\ta[4] += 0x01000000;"
	edits++
	next
}
inner && /^\t\tw[0-3] = M\(/ { edits++; next }
inner && /^\t\tw4 = M\(/ {
	print "\t\tfor (i = 0; i < 5; i ++) {"
	print "\t\t\tPRIM_STEP();"
	print "\t\t\tfor (j = 0; j < 5; j ++)"
	print "\t\t\t\tc += MUL31(a[j], m[4 + i - j]);"
	print "\t\t\tacc[i] = (uint32_t)c & 0x3FFFFFF;"
	print "\t\t\tc >>= 26;"
	print "\t\t}"
	edits++
	next
}
inner && /^\t\t(c = w|w[1-4] \+= c|a[0-4] = \(uint32_t\)w)/ { edits++; next }
inner && /^\t\ta[01] / { gsub(/a[01]/, "acc[&]"); gsub(/\[a/, "["); edits++ }
inner && /^\tacc\[[0-4]\] = a/ { edits++; next }
/^\}/ { inner = 0 }

# br_poly1305_ctmul_run(): its key into words, its words into the tag.
FILENAME ~ /poly1305/ && /^br_poly1305_ctmul_run/ {
	run = 1
}
run && /^\tint i;/ {
	print "\tstatic const uint32_t clamp[] = {"
	print "\t\t0x03FFFFFF, 0x03FFFF03, 0x03FFC0FF, 0x03F03FFF, 0x000FFFFF"
	print "\t};"
}
run && /^\tr\[0\] = / {
	print "\tfor (i = 0; i < 5; i ++) {"
	print "\t\tr[i] = br_dec32le(pkey + 3 * i) >> 2 * i & clamp[i];"
	print "\t}"
}
run && /^\tw = \(uint64_t\)acc/ {
	print "\tw = acc[0];"
	print "\tfor (i = 0; i < 4; i ++) {"
	print "\t\tw += MUL31(acc[i + 1], (uint32_t)1 << (26 - 6 * i));"
	print "\t\tw += br_dec32le(pkey + 16 + 4 * i);"
	print "\t\tbr_enc32le((unsigned char *)tag + 4 * i, (uint32_t)w);"
	print "\t\tw >>= 32;"
	print "\t}"
}
run && /^\tr\[.\] = |^\tw = \(|^\thi = |^\tbr_enc32le\(/ { edits++; next }
run && /^\tuint32_t r\[5\]/ { edits += sub(/, ctl, hi;|, hi;/, ";") }
# The number is p or more when 5 more make its bit 130: the carry of the sum
# that is made anyway.
run && /^\tctl = GT/ { skip = 4 }
run && /^\t\tuint32_t t;/ { skip = 2 }
run && /^\t\tt = \(acc\[i\] \+ cc\);/ {
	print "\t\tr[i] = acc[i] + cc;"
	print "\t\tcc = r[i] >> 26;"
	print "\t\tr[i] &= 0x03FFFFFF;"
	print "\t}"
	print "\tfor (i = 0; i < 5; i ++) {"
	print "\t\tacc[i] = MUX(cc, r[i], acc[i]);"
	skip = 4
}
run && skip > 0 { skip--; edits++; next }
# X25519: column i of a product of nine words is summed where its carry is
# propagated, and a square is a product.
/^mul9\(/ { mul9 = 1 }
/^f255_square\(/ { square = 1 }
square && /^\{/ {
	print
	print "\tf255_mul(d, a, a);"
	print "}"
	edits++
	drop = 1
}
mul9 && /^\tuint64_t t\[17\];/ { edits++; next }
mul9 && /^\tint i;/ { print; edits++; next }
mul9 && /^\t(t\[[ 0-9]*\] =|\t\+) MUL31\(/ { edits++; next }
mul9 && /^\t\tw = t\[i\] \+ cc;/ {
	print "\t\tconst uint32_t *x = a + (i < 9 ? 0 : i - 8);"
	print "\t\tconst uint32_t *y = b + (i < 9 ? i : 8);"
	print "\t\tconst uint32_t *end = a + (i < 9 ? i : 8);"
	print ""
	print "\t\tw = cc;"
	print "\t\tdo"
	print "\t\t\tw += MUL31(*x ++, *y --);"
	print "\t\twhile (x <= end);"
	edits++
	next
}

# The least of it: lengths are known, a multiplication by 121665 is one like any
# other, and the inverse of z2 is a power with all bits of its exponent set but
# two (255 products more, in 8,500).
least && /^f255_mul_a24\(/ { a24 = 1 }
a24 && /^\{/ {
	print
	print "\tstatic const uint32_t c[9] = { 121665 };"
	print ""
	print "\tf255_mul(d, a, c);"
	print "}"
	edits++
	drop = 1
}
least && /^api_mul\(/ { api = 1 }
api && /^\tif \(Glen != 32/ { skip = 3 }
api && /^\tmemset\(k \+ kblen/ { skip = 1 }
api && /^\tmemcpy\(k, kb, kblen\);/ { edits += sub(/kblen/, "32") }
api && /^\tmemcpy\(a, z2, sizeof z2\);/ {
	print "\tmemcpy(b, z2, sizeof z2);"
	print "\tfor (i = 253; i >= 0; i --) {"
	print "\t\tf255_square(b, b);"
	print "\t\tif (i != 2 && i != 4) {"
	print "\t\t\tf255_mul(b, z2, b);"
	print "\t\t}"
	print "\t}"
	power = 1
}
power && /^\tf255_mul\(x2, x2, b\);/ { power = 0 }
power || skip > 0 { skip--; edits++; next }
/^\}/ { api = a24 = mul9 = square = 0; if (drop) { drop = 0; next } }
drop { next }
{ print }

END {
	want = FILENAME ~ /sha2small/ ? (least ? 26 : 9) : FILENAME ~ /chacha20/ ? 30 : \
		FILENAME ~ /poly1305/ ? 76 : least ? 111 : 85
	if (edits != want) {
		printf "%s: %d places found, %d expected: not BearSSL 0.6?\n",
			FILENAME, edits, want >"/dev/stderr"
		exit 1
	}
}
