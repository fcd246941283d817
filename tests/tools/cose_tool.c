/* SPDX-License-Identifier: MIT */
/*
 * Our side in tests/judge/cose.sh.
 *
 * cose_tool credential KEY OUT       a credential with fixed claims
 * cose_tool firmware KEY OUT         a firmware signature with fixed values
 * cose_tool check KIND PUB FILE      KIND = credential | firmware; says
 *                                    product and order or version, or E_*
 * cose_tool kid PUB                  the key number
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "authority/authority.h"
#include "base/hex.h"

static char *read_all(const char *path, size_t *out_len)
{
	FILE *f = fopen(path, "rb");
	char *buf = calloc(1, 65536);

	if (!f || !buf) {
		perror(path);
		exit(2);
	}
	*out_len = fread(buf, 1, 65535, f);
	fclose(f);
	return buf;
}

static int write_all(const char *path, const uint8_t *p, size_t len)
{
	FILE *f = fopen(path, "wb");

	if (!f || fwrite(p, 1, len, f) != len || fclose(f)) {
		perror(path);
		return E_IO;
	}
	return 0;
}

static struct crypto_key *load_key(const char *path)
{
	struct crypto_key *k = NULL;
	size_t len;
	char *pem = read_all(path, &len);

	if (crypto_key_import(pem, NULL, &k)) {
		fprintf(stderr, "%s: no key\n", path);
		exit(2);
	}
	free(pem);
	return k;
}

static void load_pub(const char *path, uint8_t pub[P256_PUB_LEN])
{
	enum crypto_key_type type;
	size_t len;
	char *pem = read_all(path, &len);

	if (crypto_pub_import(pem, &type, pub, P256_PUB_LEN, &len)) {
		fprintf(stderr, "%s: no public key\n", path);
		exit(2);
	}
	free(pem);
}

static int make_credential(const char *key, const char *path)
{
	const struct credential c = {
		.product = "pump",
		.order = "order-7",
		.serial = "SN \xc3\xbc 1",
		.grant = 0x0102030405060708,
		.issued = 1767225600,
		.uid = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 },
		.uid_len = 12,
		.family = FAMILY_STM32L4,
		.digest = { 0xd1 },
	};
	struct crypto_key *k = load_key(key);
	uint8_t buf[CREDENTIAL_MAX];
	size_t len;
	int err = authority_credential(k, &c, buf, &len);

	crypto_key_free(k);
	return err ? err : write_all(path, buf, len);
}

static int make_firmware(const char *key, const char *path)
{
	const struct firmware_info f = {
		.product = "pump",
		.version = "1.0",
		.rollback = 3,
		.segment_count = 2,
		.segments = { { 0x08000000, 2048 }, { 0x08001000, 100 } },
	};
	struct crypto_key *k = load_key(key);
	uint8_t payload[FIRMWARE_SIG_MAX], buf[FIRMWARE_SIG_MAX];
	size_t len;
	int err = firmware_info_encode(&f, payload, sizeof(payload), &len);

	if (!err)
		err = authority_sign1(k, LABEL_FIRMWARE, payload, len, buf,
				      sizeof(buf), &len);
	crypto_key_free(k);
	return err ? err : write_all(path, buf, len);
}

static int say_credential(const uint8_t *payload, size_t len)
{
	struct credential c;
	int err = credential_decode(payload, len, &c);

	if (!err)
		printf("%s %s %s\n", c.product, c.order, c.serial);
	return err;
}

static int say_firmware(const uint8_t *payload, size_t len)
{
	struct firmware_info f;
	int err = firmware_info_decode(payload, len, &f);

	if (!err)
		printf("%s %s\n", f.product, f.version);
	return err;
}

static int check(const char *kind, const char *pub_path, const char *path)
{
	int firmware = !strcmp(kind, "firmware");
	uint8_t pub[P256_PUB_LEN];
	const uint8_t *payload;
	size_t len, n;
	char *buf = read_all(path, &len);
	int err;

	load_pub(pub_path, pub);
	err = authority_check1(pub,
			       firmware ? LABEL_FIRMWARE : LABEL_CREDENTIAL,
			       (uint8_t *)buf, len, &payload, &n);
	if (!err)
		err = firmware ? say_firmware(payload, n)
			       : say_credential(payload, n);
	free(buf);
	return err;
}

static int print_kid(const char *pub_path)
{
	uint8_t pub[P256_PUB_LEN], id[KEY_ID_LEN];
	char hex[2 * KEY_ID_LEN + 1];
	int err;

	load_pub(pub_path, pub);
	err = crypto_key_id(pub, sizeof(pub), id);
	if (err)
		return err;
	hex_encode(id, sizeof(id), hex);
	puts(hex);
	return 0;
}

int main(int argc, char **argv)
{
	int err = E_ARG;

	if (argc == 4 && !strcmp(argv[1], "credential"))
		err = make_credential(argv[2], argv[3]);
	else if (argc == 4 && !strcmp(argv[1], "firmware"))
		err = make_firmware(argv[2], argv[3]);
	else if (argc == 5 && !strcmp(argv[1], "check"))
		err = check(argv[2], argv[3], argv[4]);
	else if (argc == 3 && !strcmp(argv[1], "kid"))
		err = print_kid(argv[2]);
	if (err)
		puts(error_name(err));
	return err != 0;
}
