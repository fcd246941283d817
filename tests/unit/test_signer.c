/* SPDX-License-Identifier: MIT */
/*
 * The signer, asked directly and over its socket: every test runs both ways.
 * What it must not sign is tested as much as what it must.
 */
#include <ftw.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define PUT(dst, src) snprintf((dst), sizeof(dst), "%s", (src))
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "authority/authority.h"
#include "server/roles.h"
#include "server/signer_ipc.h"
#include "server/signer_local.h"
#include "server/x509.h"
#include "tests/lib/ledger_bed.h"

struct world {
	char dir[64];
	struct signer_local *local;
	struct ipc *near, *far;
	struct signer_client client;
	pthread_t thread;
	const struct signer_port *port; /* the one under test */
};

static void *serve(void *arg)
{
	struct world *w = arg;
	struct ipc_msg m;

	while (!ipc_recv(w->far, &m))
		if (signer_serve(signer_local_port(w->local), w->far, &m))
			break;
	return NULL;
}

static int setup_with(void **state, const char *pass)
{
	struct world *w = calloc(1, sizeof(*w));
	char why[SIGNER_WHY_CAP];

	assert_non_null(w);
	PUT(w->dir, "/tmp/signet-signer-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	if (signer_local_create(w->dir, pass, "test CA", why) ||
	    signer_local_open(w->dir, pass, &w->local, why))
		fail_msg("%s", why);
	w->port = signer_local_port(w->local);
	*state = w;
	return 0;
}

/* Key files without a passphrase: it costs a second to open them with one. */
static int setup_local(void **state)
{
	return setup_with(state, "");
}

static int setup_locked(void **state)
{
	return setup_with(state, "pass");
}

static int setup_ipc(void **state)
{
	struct world *w;
	int fds[2];

	setup_local(state);
	w = *state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(ipc_new(fds[0], signer_answer_rules,
				 signer_answer_rule_count, &w->near),
			 0);
	assert_int_equal(ipc_new(fds[1], signer_ledger_rules,
				 signer_ledger_rule_count, &w->far),
			 0);
	signer_client_init(&w->client, w->near);
	w->port = &w->client.port;
	return pthread_create(&w->thread, NULL, serve, w);
}

static int forget(const char *path, const struct stat *st, int flag,
		  struct FTW *at)
{
	(void)st;
	(void)flag;
	(void)at;
	return remove(path);
}

static int teardown(void **state)
{
	struct world *w = *state;
	if (w->near) {
		ipc_free(w->near); /* ends the thread */
		pthread_join(w->thread, NULL);
		ipc_free(w->far);
	}
	signer_local_free(w->local);
	assert_int_equal(nftw(w->dir, forget, 8, FTW_DEPTH | FTW_PHYS), 0);
	free(w);
	return 0;
}

/* ---- credentials ------------------------------------------------------- */

static struct credential good_claims(void)
{
	static const uint8_t uid[12] = { 1,   0,   0,	0,   3,	  'Q',
					 '1', '2', '3', '4', '5', '6' };
	struct credential c = { .product = "lamp",
				.order = "o1",
				.serial = "L-1",
				.grant = 7,
				.uid_len = 12,
				.family = FAMILY_STM32L4,
				.digest = { 1 } };

	c.issued = (uint64_t)time(NULL);
	memcpy(c.uid, uid, sizeof(uid));
	return c;
}

static void test_credential(void **state)
{
	struct world *w = *state;
	struct signer_credential items[2];
	uint8_t pub[P256_PUB_LEN], again[P256_PUB_LEN];
	struct credential back;
	const uint8_t *payload;
	size_t len;

	assert_int_equal(w->port->product_key(w->port->self, "lamp", pub), 0);
	assert_int_equal(w->port->product_key(w->port->self, "lamp", again), 0);
	assert_memory_equal(pub, again, sizeof(pub));
	memset(items, 0, sizeof(items));
	items[0].claims = items[1].claims = good_claims();
	items[1].claims.grant = 8;
	assert_int_equal(w->port->credentials(w->port->self, items, 2), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(
			authority_check1(pub, LABEL_CREDENTIAL, items[i].out,
					 items[i].out_len, &payload, &len),
			0);
		assert_int_equal(credential_decode(payload, len, &back), 0);
		assert_int_equal(back.grant, 7 + i);
		assert_string_equal(back.order, "o1");
	}
}

