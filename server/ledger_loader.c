/* SPDX-License-Identifier: MIT */
/* The admission list of loaders, and stage-0 batches. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/rw.h"
#include "chip/chip.h"
#include "server/ledger_int.h"
#include "wire/layout.h"
#include "wire/name.h"

/* -- the list ------------------------------------------------------------ */
const char *loader_chip_name(uint32_t family, uint32_t device)
{
	const struct chip *chip = chip_meant((enum family)family, device);
	const char *name = family_name(family);

	return chip ? chip->name : name ? name : "";
}

static void fill_loader(const struct row_loader *r, struct loader *out)
{
	const char *family = family_name(r->family);
	const char *link = loader_link_name(r->link);

	TEXT_SET(out->chip, loader_chip_name(r->family, r->device));
	TEXT_SET(out->family, family ? family : "");
	TEXT_SET(out->link, link ? link : "both");
	hex_encode(r->digest, DIGEST_LEN, out->digest);
	out->stub = r->stub_len;
	TEXT_SET(out->state, r->admitted ? "admitted" : "retired");
	time_text(r->created, out->created);
}

/* A loader that was built for another server could never open message 2. */
static bool holds_key(const struct blob *code, const uint8_t key[X25519_LEN])
{
	return memmem(code->data, code->len, key, X25519_LEN) != NULL;
}

/* It begins with its stack pointer and where it starts: in itself, so it was
 * linked for the end of this chip's flash. */
static int check_place(struct call *c, const struct chip *chip,
		       const struct blob *code)
{
	uint32_t at = chip->flash_base + chip->flash_len - RESERVED_LEN +
		      LOADER_OFFSET;
	uint32_t reset;
	struct rd r;

	rd_init(&r, code->data, code->len);
	(void)rd_u32(&r);
	reset = rd_u32(&r);
	if (reset % 2 == 1 && reset - at < LOADER_LEN)
		return 0;
	return call_refuse(c, R_LOADER_CHIP,
			   "this loader starts at 0x%08x; those for %s lie "
			   "from 0x%08x on",
			   reset & ~1u, chip->name, at);
}

static int check_loader(struct call *c, const struct loader_upload *q,
			struct row_loader *row)
{
	const struct chip *chip = chip_by_name(q->chip);
	char why[CHIP_WHY_CAP];
	int err;

	if (!chip)
		return call_refuse(c, R_BAD_REQUEST, "chip: there is no \"%s\"",
				   q->chip);
	if (chip->witness_count == 0)
		return call_refuse(c, R_BAD_REQUEST,
				   "chip: %s has no sealed mode", q->chip);
	row->link = (uint32_t)loader_link_find(q->link);
	if (!row->link)
		return call_refuse(c, R_BAD_REQUEST, "link: uart or swd-pins");
	if (q->link[0] && !chip_speaks(chip, q->link, why))
		return call_refuse(c, R_BAD_REQUEST, "%s", why);
	if (q->loader.len != LOADER_LEN || q->stub.len == 0 ||
	    q->stub.len > STUB_CODE_LEN)
		return call_refuse(c, R_BAD_REQUEST,
				   "a loader has %d bytes, its stub at most %d",
				   LOADER_LEN, STUB_CODE_LEN);
	err = check_place(c, chip, &q->loader);
	if (err != 0)
		return err;
	if (!holds_key(&q->loader, c->l->noise_pub))
		return call_refuse(c, R_BAD_REQUEST,
				   "this loader was not built with this "
				   "server's key: build it with `signet loader "
				   "keys-header`");
	row->family = (uint32_t)chip->family;
	row->device = chip_release_device(chip);
	row->stub_len = (uint32_t)q->stub.len;
	row->admitted = true;
	row->created = c->now;
	return crypto_sha256(q->loader.data, q->loader.len, row->digest);
}

static int op_loader_add(struct call *c)
{
	const struct loader_upload *q = c->job->request;
	struct store_blob code = { q->loader.data, q->loader.len };
	struct store_blob stub = { q->stub.data, q->stub.len };
	struct row_loader row = { 0 }, old;
	int err = check_loader(c, q, &row);

	if (err != 0)
		return err;
	hex_encode(row.digest, DIGEST_LEN, c->subject);
	err = store_loader_by_digest(c->l->db, row.digest, &old);
	if (err == 0)
		return call_refuse_next(
			c, R_EXISTS,
			old.admitted ? "go on: it is in use"
				     : "`signet loader admit` puts it on the "
				       "list again",
			"this loader is listed (%s)",
			old.admitted ? "admitted" : "retired");
	if (err != E_NOT_FOUND)
		return err;
	err = store_loader_insert(c->l->db, &row, &code, &stub);
	if (err == 0)
		err = call_log(c, "loader.admitted", c->subject,
			       "chip %s, link %s", q->chip, q->link);
	if (err == 0)
		fill_loader(&row, c->job->answer);
	return err;
}

