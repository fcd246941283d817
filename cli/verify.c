/* SPDX-License-Identifier: MIT */
/*
 * `signet verify`: is this device genuine?  Offline, with nothing but public
 * keys, by the same library that runs in the device (verify/), on OpenSSL.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "authority/authority.h"
#include "base/hex.h"
#include "chip/chip.h"
#include "cli/adaptor.h"
#include "cli/cli.h"
#include "cli/local.h"
#include "keys/keyfile.h"
#include "verify/signet_verify.h"
#include "wire/cose.h"
#include "wire/name.h"
#include "wire/record.h"

#define DUMP_MAX (4u << 20)

struct verify_params {
	const char *credential, *flash, *key, *release_key;
	uint64_t at;
	SHAPE_BYTES_OF(UID_MAX) uid;
	char product[NAME_CAP];
	uint32_t rollback_min;
};

static const struct arg verify_args[] = {
	{ "CREDENTIAL", NULL, ARG_TEXT, ARG_OPERAND,
	  offsetof(struct verify_params, credential), 0, 0, 0,
	  "file with a credential, as `signet device credential` writes it" },
	{ "flash", "FILE", ARG_TEXT, 0, offsetof(struct verify_params, flash),
	  0, 0, 0, "instead: a dump of the device's whole flash" },
	{ "at", "ADDRESS", ARG_U64, 0, offsetof(struct verify_params, at), 0, 0,
	  UINT32_MAX,
	  "address of the dump's first byte (default: where the "
	  "chip's flash begins)" },
	{ "key", "FILE", ARG_TEXT, ARG_REQUIRED,
	  offsetof(struct verify_params, key), 0, 0, 0,
	  "the product's public device key (PEM), from `signet product "
	  "device-key`" },
	{ "release-key", "FILE", ARG_TEXT, 0,
	  offsetof(struct verify_params, release_key), 0, 0, 0,
	  "with --flash: check the firmware with this public key (PEM)" },
	{ "uid", "UID", ARG_UID, 0, offsetof(struct verify_params, uid), 0, 0,
	  0,
	  "the unique ID of the chip at hand; without it, only what the "
	  "credential says is shown" },
	{ "product", "P", ARG_NAME, 0, offsetof(struct verify_params, product),
	  0, 0, 0, "demand this product" },
	{ "rollback-min", "N", ARG_U32, 0,
	  offsetof(struct verify_params, rollback_min), 0, 0, 0,
	  "with --release-key: demand firmware of at least this anti-rollback "
	  "number" },
};

/* What is being judged; flash and credential point into file. */
struct evidence_file {
	uint8_t *file;
	size_t len;
	uint32_t base;
	const uint8_t *credential; /* COSE_Sign1 or record */
	size_t credential_len;
	const uint8_t *firmware; /* record, or NULL */
};

struct judgement {
	struct credential claims;
	struct firmware_info firmware;
	bool firmware_checked;
	bool uid_checked;
	const char *what; /* why not */
	int err;
};

/* verify/ reads memory by address and takes no argument for it: the dump that
 * is being judged. */
static const struct evidence_file *dump;

static void dump_read(uint32_t address, void *out, size_t len)
{
	uint64_t offset = (uint64_t)address - dump->base;

	memset(out, 0xff, len);
	if (address < dump->base || offset + len > dump->len)
		return; /* reads as erased; the signature will not fit */
	memcpy(out, dump->file + offset, len);
}

static int load_key(const char *path, uint8_t out[P256_PUB_LEN])
{
	char why[KEYFILE_WHY_CAP];
	enum crypto_key_type type = 0;
	size_t len = 0;
	int r = keyfile_load_public(path, &type, out, P256_PUB_LEN, &len, why);

	if (r == 0 && type == CRYPTO_P256 && len == P256_PUB_LEN)
		return 0;
	args_problem("key", "give the public key as PEM (P-256)", "%s",
		     r == 0 ? "the key is not a P-256 key" : why);
	return EXIT_LOCAL;
}

static int load_evidence(const struct verify_params *p, struct evidence_file *e)
{
	const char *path = p->flash ? p->flash : p->credential;
	char why[KEYFILE_WHY_CAP];
	size_t top;

	if (!p->flash == !p->credential) {
		args_problem("usage", "give one of them",
			     "either CREDENTIAL or --flash is needed");
		return EXIT_USAGE;
	}
	if (keyfile_read(path, DUMP_MAX, false, &e->file, &e->len, why) != 0) {
		args_problem("local-file", "check the path", "%s", why);
		return EXIT_LOCAL;
	}
	e->credential = e->file;
	e->credential_len = e->len;
	if (p->flash == NULL)
		return 0;
	if (e->len < RESERVED_LEN) {
		args_problem("local-file", "dump the whole flash",
			     "%s has %zu bytes; the device's records are in "
			     "the top %u",
			     path, e->len, (unsigned)RESERVED_LEN);
		return EXIT_LOCAL;
	}
	top = e->len - RESERVED_LEN;
	e->firmware = e->file + top + RECORD_FIRMWARE_OFFSET;
	e->credential = e->file + top + RECORD_CREDENTIAL_OFFSET;
	e->credential_len = RECORD_CREDENTIAL_CAP;
	return 0;
}