static void test_credential_refused(void **state)
{
	struct world *w = *state;
	struct signer_credential item;
	uint8_t pub[P256_PUB_LEN];

	assert_int_equal(w->port->product_key(w->port->self, "lamp", pub), 0);
#define REFUSED(change)                                                    \
	do {                                                               \
		memset(&item, 0, sizeof(item));                            \
		item.claims = good_claims();                               \
		change;                                                    \
		assert_int_not_equal(                                      \
			w->port->credentials(w->port->self, &item, 1), 0); \
	} while (0)
	REFUSED(PUT(item.claims.product, "unknown"));
	REFUSED(PUT(item.claims.product, "../ca"));
	REFUSED(item.claims.order[0] = '\0');
	REFUSED(PUT(item.claims.serial, "a\nb"));
	REFUSED(item.claims.grant = 0);
	REFUSED(item.claims.grant = UINT64_MAX);
	REFUSED(item.claims.family = FAMILY_NONE);
	REFUSED(item.claims.family = 200);
	REFUSED(item.claims.uid_len = 8);
	REFUSED(item.claims.uid_len = 0);
	REFUSED(memset(item.claims.uid, 0, 12));
	REFUSED(memset(item.claims.uid, 0xff, 12));
	REFUSED(memset(item.claims.digest, 0, DIGEST_LEN));
	REFUSED(item.claims.proof = 9);
	REFUSED(item.claims.issued = 1);
	REFUSED(item.claims.issued += 3 * 24 * 3600);
#undef REFUSED
}

