/* SPDX-License-Identifier: MIT */
/*
 * fake_target - a rogue station's attack: plays the chip with no chip.
 *
 *   fake_target --dir STATION --order O --uid HEX --server-key HEX
 *               [--psk HEX] [--bend 0|1] --out FILE
 *
 * It has what a manufacturer has: the enrolled station's folder, and the
 * loader, with the server's public key in it.  It asks for a grant with a
 * unique ID of its choice, makes the handshake in software, and decrypts the
 * order's release into FILE, as it would be installed.  --psk: a stage-0
 * secret, guessed or stolen.  --bend 1: the claim says level 0, as an honest
 * loader on an open chip would.
 *
 * Output: "key KEYVALUE" lines; the last is "stolen BYTES bytes" or
 * "refused CODE" (exit code 1).  Exit code 2: something else went wrong.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "authority/authority.h"
#include "base/ct.h"
#include "base/hex.h"
#include "flasher/cache.h"
#include "http/client.h"
#include "tests/lib/soft_chip.h"

struct attack {
	const char *dir, *order, *uid, *server_key, *psk, *out;
	bool bend;
	struct station st;
	struct http_client *client;
	struct cache *cache;
	const struct release_set *release;
	struct grant_answer grant;
	struct refusal refusal;
	uint8_t secret[NOISE_KEY_LEN];
	struct soft_chip chip;
	uint8_t *plain;
	size_t plain_len;
};

static int die(const char *what, int err)
{
	fprintf(stderr, "fake_target: %s: %s\n", what, error_text(err));
	exit(2);
}

/* Ends the program on anything but success and a refusal. */
static int expect(const struct attack *a, const char *what, int err)
{
	if (err == 0)
		return 0;
	if (err == E_REFUSED) {
		printf("refused %s\n", a->refusal.code);
		fprintf(stderr, "%s: %s\n", what, a->refusal.cause);
		return err;
	}
	if (a->client)
		fprintf(stderr, "%s\n", http_client_why(a->client));
	return die(what, err);
}

static void unhex(const char *what, const char *text, uint8_t *out, size_t want)
{
	size_t len = 0;

	if (text == NULL || hex_decode(text, out, want, &len) != 0 ||
	    len != want)
		die(what, E_ARG);
}

static void told(void *arg, const char *text)
{
	(void)arg;
	fprintf(stderr, "%s\n", text);
}

static void open_station(struct attack *a)
{
	char why[STATION_WHY_CAP] = "";
	int r = station_dir(&a->st, a->dir, why);

	if (r == 0)
		r = station_load(&a->st, why);
	if (r == 0)
		r = station_client(&a->st, 2, NULL, NULL, &a->client);
	if (r == 0)
		r = cache_new(&a->st, a->order, told, NULL, &a->cache);
	if (r != 0)
		die(why[0] ? why : "station", r);
}

/* Release, loader: what every station of the order gets. */
static int fetch(struct attack *a)
{
	char why[STATION_WHY_CAP] = "";
	struct loader_fetch q;
	struct loader_answer ans;
	int r = expect(a, "release",
		       cache_get(a->cache, a->client, NULL, &a->refusal,
				 &a->release, why));

	if (r != 0)
		return r;
	memset(&q, 0, sizeof(q));
	memset(&ans, 0, sizeof(ans));
	snprintf(q.order, NAME_CAP, "%s", a->order);
	snprintf(q.link, NAME_CAP, "uart");
	r = expect(
		a, "loader",
		http_call(a->client, OP_LOADER_FETCH, &q, &ans, &a->refusal));
	if (r != 0)
		return r;
	r = crypto_sha256(ans.loader.data, ans.loader.len,
			  a->chip.loader_digest);
	shape_clear(&loader_answer_shape, &ans);
	return expect(a, "loader digest", r);
}

/* A chip of the right kind, as far as words go. */
static int invent(struct attack *a)
{
	struct soft_chip *c = &a->chip;
	struct grant_request q;
	int r;

	c->chip = chip_of_release(&a->release->header);
	if (c->chip == NULL)
		die("family", E_UNSUPPORTED);
	unhex("--uid", a->uid, c->uid, c->chip->uid_len);
	unhex("--server-key", a->server_key, c->server_pub, NOISE_KEY_LEN);
	if (a->psk) {
		unhex("--psk", a->psk, a->secret, sizeof(a->secret));
		c->psk = a->secret;
	}
	memset(&q, 0, sizeof(q));
	snprintf(q.order, NAME_CAP, "%s", a->order);
	q.uid.len = c->chip->uid_len;
	memcpy(q.uid.data, c->uid, q.uid.len);
	q.nonce.len = NONCE_LEN;
	r = crypto_random(q.nonce.data, NONCE_LEN);
	q.dpidr = c->chip->dpidr;
	q.cpuid = c->chip->cpuid;
	q.designer = c->chip->designer;
	q.part = c->chip->part;
	q.device_id = c->chip->device_id;
	q.flash_kb = c->chip->flash_kb;
	q.ap_idr = c->chip->ap_idr;
	q.vtor = c->chip->vtor;
	if (r == 0)
		r = http_call(a->client, OP_GRANT, &q, &a->grant, &a->refusal);
	if (expect(a, "grant", r) != 0)
		return r;
	printf("grant %llu\nproof %s\n", (unsigned long long)a->grant.grant,
	       a->grant.proof);
	return 0;
}

