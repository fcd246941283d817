/* SPDX-License-Identifier: MIT */
#include "tests/lib/ledger_sealed.h"

#include <stdlib.h>
#include <string.h>

#include "authority/authority.h"
#include "base/hex.h"

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "sealed bed: %s failed\n", what);
	abort();
}

static const struct chip *l4(void)
{
	return chip_find(FAMILY_STM32L4);
}

/* -- setting up ---------------------------------------------------------- */
static void make_header(struct release_header *h)
{
	memset(h, 0, sizeof(*h));
	h->chunk_len = CHUNK_LEN;
	h->family = FAMILY_STM32L4;
	h->protection = 1;
	h->sealed = true;
	h->boot[0] = 0x20008000;
	h->boot[1] = 0x08000101;
	BED_SET(h->fw.product, VAULT);
	BED_SET(h->fw.version, BED_RELEASE);
	h->fw.segment_count = 1;
	h->fw.segments[0] = (struct segment){ l4()->flash_base, VAULT_SIZE };
}

static void make_plain(uint8_t plain[VAULT_SIZE])
{
	for (uint32_t i = 0; i < VAULT_SIZE; i++)
		plain[i] = (uint8_t)(i * 13 + i / 256);
	(void)chip_boot(l4(), plain);
}

static void make_release(struct vault *v)
{
	struct release_upload u = { .product = VAULT };
	uint8_t plain[VAULT_SIZE], hpke[X25519_LEN], *ca;
	struct bed *b = v->bed;
	struct release r;
	size_t len;

	make_header(&v->header);
	make_plain(plain);
	must(authority_image_digest(v->header.fw.segments, 1, plain,
				    v->header.fw.digest) == 0,
	     "digest");
	must(b->signer.public_keys(b->signer.self, &ca, &len, hpke) == 0 &&
		     authority_release_make(b->release_key, hpke, &v->header,
					    plain, sizeof(plain), &u.file.data,
					    &u.file.len) == 0,
	     "release file");
	must(bed_call(b, OP_RELEASE_UPLOAD, b->admin, &u, &r, NULL) == R_NONE,
	     "release");
	free(u.file.data);
	free(ca);
}

void vault_loader(struct vault *v, uint8_t n)
{
	vault_loader_on(v, n, "uart");
}

void vault_loader_on(struct vault *v, uint8_t n, const char *link)
{
	uint8_t stub[64] = { 1 };
	struct loader_upload q = { .chip = "stm32l432" };
	struct loader a;

	memset(v->loader, 0xff, sizeof(v->loader));
	memcpy(v->loader + 0x400, v->noise_pub, X25519_LEN);
	v->loader[0] = n;
	memcpy(v->loader + 4, "\x01\xd9\x03\x08", 4); /* it starts there */
	BED_SET(q.link, link);
	q.loader = (struct blob){ v->loader, sizeof(v->loader) };
	q.stub = (struct blob){ stub, sizeof(stub) };
	must(bed_call(v->bed, OP_LOADER_ADD, v->bed->admin, &q, &a, NULL) ==
			     R_NONE &&
		     crypto_sha256(v->loader, sizeof(v->loader),
				   v->loader_digest) == 0,
	     "loader");
}

void vault_setup(struct bed *b, struct vault *v)
{
	struct product q = { .name = VAULT, .family = "stm32l4" }, a;

	memset(v, 0, sizeof(*v));
	v->bed = b;
	q.release_pub = (struct blob){ b->release_pub, sizeof(b->release_pub) };
	must(bed_call(b, OP_PRODUCT_CREATE, b->admin, &q, &a, NULL) == R_NONE,
	     "product");
	memcpy(v->device_pub, a.device_pub.data, P256_PUB_LEN);
	shape_clear(&product_shape, &a);
	must(b->signer.noise_key(b->signer.self, v->noise_pub) == 0,
	     "noise key");
	make_release(v);
	vault_loader(v, 1);
}

void vault_order(struct vault *v, const char *name, uint32_t quantity,
		 const char *batch)
{
	struct order q = { .product = VAULT,
			   .release = BED_RELEASE,
			   .manufacturer = BED_MAKER,
			   .quantity = quantity,
			   .retries = 2,
			   .lease_s = 20 },
		     a;

	BED_SET(q.name, name);
	BED_SET(q.batch, batch);
	must(bed_call(v->bed, OP_ORDER_CREATE, v->bed->admin, &q, &a, NULL) ==
		     R_NONE,
	     "order");
}