static void test_product_names(void **state)
{
	struct world *w = *state;
	uint8_t pub[P256_PUB_LEN];
	struct stat st;
	char path[128];

	assert_int_not_equal(w->port->product_key(w->port->self, "", pub), 0);
	assert_int_not_equal(w->port->product_key(w->port->self, "../x", pub),
			     0);
	assert_int_not_equal(w->port->product_key(w->port->self, "A", pub), 0);
	assert_int_equal(w->port->product_key(w->port->self, "p.1", pub), 0);
	snprintf(path, sizeof(path), "%s/device-p.1.pem", w->dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

/* ---- releases and content keys ----------------------------------------- */

static void release_make(struct world *w, struct bed *bed, struct blob *file)
{
	size_t len;

	memset(bed, 0, sizeof(*bed));
	bed->signer = *signer_local_port(w->local);
	assert_int_equal(crypto_key_generate(CRYPTO_P256, &bed->release_key),
			 0);
	assert_int_equal(crypto_key_public(bed->release_key, bed->release_pub,
					   sizeof(bed->release_pub), &len),
			 0);
	bed_release_file(bed, "lamp", "1.0", 3000, file);
}

static void test_release(void **state)
{
	struct world *w = *state;
	struct bed bed;
	struct blob file;
	struct release_header h;
	uint8_t digest[DIGEST_LEN], wrapped[WRAPPED_KEY_LEN];
	uint8_t other[P256_PUB_LEN], *chunks = NULL;
	size_t len = 0;

	release_make(w, &bed, &file);
	assert_int_equal(w->port->release_check(w->port->self, bed.release_pub,
						file.data, file.len, &h,
						digest),
			 0);
	assert_string_equal(h.fw.version, "1.0");
	assert_int_equal(release_plain_len(&h), 3000);
	assert_int_equal(w->port->release_encrypt(
				 w->port->self, bed.release_pub, file.data,
				 file.len, "o1", wrapped, &chunks, &len),
			 0);
	assert_int_equal(len, 3000 + 6 * AEAD_TAG_LEN);
	free(chunks);
	/* signed by somebody else */
	memcpy(other, bed.release_pub, sizeof(other));
	assert_int_equal(w->port->product_key(w->port->self, "lamp", other), 0);
	assert_int_not_equal(w->port->release_check(w->port->self, other,
						    file.data, file.len, &h,
						    digest),
			     0);
	/* one byte changed, or missing */
	file.data[file.len / 2] ^= 1;
	assert_int_not_equal(w->port->release_check(w->port->self,
						    bed.release_pub, file.data,
						    file.len, &h, digest),
			     0);
	assert_int_not_equal(w->port->release_check(w->port->self,
						    bed.release_pub, file.data,
						    file.len - 1, &h, digest),
			     0);
	free(file.data);
	crypto_key_free(bed.release_key);
}

static int key_open(const struct crypto_key *kem, const char *order,
		    const struct signer_rewrap *r, uint8_t key[AEAD_KEY_LEN])
{
	uint8_t aad[KEY_AAD_MAX];
	size_t len = release_key_aad(order, r->header_digest, aad);

	return crypto_hpke_open(kem, r->out_enc, LABEL_HPKE_CONTENT_KEY,
				sizeof(LABEL_HPKE_CONTENT_KEY) - 1, aad, len,
				r->out_sealed, sizeof(r->out_sealed), key);
}

/* What was sealed once is given again for exactly the same question: not to
 * another station, nor for another order, release or stored key, however often
 * the right one was asked before. */
static void check_sealed_again(struct world *w, const struct signer_rewrap *had)
{
	const struct signer_port *p = w->port;
	struct signer_rewrap two[2] = { *had, *had };
	struct crypto_key *other;
	uint8_t key[AEAD_KEY_LEN];
	size_t len;

	assert_int_equal(crypto_key_generate(CRYPTO_X25519, &other), 0);
	assert_int_equal(crypto_key_public(other, two[1].kem_pub, 32, &len), 0);
	memset(two[0].out_enc, 0, 32);
	memset(two[0].out_sealed, 0, 48);
	assert_int_equal(p->rewrap(p->self, two, 2), 0);
	assert_memory_equal(two[0].out_enc, had->out_enc, 32);
	assert_memory_equal(two[0].out_sealed, had->out_sealed, 48);
	assert_memory_not_equal(two[1].out_enc, had->out_enc, 32);
	assert_int_equal(key_open(other, "o1", &two[1], key), 0);
	two[0] = *had;
	PUT(two[0].order, "o2");
	assert_int_not_equal(p->rewrap(p->self, two, 1), 0);
	two[0] = *had;
	two[0].wrapped[40] ^= 1;
	assert_int_not_equal(p->rewrap(p->self, two, 1), 0);
	two[0] = *had;
	two[0].header_digest[3] ^= 1;
	assert_int_not_equal(p->rewrap(p->self, two, 1), 0);
	two[0] = *had;
	two[0].order[0] = '\0';
	assert_int_not_equal(p->rewrap(p->self, two, 1), 0);
	crypto_key_free(other);
}

/* More stations than there is room for: each still gets its own. */
static void check_many_stations(struct world *w, struct signer_rewrap r)
{
	struct crypto_key *kem;
	uint8_t key[AEAD_KEY_LEN];
	size_t len;

	for (int i = 0; i < 1500; i++) {
		assert_int_equal(crypto_key_generate(CRYPTO_X25519, &kem), 0);
		assert_int_equal(crypto_key_public(kem, r.kem_pub, 32, &len),
				 0);
		assert_int_equal(w->port->rewrap(w->port->self, &r, 1), 0);
		assert_int_equal(key_open(kem, "o1", &r, key), 0);
		crypto_key_free(kem);
	}
}

/* A content key goes to the named flasher only, and only for the order that it
 * was made for. */
static void test_rewrap(void **state)
{
	struct world *w = *state;
	struct bed bed;
	struct blob file;
	struct release_header h;
	struct signer_rewrap r;
	struct crypto_key *kem;
	uint8_t key[AEAD_KEY_LEN], *chunks, plain[CHUNK_LEN];
	uint8_t nonce[12], chunk_aad[CHUNK_AAD_LEN];
	size_t len;

	release_make(w, &bed, &file);
	memset(&r, 0, sizeof(r));
	PUT(r.order, "o1");
	assert_int_equal(w->port->release_check(w->port->self, bed.release_pub,
						file.data, file.len, &h,
						r.header_digest),
			 0);
	assert_int_equal(w->port->release_encrypt(
				 w->port->self, bed.release_pub, file.data,
				 file.len, "o1", r.wrapped, &chunks, &len),
			 0);
	assert_int_equal(crypto_key_generate(CRYPTO_X25519, &kem), 0);
	assert_int_equal(crypto_key_public(kem, r.kem_pub, 32, &len), 0);
	assert_int_equal(w->port->rewrap(w->port->self, &r, 1), 0);
	assert_int_equal(key_open(kem, "o1", &r, key), 0);
	/* the key opens the order's chunks */
	release_chunk_nonce(0, nonce);
	release_chunk_aad(r.header_digest, 0, false, chunk_aad);
	assert_int_equal(crypto_aead_open(key, nonce, chunk_aad,
					  sizeof(chunk_aad), chunks,
					  CHUNK_LEN + AEAD_TAG_LEN, plain),
			 0);
	assert_int_not_equal(key_open(kem, "o2", &r, key), 0);
	check_sealed_again(w, &r);
	check_many_stations(w, r);
	crypto_key_free(kem);
	crypto_key_free(bed.release_key);
	free(file.data);
	free(chunks);
}

/* ---- certificates ------------------------------------------------------ */

static void test_station_cert(void **state)
{
	struct world *w = *state;
	struct crypto_key *key, *wrong;
	uint8_t *csr, *der, *ca, hpke[X25519_LEN];
	const uint8_t *p;
	size_t csr_len, len, ca_len;
	X509 *x, *issuer;

	assert_int_equal(crypto_key_generate(CRYPTO_P256, &key), 0);
	assert_int_equal(
		x509_csr_make(key, "i call myself admin", &csr, &csr_len), 0);
	assert_int_equal(w->port->station_cert(w->port->self, "line1", csr,
					       csr_len, &der, &len),
			 0);
	assert_int_equal(
		w->port->public_keys(w->port->self, &ca, &ca_len, hpke), 0);
	p = der;
	x = d2i_X509(NULL, &p, (long)len);
	p = ca;
	issuer = d2i_X509(NULL, &p, (long)ca_len);
	assert_non_null(x);
	assert_int_equal(X509_verify(x, X509_get0_pubkey(issuer)), 1);
	assert_int_equal(X509_get_extended_key_usage(x), XKU_SSL_CLIENT);
	assert_int_equal(X509_check_ca(x), 0);
	assert_int_equal(X509_check_private_key(x, crypto_key_native(key)), 1);
	X509_free(x);
	X509_free(issuer);
	free(der);
	free(ca);
	/* a name that is none, a CSR that lies, a key that is not P-256 */
	assert_int_not_equal(w->port->station_cert(w->port->self, "Line 1", csr,
						   csr_len, &der, &len),
			     0);
	csr[csr_len - 3] ^= 1;
	assert_int_not_equal(w->port->station_cert(w->port->self, "line1", csr,
						   csr_len, &der, &len),
			     0);
	assert_int_not_equal(w->port->station_cert(w->port->self, "line1", csr,
						   csr_len - 1, &der, &len),
			     0);
	free(csr);
	assert_int_equal(crypto_key_generate(CRYPTO_ED25519, &wrong), 0);
	assert_int_not_equal(x509_csr_make(wrong, "x", &csr, &csr_len) ||
				     w->port->station_cert(w->port->self,
							   "line1", csr,
							   csr_len, &der, &len),
			     0);
	crypto_key_free(wrong);
	crypto_key_free(key);
}

static void test_server_names(void **state)
{
	static const struct {
		const char *names;
		bool good;
	} all[] = {
		{ "localhost", true },
		{ "a.example, 10.0.0.1,::1", true },
		{ "", false },
		{ " , ", false },
		{ "a b!", false },
		{ "x,DNS:evil", false },
		{ "-x", false },
		{ "a\nextendedKeyUsage=clientAuth", false },
	};
	struct world *w = *state;
	const struct signer_port *p = signer_local_port(w->local);
	struct crypto_key *key;
	uint8_t *csr, *der;
	size_t n, len;

	assert_int_equal(crypto_key_generate(CRYPTO_P256, &key), 0);
	assert_int_equal(x509_csr_make(key, "edge", &csr, &n), 0);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		int err = p->server_cert(p->self, all[i].names, csr, n, &der,
					 &len);

		if ((err == 0) != all[i].good)
			fail_msg("\"%s\": %d", all[i].names, err);
		if (!err)
			free(der);
	}
	free(csr);
	crypto_key_free(key);
}

/* ---- rights and channels ----------------------------------------------- */

/* The edge cannot have a credential signed, nor the ledger a server
 * certificate: the channel itself breaks. */
static void test_rights(void **state)
{
	static const struct {
		uint16_t type;
		bool edge, ledger;
	} rights[] = {
		{ MSG_PRODUCT_KEY, false, true },
		{ MSG_CREDENTIALS, false, true },
		{ MSG_RELEASE_CHECK, false, true },
		{ MSG_RELEASE_ENCRYPT, false, true },
		{ MSG_REWRAP, false, true },
		{ MSG_STATION_CERT, false, true },
		{ MSG_SERVER_CERT, true, false },
		{ MSG_PUBLIC_KEYS, true, true },
		{ MSG_REQUEST, false, false },
		{ MSG_CONFIG, false, false },
		{ 999, false, false },
	};
	struct ipc_msg m;

	(void)state;
	for (size_t i = 0; i < sizeof(rights) / sizeof(rights[0]); i++) {
		for (int edge = 0; edge < 2; edge++) {
			struct ipc *a, *b;
			int fds[2], err;

			assert_int_equal(
				socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
			assert_int_equal(ipc_new(fds[0], NULL, 0, &a), 0);
			assert_int_equal(
				ipc_new(fds[1],
					edge ? signer_edge_rules
					     : signer_ledger_rules,
					edge ? signer_edge_rule_count
					     : signer_ledger_rule_count,
					&b),
				0);
			assert_int_equal(ipc_send(a, rights[i].type, 1, "", 0),
					 0);
			err = ipc_recv(b, &m);
			if ((err == 0) !=
			    (edge ? rights[i].edge : rights[i].ledger))
				fail_msg("%u from the %s: %d", rights[i].type,
					 edge ? "edge" : "ledger", err);
			if (err) /* broken for good */
				assert_int_equal(ipc_recv(b, &m), E_SYNTAX);
			ipc_free(a);
			ipc_free(b);
		}
	}
}

static void test_oversize(void **state)
{
	struct ipc *a, *b;
	struct ipc_msg m;
	int fds[2];
	char big[NAME_CAP + 1] = "";

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(ipc_new(fds[0], NULL, 0, &a), 0);
	assert_int_equal(ipc_new(fds[1], signer_ledger_rules,
				 signer_ledger_rule_count, &b),
			 0);
	assert_int_equal(ipc_send(a, MSG_PRODUCT_KEY, 1, big, NAME_CAP), 0);
	assert_int_equal(ipc_recv(b, &m), 0);
	assert_int_equal(ipc_send(a, MSG_PRODUCT_KEY, 1, big, NAME_CAP + 1), 0);
	assert_int_equal(ipc_recv(b, &m), E_SYNTAX);
	ipc_free(a);
	assert_int_equal(ipc_recv(b, &m), E_SYNTAX);
	ipc_free(b);
}

/* Any payload at all gets an error as its answer, never a crash. */
static void test_malformed(void **state)
{
	struct world *w = *state;
	struct ipc_msg m;
	uint8_t junk[300];

	for (size_t i = 0; i < signer_ledger_rule_count; i++) {
		for (int n = 0; n < 64; n++) {
			size_t len = (size_t)n * 4;

			if (len > signer_ledger_rules[i].max)
				break;
			memset(junk, n * 5 + 3, sizeof(junk));
			assert_int_equal(ipc_send(w->near,
						  signer_ledger_rules[i].type,
						  0, junk, len),
					 0);
			assert_int_equal(ipc_recv(w->near, &m), 0);
			if (signer_ledger_rules[i].type == MSG_PUBLIC_KEYS ||
			    signer_ledger_rules[i].type == MSG_NOISE_KEY)
				continue;
			assert_int_equal(m.len, 4);
			assert_int_equal(m.data[3], 0xff); /* negative */
		}
	}
}

static void test_open_refused(void **state)
{
	struct world *w = *state;
	struct signer_local *s = NULL;
	char why[SIGNER_WHY_CAP], path[128];

	assert_int_equal(signer_local_open(w->dir, "other", &s, why),
			 E_PASSPHRASE);
	assert_null(s);
	assert_int_equal(signer_local_create(w->dir, "pass", "x", why),
			 E_EXISTS);
	snprintf(path, sizeof(path), "%s/ca.pem", w->dir);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(signer_local_open(w->dir, "pass", &s, why), E_AUTH);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(signer_local_open(w->dir, "pass", &s, why),
			 E_NOT_FOUND);
	assert_non_null(strstr(why, "ca.pem"));
}

#define BOTH(f)                                              \
	{ #f " (here)", f, setup_local, teardown, NULL },    \
	{                                                    \
#f " (socket)", f, setup_ipc, teardown, NULL \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(test_credential),
		BOTH(test_credential_refused),
		BOTH(test_product_names),
		BOTH(test_release),
		BOTH(test_rewrap),
		BOTH(test_station_cert),
		cmocka_unit_test_setup_teardown(test_server_names, setup_local,
						teardown),
		cmocka_unit_test(test_rights),
		cmocka_unit_test(test_oversize),
		cmocka_unit_test_setup_teardown(test_malformed, setup_ipc,
						teardown),
		cmocka_unit_test_setup_teardown(test_open_refused, setup_locked,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
