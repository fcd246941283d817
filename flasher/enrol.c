/* SPDX-License-Identifier: MIT */
#include "flasher/enrol.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>
#include <openssl/x509.h>

#include "base/hex.h"
#include "cli/args.h"
#include "http/client.h"
#include "keys/keyfile.h"
#include "wire/name.h"

#define ENROL_RETRIES 4
#define FILE_MAX 65536

static int bad_code(char why[STATION_WHY_CAP], const char *what)
{
	snprintf(why, STATION_WHY_CAP,
		 "the code %s; it looks like SGN1-...-...@host:port", what);
	return E_SYNTAX;
}

static bool all_hex(const char *s, size_t n)
{
	return strspn(s, "0123456789abcdef") >= n;
}

int enrol_parse(const char *text, struct enrol_code *out,
		char why[STATION_WHY_CAP])
{
	const char *s = text, *colon;
	uint64_t port = 0;
	size_t len;

	if (strncmp(s, ENROL_CODE_PREFIX, strlen(ENROL_CODE_PREFIX)) != 0)
		return bad_code(why, "does not begin with " ENROL_CODE_PREFIX);
	s += strlen(ENROL_CODE_PREFIX);
	if (strlen(s) < ENROL_PIN_HEX + 1 + ENROL_SECRET_HEX + 2 ||
	    !all_hex(s, ENROL_PIN_HEX) || s[ENROL_PIN_HEX] != '-' ||
	    !all_hex(s + ENROL_PIN_HEX + 1, ENROL_SECRET_HEX) ||
	    s[ENROL_PIN_HEX + 1 + ENROL_SECRET_HEX] != '@')
		return bad_code(why, "is incomplete or mistyped");
	char pin[ENROL_PIN_HEX + 1];

	memcpy(pin, s, ENROL_PIN_HEX);
	pin[ENROL_PIN_HEX] = '\0';
	if (hex_decode(pin, out->pin, sizeof(out->pin), &len) != 0)
		return bad_code(why, "is mistyped");
	s += ENROL_PIN_HEX + 1;
	memcpy(out->secret, s, ENROL_SECRET_HEX);
	out->secret[ENROL_SECRET_HEX] = '\0';
	s += ENROL_SECRET_HEX + 1;
	colon = strrchr(s, ':');
	if (colon == NULL || colon == s || strpbrk(s, "/ \t@?#") ||
	    args_number(colon + 1, 1, 65535, &port) != 0 ||
	    (size_t)(colon - s) >= sizeof(out->host))
		return bad_code(why, "lacks the server's address");
	snprintf(out->host, sizeof(out->host), "%.*s", (int)(colon - s), s);
	snprintf(out->url, sizeof(out->url), "https://%s", s);
	return 0;
}

/* -- what is made before the server is asked ------------------------------- */
struct request_parts {
	struct crypto_key *tls, *kem;
	uint8_t *csr;
	size_t csr_len;
};

static int make_csr(const struct crypto_key *key, uint8_t **out, size_t *len)
{
	EVP_PKEY *pkey = crypto_key_native(key);
	X509_REQ *req = X509_REQ_new();
	uint8_t *der = NULL, *copy = NULL;
	int n, r = E_CRYPTO;

	/* The server chooses the name; the request carries only the key. */
	if (req == NULL || X509_REQ_set_version(req, 0) != 1 ||
	    X509_REQ_set_pubkey(req, pkey) != 1 ||
	    X509_REQ_sign(req, pkey, EVP_sha256()) <= 0)
		goto out;
	n = i2d_X509_REQ(req, &der);
	if (n <= 0)
		goto out;
	copy = malloc((size_t)n);
	if (copy == NULL)
		goto out;
	memcpy(copy, der, (size_t)n);
	*out = copy;
	*len = (size_t)n;
	r = 0;
out:
	OPENSSL_free(der);
	X509_REQ_free(req);
	return r;
}

static int save_key(const struct station *st, const char *name,
		    const struct crypto_key *k, char why[STATION_WHY_CAP])
{
	char path[PATH_MAX], text[KEYFILE_WHY_CAP];
	int r;

	station_path(st, name, path);
	r = keyfile_save(path, k, NULL, true, text);
	if (r != 0)
		snprintf(why, STATION_WHY_CAP, "%s", text);
	return r;
}