static int loader_find(struct call *c, const char *hex, struct row_loader *out)
{
	uint8_t digest[DIGEST_LEN];
	size_t len = 0;

	memset(out, 0, sizeof(*out));
	if (hex_decode(hex, digest, sizeof(digest), &len) < 0 ||
	    len != DIGEST_LEN)
		return call_refuse_next(
			c, R_BAD_REQUEST, "`signet loader list` shows them",
			"a loader's digest: 64 lower-case hex digits");
	return store_loader_by_digest(c->l->db, digest, out);
}

int loader_named(struct call *c, const char *digest, uint32_t family,
		 uint32_t device, struct row_loader *out)
{
	int err = loader_find(c, digest, out);

	if (err == E_NOT_FOUND)
		return call_refuse(c, R_LOADER,
				   "loader %.16s... is not on the list",
				   digest);
	if (err == 0 && (out->family != family || out->device != device))
		return call_refuse(c, R_LOADER_CHIP,
				   "loader %.16s... is for %s, not for %s",
				   digest,
				   loader_chip_name(out->family, out->device),
				   loader_chip_name(family, device));
	if (err == 0 && !out->admitted)
		return call_refuse(c, R_LOADER,
				   "loader %.16s... is no longer admitted",
				   digest);
	return err;
}

static int op_loader_change(struct call *c)
{
	const struct loader_change *q = c->job->request;
	bool admit = strcmp(q->action, "admit") == 0;
	struct row_loader row;
	int err;

	TEXT_SET(c->subject, q->digest);
	if (!admit && strcmp(q->action, "retire") != 0)
		return call_refuse(c, R_BAD_REQUEST,
				   "action is retire or admit");
	err = loader_find(c, q->digest, &row);
	if (err > 0)
		return err;
	if (err < 0)
		return call_missing(c, err, "loader", q->digest);
	if (row.admitted != admit) {
		row.admitted = admit;
		err = store_loader_update(c->l->db, &row);
		if (err == 0)
			err = call_log(
				c, admit ? "loader.admitted" : "loader.retired",
				c->subject, "chip %s",
				loader_chip_name(row.family, row.device));
	}
	if (err == 0)
		fill_loader(&row, c->job->answer);
	return err;
}

/* -- lists --------------------------------------------------------------- */
struct rows { /* an answer that grows */
	struct list *list;
	size_t size;
};

static void *rows_next(struct rows *g)
{
	size_t n = g->list->count;
	void *items = realloc(g->list->items, (n + 1) * g->size);

	if (!items)
		return NULL;
	g->list->items = items;
	items = (uint8_t *)items + n * g->size;
	memset(items, 0, g->size);
	g->list->count++;
	return items;
}

static struct store_filter page(const struct query *q)
{
	return (struct store_filter){
		.after = q->after <= INT64_MAX ? (int64_t)q->after : INT64_MAX,
		.limit = q->limit > 0 && q->limit < ROWS_MAX ? q->limit
							     : ROWS_MAX,
	};
}

static int add_loader(void *arg, const struct row_loader *r)
{
	struct loader *out = rows_next(arg);

	if (!out)
		return E_NOMEM;
	fill_loader(r, out);
	return 0;
}

static int op_loaders(struct call *c)
{
	struct store_filter f = page(c->job->request);
	struct loader_list *a = c->job->answer;
	struct rows g = { &a->rows, sizeof(struct loader) };

	return store_loaders(c->l->db, &f, 0, add_loader, &g);
}

static void fill_batch(const struct row_batch *r, struct stage0_batch *out)
{
	const char *family = family_name(r->family);

	TEXT_SET(out->name, r->name);
	TEXT_SET(out->family, family ? family : "");
	TEXT_SET(out->manufacturer, r->manufacturer);
	out->chips = r->chips;
	time_text(r->created, out->created);
}

