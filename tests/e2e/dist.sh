#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# The two-file delivery of verify/ stands alone: it compiles as strict C99
# for the host and for Cortex-M0 and M4 with nothing else in sight, exports
# nothing but its two functions, and works.
set -euo pipefail
make -s verify-dist
src=$PWD/build/verify
bearssl=${BEARSSL_SRC:-build/deps/bearssl}
bearssl=$(cd "$bearssl" && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
fail() { echo "dist: $*" >&2; exit 1; }

mkdir "$tmp/alone"
cp "$src/signet_verify.h" "$src/signet_verify.c" "$tmp/alone/"
cd "$tmp/alone"
strict="-std=c99 -pedantic -Wall -Wextra -Werror -Wshadow -Wundef -ffreestanding"
m0="-mcpu=cortex-m0 -mthumb"
m4="-mcpu=cortex-m4 -mthumb -mfloat-abi=soft"
arm="arm-none-eabi-gcc --specs=picolibc.specs -Os"

gcc $strict -O2 -c signet_verify.c -o host.o
$arm $m0 $strict -c signet_verify.c -o m0.o
$arm $m4 $strict -c signet_verify.c -o m4.o
# the header alone, and twice
printf '#include "signet_verify.h"\n#include "signet_verify.h"\nint x;\n' >h.c
gcc $strict -c h.c -o h.o

for o in host.o m0.o m4.o; do
	exported=$(nm --defined-only -g "$o" | awk '{print $3}' | sort | xargs)
	[ "$exported" = "signet_verify_device signet_verify_firmware" ] ||
		fail "$o exports: $exported"
	# what it wants: memory functions of the C library, the compiler's own
	wanted=$(nm -u "$o" | awk '{print $2}' |
		grep -Evx 'mem(cpy|set|cmp|move)|strlen|strcmp|__aeabi_.*|__gnu_thumb1_case_.*|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_' || true)
	[ -z "$wanted" ] || fail "$o wants: $wanted"
	statics=$(size -A "$o" | awk '$1 ~ /^\.(bss|data)$/ {n += $2} END {print n + 0}')
	[ "$statics" -eq 0 ] || fail "$o has $statics bytes of static state"
done

# a program of two files that asks about an erased chip, and is refused
cat >main.c <<'TXT'
#include "signet_verify.h"

static void init(void *ctx) { (void)ctx; }
static void update(void *ctx, const void *p, size_t n)
{ (void)ctx; (void)p; (void)n; }
static void final(void *ctx, uint8_t out[32]) { (void)ctx; (void)out; }
static uint32_t yes(const uint8_t *pub, const uint8_t *hash,
		    const uint8_t *sig)
{ (void)pub; (void)hash; (void)sig; return VERDICT_YES; }

int main(void)
{
	static const uint8_t key[65] = { 4 }, uid[12] = { 1 }, digest[32];
	static uint8_t record[480];
	const struct signet_crypto env = { init, update, final, yes };
	const struct signet_policy policy = { "p", 3, key, key, 0 };
	struct signet_reason why;
	struct verdict v;
	unsigned i;

	for (i = 0; i < sizeof(record); i++)
		record[i] = 0xff;
	verdict_allow(&v);
	signet_verify_device(&env, &policy, uid, 12, record, sizeof(record),
			     digest, 0, &why, &v);
	return !verdict_ok(&v) && why.err == E_NOT_FOUND ? 0 : 1;
}
TXT
gcc -std=c99 -Wall -Werror -o main main.c signet_verify.c
./main || fail "an erased record was not refused"

# with the shipped adaptors, linked for the chips (entry: main)
cp "$src"/signet_verify_bearssl* .
sed -i 's/&env,/\&signet_bearssl,/; s/^	const struct signet_crypto env.*//;
	s/^#include "signet_verify.h"/#include "signet_verify_bearssl.h"/' main.c
sed -i '/^static void init/,/^$/d' main.c
include="-isystem $bearssl/inc -isystem $bearssl/src"
for pair in "m0 i15" "m0 m15" "m4 i31" "m4 m31"; do
	set -- $pair
	cpu=$1 a=$2
	$arm ${!cpu} -std=c99 -Wall -Wextra -Werror -ffreestanding \
		-fwhole-program $include \
		-c "signet_verify_bearssl_$a.c" -o "$a.o"
	exported=$(nm --defined-only -g "$a.o" | awk '{print $3}')
	[ "$exported" = signet_bearssl ] || fail "$a exports: $exported"
	$arm ${!cpu} -std=c99 -nostartfiles -Wl,-e,main -Wl,--gc-sections \
		-Wl,--defsym=__stack=0x20004000 \
		-o "$cpu-$a.elf" main.c "$cpu.o" "$a.o" 2>link.log ||
		{ cat link.log >&2; fail "$cpu with $a does not link"; }
done
# the adaptor for a library: its header is enough to compile it
gcc -std=c99 -Wall -Wextra -Werror $include -c signet_verify_bearssl.c \
	-o library.o
echo "dist: two files, C99, host, M0 and M4, four adaptors"