static int save_file(const struct station *st, const char *name, const void *p,
		     size_t len, char why[STATION_WHY_CAP])
{
	char path[PATH_MAX], text[KEYFILE_WHY_CAP];
	int r;

	station_path(st, name, path);
	r = keyfile_write(path, p, len, 0600, true, text);
	if (r != 0)
		snprintf(why, STATION_WHY_CAP, "%s", text);
	return r;
}

static int parts_load(const struct station *st, struct request_parts *p)
{
	char path[PATH_MAX], text[KEYFILE_WHY_CAP];
	int r;

	station_path(st, "enrol.csr", path);
	r = keyfile_read(path, FILE_MAX, false, &p->csr, &p->csr_len, text);
	if (r != 0)
		return r;
	station_path(st, "enrol-tls.key", path);
	r = keyfile_load(path, NULL, &p->tls, text);
	if (r != 0)
		return r;
	station_path(st, "enrol-kem.key", path);
	return keyfile_load(path, NULL, &p->kem, text);
}

static void parts_free(struct request_parts *p)
{
	crypto_key_free(p->tls);
	crypto_key_free(p->kem);
	free(p->csr);
	memset(p, 0, sizeof(*p));
}

/* The CSR is written last: its presence says that the keys are whole. */
static int parts_make(const struct station *st, struct request_parts *p,
		      char why[STATION_WHY_CAP])
{
	int r;

	snprintf(why, STATION_WHY_CAP, "cannot make keys");
	r = crypto_key_generate(CRYPTO_P256, &p->tls);
	if (r == 0)
		r = crypto_key_generate(CRYPTO_X25519, &p->kem);
	if (r == 0)
		r = make_csr(p->tls, &p->csr, &p->csr_len);
	if (r == 0)
		r = save_key(st, "enrol-tls.key", p->tls, why);
	if (r == 0)
		r = save_key(st, "enrol-kem.key", p->kem, why);
	if (r == 0)
		r = save_file(st, "enrol.csr", p->csr, p->csr_len, why);
	return r;
}

/* -- asking ---------------------------------------------------------------- */
static void station_name(const struct enrol_options *o, char out[NAME_CAP])
{
	char host[256] = "";

	snprintf(out, NAME_CAP, "%s", o->station);
	if (out[0])
		return;
	if (gethostname(host, sizeof(host) - 1) != 0)
		host[0] = '\0';
	host[strcspn(host, ".")] = '\0';
	snprintf(out, NAME_CAP, "%.31s", host);
	for (char *s = out; *s; s++)
		*s = (char)tolower((unsigned char)*s);
	if (!name_valid(out))
		snprintf(out, NAME_CAP, "station");
}

static int check_answer(const struct enrol_answer *a,
			const struct enrol_code *code,
			char why[STATION_WHY_CAP])
{
	uint8_t sum[SHA256_LEN];
	int r = crypto_sha256(a->ca.data, a->ca.len, sum);

	if (r == 0 && memcmp(sum, code->pin, sizeof(code->pin)) != 0)
		r = E_TLS;
	if (r == 0 && (a->certificate.len == 0 || a->flasher_port == 0 ||
		       a->flasher_port > 65535))
		r = E_HTTP;
	if (r != 0)
		snprintf(why, STATION_WHY_CAP,
			 "the server's answer does not fit the code: %s",
			 error_text(r));
	return r;
}

static int ask(const struct enrol_code *code, const struct enrol_options *o,
	       const struct request_parts *p, struct enrol_answer *out,
	       struct refusal *refusal, char why[STATION_WHY_CAP])
{
	struct http_client_config cfg = {
		.base_url = code->url,
		.ca_pin = code->pin,
		.retries = ENROL_RETRIES,
	};
	struct http_client *client = NULL;
	struct enrol_request req;
	size_t len;
	int r;

	memset(&req, 0, sizeof(req));
	snprintf(req.secret, sizeof(req.secret), "%s", code->secret);
	req.csr = (struct blob){ p->csr, p->csr_len };
	req.kem_pub.len = X25519_LEN;
	req.channels = o->channels ? o->channels : 4;
	station_name(o, req.station);
	r = crypto_key_public(p->kem, req.kem_pub.data, X25519_LEN, &len);
	if (r == 0)
		r = http_client_new(&cfg, &client);
	if (r == 0)
		r = http_call(client, OP_ENROL, &req, out, refusal);
	if (r != 0)
		snprintf(why, STATION_WHY_CAP, "%s: %s", error_text(r),
			 r == E_REFUSED ? refusal->cause
			 : client	? http_client_why(client)
					: "cannot start");
	http_client_free(client);
	return r;
}