/* What the credential claims, before anything is believed. */
static int read_claims(const struct evidence_file *e, struct credential *out,
		       const char **what)
{
	const uint8_t *data = e->credential;
	size_t len = e->credential_len;
	struct cose_sign1 cose;
	int r = 0;

	if (e->firmware) {
		r = record_decode(RECORD_CREDENTIAL, e->credential,
				  e->credential_len, &data, &len);
		*what = r == E_NOT_FOUND
				? "there is no credential in the flash"
				: "the credential's place holds something else";
	}
	if (r == 0) {
		*what = "this is not a credential";
		r = cose_decode(data, len, &cose);
	}
	if (r == 0)
		r = credential_decode(cose.payload, cose.payload_len, out);
	return r;
}

/* Where the dump begins: as the person says, or where the flash of that chip
 * does.  A wrong guess cannot make anything genuine. */
static uint32_t dump_base(const struct verify_params *p,
			  const struct credential *claims)
{
	const struct chip *c = chip_find((enum family)claims->family);

	if (p->at != 0 || c == NULL)
		return (uint32_t)p->at;
	return c->flash_base;
}

/* The digest of what the flash holds where the firmware record says.  Nobody
 * vouches for that record here; but the credential's digest is signed, so the
 * two agree only if the bytes are those that the device was built with. */
static int flash_digest(const struct evidence_file *e, uint8_t out[DIGEST_LEN],
			const char **what)
{
	struct firmware_info fw;
	struct cose_sign1 cose;
	const uint8_t *data;
	uint8_t *plain = NULL;
	size_t len = 0, at = 0;
	int r = record_decode(RECORD_FIRMWARE, e->firmware, RECORD_FIRMWARE_CAP,
			      &data, &len);

	*what = "there is no firmware signature in the flash";
	if (r == 0)
		r = cose_decode(data, len, &cose);
	if (r == 0)
		r = firmware_info_decode(cose.payload, cose.payload_len, &fw);
	if (r != 0)
		return r;
	len = 0;
	for (size_t i = 0; i < fw.segment_count; i++)
		len += fw.segments[i].len;
	if (len == 0 || len > IMAGE_MAX) /* the decoder sees to it */
		return E_INTERNAL;
	plain = malloc(len);
	if (plain == NULL)
		return E_NOMEM;
	for (size_t i = 0; i < fw.segment_count; i++) {
		dump_read(fw.segments[i].address, plain + at,
			  fw.segments[i].len);
		at += fw.segments[i].len;
	}
	r = authority_image_digest(fw.segments, fw.segment_count, plain, out);
	free(plain);
	return r;
}

/* The firmware's part of a flash dump; digest is what the credential must
 * then say.  Returns the verdict. */
static bool judge_flash(const struct signet_policy *policy,
			const struct evidence_file *e,
			uint8_t digest[DIGEST_LEN], struct judgement *j)
{
	struct signet_reason why = { 0, NULL };
	struct verdict v;

	verdict_deny(&v);
	dump = e;
	if (policy->release_pub == NULL) {
		j->err = flash_digest(e, digest, &j->what);
		return j->err == 0;
	}
	signet_verify_firmware(adaptor_openssl(), policy, e->firmware,
			       RECORD_FIRMWARE_CAP, dump_read, &j->firmware,
			       &why, &v);
	j->what = why.what;
	j->err = why.err;
	if (!verdict_ok(&v) || !verdict_ok(&v))
		return false;
	j->firmware_checked = true;
	memcpy(digest, j->firmware.digest, DIGEST_LEN);
	return true;
}

/*
 * The device's own policy is compiled in; here it is what the person demands,
 * and for the rest what the credential itself says: those checks then compare
 * a claim with itself, and only signature, and what was demanded, count.
 */
static bool judge(const struct verify_params *p, struct evidence_file *e,
		  const uint8_t device_pub[65], const uint8_t *release_pub,
		  struct judgement *j)
{
	struct signet_reason why = { 0, NULL };
	uint8_t digest[DIGEST_LEN];
	struct credential claims;
	struct verdict v;

	verdict_deny(&v);
	j->err = read_claims(e, &claims, &j->what);
	if (j->err != 0)
		return false;
	e->base = dump_base(p, &claims);
	struct signet_policy policy = {
		.product = p->product[0] ? p->product : claims.product,
		.family = claims.family,
		.device_pub = device_pub,
		.release_pub = release_pub,
		.rollback_min = p->rollback_min,
	};

