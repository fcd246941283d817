/* SPDX-License-Identifier: MIT */
/*
 * bench_footprint - what the verification library costs on each core.
 *
 *	bench_footprint BUILD CPU PROBE HZ...
 *
 * weighs the linked bytes of a probe (tests/target/probe.c) by the linker's
 * maps PROBE.map and PROBE-parts.map, runs a check of a credential and one of
 * a firmware record with PROBE.elf, and prints one JSON object.  Signatures are
 *real and fresh; so the numbers move a little between runs.  Cycles are counted
 *instruction by instruction with the core's TRM, for memory without wait
 *states.
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
	strcpy(p->product, "thermo");
	must(firmware_info_encode(&fw, payload, sizeof(payload), &len), "fw");
	record_put(t, release, RECORD_FIRMWARE, payload, len);
	must(credential_encode(&cred, payload, sizeof(payload), &len), "cred");
	record_put(t, device, RECORD_CREDENTIAL, payload, len);
	crypto_key_free(device);
	crypto_key_free(release);
}

static json_t *measure(struct thumb *t, struct probe *p,
		       enum probe_request request, char **hz, int hz_count)
{
	struct thumb_run run = { .entry = thumb_entry(t),
				 .stack = THUMB_RAM + 0x8000,
				 .limit = 1ull << 32 };
	struct probe out;
	json_t *j, *seconds = json_object();

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
	for (int i = 0; i < hz_count; i++)
		json_object_set_new(
			seconds, hz[i],
			json_real((double)run.cycles / strtod(hz[i], NULL)));
	j = json_pack("{s:I, s:I, s:i, s:o}", "instructions",
		      (json_int_t)run.instructions, "cycles",
		      (json_int_t)run.cycles, "stack_bytes",
		      (int)run.stack_used, "seconds_at_hz", seconds);
	return j;
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
	return json_pack("{s:i, s:i, s:i, s:i, s:i, s:i}", "crypto",
			 (int)parts[CRYPTO], "verify", (int)parts[VERIFY],
			 "verify_and_crypto",
			 (int)(parts[CRYPTO] + parts[VERIFY]), "formats",
			 (int)parts[FORMATS], "libc", (int)parts[LIBC],
			 "delivered_with_crypto_and_libc",
			 (int)(all[CRYPTO] + all[VERIFY] + all[LIBC]));
}

int main(int argc, char **argv)
{
	enum thumb_cpu cpu;
	struct probe p = { 0 };
	char elf[512];
	struct thumb *t;
	json_t *j;

	if (argc < 5) {
		fprintf(stderr, "usage: bench_footprint NAME cm0|cm3|cm4 "
				"PROBE HZ...\n");
		return 2;
	}
	cpu = !strcmp(argv[2], "cm0")	? THUMB_M0
	      : !strcmp(argv[2], "cm3") ? THUMB_M3
					: THUMB_M4;
	snprintf(elf, sizeof(elf), "%s.elf", argv[3]);
	t = thumb_new(cpu, elf);
	device_make(t, &p);
	j = json_object();
	json_object_set_new(j, "build", json_string(argv[1]));
	json_object_set_new(j, "text_bytes", text_bytes(argv[3]));
	json_object_set_new(j, "check_credential",
			    measure(t, &p, PROBE_DEVICE, argv + 4, argc - 4));
	json_object_set_new(j, "check_firmware_16k",
			    measure(t, &p, PROBE_FIRMWARE, argv + 4, argc - 4));
	json_dumpf(j, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(j);
	thumb_free(t);
	return 0;
}