/* -- keeping the answer ------------------------------------------------- */
static const char conf_example[] =
	"# flasher.conf: the channels of this station; see signet-flasher(1)\n"
	"#\n"
	"# start-pattern = signet: genuine\n"
	"#\n"
	"# [channel 0]\n"
	"# probe = usb:SERIAL\n"
	"# power = /path/to/relay 0\n";

static int write_enrolled(struct station *st, const struct enrol_code *code,
			  const struct enrol_answer *a, uint32_t channels,
			  char why[STATION_WHY_CAP])
{
	json_t *o;
	char *text;
	int r;

	snprintf(st->server, sizeof(st->server), "https://%.220s:%u",
		 code->host, a->flasher_port);
	snprintf(st->name, sizeof(st->name), "%s", a->flasher);
	st->channels = channels;
	o = json_pack("{s:s,s:s,s:I}", "server", st->server, "flasher",
		      st->name, "channels", (json_int_t)channels);
	text = o ? json_dumps(o, JSON_INDENT(1)) : NULL;
	r = text ? save_file(st, "enrolled.json", text, strlen(text), why)
		 : E_NOMEM;
	free(text);
	json_decref(o);
	return r;
}

/* enrolled.json is the last, for it says that the rest is there. */
static int keep(struct station *st, const struct enrol_code *code,
		const struct enrol_options *o, const struct request_parts *p,
		const struct enrol_answer *a, char why[STATION_WHY_CAP])
{
	char path[PATH_MAX], text[KEYFILE_WHY_CAP];
	int r = save_key(st, "tls.key", p->tls, why);

	if (r == 0)
		r = save_key(st, "kem.key", p->kem, why);
	if (r == 0)
		r = save_file(st, "station.der", a->certificate.data,
			      a->certificate.len, why);
	if (r == 0)
		r = save_file(st, "ca.der", a->ca.data, a->ca.len, why);
	if (r == 0)
		r = write_enrolled(st, code, a, o->channels ? o->channels : 4,
				   why);
	if (r != 0)
		return r;
	station_path(st, "flasher.conf", path);
	if (keyfile_write(path, conf_example, sizeof(conf_example) - 1, 0600,
			  false, text) != 0)
		text[0] = '\0'; /* there is one: the operator's */
	static const char *const parts[] = { "enrol.csr", "enrol-tls.key",
					     "enrol-kem.key" };

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		station_path(st, parts[i], path);
		unlink(path);
	}
	return 0;
}

static int check_fresh(const struct station *st, bool replace,
		       char why[STATION_WHY_CAP])
{
	char path[PATH_MAX];

	station_path(st, "enrolled.json", path);
	if (replace || access(path, F_OK) != 0)
		return 0;
	snprintf(why, STATION_WHY_CAP,
		 "%.400s is enrolled already; --replace enrols it anew",
		 st->dir);
	return E_EXISTS;
}

int enrol_run(struct station *st, const struct enrol_options *o,
	      struct refusal *refusal, char why[STATION_WHY_CAP])
{
	struct request_parts parts = { NULL, NULL, NULL, 0 };
	struct enrol_answer answer;
	struct enrol_code code;
	int r;

	memset(&answer, 0, sizeof(answer));
	r = enrol_parse(o->code, &code, why);
	if (r == 0)
		r = check_fresh(st, o->replace, why);
	if (r == 0)
		r = station_mkdir(st, "", why);
	if (r == 0 && parts_load(st, &parts) != 0) {
		parts_free(&parts);
		r = parts_make(st, &parts, why);
	}
	if (r == 0)
		r = ask(&code, o, &parts, &answer, refusal, why);
	if (r == 0)
		r = check_answer(&answer, &code, why);
	if (r == 0)
		r = keep(st, &code, o, &parts, &answer, why);
	shape_clear(&enrol_answer_shape, &answer);
	parts_free(&parts);
	return r;
}
