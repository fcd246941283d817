/* SPDX-License-Identifier: MIT */
/* Products and releases. */
#include <stdlib.h>
#include <string.h>

#include "chip/chip.h"
#include "server/ledger_int.h"
#include "wire/name.h"
#include "wire/serial.h"

/* -- products ------------------------------------------------------------ */
static bool proof_find(const char *name, uint32_t *out)
{
	for (uint32_t i = 0; proof_name(i); i++) {
		if (strcmp(name, proof_name(i)) == 0) {
			*out = i;
			return true;
		}
	}
	return false;
}

/* The modes that the product may be built in, and what it demands.  Sealed
 * only, unless the owner says otherwise. */
static int check_sealed(struct call *c, const struct product *q,
			struct row_product *row)
{
	const struct chip *chip = chip_find((enum family)row->family);

	row->modes = MODES_SEALED;
	if (strcmp(q->modes, "sealed+signed") == 0)
		row->modes = MODES_SEALED_SIGNED;
	else if (q->modes[0] != '\0' && strcmp(q->modes, "sealed") != 0)
		return call_refuse(c, R_BAD_REQUEST,
				   "modes: sealed, or sealed+signed");
	if (row->modes == MODES_SEALED && chip->witness_count == 0)
		return call_refuse_next(
			c, R_MODE,
			"allow signed mode (--allow-signed), or take another "
			"family",
			"chips of %s have no sealed mode", q->family);
	row->demands = PROOF_NONE;
	if (q->demands[0] != '\0' && (!proof_find(q->demands, &row->demands) ||
				      row->demands == PROOF_DEMO))
		return call_refuse_next(c, R_BAD_REQUEST,
					"give one of these, or leave it away",
					"demands: none or stage0");
	if (row->demands == PROOF_STAGE0 && !chip->stage0)
		return refuse_stage0(c, q->family);
	return 0;
}

#define X(sym, num, name) " " name
#define FAMILIES FAMILY_LIST(X)

static int product_row(struct call *c, struct row_product *row)
{
	const struct product *q = c->job->request;
	int code;

	if (!name_valid(q->name))
		return call_refuse(c, R_BAD_REQUEST,
				   "name: 1 to 31 of a-z 0-9 . _ -");
	row->family = family_find(q->family);
	if (!chip_find((enum family)row->family))
		return call_refuse_next(
			c, R_BAD_REQUEST, "take one of:" FAMILIES,
			"family: there is no chip family %s", q->family);
	code = check_sealed(c, q, row);
	if (code != 0)
		return code;
	if (q->release_pub.len != P256_PUB_LEN ||
	    q->release_pub.data[0] != 0x04)
		return call_refuse(c, R_BAD_REQUEST,
				   "release_pub: an uncompressed P-256 point "
				   "has 65 bytes and begins with 04");
	TEXT_SET(row->name, q->name);
	memcpy(row->release_pub, q->release_pub.data, P256_PUB_LEN);
	row->created = c->now;
	return 0;
}
#undef FAMILIES
#undef X

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
		err = call_log(c, "product.created", row.name,
			       "family %s, modes %s, demands %s", q->family,
			       rules_modes(row.modes), proof_name(row.demands));
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
	uint32_t options[CHIP_OPTIONS_MAX];
	char why[CHIP_WHY_CAP] = "";
	const struct chip *chip;
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
	chip = chip_of_release(h);
	if (!chip)
		return call_refuse(c, R_BAD_REQUEST,
				   "the release is laid out for device ID "
				   "0x%x, which is no %s",
				   h->device, family_name(h->family));
	if (chip_want_options(chip, h, options, why) < 0)
		return call_refuse(c, R_BAD_REQUEST, "%s", why);
	if (!h->sealed && p->modes == MODES_SEALED)
		return call_refuse(c, R_MODE,
				   "product %s is built in sealed mode only, "
				   "and the release is laid out for signed",
				   p->name);
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
		return call_refuse_next(
			c, R_EXISTS,
			"make it with another --version; a release is never "
			"replaced",
			"release %s of %s exists", h.fw.version, p.name);
	if (err != E_NOT_FOUND)
		return err;
	row.product_id = p.id;
	TEXT_SET(row.product, p.name);
	TEXT_SET(row.version, h.fw.version);
	row.rollback = h.fw.rollback;
	row.size = release_plain_len(&h);
	row.sealed = h.sealed;
	memcpy(row.digest, h.fw.digest, DIGEST_LEN);
	serial_place_text(&h.serial, row.serial_at);
	TEXT_SET(row.protection, release_protection(&h));
	row.device = h.device;
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
