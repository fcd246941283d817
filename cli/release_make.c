/* SPDX-License-Identifier: MIT */
/*
 * `signet release make`: on the owner's machine, firmware files become a
 * release file (wire/release.h), signed by the release key and sealed to the
 * server's signer.  The plaintext goes nowhere else.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "authority/authority.h"
#include "base/ct.h"
#include "base/hex.h"
#include "cli/cli.h"
#include "cli/layout.h"
#include "cli/local.h"
#include "keys/keyfile.h"
#include "wire/name.h"
#include "wire/serial.h"

struct make_params {
	struct arg_list files, options;
	char product[NAME_CAP], version[NAME_CAP], chip[NAME_CAP];
	char key[NAME_CAP], mode[NAME_CAP];
	uint32_t rollback;
	const char *out, *serial_at, *protect;
};

static const struct arg make_args[] = {
	{ "FILE", NULL, ARG_LIST, ARG_OPERAND | ARG_REQUIRED,
	  offsetof(struct make_params, files), 0, 0, 0,
	  "firmware: Intel HEX, S-record, ELF, or binary as FILE@ADDRESS; "
	  "several files become one image" },
	{ "product", "P", ARG_NAME, ARG_REQUIRED,
	  offsetof(struct make_params, product), 0, 0, 0, "the product" },
	{ "version", "V", ARG_NAME, ARG_REQUIRED,
	  offsetof(struct make_params, version), 0, 0, 0,
	  "what this firmware is called, such as 1.4.0" },
	{ "mode", "MODE", ARG_NAME, 0, offsetof(struct make_params, mode), 0, 0,
	  0,
	  "sealed (default): encrypted into the chip; signed: the manufacturer "
	  "gets it in clear, if the product allows it" },
	{ "rollback", "N", ARG_U32, 0, offsetof(struct make_params, rollback),
	  0, 0, 0,
	  "anti-rollback number: bootloaders can refuse lower ones (default "
	  "0)" },
	{ "chip", "CHIP", ARG_NAME, 0, offsetof(struct make_params, chip), 0, 0,
	  0,
	  "the exact part: stm32l432, stm32f103xb, stm32f103xe, stm32f051 or "
	  "nrf51822 (default: the family's, where it has only one)" },
	{ "protect", "LEVEL", ARG_TEXT, 0,
	  offsetof(struct make_params, protect), 0, 0, 0,
	  "read protection of the finished device: 1 (default), or 2, which "
	  "nobody can ever undo; sealed, 2 is in force before the firmware "
	  "comes, 2-late once all of it is there" },
	{ "option", "REG:MASK:VALUE", ARG_LIST, 0,
	  offsetof(struct make_params, options), 0, 0, 0,
	  "further option bits, by register address" },
	{ "serial-at", "ADDRESS[:FORM]", ARG_TEXT, 0,
	  offsetof(struct make_params, serial_at), 0, 0, 0,
	  "where the image holds the device's serial number: as text, "
	  "ascii[:LENGTH] (default, 32 bytes), or as a number, u32" },
	{ "key", "KEY", ARG_NAME, 0, offsetof(struct make_params, key), 0, 0, 0,
	  "the local release key (default: found by its public half)" },
	{ "out", "FILE", ARG_TEXT, 0, offsetof(struct make_params, out), 0, 0,
	  0, "the release file (default PRODUCT-VERSION.signet)" },
};

/* All that is gathered before anything is signed. */
struct making {
	const struct chip *chip;
	struct product product;
	struct server_keys keys;
	struct release_header header;
	struct layout layout;
	struct crypto_key *key;
};

static int bad_file(int err, const char *why)
{
	const char *next = "correct the file or its linker script";

	if (err == E_IO || err == E_NOT_FOUND)
		next = "check the path";
	else if (err == E_OVERLAP)
		next = "name each file once; no two may fill the same address";
	args_problem("firmware", next, "%s", why);
	return EXIT_LOCAL;
}

static int load_files(const struct arg_list *files, struct making *m)
{
	struct image all = { NULL, 0 };
	char why[LAYOUT_WHY_CAP] = "";
	int r = 0;

	for (size_t i = 0; i < files->count && r == 0; i++) {
		struct image one = { NULL, 0 };

		r = image_load(files->items[i], &one, why);
		if (r == 0)
			r = layout_check(m->chip, &one, files->items[i], why);
		if (r == 0)
			r = image_merge(&all, &one, why);
		image_free(&one);
	}
	if (r == 0)
		r = layout_make(m->chip, &all, &m->layout, why);
	image_free(&all);
	return r == 0 ? 0 : bad_file(r, why);
}

