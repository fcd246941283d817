/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

struct product_params {
	struct product product;
	char release_key[NAME_CAP];
	bool allow_signed;
};

static const struct arg create_args[] = {
	{ "NAME", NULL, ARG_NAME, ARG_OPERAND | ARG_REQUIRED,
	  offsetof(struct product_params, product.name), 0, 0, 0,
	  "the product's name" },
	{ "family", "FAMILY", ARG_NAME, ARG_REQUIRED,
	  offsetof(struct product_params, product.family), 0, 0, 0,
	  "the chip family that it is made of: stm32l4 (STM32L432), stm32f1 "
	  "(STM32F103xB, xE), stm32f0 (STM32F051), or nrf51 (nRF51822, for "
	  "demonstrations)" },
	{ "release-key", "KEY", ARG_NAME, ARG_REQUIRED,
	  offsetof(struct product_params, release_key), 0, 0, 0,
	  "the local key that signs its firmware" },
	{ "allow-signed", NULL, ARG_FLAG, 0,
	  offsetof(struct product_params, allow_signed), 0, 0, 0,
	  "it may be built in signed mode too, where the manufacturer gets "
	  "the firmware in clear" },
	{ "demand-proof", "STEP", ARG_NAME, 0,
	  offsetof(struct product_params, product.demands), 0, 0, 0,
	  "how a chip must prove to be one before it gets anything: none "
	  "(default), stage0" },
};

static int create_run(const struct command *self, void *globals, void *params)
{
	struct product_params *p = params;
	struct cli *cli = globals;
	uint8_t pub[P256_PUB_LEN];
	struct product made;
	int r = cli_home(cli);

	(void)self;
	if (r == 0)
		r = cli_key_public(cli, p->release_key, pub);
	if (r != 0)
		return r;
	snprintf(p->product.modes, NAME_CAP, "%s",
		 p->allow_signed ? "sealed+signed" : "sealed");
	if (p->product.demands[0] == '\0')
		snprintf(p->product.demands, NAME_CAP, "none");
	p->product.release_pub = (struct blob){ pub, sizeof(pub) };
	memset(&made, 0, sizeof(made));
	r = cli_call(cli, OP_PRODUCT_CREATE, &p->product, &made);
	if (r != 0)
		return r;
	r = cli_show(cli, &product_shape, &made);
	shape_clear(&product_shape, &made);
	return r;
}

const struct command command_product_create = {
	.object = "product",
	.verb = "create",
	.summary = "create a product; the server makes its device key",
	.args = create_args,
	.arg_count = ARRAY_LEN(create_args),
	.params_size = sizeof(struct product_params),
	.run = create_run,
};

static const struct column columns[] = {
	{ "name", "product", false },	  { "family", "family", false },
	{ "modes", "modes", false },	  { "demands", "demands", false },
	{ "label", "protection", false }, { "created", "created", false },
};
static const struct cli_view view = { OP_PRODUCTS, columns, ARRAY_LEN(columns),
				      NULL, NULL };

const struct command command_product_list = {
	.object = "product",
	.verb = "list",
	.summary = "list the products",
	.params_size = sizeof(struct query),
	.run = cli_run_list,
	.data = &view,
};

static const struct arg show_args[] = {
	{ "NAME", NULL, ARG_NAME, ARG_OPERAND | ARG_REQUIRED,
	  offsetof(struct query, product), 0, 0, 0, "the product" },
};

const struct command command_product_show = {
	.object = "product",
	.verb = "show",
	.summary = "show one product",
	.args = show_args,
	.arg_count = ARRAY_LEN(show_args),
	.params_size = sizeof(struct query),
	.run = cli_run_show,
	.data = &view,
};

/* -- keys for bootloaders and checkers ----------------------------------- */
struct keys_params {
	struct query q;
	uint32_t rollback_min;
	const char *out;
};

static const struct arg header_args[] = {
	{ "NAME", NULL, ARG_NAME, ARG_OPERAND | ARG_REQUIRED,
	  offsetof(struct keys_params, q.product), 0, 0, 0, "the product" },
	{ "rollback-min", "N", ARG_U32, 0,
	  offsetof(struct keys_params, rollback_min), 0, 0, 0,
	  "oldest firmware that the bootloader may start (default 0)" },
	{ "out", "FILE", ARG_TEXT, 0, offsetof(struct keys_params, out), 0, 0,
	  0, "write there instead of standard output" },
};

