/* SPDX-License-Identifier: MIT */
/*
 * bench_footprint - what the verification library costs on each core.
 *
 * Bytes: the linker's maps of a probe (tests/target/probe.c) tell what lies in
 * flash.  "verify" and "crypto" are that folder and its BearSSL adaptor,
 * "formats" is what they use of base/ and wire/, "delivered" is the delivered
 * file with its crypto and all of libc and libgcc that gets linked.
 *
 * Time: a check of a credential, and of a firmware record with an image of
 * 16 kB, are run under Unicorn, with fresh keys and real signatures.  Cycles
 * are counted instruction by instruction by the core's TRM (where that gives a
 * range, its upper end), for memory without wait states.
 *
 * Ends with 1 when a gate does not hold.  Figures go to
 * build/bench/footprint.json as well.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "authority/authority.h"
#include "base/hard.h"
#include "tests/lib/thumb.h"
#include "tests/target/probe.h"
#include "wire/record.h"

#define IMAGE_LEN 16384u
#define IMAGE_ADDRESS 0x08030000u

static void must(int err, const char *what)
{
	if (!err)
		return;
	fprintf(stderr, "bench_footprint: %s: %s\n", what, error_text(err));
	exit(1);
}

static void record_put(struct thumb *t, const struct crypto_key *key,
		       enum record_type type, const uint8_t *payload,
		       size_t len)
{
	uint8_t cose[FIRMWARE_SIG_MAX], record[RECORD_FIRMWARE_CAP];
	size_t cap = type == RECORD_FIRMWARE ? RECORD_FIRMWARE_CAP
					     : RECORD_CREDENTIAL_CAP;

	must(authority_sign1(key,
			     type == RECORD_FIRMWARE ? LABEL_FIRMWARE
						     : LABEL_CREDENTIAL,
			     payload, len, cose, sizeof(cose), &len),
	     "sign");
	memset(record, 0xff, sizeof(record));
	must(record_encode(type, cose, len, record, cap, &len), "record");
	thumb_write(t,
		    type == RECORD_FIRMWARE ? PROBE_FIRMWARE_RECORD
					    : PROBE_CREDENTIAL_RECORD,
		    record, cap);
}

static void key_new(struct crypto_key **key, uint8_t pub[P256_PUB_LEN])
{
	size_t len;

	must(crypto_key_generate(CRYPTO_P256, key), "key");
	must(crypto_key_public(*key, pub, P256_PUB_LEN, &len), "key");
}

/* Fresh keys, records signed with them, and an image of IMAGE_LEN bytes. */
static void device_make(struct thumb *t, struct probe *p)
{
	static uint8_t image[IMAGE_LEN];
	struct firmware_info fw = { .product = "thermo",
				    .version = "1.0.0",
				    .segment_count = 1,
				    .segments = {
					    { IMAGE_ADDRESS, IMAGE_LEN } } };
	struct credential cred = { .product = "thermo",
				   .order = "po-1001",
				   .serial = "T-000042",
				   .grant = 77,
				   .issued = 1790000000,
				   .family = FAMILY_STM32L4,
				   .uid_len = UID_MAX };
	struct crypto_key *device, *release;
	uint8_t payload[CREDENTIAL_MAX];
	size_t len;

	key_new(&device, p->device_pub);
	key_new(&release, p->release_pub);
	must(crypto_random(image, sizeof(image)), "random");
	must(crypto_random(cred.uid, sizeof(cred.uid)), "random");
	thumb_write(t, IMAGE_ADDRESS, image, sizeof(image));
	must(authority_image_digest(fw.segments, 1, image, fw.digest),
	     "digest");
	memcpy(cred.digest, fw.digest, DIGEST_LEN);
	memcpy(p->digest, fw.digest, DIGEST_LEN);
	memcpy(p->uid, cred.uid, UID_MAX);
	p->uid_len = UID_MAX;
	memcpy(p->product, "thermo", sizeof("thermo"));
	must(firmware_info_encode(&fw, payload, sizeof(payload), &len), "fw");
	record_put(t, release, RECORD_FIRMWARE, payload, len);
	must(credential_encode(&cred, payload, sizeof(payload), &len), "cred");
	record_put(t, device, RECORD_CREDENTIAL, payload, len);
	crypto_key_free(device);
	crypto_key_free(release);
}