/* "REG:MASK:VALUE" */
static int option_parse(const char *text, struct option_word *out)
{
	char copy[64];
	char *save = NULL, *part;
	uint64_t v[3] = { 0, 0, 0 };
	size_t n = 0;

	if (strlen(text) >= sizeof(copy))
		return E_SYNTAX;
	snprintf(copy, sizeof(copy), "%s", text);
	for (part = strtok_r(copy, ":", &save); part;
	     part = strtok_r(NULL, ":", &save)) {
		if (n == 3 || args_number(part, 0, UINT32_MAX, &v[n]) != 0)
			return E_SYNTAX;
		n++;
	}
	if (n != 3 || (v[2] & ~v[1]) != 0)
		return E_SYNTAX;
	*out = (struct option_word){ (uint32_t)v[0], (uint32_t)v[1],
				     (uint32_t)v[2] };
	return 0;
}

static int add_options(const struct arg_list *l, struct release_header *h)
{
	if (l->count > OPTIONS_MAX) {
		args_problem("usage", NULL, "at most %d --option", OPTIONS_MAX);
		return EXIT_USAGE;
	}
	for (size_t i = 0; i < l->count; i++) {
		if (option_parse(l->items[i], &h->options[i]) == 0)
			continue;
		args_problem("usage",
			     "give three numbers, value within mask, such as "
			     "0x40022020:0x1000000:0",
			     "--option \"%s\" is not REG:MASK:VALUE",
			     l->items[i]);
		return EXIT_USAGE;
	}
	h->option_count = (uint8_t)l->count;
	return 0;
}

/* "ADDRESS", "ADDRESS:ascii", "ADDRESS:ascii:LENGTH", "ADDRESS:u32" */
static int serial_parse(const char *text, struct serial_place *out)
{
	char copy[48];
	char *form, *len = NULL;
	uint64_t address, n = SERIAL_CAP;

	if (strlen(text) >= sizeof(copy))
		return E_SYNTAX;
	snprintf(copy, sizeof(copy), "%s", text);
	form = strchr(copy, ':');
	if (form)
		*form++ = '\0';
	if (form)
		len = strchr(form, ':');
	if (len)
		*len++ = '\0';
	if (args_number(copy, 0, UINT32_MAX, &address) != 0)
		return E_SYNTAX;
	*out = (struct serial_place){ (uint32_t)address, SERIAL_CAP,
				      SERIAL_ASCII };
	if (form && strcmp(form, "u32") == 0 && !len) {
		out->form = SERIAL_U32;
		out->len = 4;
		return 0;
	}
	if ((form && strcmp(form, "ascii") != 0) ||
	    (len && args_number(len, 1, SERIAL_CAP, &n) != 0))
		return E_SYNTAX;
	out->len = (uint8_t)n;
	return 0;
}

static int find_serial(const struct make_params *p, struct release_header *h)
{
	if (!p->serial_at || serial_parse(p->serial_at, &h->serial) == 0)
		return 0;
	args_problem("usage",
		     "such as 0x08001000:ascii:16, at most 32 bytes, or "
		     "0x08001000:u32",
		     "--serial-at \"%s\" is not ADDRESS[:ascii[:LENGTH]|:u32]",
		     p->serial_at);
	return EXIT_USAGE;
}

static int find_protect(const struct make_params *p, struct release_header *h)
{
	const char *s = p->protect ? p->protect : "1";

	h->late = strcmp(s, "2-late") == 0;
	h->protection = h->late || strcmp(s, "2") == 0 ? 2 : 1;
	if (h->protection == 2 || strcmp(s, "1") == 0)
		return 0;
	args_problem("usage", "1, 2, or in sealed mode 2-late",
		     "--protect \"%s\" is no level of read protection", s);
	return EXIT_USAGE;
}

static int no_chip(const char *name)
{
	char next[256] = "name one of:";
	const struct chip *c;

	for (unsigned i = 0; (c = chip_at(i)) != NULL; i++) {
		size_t n = strlen(next);

		snprintf(next + n, sizeof(next) - n, " %s", c->name);
	}
	args_problem("usage", next, "this version knows no chip \"%s\"", name);
	return EXIT_USAGE;
}