static int add_batch(void *arg, const struct row_batch *r)
{
	struct stage0_batch *out = rows_next(arg);

	if (!out)
		return E_NOMEM;
	fill_batch(r, out);
	return 0;
}

static int op_batches(struct call *c)
{
	struct store_filter f = page(c->job->request);
	struct stage0_batches *a = c->job->answer;
	struct rows g = { &a->rows, sizeof(struct stage0_batch) };

	return store_batches(c->l->db, &f, add_batch, &g);
}

/* -- what stations fetch ------------------------------------------------- */
struct pick {
	uint32_t device;
	enum loader_link link;
	struct row_loader row; /* id 0: none yet */
};

static int first_admitted(void *arg, const struct row_loader *r)
{
	struct pick *p = arg;
	bool speaks = p->link == LOADER_LINK_NONE ||
		      r->link == LOADER_LINK_NONE ||
		      r->link == (uint32_t)p->link;

	if (r->admitted && speaks && r->device == p->device && p->row.id == 0)
		p->row = *r;
	return 0;
}

int loader_admitted(struct call *c, const struct row_order *o,
		    enum loader_link link, struct row_loader *out)
{
	struct store_filter f = { .limit = 0 };
	struct pick p = { .device = o->device, .link = link };
	const char *line = loader_link_name(link);
	int err = store_loaders(c->l->db, &f, o->family, first_admitted, &p);

	if (err < 0)
		return err;
	if (p.row.id == 0)
		return call_refuse_next(
			c, R_LOADER,
			"the owner builds it (`make loader`) and adds it: "
			"`signet loader add`; or take a channel of another "
			"link",
			"no loader for %s%s%s is admitted (order %s)",
			loader_chip_name(o->family, o->device),
			line ? " over " : "", line ? line : "", o->name);
	*out = p.row;
	return 0;
}

static int op_loader_fetch(struct call *c)
{
	const struct loader_fetch *q = c->job->request;
	struct loader_answer *a = c->job->answer;
	enum loader_link link = loader_link_find(q->link);
	struct row_loader row;
	struct store_blob code, stub;
	struct cached_order *o;
	enum refusal_code refusal;
	int err;

	TEXT_SET(c->order, q->order);
	if (link == LOADER_LINK_NONE)
		return call_refuse(c, R_BAD_REQUEST, "link: uart or swd-pins");
	err = cache_order(c->l, q->order, &o);
	if (err < 0)
		return call_missing(c, err, "order", q->order);
	refusal = rules_order(&o->row, &c->flasher->row, c->now);
	if (refusal != R_NONE)
		return refuse_order(c, refusal, &o->row);
	if (o->row.mode != MODE_SEALED)
		return call_refuse(c, R_MODE, "order %s is signed",
				   o->row.name);
	err = loader_admitted(c, &o->row, link, &row);
	if (err != 0)
		return err;
	err = store_loader_code(c->l->db, row.id, &code, &stub);
	if (err < 0)
		return err;
	TEXT_SET(a->chip, loader_chip_name(row.family, row.device));
	TEXT_SET(a->family, family_name(row.family));
	TEXT_SET(a->link, q->link);
	hex_encode(row.digest, DIGEST_LEN, a->digest);
	a->loader = (struct blob){ code.data, code.len };
	a->stub = (struct blob){ stub.data, stub.len };
	return 0;
}

/* -- stage 0 ------------------------------------------------------------- */
int refuse_stage0(struct call *c, const char *family)
{
	char next[TEXT_CAP] = "take a family that can:";
	const struct chip *chip;

	for (unsigned i = 0; (chip = chip_at(i)) != NULL; i++) {
		size_t n = strlen(next);

		if (chip->stage0 && !strstr(next, chip->family_name))
			snprintf(next + n, sizeof(next) - n, " %s",
				 chip->family_name);
	}
	return call_refuse_next(c, R_PROOF, next,
				"chips of %s cannot hold a stage-0 secret",
				family);
}