	memcpy(digest, claims.digest, DIGEST_LEN);
	if (e->firmware && !judge_flash(&policy, e, digest, j))
		return false;
	j->uid_checked = p->uid.len > 0;
	signet_verify_device(adaptor_openssl(), &policy,
			     j->uid_checked ? p->uid.data : claims.uid,
			     j->uid_checked ? p->uid.len : claims.uid_len,
			     e->credential, e->credential_len, digest,
			     &j->claims, &why, &v);
	j->what = why.what;
	j->err = why.err;
	return verdict_ok(&v) && verdict_ok(&v);
}

static void issued_text(uint64_t seconds, char out[32])
{
	time_t t = (time_t)seconds;
	struct tm tm;

	out[0] = '\0';
	if (gmtime_r(&t, &tm))
		strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static void print_json(const struct judgement *j, bool yes)
{
	const struct credential *c = &j->claims;
	char uid[2 * UID_MAX + 1], digest[HEX_DIGEST_CAP], issued[32];
	json_t *o;

	if (!yes) {
		o = json_pack("{s:b,s:s*,s:s}", "genuine", 0, "why", j->what,
			      "error", error_name(j->err));
	} else {
		const char *family = family_name(c->family);
		const char *proof = proof_name(c->proof);

		hex_encode(c->uid, c->uid_len, uid);
		hex_encode(c->digest, DIGEST_LEN, digest);
		issued_text(c->issued, issued);
		o = json_pack("{s:b,s:s,s:s,s:s,s:I,s:s,s:s*,s:s*,s:s,s:s,s:b,"
			      "s:b}",
			      "genuine", 1, "product", c->product, "order",
			      c->order, "serial", c->serial, "grant",
			      (json_int_t)c->grant, "uid", uid, "family",
			      family, "proof", proof, "issued", issued,
			      "digest", digest, "uid_checked", j->uid_checked,
			      "firmware_checked", j->firmware_checked);
	}
	local_print_json(o);
}

static void print_text(const struct judgement *j, bool yes, bool flash)
{
	const struct credential *c = &j->claims;
	char uid[2 * UID_MAX + 1], digest[HEX_DIGEST_CAP], issued[32];
	const char *family, *proof;

	if (!yes) {
		printf("NOT genuine: %s\n",
		       j->what ? j->what : "the check was disturbed");
		return;
	}
	family = family_name(c->family);
	proof = proof_name(c->proof);
	hex_encode(c->uid, c->uid_len, uid);
	hex_encode(c->digest, DIGEST_LEN, digest);
	issued_text(c->issued, issued);
	printf("genuine: the credential is by this device key\n"
	       "unique ID  %s (%s)%s\nproduct    %s\norder      %s\n",
	       uid, family ? family : "?",
	       j->uid_checked ? ", the chip at hand" : "", c->product,
	       c->order);
	if (c->serial[0])
		printf("serial     %s\n", c->serial);
	printf("grant      %llu\nissued     %s\nproof step %s\ndigest     "
	       "%s\n",
	       (unsigned long long)c->grant, issued, proof ? proof : "?",
	       digest);
	if (flash && !j->firmware_checked)
		printf("firmware   as the credential says, byte for byte\n");
	if (j->firmware_checked)
		printf("firmware   %s, rollback %u: as signed, byte for byte\n",
		       j->firmware.version, j->firmware.rollback);
	if (!j->uid_checked)
		printf("Compare the unique ID with the chip's own, or give "
		       "--uid: a copy has\nthe same credential in another "
		       "chip.\n");
}

static int verify_run(const struct command *self, void *globals, void *params)
{
	const struct verify_params *p = params;
	struct cli *cli = globals;
	struct evidence_file e = { .file = NULL };
	struct judgement j = { .err = 0 };
	uint8_t device_pub[P256_PUB_LEN], release_pub[P256_PUB_LEN];
	bool yes;
	int r;

	(void)self;
	r = load_evidence(p, &e);
	if (r == 0)
		r = load_key(p->key, device_pub);
	if (r == 0 && p->release_key && e.firmware == NULL) {
		args_problem("usage", "leave it away, or give a dump",
			     "--release-key goes with --flash");
		r = EXIT_USAGE;
	}
	if (r == 0 && p->rollback_min && p->release_key == NULL) {
		args_problem("usage",
			     "give --flash and --release-key as well: the "
			     "number is in the firmware's signature",
			     "--rollback-min goes with --release-key");
		r = EXIT_USAGE;
	}
	if (r == 0 && p->release_key)
		r = load_key(p->release_key, release_pub);
	if (r == 0) {
		yes = judge(p, &e, device_pub,
			    p->release_key ? release_pub : NULL, &j);
		if (cli->json)
			print_json(&j, yes);
		else
			print_text(&j, yes, e.firmware != NULL);
		r = yes ? EXIT_DONE : EXIT_REFUSED;
	}
	free(e.file);
	return r;
}

const struct command command_verify = {
	.object = "verify",
	.summary = "check a credential or a flash dump, without any server",
	.args = verify_args,
	.arg_count = ARRAY_LEN(verify_args),
	.params_size = sizeof(struct verify_params),
	.run = verify_run,
};