static const struct build {
	const char *name; /* build/target/probe/NAME.elf */
	enum thumb_cpu cpu;
	unsigned mhz;
	/* gates: bytes of verify and crypto, seconds for a credential (both
	 * from the design), bytes delivered (as measured, against growth) */
	unsigned max_bytes, max_delivered;
	double max_seconds;
} builds[] = {
	{ "cm0-i15", THUMB_M0, 48, 7900, 10300, 2.5 },
	{ "cm0-m15", THUMB_M0, 48, 15500, 18100, 0.95 },
	{ "cm3-i31", THUMB_M3, 72, 7900, 10100, 1.0 },
	{ "cm3-m31", THUMB_M3, 72, 12000, 14200, 0.3 },
	{ "cm4-i31", THUMB_M4, 80, 7900, 10100, 1.0 },
	{ "cm4-m31", THUMB_M4, 80, 12000, 14200, 0.3 },
};

static json_t *measure(struct thumb *t, struct probe *p,
		       enum probe_request request, unsigned mhz)
{
	struct thumb_run run = { .entry = thumb_entry(t),
				 .stack = THUMB_RAM + 0x8000,
				 .limit = 1ull << 32 };
	struct probe out;

	p->request = request;
	thumb_write(t, PROBE_ADDRESS, p, sizeof(*p));
	thumb_call(t, &run);
	thumb_read(t, PROBE_ADDRESS, &out, sizeof(out));
	if (!run.returned || out.value != VERDICT_YES ||
	    out.check != ~VERDICT_YES) {
		fprintf(stderr, "bench_footprint: the check said no (%d)\n",
			(int)out.err);
		exit(1);
	}
	return json_pack("{s:I, s:I, s:f, s:i}", "instructions",
			 (json_int_t)run.instructions, "cycles",
			 (json_int_t)run.cycles, "seconds",
			 (double)run.cycles / (mhz * 1e6), "stack_bytes",
			 (int)run.stack_used);
}

enum part { CRYPTO, VERIFY, FORMATS, LIBC, PARTS };

/* One line of the map, ".text.x  0xADDRESS  0xSIZE  FILE", counts for the
 * part that FILE belongs to. */
static void map_line(const char *line, unsigned *sum)
{
	static const struct {
		const char *in_path;
		int part;
	} parts[] = {
		{ "tests/target/probe.o", -1 },
		{ "/verify/signet_verify_bearssl_", CRYPTO },
		{ "libverify.a(evidence.o", VERIFY },
		{ "libverify.a(object.o", VERIFY },
		{ "libverify.a(device.o", VERIFY },
		{ "libverify.a(firmware.o", VERIFY },
		{ "libverify.a(", FORMATS },
		{ "/signet_verify.o", VERIFY },
		{ "", LIBC },
	};
	unsigned long address, size;
	const char *at = strstr(line, "0x");
	char *end;

	if (!at)
		return;
	address = strtoul(at, &end, 16);
	size = strtoul(end, &end, 16);
	if (address < THUMB_FLASH || !size || !strstr(end, ".o"))
		return;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (!strstr(end, parts[i].in_path))
			continue;
		if (parts[i].part >= 0)
			sum[parts[i].part] += (unsigned)size;
		return;
	}
}

static void weigh(const char *probe, const char *suffix, unsigned sum[PARTS])
{
	char path[512], line[1024];
	bool placed = false;
	FILE *f;

	snprintf(path, sizeof(path), "%s%s", probe, suffix);
	f = fopen(path, "r");
	if (!f) {
		perror(path);
		exit(1);
	}
	memset(sum, 0, PARTS * sizeof(sum[0]));
	while (fgets(line, sizeof(line), f)) {
		if (strstr(line, "Linker script and memory map"))
			placed = true;
		if (strstr(line, ".debug_") || strstr(line, ".comment"))
			continue;
		if (placed)
			map_line(line, sum);
	}
	fclose(f);
}

