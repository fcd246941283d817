/* SPDX-License-Identifier: MIT */
/* Products and releases. */
#include <stdlib.h>
#include <string.h>

#include "chip/chip.h"
#include "server/ledger_int.h"
#include "wire/name.h"

/* -- products ------------------------------------------------------------ */
static int product_row(struct call *c, struct row_product *row)
{
	const struct product *q = c->job->request;

	if (!name_valid(q->name))
		return call_refuse(c, R_BAD_REQUEST,
				   "name: 1 to 31 of a-z 0-9 . _ -");
	row->family = family_find(q->family);
	if (!chip_find((enum family)row->family))
		return call_refuse(c, R_BAD_REQUEST,
				   "family: chips of %s are not supported",
				   q->family);
	if (q->demands[0] != '\0' && strcmp(q->demands, "none") != 0)
		return call_refuse(c, R_BAD_REQUEST,
				   "demands: %s is not possible in signed mode",
				   q->demands);
	if (q->release_pub.len != P256_PUB_LEN ||
	    q->release_pub.data[0] != 0x04)
		return call_refuse(c, R_BAD_REQUEST,
				   "release_pub: an uncompressed P-256 point "
				   "has 65 bytes and begins with 04");
	TEXT_SET(row->name, q->name);
	row->proof = PROOF_NONE;
	memcpy(row->release_pub, q->release_pub.data, P256_PUB_LEN);
	row->created = c->now;
	return 0;
}

static int op_product_create(struct call *c)
{
	const struct signer_port *s = c->l->signer;
	const struct product *q = c->job->request;
	struct row_product row = { 0 };
	int err;

	TEXT_SET(c->subject, q->name);
	err = product_row(c, &row);
	if (err != 0)
		return err;
	err = store_product_by_name(c->l->db, row.name, &row);
	if (err == 0)
		return call_refuse(c, R_EXISTS, "product %s exists", q->name);
	if (err != E_NOT_FOUND)
		return err;
	err = s->product_key(s->self, row.name, row.device_pub);
	if (err == 0)
		err = store_product_insert(c->l->db, &row);
	if (err == 0)
		err = call_log(c, "product.created", row.name, "family %s",
			       q->family);
	return err < 0 ? err : fill_product(&row, c->job->answer);
}

/* -- releases ------------------------------------------------------------ */
static bool is_format(int err)
{
	return err <= E_SYNTAX && err > E_CRYPTO;
}

static int check_file(struct call *c, const struct row_product *p,
		      struct release_header *h, uint8_t digest[DIGEST_LEN])
{
	const struct release_upload *q = c->job->request;
	const struct signer_port *s = c->l->signer;
	int err = s->release_check(s->self, p->release_pub, q->file.data,
				   q->file.len, h, digest);

	if (err == E_SIGNATURE || err == E_KEY)
		return R_SIGNATURE;
	if (err == E_DECRYPT)
		return call_refuse(c, R_SIGNATURE,
				   "the release was not sealed for this "
				   "server");
	if (is_format(err) || err == E_ARG)
		return call_refuse(c, R_BAD_REQUEST, "release file: %s",
				   error_text(err));
	if (err < 0)
		return err;
	if (strcmp(h->fw.product, p->name) != 0)
		return call_refuse(c, R_BAD_REQUEST,
				   "the release is for product %s",
				   h->fw.product);
	if (h->family != p->family)
		return call_refuse(c, R_BAD_REQUEST,
				   "the release is for another chip family");
	return 0;
}

static int op_release_upload(struct call *c)
{
	const struct release_upload *q = c->job->request;
	struct release_header h;
	struct row_product p;
	struct row_release row = { 0 }, old;
	int err;

	TEXT_SET(c->subject, q->product);
	err = store_product_by_name(c->l->db, q->product, &p);
	if (err < 0)
		return call_missing(c, err, "product", q->product);
	err = check_file(c, &p, &h, row.header_digest);
	if (err != 0)
		return err;
	err = store_release_by_version(c->l->db, p.id, h.fw.version, &old);
	if (err == 0)
		return call_refuse(c, R_EXISTS, "release %s of %s exists",
				   h.fw.version, p.name);
	if (err != E_NOT_FOUND)
		return err;
	row.product_id = p.id;
	TEXT_SET(row.product, p.name);
	TEXT_SET(row.version, h.fw.version);
	row.rollback = h.fw.rollback;
	row.size = release_plain_len(&h);
	memcpy(row.digest, h.fw.digest, DIGEST_LEN);
	row.created = c->now;
	err = store_release_insert(c->l->db, &row, q->file.data, q->file.len);
	if (err == 0)
		err = call_log(c, "release.uploaded", p.name,
			       "version %s, %u bytes", row.version, row.size);
	if (err == 0)
		fill_release(&row, c->job->answer);
	return err;
}

const struct op_row ledger_catalog_ops[] = {
	{ OP_PRODUCT_CREATE, "product", op_product_create, false },
	{ OP_RELEASE_UPLOAD, "release", op_release_upload, false },
	{ OP_NONE, NULL, NULL, false },
};