static int product_get(struct cli *cli, const struct query *q,
		       struct product *out)
{
	int r = cli_find(cli, OP_PRODUCTS, q, "product", q->product, out);

	if (r != 0)
		return r;
	if (out->device_pub.len == P256_PUB_LEN &&
	    out->release_pub.len == P256_PUB_LEN)
		return 0;
	shape_clear(&product_shape, out);
	args_problem("answer", "compare the versions of signet and signetd",
		     "the server's answer lacks the product's keys");
	return EXIT_BUG;
}

static void print_array(FILE *f, const char *name, const struct blob *key)
{
	fprintf(f, "\nstatic const uint8_t %s[%zu] = {", name, key->len);
	for (size_t i = 0; i < key->len; i++)
		fprintf(f, "%s0x%02x,", i % 12 ? " " : "\n\t", key->data[i]);
	fprintf(f, "\n};\n");
}

static void print_header(FILE *f, const struct product *p,
			 uint32_t rollback_min)
{
	char family[NAME_CAP + 8];
	size_t n = 0;

	/* "stm32l4" -> FAMILY_STM32L4, as in wire/const.h */
	for (const char *s = p->family; *s; s++)
		family[n++] = (char)(*s >= 'a' && *s <= 'z' ? *s - 32 : *s);
	family[n] = '\0';
	fprintf(f,
		"/* Made by `signet product keys-header %s`.  Public keys "
		"only. */\n"
		"#ifndef SIGNET_KEYS_H\n#define SIGNET_KEYS_H\n\n"
		"#include <stdint.h>\n\n"
		"#define SIGNET_PRODUCT \"%s\"\n"
		"#define SIGNET_FAMILY FAMILY_%s\n"
		"#define SIGNET_ROLLBACK_MIN %uu\n",
		p->name, p->name, family, rollback_min);
	print_array(f, "signet_device_pub", &p->device_pub);
	print_array(f, "signet_release_pub", &p->release_pub);
	fprintf(f, "\n#endif\n");
}

static int header_run(const struct command *self, void *globals, void *params)
{
	const struct keys_params *p = params;
	struct cli *cli = globals;
	struct product product;
	char *text = NULL;
	size_t len = 0;
	FILE *f;
	int r;

	(void)self;
	memset(&product, 0, sizeof(product));
	r = product_get(cli, &p->q, &product);
	if (r != 0)
		return r;
	f = open_memstream(&text, &len);
	if (f == NULL) {
		shape_clear(&product_shape, &product);
		return EXIT_BUG;
	}
	print_header(f, &product, p->rollback_min);
	fclose(f);
	r = cli_write_file(p->out ? p->out : "-", text, len);
	free(text);
	shape_clear(&product_shape, &product);
	return r;
}

const struct command command_product_header = {
	.object = "product",
	.verb = "keys-header",
	.summary = "print the C header with the keys that a bootloader needs",
	.args = header_args,
	.arg_count = ARRAY_LEN(header_args),
	.params_size = sizeof(struct keys_params),
	.run = header_run,
};

static const struct arg key_args[] = {
	{ "NAME", NULL, ARG_NAME, ARG_OPERAND | ARG_REQUIRED,
	  offsetof(struct keys_params, q.product), 0, 0, 0, "the product" },
	{ "out", "FILE", ARG_TEXT, 0, offsetof(struct keys_params, out), 0, 0,
	  0, "write there instead of standard output" },
};

static int key_run(const struct command *self, void *globals, void *params)
{
	const struct keys_params *p = params;
	struct cli *cli = globals;
	struct product product;
	char *pem = NULL;
	int r;

	(void)self;
	memset(&product, 0, sizeof(product));
	r = product_get(cli, &p->q, &product);
	if (r != 0)
		return r;
	if (crypto_pub_export(CRYPTO_P256, product.device_pub.data,
			      product.device_pub.len, &pem) != 0) {
		args_problem("answer", "tell the server's keeper",
			     "the product's device key is not a P-256 key");
		r = EXIT_BUG;
	} else {
		r = cli_write_file(p->out ? p->out : "-", pem, strlen(pem));
	}
	free(pem);
	shape_clear(&product_shape, &product);
	return r;
}

const struct command command_product_key = {
	.object = "product",
	.verb = "device-key",
	.summary = "print the public key that checks credentials (PEM)",
	.args = key_args,
	.arg_count = ARRAY_LEN(key_args),
	.params_size = sizeof(struct keys_params),
	.run = key_run,
};