static int op_batch_create(struct call *c)
{
	const struct stage0_batch *q = c->job->request;
	const struct signer_port *s = c->l->signer;
	struct row_batch row = { 0 }, old;
	const struct chip *chip = chip_find(family_find(q->family));
	int err;

	TEXT_SET(c->subject, q->name);
	if (!name_valid(q->name) || !name_valid(q->manufacturer))
		return call_refuse(c, R_BAD_REQUEST,
				   "name, manufacturer: 1 to 31 of a-z 0-9 . "
				   "_ -");
	if (!chip || !chip->stage0)
		return refuse_stage0(c, q->family);
	err = store_batch_by_name(c->l->db, q->name, &old);
	if (err == 0)
		return call_refuse(c, R_EXISTS, "there is a batch %s already",
				   q->name);
	if (err != E_NOT_FOUND)
		return err;
	TEXT_SET(row.name, q->name);
	TEXT_SET(row.manufacturer, q->manufacturer);
	row.family = (uint32_t)chip->family;
	row.created = c->now;
	err = s->batch_make(s->self, row.name, row.master);
	if (err == 0)
		err = store_batch_insert(c->l->db, &row);
	if (err == 0)
		err = call_log(c, "batch.created", row.name,
			       "family %s, secrets are put in by %s", q->family,
			       row.manufacturer);
	if (err == 0)
		fill_batch(&row, c->job->answer);
	return err;
}

static int check_part(struct call *c, const struct stage0_request *q,
		      const struct row_batch *b)
{
	struct chip_print print = { .dpidr = q->dpidr,
				    .cpuid = q->cpuid,
				    .designer = q->designer,
				    .part = q->part,
				    .device_id = q->device_id,
				    .flash_kb = q->flash_kb,
				    .ap_idr = q->ap_idr,
				    .vtor = q->vtor };
	char why[CHIP_WHY_CAP] = "";

	if (strcmp(b->manufacturer, c->flasher->row.manufacturer) != 0)
		return call_refuse(c, R_NOT_ALLOWED,
				   "batch %s is for another site's flashers",
				   b->name);
	if (chip_check_print((enum family)b->family, &print, why) < 0)
		return call_refuse(c, R_COUNTERFEIT, "%s", why);
	if (chip_check_uid((enum family)b->family, q->uid.data, q->uid.len,
			   why) < 0)
		return call_refuse(c, R_UID_FORM, "%s", why);
	return 0;
}

static int op_stage0(struct call *c)
{
	const struct stage0_request *q = c->job->request;
	const struct signer_port *port = c->l->signer;
	struct stage0_answer *a = c->job->answer;
	struct signer_stage0 s = { .uid_len = (uint8_t)q->uid.len };
	struct row_loader loader;
	struct row_batch b;
	int err;

	if (q->uid.len > UID_MAX)
		return call_refuse(c, R_BAD_REQUEST, "uid: too long");
	subject_uid(c->subject, q->uid.data, q->uid.len);
	err = store_batch_by_name(c->l->db, q->batch, &b);
	if (err < 0)
		return call_missing(c, err, "batch", q->batch);
	err = check_part(c, q, &b);
	if (err == 0)
		err = loader_named(c, q->loader, b.family, 0, &loader);
	if (err != 0)
		return err;
	TEXT_SET(s.batch, b.name);
	memcpy(s.master, b.master, WRAPPED_KEY_LEN);
	s.family = (uint8_t)b.family;
	memcpy(s.uid, q->uid.data, q->uid.len);
	memcpy(s.kem_pub, c->flasher->row.kem_pub, X25519_LEN);
	err = port->stage0(port->self, &s);
	if (err == 0)
		err = store_batch_chip(c->l->db, &b, q->uid.data, q->uid.len,
				       c->flasher->row.id, loader.id, c->now);
	if (err == 0)
		err = blob_set(&a->key_enc, s.out_enc, sizeof(s.out_enc));
	if (err == 0)
		err = blob_set(&a->key_sealed, s.out_sealed,
			       sizeof(s.out_sealed));
	TEXT_SET(a->family, family_name(b.family));
	return err < 0 ? err
		       : call_log(c, "batch.secret", c->subject, "batch %s",
				  b.name);
}

const struct op_row ledger_loader_ops[] = {
	{ OP_LOADER_ADD, "loader", op_loader_add, false },
	{ OP_LOADERS, "loader", op_loaders, true },
	{ OP_LOADER_CHANGE, "loader", op_loader_change, false },
	{ OP_LOADER_FETCH, "loader", op_loader_fetch, false },
	{ OP_BATCH_CREATE, "batch", op_batch_create, false },
	{ OP_BATCHES, "batch", op_batches, true },
	{ OP_STAGE0, "stage0", op_stage0, false },
	{ OP_NONE, NULL, NULL, false },
};
