# SPDX-License-Identifier: MIT
#
# awk [-v least=1] -f seal/reroll.awk BEARSSL/src/FILE.c >FILE.c
#
# The loader has 8 kB.  BearSSL 0.6 writes eight rounds of SHA-256, the eight
# quarter rounds of ChaCha20, and the words of Poly1305 and of X25519's
# multiplication one after the other; this makes one step in a loop of each and
# leaves all else as it is.  least: bytes come before time (SHA-256 on the
# Cortex-M0, whose code is longer).  Fails when the source is not as expected.
# docs/architecture.md, "The loader's primitives", says why it must be.
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
FILENAME ~ /ctmul\.c/ && /^poly1305_inner\(/ { inner = 1 }
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

# X25519 in words of 13 bits: the same, twenty words; what is not needed of
# BearSSL's other way to multiply, for slow multipliers, and of squares, goes.
/^#if BR_SLOW_MUL15/ { slow = 1 }
slow { edits++; if (/^#else/) slow = 0; next }
/^#endif/ && mul20 == 2 { edits++; mul20 = 0; next }
/^mul20\(/ { mul20 = 1 }
mul20 == 1 && /^\tuint32_t t\[39\];/ {
	print "\tuint32_t cc = 0;"
	print "\tint i;"
	print ""
	print "\tfor (i = 0; i < 39; i ++) {"
	print "\t\tconst uint32_t *x = a + (i < 20 ? 0 : i - 19);"
	print "\t\tconst uint32_t *y = b + (i < 20 ? i : 19);"
	print "\t\tconst uint32_t *end = a + (i < 20 ? i : 19);"
	print ""
	print "\t\tdo"
	print "\t\t\tcc += MUL15(*x ++, *y --);"
	print "\t\twhile (x <= end);"
	print "\t\td[i] = cc & 0x1FFF;"
	print "\t\tcc >>= 13;"
	print "\t}"
	edits++
	next
}
mul20 == 1 && /^\t(t\[[ 0-9]*\] =|\t\+) MUL15\(/ { edits++; next }
mul20 == 1 && sub(/norm13\(d, t, 39\)/, "cc") { edits++; mul20 = 2 }
/^square20\(/ {
	print
	print "{"
	print "\tmul20(d, a, a);"
	print "}"
	edits++
	drop = 1
}
/^f255_mulgen\(/ { edits += sub(/, int square\)/, ")") }
/^#define f255_(mul|square)\(/ { edits += sub(/, [01]\)$/, ")") }
/^\tif \(square\) \{/ {
	print "\tmul20(t, a, b);"
	skip = 5
}
skip > 0 { skip--; edits++; next }
/^\tuint32_t t\[40\], cc, w;/ { print; print "\tint i;"; edits++; next }
/^\tMM[12]\( 0\);/ {
	sub(/ 0/, "i")
	print "\tfor (i = 0; i < 20; i ++)"
	print "\t" $0
	edits++
	next
}
/^\tMM[12]\(/ { edits++; next }

# Poly1305 in words of 13 bits: two of them are 26 bits of what comes, and the
# two halves of a product are summed in one loop.
FILENAME ~ /ctmul32/ && /^poly1305_inner\(/ { inner32 = 1 }
inner32 == 1 && /^\t\tv = br_dec16le\(buf\);/ {
	print "\t\tfor (u = 0; u < 5; u ++) {"
	print "\t\t\tz = br_dec32le(buf + 3 * u) >> 2 * u;"
	print "\t\t\ta[2 * u] += z & 0x1FFF;"
	print "\t\t\ta[2 * u + 1] += (z >> 13) & 0x1FFF;"
	print "\t\t}"
	print "\t\ta[9] += 0x00800;"
}
inner32 == 1 && /^\t\t(v|a\[.\]) [|>+]*= / { edits++; next }
inner32 == 1 && /^\t\tcc1 = 0;/ {
	print "\t\tcc2 = 0;"
	inner32 = 2
	edits++
}
inner32 == 2 && /^\t\t\tuint32_t s;/ {
	print
	print ""
	print "\t\t\tif ((u & 1) == 0)"
	print "\t\t\t\tPRIM_STEP();"
	edits++
	next
}
inner32 == 2 && /^\t\t\tb\[u\] = s & 0x1FFF;/ {
	inner32 = 3
	edits++
	next
}
inner32 == 3 && /^\t\t\ts = b\[u\] \+ cc2/ {
	edits += sub(/b\[u\]/, "(s \\& 0x1FFF)")
	inner32 = 4
}
inner32 == 3 && !/^\t\t\tcc1 = s >> 13;/ { edits++; next }
# ... its key into words, its words into the tag.
/^br_poly1305_ctmul32_run/ { run32 = 1 }
run32 && /^\tint i;/ {
	print "\tstatic const uint32_t clamp[] = {"
	print "\t\t0x03FFFFFF, 0x03FFFF03, 0x03FFC0FF, 0x03F03FFF, 0x000FFFFF"
	print "\t};"
	print "\tint i, j;"
	edits++
	next
}
run32 && /^\tz = br_dec32le\(pkey\)/ {
	print "\tfor (i = 0; i < 5; i ++) {"
	print "\t\tz = br_dec32le(pkey + 3 * i) >> 2 * i & clamp[i];"
	print "\t\tr[2 * i + 9] = z & 0x1FFF;"
	print "\t\tr[2 * i + 10] = z >> 13;"
	print "\t}"
}
run32 && /^\t(z = \(?br_dec32le|r\[)/ { edits++; next }
run32 && /^\tz = acc\[0\] \+ \(acc\[1\] << 13\)/ {
	print "\tz = 0;"
	print "\tfor (i = 0, j = 0; i < 8; i ++) {"
	print "\t\tz = (z >> 16) + br_dec16le(pkey + 16 + 2 * i);"
	print "\t\tfor (; j < 10 && 13 * j < 16 * (i + 1); j ++)"
	print "\t\t\tz += acc[j] << (13 * j - 16 * i);"
	print "\t\tbr_enc16le((unsigned char *)tag + 2 * i, z & 0xFFFF);"
	print "\t}"
	edits++
	next
}
run32 && /^\t(z = \(z >> 16\)|br_enc16le)/ { edits++; next }
/^\}/ { mul9 = square = 0; if (drop) { drop = 0; next } }
drop { next }
{ print }

END {
	want["sha2small"] = least ? 26 : 9
	want["chacha20_ct"] = 30
	want["poly1305_ctmul"] = 76
	want["poly1305_ctmul32"] = 73
	want["ec_c25519_m31"] = 85
	want["ec_c25519_m15"] = 688
	file = FILENAME
	sub(/.*\//, "", file)
	sub(/\.c$/, "", file)
	if (edits != want[file]) {
		printf "%s: %d places found, %d expected: not BearSSL 0.6?\n",
			FILENAME, edits, want[file] >"/dev/stderr"
		exit 1
	}
}