static int handshake(struct attack *a)
{
	struct handshake_request q;
	struct handshake_answer ans;
	uint8_t msg[SOFT_MESSAGE1_MAX];
	struct hello hello;
	int r;

	memset(&hello, 0, sizeof(hello));
	snprintf(hello.order, NAME_CAP, "%s", a->order);
	hello.grant = a->grant.grant;
	hello.attempt = a->grant.attempt;
	memcpy(hello.challenge, a->grant.challenge.data, CHALLENGE_LEN);
	r = soft_chip_claim(&a->chip, &a->release->header);
	if (a->bend)
		a->chip.claim.words[0].value = (a->chip.claim.words[0].value &
						~a->chip.chip->level_mask) |
					       a->chip.chip->level_value[0];
	memset(&q, 0, sizeof(q));
	memset(&ans, 0, sizeof(ans));
	q.grant = a->grant.grant;
	q.attempt = a->grant.attempt;
	q.message.data = msg;
	if (r == 0)
		r = soft_chip_message1(&a->chip, &hello, msg, &q.message.len);
	if (r != 0)
		die("message 1", r);
	r = expect(a, "handshake",
		   http_call(a->client, OP_HANDSHAKE, &q, &ans, &a->refusal));
	if (r != 0)
		return r;
	r = soft_chip_message2(&a->chip, ans.message2.data, ans.message2.len);
	shape_clear(&handshake_answer_shape, &ans);
	return expect(a, "message 2", r);
}

static void decrypt(struct attack *a)
{
	const struct release_header *h = &a->release->header;
	uint8_t digest[DIGEST_LEN];
	size_t len;
	int r = 0;

	a->plain = malloc(release_plain_len(h) + h->chunk_len);
	if (a->plain == NULL)
		die("release", E_NOMEM);
	for (uint32_t i = 0; r == 0 && i < release_chunk_count(h); i++) {
		r = cache_chunk(a->release, i, a->chip.delivery.content_key,
				a->plain + a->plain_len, &len);
		if (r == 0)
			a->plain_len += len;
	}
	if (r == 0)
		r = authority_image_digest(h->fw.segments, h->fw.segment_count,
					   a->plain, digest);
	if (r == 0 && !ct_equal(digest, h->fw.digest, DIGEST_LEN))
		r = E_CHECKSUM;
	if (r != 0)
		die("decrypting the release", r);
}

/* Even a credential, for the chip that does not exist. */
static int credential(struct attack *a)
{
	uint8_t report[SOFT_REPORT_MAX], plain[COMMIT_MAX + NOISE_TAG_LEN];
	struct installed_request q;
	struct installed_answer ans;
	struct commit commit;
	int r;

	memset(&q, 0, sizeof(q));
	memset(&ans, 0, sizeof(ans));
	q.grant = a->grant.grant;
	q.attempt = a->grant.attempt;
	q.report.data = report;
	r = soft_chip_report(&a->chip, report, &q.report.len);
	if (r != 0)
		die("report", r);
	r = expect(a, "installed",
		   http_call(a->client, OP_INSTALLED, &q, &ans, &a->refusal));
	if (r != 0)
		return r;
	r = ans.commit.len > sizeof(plain)
		    ? E_TOO_LARGE
		    : soft_chip_commit(&a->chip, ans.commit.data,
				       ans.commit.len, plain, &commit);
	shape_clear(&installed_answer_shape, &ans);
	if (r != 0)
		die("commit", r);
	printf("credential %zu bytes\n", commit.credential_len);
	return 0;
}

static int attack(struct attack *a)
{
	FILE *f;
	int r = fetch(a);

	if (r == 0)
		r = invent(a);
	if (r == 0)
		r = handshake(a);
	if (r != 0)
		return 1;
	decrypt(a);
	f = fopen(a->out, "wb");
	if (f == NULL || fwrite(a->plain, 1, a->plain_len, f) != a->plain_len ||
	    fclose(f) != 0)
		die("writing --out", E_IO);
	if (credential(a) != 0)
		return 1;
	printf("stolen %zu bytes\n", a->plain_len);
	return 0;
}

int main(int argc, char **argv)
{
	static struct attack a;
	int r;

	for (int i = 1; i + 1 < argc; i += 2) {
		const char *v = argv[i + 1];

		if (strcmp(argv[i], "--dir") == 0)
			a.dir = v;
		else if (strcmp(argv[i], "--order") == 0)
			a.order = v;
		else if (strcmp(argv[i], "--uid") == 0)
			a.uid = v;
		else if (strcmp(argv[i], "--server-key") == 0)
			a.server_key = v;
		else if (strcmp(argv[i], "--psk") == 0)
			a.psk = v;
		else if (strcmp(argv[i], "--out") == 0)
			a.out = v;
		else if (strcmp(argv[i], "--bend") == 0)
			a.bend = strcmp(v, "1") == 0;
		else
			die(argv[i], E_ARG);
	}
	if (!a.dir || !a.order || !a.uid || !a.server_key || !a.out)
		die("--dir, --order, --uid, --server-key, --out", E_ARG);
	if (http_client_global_init() != 0)
		return 2;
	open_station(&a);
	r = attack(&a);
	cache_free(a.cache);
	http_client_free(a.client);
	station_free(&a.st);
	free(a.plain);
	http_client_global_cleanup();
	return r;
}
