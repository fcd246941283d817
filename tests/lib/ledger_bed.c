/* SPDX-License-Identifier: MIT */
#include "tests/lib/ledger_bed.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "authority/authority.h"
#include "base/hex.h"
#include "server/x509.h"

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "ledger bed: %s failed\n", what);
	abort();
}

static int64_t bed_clock(void *arg)
{
	return ((struct bed *)arg)->now;
}

/* -- setting up ---------------------------------------------------------- */
void bed_keys(struct bed *b)
{
	char why[SIGNER_WHY_CAP] = "";
	size_t len;

	memset(b, 0, sizeof(*b));
	b->now = (int64_t)time(NULL);
	b->unknown_after_s = 300;
	snprintf(b->dir, sizeof(b->dir), "/tmp/signet-bed-XXXXXX");
	must(mkdtemp(b->dir) != NULL, "mkdtemp");
	snprintf(b->db, sizeof(b->db), "%s/ledger.db", b->dir);
	if (signer_local_create(b->dir, "", "test CA", why) < 0 ||
	    signer_local_open(b->dir, "", &b->signer_keys, why) < 0) {
		fprintf(stderr, "signer: %s\n", why);
		abort();
	}
	b->signer = *signer_local_port(b->signer_keys);
	must(crypto_key_generate(CRYPTO_P256, &b->release_key) == 0 &&
		     crypto_key_public(b->release_key, b->release_pub,
				       sizeof(b->release_pub), &len) == 0,
	     "release key");
}

int bed_open(struct bed *b)
{
	struct ledger_config cfg = { .db_path = b->db,
				     .signer = &b->signer,
				     .flasher_port = 7443,
				     .enrol_host = "localhost:7444",
				     .unknown_after_s = b->unknown_after_s,
				     .now = bed_clock,
				     .now_arg = b,
				     .version = "test",
				     .vfs = b->vfs };
	char why[256];
	int err = ledger_open(&cfg, &b->ledger, why);

	if (err < 0)
		b->ledger = NULL;
	return err;
}

void bed_shut(struct bed *b)
{
	ledger_close(b->ledger);
	b->ledger = NULL;
}

void bed_token(struct bed *b)
{
	char token[65];

	must(ledger_token_create(b->ledger, "owner", token) == 0, "token");
	b->admin.port = PORT_ADMIN;
	must(crypto_sha256(token, 64, b->admin.id) == 0, "sha256");
}

void bed_product(struct bed *b)
{
	struct product q = { .name = BED_PRODUCT,
			     .family = "stm32l4",
			     .modes = "sealed+signed" },
		       a;
	struct release_upload u = { .product = BED_PRODUCT };
	struct release r;

	q.release_pub.data = b->release_pub;
	q.release_pub.len = sizeof(b->release_pub);
	must(bed_call(b, OP_PRODUCT_CREATE, b->admin, &q, &a, NULL) == R_NONE,
	     "product");
	shape_clear(&product_shape, &a);
	bed_release_file(b, BED_PRODUCT, BED_RELEASE, 3000, &u.file);
	must(bed_call(b, OP_RELEASE_UPLOAD, b->admin, &u, &r, NULL) == R_NONE,
	     "release");
	free(u.file.data);
}

void bed_setup(struct bed *b)
{
	bed_keys(b);
	must(bed_open(b) == 0, "ledger_open");
	bed_token(b);
	bed_product(b);
}