/* -- one attempt --------------------------------------------------------- */
enum refusal_code job_grant(struct vault *v, const struct bed_flasher *f,
			    const char *order, uint32_t number, uint64_t nonce,
			    struct job *out)
{
	struct grant_request q;
	enum refusal_code code;

	memset(out, 0, sizeof(*out));
	out->vault = v;
	out->flasher = f;
	out->number = number;
	BED_SET(out->order, order);
	bed_grant_request(order, number, nonce, &q);
	BED_SET(q.link, v->link);
	code = bed_call(v->bed, OP_GRANT, f->caller, &q, &out->grant,
			&out->refusal);
	out->chip.chip = l4();
	memcpy(out->chip.uid, q.uid.data, q.uid.len);
	memcpy(out->chip.loader_digest, v->loader_digest, DIGEST_LEN);
	memcpy(out->chip.server_pub, v->noise_pub, X25519_LEN);
	must(soft_chip_claim(&out->chip, &v->header) == 0, "claim");
	return code;
}

void job_hello(const struct job *j, struct hello *out)
{
	memset(out, 0, sizeof(*out));
	BED_SET(out->order, j->order);
	out->grant = j->grant.grant;
	out->attempt = j->grant.attempt;
	memcpy(out->challenge, j->grant.challenge.data, CHALLENGE_LEN);
}

void job_message1(struct job *j)
{
	struct hello h;

	job_hello(j, &h);
	must(soft_chip_message1(&j->chip, &h, j->message1, &j->message1_len) ==
		     0,
	     "message 1");
}

/* What of the answer is for the station alone. */
static void open_link(struct job *j)
{
	const struct handshake_answer *a = &j->answer;
	uint8_t aad[8 + 4 + DIGEST_LEN];
	size_t len = 0;
	struct wr w;

	wr_init(&w, aad, sizeof(aad));
	wr_u64(&w, a->grant);
	wr_u32(&w, a->attempt);
	must(hex_decode(j->grant.header_digest, aad + 12, DIGEST_LEN, &len) ==
			     0 &&
		     crypto_hpke_open(j->flasher->kem, a->key_enc.data,
				      LABEL_HPKE_LINK,
				      sizeof(LABEL_HPKE_LINK) - 1, aad,
				      sizeof(aad), a->key_sealed.data,
				      a->key_sealed.len, j->link) == 0,
	     "link key");
}

enum refusal_code job_handshake_with(struct job *j, const uint8_t *msg,
				     size_t len)
{
	struct handshake_request q = { .grant = j->grant.grant,
				       .attempt = j->grant.attempt,
				       .message = { (uint8_t *)msg, len } };
	enum refusal_code code;

	BED_SET(q.loader, j->loader);
	shape_clear(&handshake_answer_shape, &j->answer);
	code = bed_call(j->vault->bed, OP_HANDSHAKE, j->flasher->caller, &q,
			&j->answer, &j->refusal);
	if (code == R_NONE)
		open_link(j);
	return code;
}

enum refusal_code job_handshake(struct job *j)
{
	return job_handshake_with(j, j->message1, j->message1_len);
}

void job_message2(struct job *j)
{
	must(soft_chip_message2(&j->chip, j->answer.message2.data,
				j->answer.message2.len) == 0,
	     "message 2");
	must(soft_chip_report(&j->chip, j->report, &j->report_len) == 0,
	     "report");
}

enum refusal_code job_installed_with(struct job *j, const uint8_t *report,
				     size_t len)
{
	struct installed_request q = { .grant = j->grant.grant,
				       .attempt = j->grant.attempt,
				       .report = { (uint8_t *)report, len } };

	shape_clear(&installed_answer_shape, &j->commit);
	return bed_call(j->vault->bed, OP_INSTALLED, j->flasher->caller, &q,
			&j->commit, &j->refusal);
}

enum refusal_code job_installed(struct job *j)
{
	return job_installed_with(j, j->report, j->report_len);
}

void job_run(struct job *j)
{
	job_message1(j);
	must(job_handshake(j) == R_NONE, "handshake");
	job_message2(j);
	must(job_installed(j) == R_NONE, "installed");
}

void job_clear(struct job *j)
{
	shape_clear(&handshake_answer_shape, &j->answer);
	shape_clear(&installed_answer_shape, &j->commit);
}