static int find_chip(const struct make_params *p, struct making *m)
{
	enum family family = family_find(m->product.family);

	m->chip = p->chip[0] ? chip_by_name(p->chip) : chip_find(family);
	if (m->chip == NULL)
		return no_chip(p->chip[0] ? p->chip : m->product.family);
	if (!p->chip[0] && chip_release_device(m->chip) != 0) {
		args_problem("usage", "say which, by --chip",
			     "%s has several chips, such as %s",
			     m->product.family, m->chip->name);
		return EXIT_USAGE;
	}
	if (m->chip->family == family)
		return 0;
	args_problem("usage", "name a chip of the product's family",
		     "%s is made of %s, and %s is %s", p->product,
		     m->product.family, m->chip->name, m->chip->family_name);
	return EXIT_USAGE;
}

static int fetch(struct cli *cli, const struct make_params *p, struct making *m)
{
	struct query q;
	int r;

	memset(&q, 0, sizeof(q));
	snprintf(q.product, NAME_CAP, "%s", p->product);
	r = cli_find(cli, OP_PRODUCTS, &q, "product", p->product, &m->product);
	if (r != 0)
		return r;
	memset(&q, 0, sizeof(q));
	r = cli_call(cli, OP_SERVER_KEYS, &q, &m->keys);
	if (r != 0)
		return r;
	if (m->keys.release_hpke_pub.len == X25519_LEN &&
	    m->product.release_pub.len == P256_PUB_LEN)
		return 0;
	args_problem("answer", "compare the versions of signet and signetd",
		     "the server's keys have the wrong size");
	return EXIT_BUG;
}

static int open_key(struct cli *cli, const struct make_params *p,
		    struct making *m)
{
	uint8_t pub[P256_PUB_LEN];
	char name[NAME_CAP];
	int r;

	if (p->key[0] == '\0') {
		r = cli_key_match(cli, m->product.release_pub.data, name);
		return r != 0 ? r : cli_key_open(cli, name, &m->key);
	}
	r = cli_key_public(cli, p->key, pub);
	if (r != 0)
		return r;
	if (memcmp(pub, m->product.release_pub.data, sizeof(pub)) == 0)
		return cli_key_open(cli, p->key, &m->key);
	args_problem("key", "leave --key away, or name the right one",
		     "%s is not the release key of %s", p->key, p->product);
	return EXIT_LOCAL;
}

/* Sealed unless asked otherwise, and the product must allow that. */
static int find_mode(const struct make_params *p, struct making *m)
{
	bool with_signed = strcmp(m->product.modes, "sealed+signed") == 0;

	m->header.sealed = strcmp(p->mode, "signed") != 0;
	if (m->header.late && !m->header.sealed) {
		args_problem("usage",
			     "--protect 2: in signed mode the lock is the last "
			     "step anyway",
			     "--protect 2-late is of sealed releases");
		return EXIT_USAGE;
	}
	if (p->mode[0] && m->header.sealed && strcmp(p->mode, "sealed") != 0) {
		args_problem("usage", "--mode sealed, or --mode signed",
			     "\"%s\" is no mode", p->mode);
		return EXIT_USAGE;
	}
	if (m->header.sealed && m->chip->witness_count == 0) {
		args_problem("mode",
			     "--mode signed, if the product may be built so; "
			     "or another chip",
			     "%s has no sealed mode", m->chip->name);
		return EXIT_LOCAL;
	}
	if (m->header.sealed || with_signed)
		return 0;
	args_problem("mode",
		     "leave --mode away; only `signet product create "
		     "--allow-signed` makes a product that allows it",
		     "%s is built in sealed mode only", p->product);
	return EXIT_LOCAL;
}

/* What the chip is going to refuse is better said now. */
static int check_header(struct making *m)
{
	uint32_t options[CHIP_OPTIONS_MAX];
	char why[LAYOUT_WHY_CAP] = "";
	const char *next = "correct --option or --protect";
	int r = chip_want_options(m->chip, &m->header, options, why);

	if (r == 0 && m->header.serial.form != SERIAL_NONE) {
		next = "correct --serial-at, or the linker script";
		r = layout_serial(m->chip, &m->layout, &m->header.serial, why);
	}
	if (r == 0 && m->header.sealed) {
		next = "name every file of the image, the bootloader's first, "
		       "linked for there; docs/integrator.md has the layout";
		r = layout_seal(m->chip, &m->layout, m->header.boot, why);
	}
	if (r == 0)
		return 0;
	args_problem("release", next, "%s", why);
	return EXIT_LOCAL;
}

