/* SPDX-License-Identifier: MIT */
#include "server/signer_local.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "authority/authority.h"
#include "base/ct.h"
#include "chip/chip.h"
#include "server/signer_local_int.h"
#include "server/x509.h"
#include "wire/name.h"

#define CA_MAX 4096
#define ISSUED_SLACK (24 * 3600) /* seconds around our own clock */
#define UNITS_MAX (UINT64_C(1) << 53)

static void path_make(const char *dir, const char *name, const char *end,
		      char out[PATH_CAP])
{
	snprintf(out, PATH_CAP, "%.447s/%.40s%s", dir, name, end);
}

/* ---- product keys ------------------------------------------------------ */

static int product_keep(struct signer_local *s, const char *name,
			struct crypto_key *key, struct product_key **out)
{
	struct product_key *p = calloc(1, sizeof(*p));

	if (!p)
		return E_NOMEM;
	memcpy(p->name, name, strlen(name) + 1);
	p->key = key;
	p->next = s->products;
	s->products = p;
	*out = p;
	return 0;
}

/* E_NOT_FOUND when the product has no key. */
static int product_find(struct signer_local *s, const char *name,
			struct product_key **out)
{
	char file[NAME_CAP + 16], path[PATH_CAP], why[KEYFILE_WHY_CAP];
	struct crypto_key *key;
	int err;

	if (!name_valid(name))
		return E_ARG;
	for (struct product_key *p = s->products; p; p = p->next) {
		if (!strcmp(p->name, name)) {
			*out = p;
			return 0;
		}
	}
	snprintf(file, sizeof(file), "device-%s", name);
	path_make(s->dir, file, ".pem", path);
	err = keyfile_load(path, s->pass, &key, why);
	if (err)
		return err;
	if (crypto_key_type(key) != CRYPTO_P256)
		err = E_KEY;
	else
		err = product_keep(s, name, key, out);
	if (err)
		crypto_key_free(key);
	return err;
}

static int product_make(struct signer_local *s, const char *name,
			struct product_key **out)
{
	char file[NAME_CAP + 16], path[PATH_CAP], why[KEYFILE_WHY_CAP];
	struct crypto_key *key;
	int err = crypto_key_generate(CRYPTO_P256, &key);

	if (err)
		return err;
	snprintf(file, sizeof(file), "device-%s", name);
	path_make(s->dir, file, ".pem", path);
	err = keyfile_save(path, key, s->pass, false, why);
	if (!err)
		err = product_keep(s, name, key, out);
	if (err)
		crypto_key_free(key);
	return err;
}

static int local_product_key(void *self, const char *product,
			     uint8_t out_pub[P256_PUB_LEN])
{
	struct signer_local *s = self;
	struct product_key *p;
	size_t len;
	int err = product_find(s, product, &p);

	if (err == E_NOT_FOUND)
		err = product_make(s, product, &p);
	if (err)
		return err;
	return crypto_key_public(p->key, out_pub, P256_PUB_LEN, &len);
}

/* ---- credentials ------------------------------------------------------- */

static bool serial_ok(const char *s)
{
	size_t len = strnlen(s, SERIAL_CAP);

	for (size_t i = 0; i < len; i++)
		if (s[i] < 0x20 || s[i] > 0x7e)
			return false;
	return len < SERIAL_CAP;
}

/* A chip for demonstrations is called so, and no other is. */
static bool proof_ok(const struct credential *c)
{
	const struct chip *chip = chip_find((enum family)c->family);

	if (chip == NULL)
		return false;
	return chip->demonstration ? c->proof == PROOF_DEMO
				   : c->proof <= PROOF_STAGE0;
}

/* The ledger decided; this makes sure that what is signed is a credential
 * that the ledger can have decided on, and nothing else. */
static int claims_check(const struct credential *c)
{
	static const uint8_t zero[DIGEST_LEN];
	char why[CHIP_WHY_CAP];
	uint64_t now = (uint64_t)time(NULL);

	if (!name_valid(c->product) || !name_valid(c->order) ||
	    !serial_ok(c->serial))
		return E_ARG;
	if (!c->grant || c->grant > UNITS_MAX || c->uid_len > UID_MAX ||
	    !proof_ok(c))
		return E_RANGE;
	if (c->issued + ISSUED_SLACK < now || c->issued > now + ISSUED_SLACK)
		return E_RANGE;
	if (!memcmp(c->digest, zero, sizeof(zero)))
		return E_ARG;
	return chip_check_uid((enum family)c->family, c->uid, c->uid_len, why);
}