static json_t *text_bytes(const char *probe)
{
	unsigned parts[PARTS], all[PARTS];

	weigh(probe, "-parts.map", parts);
	weigh(probe, ".map", all);
	return json_pack(
		"{s:i, s:i, s:i, s:i, s:i, s:i}", "crypto", (int)parts[CRYPTO],
		"verify", (int)parts[VERIFY], "verify_and_crypto",
		(int)(parts[CRYPTO] + parts[VERIFY]), "formats",
		(int)parts[FORMATS], "libc", (int)parts[LIBC], "delivered",
		(int)(all[CRYPTO] + all[VERIFY] + all[LIBC]));
}

static double number(const json_t *j, const char *object, const char *key)
{
	return json_number_value(
		json_object_get(json_object_get(j, object), key));
}

/* Returns false when a gate of b does not hold. */
static bool gates_hold(const struct build *b, const json_t *j)
{
	const struct {
		const char *what;
		double value, max;
	} gates[] = {
		{ "bytes of verify and crypto",
		  number(j, "text_bytes", "verify_and_crypto"), b->max_bytes },
		{ "bytes delivered", number(j, "text_bytes", "delivered"),
		  b->max_delivered },
		{ "seconds for a credential",
		  number(j, "check_credential", "seconds"), b->max_seconds },
	};
	bool ok = true;

	for (size_t i = 0; i < sizeof(gates) / sizeof(gates[0]); i++) {
		if (gates[i].value <= gates[i].max && gates[i].value > 0)
			continue;
		printf("%s: %s: %g, allowed are %g\n", b->name, gates[i].what,
		       gates[i].value, gates[i].max);
		ok = false;
	}
	return ok;
}

static json_t *build_measure(const struct build *b)
{
	struct probe p = { 0 };
	char probe[64], elf[80];
	struct thumb *t;
	json_t *j = json_object();

	snprintf(probe, sizeof(probe), "build/target/probe/%s", b->name);
	snprintf(elf, sizeof(elf), "%s.elf", probe);
	t = thumb_new(b->cpu, elf);
	device_make(t, &p);
	json_object_set_new(j, "build", json_string(b->name));
	json_object_set_new(j, "mhz", json_integer(b->mhz));
	json_object_set_new(j, "text_bytes", text_bytes(probe));
	json_object_set_new(j, "check_credential",
			    measure(t, &p, PROBE_DEVICE, b->mhz));
	json_object_set_new(j, "check_firmware_16k",
			    measure(t, &p, PROBE_FIRMWARE, b->mhz));
	thumb_free(t);
	return j;
}

static void row_print(const struct build *b, const json_t *j)
{
	printf("%-8s %7.0f %7.0f %8.0f %10.0f %4u %7.3f %7.3f %6.0f\n", b->name,
	       number(j, "text_bytes", "verify"),
	       number(j, "text_bytes", "crypto"),
	       number(j, "text_bytes", "verify_and_crypto"),
	       number(j, "text_bytes", "delivered"), b->mhz,
	       number(j, "check_credential", "seconds"),
	       number(j, "check_firmware_16k", "seconds"),
	       number(j, "check_firmware_16k", "stack_bytes"));
}

int main(void)
{
	json_t *list = json_array();
	bool ok = true;

	printf("         ---------- flash, bytes -----------        - seconds, "
	       "MHz as given -\n"
	       "build     verify  crypto  v + c     delivered  MHz  device "
	       "fw 16k  stack\n");
	for (size_t i = 0; i < sizeof(builds) / sizeof(builds[0]); i++) {
		json_t *j = build_measure(&builds[i]);

		row_print(&builds[i], j);
		ok = gates_hold(&builds[i], j) && ok;
		json_array_append_new(list, j);
	}
	if (json_dump_file(list, "build/bench/footprint.json",
			   JSON_INDENT(2))) {
		fprintf(stderr, "build/bench/footprint.json: cannot write\n");
		ok = false;
	}
	json_decref(list);
	puts(ok ? "all within their gates" : "NOT within the gates");
	return ok ? 0 : 1;
}