static void fill_header(const struct make_params *p, struct making *m)
{
	struct release_header *h = &m->header;
	struct firmware_info *fw = &h->fw;

	snprintf(fw->product, NAME_CAP, "%s", p->product);
	snprintf(fw->version, NAME_CAP, "%s", p->version);
	fw->rollback = p->rollback;
	fw->segment_count = m->layout.count;
	memcpy(fw->segments, m->layout.segments, sizeof(fw->segments));
	h->chunk_len = CHUNK_LEN;
	h->family = (uint8_t)m->chip->family;
	h->device = chip_release_device(m->chip);
}

static void print_summary(const struct cli *cli, const struct making *m,
			  const char *path)
{
	const struct firmware_info *fw = &m->header.fw;
	char digest[HEX_DIGEST_CAP], place[SERIAL_PLACE_CAP];

	hex_encode(fw->digest, DIGEST_LEN, digest);
	if (cli->json) {
		json_t *o = json_pack(
			"{s:s,s:s,s:s,s:s,s:s,s:I,s:I,s:s}", "file", path,
			"protection", release_protection(&m->header), "mode",
			m->header.sealed ? "sealed" : "signed", "product",
			fw->product, "version", fw->version, "rollback",
			(json_int_t)fw->rollback, "size",
			(json_int_t)m->layout.len, "digest", digest);

		local_print_json(o);
		return;
	}
	printf("%s\n  %s %s, %s, %zu bytes\n", path, fw->product, fw->version,
	       m->header.sealed ? "sealed" : "signed", m->layout.len);
	for (size_t i = 0; i < fw->segment_count; i++)
		printf("  0x%08x  %u bytes\n", fw->segments[i].address,
		       fw->segments[i].len);
	serial_place_text(&m->header.serial, place);
	if (place[0])
		printf("  serial number at %s\n", place);
	printf("  read protection level %s on %s\n  digest %s\n",
	       release_protection(&m->header), m->chip->name, digest);
}

static int finish(struct cli *cli, const struct make_params *p,
		  struct making *m)
{
	struct firmware_info *fw = &m->header.fw;
	char name[2 * NAME_CAP + 16];
	const char *path = p->out ? p->out : name;
	uint8_t *file = NULL;
	size_t len = 0;
	int r;

	snprintf(name, sizeof(name), "%s-%s.signet", p->product, p->version);
	r = authority_release_digest(&m->header, m->layout.plain, fw->digest);
	if (r == 0)
		r = authority_release_make(
			m->key, m->keys.release_hpke_pub.data, &m->header,
			m->layout.plain, m->layout.len, &file, &len);
	if (r != 0) {
		args_problem("release", "tell the developers",
			     "cannot make the release: %s", error_text(r));
		return EXIT_BUG;
	}
	r = cli_write_file(path, file, len);
	if (r == 0)
		print_summary(cli, m, path);
	free(file);
	return r;
}

static int make_run(const struct command *self, void *globals, void *params)
{
	struct make_params *p = params;
	struct cli *cli = globals;
	struct making m;
	int r;

	(void)self;
	memset(&m, 0, sizeof(m));
	r = add_options(&p->options, &m.header);
	if (r == 0)
		r = find_serial(p, &m.header);
	if (r == 0)
		r = find_protect(p, &m.header);
	if (r == 0)
		r = fetch(cli, p, &m);
	if (r == 0)
		r = find_chip(p, &m);
	if (r == 0)
		r = find_mode(p, &m);
	if (r == 0)
		r = load_files(&p->files, &m);
	if (r == 0) {
		fill_header(p, &m);
		r = check_header(&m);
	}
	if (r == 0)
		r = open_key(cli, p, &m);
	if (r == 0)
		r = finish(cli, p, &m);
	crypto_key_free(m.key);
	if (m.layout.plain)
		ct_wipe(m.layout.plain, m.layout.len);
	layout_free(&m.layout);
	shape_clear(&product_shape, &m.product);
	shape_clear(&server_keys_shape, &m.keys);
	return r;
}

const struct command command_release_make = {
	.object = "release",
	.verb = "make",
	.summary = "make a release of firmware files: check, sign, seal",
	.args = make_args,
	.arg_count = ARRAY_LEN(make_args),
	.params_size = sizeof(struct make_params),
	.run = make_run,
};