static int local_credentials(void *self, struct signer_credential *items,
			     size_t n)
{
	struct signer_local *s = self;
	struct product_key *p;
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		err = claims_check(&items[i].claims);
		if (!err)
			err = product_find(s, items[i].claims.product, &p);
		if (!err)
			err = authority_credential(p->key, &items[i].claims,
						   items[i].out,
						   &items[i].out_len);
	}
	return err;
}

/* ---- certificates ------------------------------------------------------ */

static int local_station_cert(void *self, const char *flasher,
			      const uint8_t *csr, size_t len, uint8_t **out,
			      size_t *out_len)
{
	struct signer_local *s = self;

	if (!name_valid(flasher))
		return E_ARG;
	return x509_sign_station(s->ca_key, s->ca, s->ca_len, flasher, csr, len,
				 out, out_len);
}

static int local_server_cert(void *self, const char *names, const uint8_t *csr,
			     size_t len, uint8_t **out, size_t *out_len)
{
	struct signer_local *s = self;

	return x509_sign_server(s->ca_key, s->ca, s->ca_len, names, csr, len,
				out, out_len);
}

static int local_public_keys(void *self, uint8_t **out_ca, size_t *out_ca_len,
			     uint8_t out_hpke[X25519_LEN])
{
	struct signer_local *s = self;
	uint8_t *ca = malloc(s->ca_len);

	if (!ca)
		return E_NOMEM;
	memcpy(ca, s->ca, s->ca_len);
	*out_ca = ca;
	*out_ca_len = s->ca_len;
	memcpy(out_hpke, s->hpke_pub, X25519_LEN);
	return 0;
}

/* ---- opening ----------------------------------------------------------- */

static int save_ca(const char *dir, const char *pass, const char *ca_name,
		   char *why)
{
	char path[PATH_CAP], *pem = NULL;
	struct crypto_key *key = NULL;
	uint8_t *ca = NULL;
	size_t len = 0;
	int err;

	err = crypto_key_generate(CRYPTO_P256, &key);
	if (!err)
		err = x509_ca_make(key, ca_name, &ca, &len);
	if (!err)
		err = x509_to_pem(ca, len, &pem);
	if (err) {
		snprintf(why, SIGNER_WHY_CAP, "cannot make the CA: %s",
			 error_text(err));
		goto out;
	}
	path_make(dir, "ca", ".pem", path);
	err = keyfile_save(path, key, pass, false, why);
	path_make(dir, "ca", ".crt", path);
	if (!err)
		err = keyfile_write(path, pem, strlen(pem), 0644, false, why);
out:
	crypto_key_free(key);
	free(pem);
	free(ca);
	return err;
}

static int save_x25519(const char *dir, const char *pass, const char *name,
		       char *why)
{
	struct crypto_key *key = NULL;
	char path[PATH_CAP];
	int err = crypto_key_generate(CRYPTO_X25519, &key);

	if (err) {
		snprintf(why, SIGNER_WHY_CAP, "%s", error_text(err));
		return err;
	}
	path_make(dir, name, ".pem", path);
	err = keyfile_save(path, key, pass, false, why);
	crypto_key_free(key);
	return err;
}

int signer_local_create(const char *dir, const char *pass, const char *ca_name,
			char why[SIGNER_WHY_CAP])
{
	int err;

	if (strlen(dir) >= PATH_CAP - 64) {
		snprintf(why, SIGNER_WHY_CAP, "the path is too long");
		return E_ARG;
	}
	if (mkdir(dir, 0700) && errno != EEXIST) {
		snprintf(why, SIGNER_WHY_CAP, "%.120s: %s", dir,
			 strerror(errno));
		return E_IO;
	}
	err = save_ca(dir, pass, ca_name, why);
	if (err)
		return err;
	err = save_x25519(dir, pass, "release-hpke", why);
	return err ? err : save_x25519(dir, pass, "noise", why);
}