static int forget(const char *path, const struct stat *st, int kind,
		  struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

void bed_teardown(struct bed *b)
{
	bed_shut(b);
	signer_local_free(b->signer_keys);
	crypto_key_free(b->release_key);
	must(nftw(b->dir, forget, 8, FTW_DEPTH | FTW_PHYS) == 0, "rm");
}

/* -- asking -------------------------------------------------------------- */
enum refusal_code bed_code(const struct refusal *r)
{
	struct refusal known;

	if (r->http == 0)
		return R_NONE;
	for (int i = 1; i < R_COUNT; i++) {
		refusal_set(&known, (enum refusal_code)i, NULL);
		if (strcmp(known.code, r->code) == 0)
			return (enum refusal_code)i;
	}
	must(false, "a known refusal code");
	return R_INTERNAL;
}

enum refusal_code bed_call(struct bed *b, enum api_op op,
			   struct api_caller caller, const void *request,
			   void *answer, struct refusal *refusal)
{
	struct ledger_job job = {
		.op = op, .caller = caller, .request = request, .answer = answer
	};

	memset(answer, 0, api_route(op)->answer->size);
	(void)ledger_batch(b->ledger, &job, 1);
	if (refusal)
		*refusal = job.refusal;
	return bed_code(&job.refusal);
}

void bed_release_file(struct bed *b, const char *product, const char *version,
		      uint32_t size, struct blob *out)
{
	struct release_header h = { .chunk_len = CHUNK_LEN,
				    .family = FAMILY_STM32L4,
				    .protection = 1 };
	uint8_t payload[RELEASE_HEADER_MAX], header[RELEASE_HEADER_MAX + 256];
	uint8_t firmware[FIRMWARE_SIG_MAX], digest[32];
	uint8_t *plain = malloc(size), *sealed = malloc(size + AEAD_TAG_LEN);
	struct release_file f = { .header = header, .firmware = firmware };
	uint8_t *ca, hpke[X25519_LEN];
	size_t n, ca_len;
	bool ok;

	must(plain && sealed, "malloc");
	for (uint32_t i = 0; i < size; i++)
		plain[i] = (uint8_t)(i * 7 + i / 256);
	snprintf(h.fw.product, NAME_CAP, "%s", product);
	snprintf(h.fw.version, NAME_CAP, "%s", version);
	h.fw.rollback = 1;
	h.fw.segment_count = 1;
	h.fw.segments[0] = (struct segment){ 0x08004000, size };
	ok = authority_image_digest(h.fw.segments, 1, plain, h.fw.digest) == 0;
	ok = ok && release_header_encode(&h, payload, sizeof(payload), &n) == 0;
	ok = ok && authority_sign1(b->release_key, LABEL_RELEASE, payload, n,
				   header, sizeof(header), &f.header_len) == 0;
	ok = ok &&
	     firmware_info_encode(&h.fw, payload, sizeof(payload), &n) == 0;
	ok = ok &&
	     authority_sign1(b->release_key, LABEL_FIRMWARE, payload, n,
			     firmware, sizeof(firmware), &f.firmware_len) == 0;
	ok = ok &&
	     b->signer.public_keys(b->signer.self, &ca, &ca_len, hpke) == 0;
	must(ok, "release header");
	free(ca);
	ok = crypto_sha256(header, f.header_len, digest) == 0 &&
	     crypto_hpke_seal(hpke, LABEL_HPKE_RELEASE,
			      sizeof(LABEL_HPKE_RELEASE) - 1, digest,
			      sizeof(digest), plain, size, f.enc, sealed) == 0;
	f.sealed = sealed;
	f.sealed_len = size + AEAD_TAG_LEN;
	out->data = malloc(size + 8192);
	ok = ok && out->data &&
	     release_file_encode(&f, out->data, size + 8192, &out->len) == 0;
	must(ok, "release file");
	free(plain);
	free(sealed);
}

void bed_order(struct bed *b, const char *name, uint32_t quantity)
{
	struct order q = { .product = BED_PRODUCT,
			   .release = BED_RELEASE,
			   .mode = "signed",
			   .manufacturer = BED_MAKER,
			   .quantity = quantity,
			   .retries = 2,
			   .lease_s = 20,
			   .serial_first = 1 },
		     a;

	snprintf(q.name, sizeof(q.name), "%s", name);
	snprintf(q.serial_prefix, sizeof(q.serial_prefix), "%.8s-", name);
	must(bed_call(b, OP_ORDER_CREATE, b->admin, &q, &a, NULL) == R_NONE,
	     "order");
}

void bed_invite(struct bed *b, const char *name, const char *maker,
		uint32_t channels, char code[TEXT_CAP])
{
	struct flasher q = { .channels = channels }, a;

	snprintf(q.name, sizeof(q.name), "%s", name);
	snprintf(q.manufacturer, sizeof(q.manufacturer), "%s", maker);
	must(bed_call(b, OP_FLASHER_INVITE, b->admin, &q, &a, NULL) == R_NONE,
	     "invite");
	memcpy(code, a.code, TEXT_CAP);
}

void bed_enrol(struct bed *b, const char *name, const char *maker,
	       uint32_t channels, struct bed_flasher *out)
{
	struct enrol_request q = { .channels = channels, .station = "bench-1" };
	struct api_caller caller = { .port = PORT_ENROL };
	struct crypto_key *tls = NULL;
	struct enrol_answer a;
	char code[TEXT_CAP];
	size_t len;

	memset(out, 0, sizeof(*out));
	bed_invite(b, name, maker, channels, code);
	memcpy(q.secret,
	       code + sizeof(ENROL_CODE_PREFIX) - 1 + ENROL_PIN_HEX + 1,
	       ENROL_SECRET_HEX);
	must(crypto_key_generate(CRYPTO_P256, &tls) == 0 &&
		     crypto_key_generate(CRYPTO_X25519, &out->kem) == 0 &&
		     x509_csr_make(tls, "station", &q.csr.data, &q.csr.len) ==
			     0 &&
		     crypto_key_public(out->kem, q.kem_pub.data, 32, &len) == 0,
	     "station keys");
	q.kem_pub.len = 32;
	must(bed_call(b, OP_ENROL, caller, &q, &a, NULL) == R_NONE, "enrol");
	snprintf(out->name, sizeof(out->name), "%s", a.flasher);
	out->caller.port = PORT_FLASHER;
	must(crypto_sha256(a.certificate.data, a.certificate.len,
			   out->caller.id) == 0,
	     "sha256");
	shape_clear(&enrol_answer_shape, &a);
	free(q.csr.data);
	crypto_key_free(tls);
}

void bed_flasher_free(struct bed_flasher *f)
{
	crypto_key_free(f->kem);
	f->kem = NULL;
}

/* -- the flasher's calls ------------------------------------------------- */
void bed_nonce(uint64_t n, uint8_t out[NONCE_LEN])
{
	memset(out, 0xa5, NONCE_LEN);
	for (size_t i = 0; i < 8; i++)
		out[i] = (uint8_t)(n >> (8 * i));
}

void bed_grant_request(const char *order, uint32_t chip, uint64_t nonce,
		       struct grant_request *out)
{
	/* X, Y, wafer, lot: a UID as an STM32L4 has it. */
	const uint8_t uid[12] = { (uint8_t)chip,
				  (uint8_t)(chip >> 8 & 0x0f),
				  (uint8_t)(chip >> 12),
				  0,
				  3,
				  'Q',
				  '1',
				  '2',
				  '3',
				  '4',
				  '5',
				  '6' };

	memset(out, 0, sizeof(*out));
	snprintf(out->order, sizeof(out->order), "%s", order);
	out->uid.len = 12;
	memcpy(out->uid.data, uid, 12);
	out->nonce.len = NONCE_LEN;
	bed_nonce(nonce, out->nonce.data);
	out->dpidr = 0x2ba01477;
	out->cpuid = 0x410fc241;
	out->designer = 0x020;
	out->part = 0x435;
	out->device_id = 0x10006435;
	out->flash_kb = 256;
	out->ap_idr = 0x24770011;
	out->vtor = 0xffffff80;
}

enum refusal_code bed_grant(struct bed *b, const struct bed_flasher *f,
			    const char *order, uint32_t chip, uint64_t nonce,
			    struct grant_answer *out)
{
	struct grant_request q;

	bed_grant_request(order, chip, nonce, &q);
	return bed_call(b, OP_GRANT, f->caller, &q, out, NULL);
}

enum refusal_code bed_deliver(struct bed *b, const struct bed_flasher *f,
			      uint64_t grant, uint32_t attempt, uint64_t nonce,
			      struct deliver_answer *out)
{
	struct deliver_request q = { .grant = grant, .attempt = attempt };

	q.nonce.len = NONCE_LEN;
	bed_nonce(nonce, q.nonce.data);
	return bed_call(b, OP_DELIVER, f->caller, &q, out, NULL);
}

enum refusal_code bed_report(struct bed *b, const struct bed_flasher *f,
			     uint64_t grant, uint32_t attempt,
			     const char *outcome, char state[NAME_CAP])
{
	struct report_request q = { .grant = grant, .attempt = attempt };
	struct report_answer a;
	enum refusal_code code;

	snprintf(q.outcome, sizeof(q.outcome), "%s", outcome);
	code = bed_call(b, OP_REPORT, f->caller, &q, &a, NULL);
	if (state)
		memcpy(state, a.state, NAME_CAP);
	return code;
}

/* -- looking ------------------------------------------------------------- */
bool bed_last_log(struct bed *b, struct log_entry *out)
{
	struct query q = { .limit = 0 };
	struct log_list a;
	bool any = false;

	do {
		must(bed_call(b, OP_LOG, b->admin, &q, &a, NULL) == R_NONE,
		     "log");
		if (a.rows.count > 0) {
			*out = ((struct log_entry *)
					a.rows.items)[a.rows.count - 1];
			q.after = out->seq;
			any = true;
		}
		shape_clear(&log_list_shape, &a);
	} while (q.after > 0 && a.rows.count == ROWS_MAX);
	return any;
}

void bed_order_row(struct bed *b, const char *name, struct order *out)
{
	struct query q = { .limit = 1 };
	struct order_list a;

	snprintf(q.order, sizeof(q.order), "%s", name);
	must(bed_call(b, OP_ORDERS, b->admin, &q, &a, NULL) == R_NONE &&
		     a.rows.count == 1,
	     "order row");
	*out = *(struct order *)a.rows.items;
	shape_clear(&order_list_shape, &a);
}