static int load_ca(struct signer_local *s, char *why)
{
	char path[PATH_CAP];
	uint8_t *pem = NULL;
	size_t len;
	int err;

	path_make(s->dir, "ca", ".pem", path);
	err = keyfile_load(path, s->pass, &s->ca_key, why);
	if (err)
		return err;
	path_make(s->dir, "ca", ".crt", path);
	err = keyfile_read(path, CA_MAX, false, &pem, &len, why);
	if (err)
		return err;
	err = x509_from_pem((char *)pem, &s->ca, &s->ca_len);
	if (!err)
		err = x509_check_key(s->ca, s->ca_len, s->ca_key);
	if (err)
		snprintf(why, SIGNER_WHY_CAP,
			 "%.200s: not the certificate of ca.pem", path);
	free(pem);
	return err;
}

static int load_hpke(struct signer_local *s, char *why)
{
	char path[PATH_CAP];
	size_t len;
	int err;

	path_make(s->dir, "release-hpke", ".pem", path);
	err = keyfile_load(path, s->pass, &s->hpke_key, why);
	if (err)
		return err;
	err = crypto_key_type(s->hpke_key) == CRYPTO_X25519 ? 0 : E_KEY;
	if (!err)
		err = crypto_key_public(s->hpke_key, s->hpke_pub, X25519_LEN,
					&len);
	if (err)
		snprintf(why, SIGNER_WHY_CAP, "%.200s: not an X25519 key",
			 path);
	return err;
}

/* A server that was set up before sealed mode gets its key now. */
static int load_noise(struct signer_local *s, char *why)
{
	char path[PATH_CAP];
	int err;

	path_make(s->dir, "noise", ".pem", path);
	err = keyfile_load(path, s->pass, &s->noise_key, why);
	if (err == E_NOT_FOUND) {
		err = save_x25519(s->dir, s->pass, "noise", why);
		if (!err)
			err = keyfile_load(path, s->pass, &s->noise_key, why);
	}
	if (!err && crypto_key_type(s->noise_key) != CRYPTO_X25519) {
		snprintf(why, SIGNER_WHY_CAP, "%.200s: not an X25519 key",
			 path);
		err = E_KEY;
	}
	return err;
}

int signer_local_open(const char *dir, const char *pass,
		      struct signer_local **out, char why[SIGNER_WHY_CAP])
{
	struct signer_local *s = calloc(1, sizeof(*s));
	int err;

	if (!s || strlen(dir) >= sizeof(s->dir) ||
	    strlen(pass) >= sizeof(s->pass)) {
		snprintf(why, SIGNER_WHY_CAP, "path or passphrase too long");
		free(s);
		return E_ARG;
	}
	memcpy(s->dir, dir, strlen(dir) + 1);
	memcpy(s->pass, pass, strlen(pass) + 1);
	s->port = (struct signer_port){
		.self = s,
		.product_key = local_product_key,
		.credentials = local_credentials,
		.release_check = signer_release_check,
		.release_encrypt = signer_release_encrypt,
		.rewrap = signer_rewrap,
		.handshake = signer_handshake,
		.commit = signer_commit,
		.batch_make = signer_batch_make,
		.stage0 = signer_stage0,
		.noise_key = signer_noise_key,
		.station_cert = local_station_cert,
		.server_cert = local_server_cert,
		.public_keys = local_public_keys,
	};
	err = load_ca(s, why);
	if (!err)
		err = load_hpke(s, why);
	if (!err)
		err = load_noise(s, why);
	if (err) {
		signer_local_free(s);
		return err;
	}
	*out = s;
	return 0;
}

void signer_local_free(struct signer_local *s)
{
	struct product_key *p, *next;

	if (!s)
		return;
	for (p = s->products; p; p = next) {
		next = p->next;
		crypto_key_free(p->key);
		free(p);
	}
	crypto_key_free(s->ca_key);
	crypto_key_free(s->hpke_key);
	crypto_key_free(s->noise_key);
	free(s->ca);
	ct_wipe(s, sizeof(*s));
	free(s);
}

const struct signer_port *signer_local_port(struct signer_local *s)
{
	return &s->port;
}
