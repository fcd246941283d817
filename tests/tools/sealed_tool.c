/* SPDX-License-Identifier: MIT */
/*
 * sealed_tool - the sealed job on one chip, with the server's part in the same
 * process: for benchmarks, and for tests of chip and link that want no ledger.
 *
 *   sealed_tool keys FILE             makes the server's Noise key, prints the
 *                                     header that the loader is built with
 *   sealed_tool run [OPTIONS] IMAGE   the whole job
 *   sealed_tool pipe [OPTIONS] IMAGE  the job without a server: prints
 *                                     "uid HEX" when the loader is ready, then
 *                                     each line "TYPE INDEX HEX" goes out as a
 *                                     frame, and its answer comes back as one
 *                                     ("-": no body; TYPE 5 asks)
 *
 * options: --chip NAME (default stm32l432)
 *          --probe URI  --serial LINE  --power COMMAND  --off-ms N  --clock HZ
 *          --keys FILE  --loader DIR (loader.bin, stub.bin)
 *          --link swd-pins|uart  --rate HZ  --level 0..2
 *          --secret HEX   the chip has a stage 0 with this secret
 *          --lock none    an emulator without a lock: what the chip says of
 *                         its lock must be refused, is printed, and passed
 *                         over
 *          --at COMMAND   run at each boundary, with its name appended:
 *                         begin prepared dark ready shaken last
 *                         streamed done (last: before the last chunk)
 *
 * IMAGE is laid out for the loader here: its first double word is replaced,
 * unless the family freezes what lies there.
 * A failure prints "FAIL phase=P error=E_X why=TEXT" and ends with exit code 1.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "authority/authority.h"
#include "authority/sealed.h"
#include "base/hex.h"
#include "base/rw.h"
#include "flasher/link.h"
#include "flasher/target.h"
#include "image/image.h"
#include "wire/layout.h"
#include "wire/record.h"

#define BOUNDARY_CAP 600

struct tool {
	struct probe_config probe_config;
	struct power_config power;
	const char *keys, *dir, *at;
	enum probe_line line;
	uint32_t rate;
	/* the release */
	struct release_header header;
	uint8_t header_digest[DIGEST_LEN];
	uint8_t *plain, *chunks;
	size_t chunks_len;
	uint8_t loader[LOADER_LEN], stub[STUB_LEN];
	size_t stub_len;
	uint8_t secret[STAGE0_SECRET_LEN];
	bool stage0, no_lock;
	/* the job */
	const struct chip *chip;
	struct target_identity id;
	struct probe *probe;
	struct target *target;
	struct relay *relay;
	struct relay_frame heard;
	struct hello hello;
	struct delivery delivery;
	struct authority_session session;
	const char *phase;
};

__attribute__((noreturn)) static void die(const char *text)
{
	fprintf(stderr, "sealed_tool: %s\n", text);
	exit(2);
}

static void must(struct tool *t, int err, const char *why)
{
	if (err == 0)
		return;
	printf("FAIL phase=%s error=%s why=%s\n", t->phase, error_name(err),
	       why);
	exit(1);
}

static void boundary(struct tool *t, const char *name)
{
	char command[BOUNDARY_CAP];

	t->phase = name;
	if (t->at == NULL)
		return;
	snprintf(command, sizeof(command), "%s %s", t->at, name);
	if (system(command) != 0)
		die("--at command failed");
}

/* -- the server's key ------------------------------------------------------ */

static int keys_make(const char *file)
{
	struct crypto_key *k = NULL;
	uint8_t pub[X25519_LEN];
	char *pem = NULL;
	size_t len;
	FILE *f;

	if (crypto_key_generate(CRYPTO_X25519, &k) != 0 ||
	    crypto_key_export(k, NULL, &pem) != 0 ||
	    crypto_key_public(k, pub, sizeof(pub), &len) != 0)
		die("cannot make a key");
	f = fopen(file, "w");
	if (f == NULL || fputs(pem, f) < 0 || fclose(f) != 0)
		die("cannot write the key");
	printf("#include <stdint.h>\n\n"
	       "static const uint8_t signet_server_pub[32] = {");
	for (size_t i = 0; i < len; i++)
		printf("%s0x%02x,", i % 8 ? " " : "\n\t", pub[i]);
	printf("\n};\n");
	free(pem);
	crypto_key_free(k);
	return 0;
}

static size_t file_read(const char *dir, const char *name, uint8_t *out,
			size_t cap)
{
	char path[512];
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "%s%s%s", dir, dir[0] ? "/" : "", name);
	f = fopen(path, "rb");
	if (f == NULL)
		die(path);
	len = fread(out, 1, cap, f);
	fclose(f);
	return len;
}

static struct crypto_key *keys_read(const char *file)
{
	struct crypto_key *k = NULL;
	char pem[1024] = "";

	file_read("", file, (uint8_t *)pem, sizeof(pem) - 1);
	if (crypto_key_import(pem, NULL, &k) != 0)
		die("the key is not usable");
	return k;
}

/* -- the release ----------------------------------------------------------- */

static void layout(struct tool *t)
{
	struct release_header *h = &t->header;
	struct rd r;

	rd_init(&r, t->plain, 8);
	h->sealed = true;
	h->boot[0] = rd_u32(&r);
	h->boot[1] = rd_u32(&r);
	if (t->chip->frozen)
		return;
	if (t->chip->boot_faults) /* as cli/layout.c */
		memcpy(t->plain + 16, t->plain + 8, 8);
	(void)chip_boot(t->chip, t->plain);
}

/* One segment, padded to the program unit. */
static void load(struct tool *t, const char *name)
{
	struct release_header *h = &t->header;
	uint32_t first = t->chip->flash_base + t->chip->frozen;
	uint8_t key[AEAD_KEY_LEN];
	struct image image;
	char why[IMAGE_ERROR_CAP];
	uint32_t len;

	if (image_load(name, &image, why) != 0)
		die(why);
	if (image.count != 1 || image.segments[0].address != first ||
	    image.segments[0].len < 24)
		die("the image must be one piece from where sealed images "
		    "begin");
	len = (image.segments[0].len + 7) & ~7u;
	t->plain = malloc(len);
	if (t->plain == NULL)
		die("out of memory");
	memset(t->plain, 0xff, len);
	memcpy(t->plain, image.segments[0].data, image.segments[0].len);
	image_free(&image);
	h->fw.segment_count = 1;
	h->fw.segments[0] = (struct segment){ first, len };
	h->chunk_len = CHUNK_LEN;
	h->family = t->chip->family;
	layout(t);
	if (authority_image_digest(h->fw.segments, 1, t->plain, h->fw.digest) !=
		    0 ||
	    crypto_random(t->header_digest, DIGEST_LEN) != 0 ||
	    crypto_random(key, sizeof(key)) != 0 ||
	    authority_release_encrypt(h, t->header_digest, key, t->plain,
				      &t->chunks, &t->chunks_len) != 0)
		die("the release cannot be made");
	authority_delivery(h, t->header_digest, &t->delivery);
	memcpy(t->delivery.content_key, key, sizeof(key));
}

/* -- the job --------------------------------------------------------------- */

static int install(struct tool *t)
{
	struct target_loader plan = { .header = &t->header,
				      .loader = t->loader,
				      .stub = t->stub,
				      .stub_len = t->stub_len };
	struct target_stage0 early = { .loader = t->loader,
				       .stub = t->stub,
				       .stub_len = t->stub_len,
				       .secret = t->secret };

	return t->stage0 ? target_stage0(t->target, &early)
			 : target_prepare(t->target, &plan);
}

static void prepare(struct tool *t)
{
	char why[256] = "";

	must(t, probe_open(&t->probe_config, &t->probe, why), why);
	must(t, target_new(t->probe, &t->power, NULL, NULL, &t->target), "");
	must(t, target_identify(t->target, t->chip, &t->id),
	     target_why(t->target));
	must(t, probe_link_can(t->probe, t->line), probe_why(t->probe));
	if (t->id.locked)
		must(t, target_unlock(t->target, t->chip),
		     target_why(t->target));
	must(t, install(t), target_why(t->target));
	boundary(t, "prepared");
	must(t, target_power_cycle(t->target), target_why(t->target));
	boundary(t, "dark");
}

static void talk(struct tool *t, uint8_t type, uint16_t index, const void *body,
		 size_t len)
{
	struct link_head h = { type, index, (uint16_t)len };
	int err = relay_talk(t->relay, type == LINK_ASK ? NULL : &h, body,
			     &t->heard);

	must(t, err, relay_why(t->relay));
	if (t->heard.head.type == LINK_FAULT) {
		printf("FAIL phase=%s error=E_TARGET why=fault %u\n", t->phase,
		       t->heard.head.index);
		exit(1);
	}
}

/* The same while the loader says again what it said before: a question that
 * was repeated on a slow line has as many answers. */
static void insist(struct tool *t, uint8_t type, const void *body, size_t len,
		   uint8_t old)
{
	for (unsigned i = 0; i <= LINK_RETRIES; i++) {
		talk(t, type, 0, body, len);
		if (t->heard.head.type != old)
			return;
	}
}

static void want(struct tool *t, uint8_t type)
{
	char why[64];

	snprintf(why, sizeof(why), "the loader says %02x, not %02x",
		 t->heard.head.type, type);
	must(t, t->heard.head.type == type ? 0 : E_TARGET, why);
}

/* As the server's signer judges a claim or a report. */
static void lock_check(struct tool *t, const struct claim_word *words,
		       size_t count)
{
	char why[CHIP_WHY_CAP] = "";
	int err = chip_check_lock(t->chip, &t->header, words, count, why);

	if (t->no_lock) {
		printf("open: %s\n", why);
		err = err == E_TARGET_OPEN ? 0 : E_STATE;
	}
	must(t, err, why);
}

static void handshake(struct tool *t)
{
	struct crypto_key *key = keys_read(t->keys);
	struct authority_chip chip = { .hello = t->hello,
				       .uid_len = t->id.uid_len };
	uint8_t hello[HELLO_LEN], message[MESSAGE2_MAX];
	struct noise noise;
	struct claim claim;
	size_t len;

	memcpy(chip.uid, t->id.uid, t->id.uid_len);
	must(t, crypto_sha256(t->loader, LOADER_LEN, chip.loader_digest), "");
	hello_encode(&t->hello, hello);
	insist(t, LINK_HELLO, hello, HELLO_LEN, LINK_READY);
	want(t, LINK_MSG1);
	must(t,
	     authority_message1(key, &chip, t->heard.body, t->heard.head.len,
				&noise, &claim),
	     "message 1");
	lock_check(t, claim.words, claim.word_count);
	must(t, crypto_random(t->delivery.link_key, LINK_KEY_LEN), "");
	must(t, crypto_random(t->delivery.done_token, DONE_TOKEN_LEN), "");
	must(t,
	     authority_message2(&noise, &t->delivery, message, &len,
				&t->session),
	     "message 2");
	insist(t, LINK_MSG2, message, len, LINK_MSG1);
	want(t, LINK_WANT);
	crypto_key_free(key);
}

static uint16_t make_data(struct tool *t, uint16_t n, uint8_t *out)
{
	size_t len = release_chunk_len(&t->header, n) + AEAD_TAG_LEN;
	size_t at = (size_t)n * (t->header.chunk_len + AEAD_TAG_LEN);

	link_seal(t->delivery.link_key, n, t->chunks + at, len, out);
	return (uint16_t)(len + AEAD_TAG_LEN);
}

static void stream(struct tool *t)
{
	uint32_t count = release_chunk_count(&t->header);
	uint8_t body[LINK_BODY_MAX], next[LINK_BODY_MAX];
	struct link_head ahead = { .type = LINK_DATA };

	while (t->heard.head.type == LINK_WANT && t->heard.head.index < count) {
		uint16_t n = t->heard.head.index;
		uint16_t len = make_data(t, n, body);

		if (n + 1u < count && t->chip->link_ahead) {
			ahead.index = n + 1;
			ahead.len = make_data(t, n + 1, next);
			relay_ahead(t->relay, &ahead, next);
		}
		if (n + 1u == count)
			boundary(t, "last");
		talk(t, LINK_DATA, n, body, len);
	}
	while (t->heard.head.type == LINK_WANT)
		talk(t, LINK_ASK, 0, NULL, 0);
	want(t, LINK_REPORT);
}

static void commit(struct tool *t)
{
	uint8_t signature[300], credential[RECORD_CREDENTIAL_CAP];
	uint8_t firmware[RECORD_FIRMWARE_CAP], message[COMMIT_SEALED_MAX];
	size_t credential_len, firmware_len, len;
	struct report report;

	must(t,
	     authority_report(&t->session, t->heard.body, t->heard.head.len,
			      &report),
	     "the report does not open");
	must(t,
	     memcmp(report.digest, t->header.fw.digest, DIGEST_LEN) == 0
		     ? 0
		     : E_TARGET_VERIFY,
	     "the report's digest is not the image's");
	lock_check(t, report.words, report.word_count);
	/* as long as real ones are */
	must(t, crypto_random(signature, sizeof(signature)), "");
	must(t,
	     record_encode(RECORD_CREDENTIAL, signature, 250, credential,
			   sizeof(credential), &credential_len),
	     "");
	must(t,
	     record_encode(RECORD_FIRMWARE, signature, 200, firmware,
			   sizeof(firmware), &firmware_len),
	     "");
	must(t,
	     authority_commit(&t->session, credential, credential_len, firmware,
			      firmware_len, message, &len),
	     "commit");
	insist(t, LINK_COMMIT, message, len, LINK_REPORT);
	want(t, LINK_DONE);
}

/* The loader on the chip, and it answers. */
static void begin(struct tool *t, const char *image)
{
	char why[RELAY_WHY_CAP] = "";

	t->phase = "begin";
	load(t, image);
	if (file_read(t->dir, "loader.bin", t->loader, LOADER_LEN) !=
	    LOADER_LEN)
		die("loader.bin is too short");
	t->stub_len = file_read(t->dir, "stub.bin", t->stub, STUB_LEN);
	boundary(t, "begin");
	prepare(t);
	if (t->rate == 0)
		t->rate = t->line == PROBE_LINE_UART ? t->chip->link_baud
						     : t->chip->link_clock;
	must(t, relay_open(t->probe, t->line, t->rate, &t->relay, why), why);
	talk(t, LINK_ASK, 0, NULL, 0);
	want(t, LINK_READY);
	boundary(t, "ready");
}

static void finish(struct tool *t)
{
	relay_close(t->relay);
	target_free(t->target);
	probe_close(t->probe);
	free(t->plain);
	free(t->chunks);
}

static void put_hex(const char *before, const uint8_t *p, size_t len)
{
	char hex[2 * LINK_BODY_MAX + 1] = "-";

	if (len != 0)
		hex_encode(p, len, hex);
	printf("%s%s\n", before, hex);
	fflush(stdout);
}

static int pipe_frames(struct tool *t, const char *image)
{
	static char line[2 * LINK_BODY_MAX + 64], hex[2 * LINK_BODY_MAX + 2];
	uint8_t body[LINK_BODY_MAX];
	unsigned type, index;
	char head[32];
	size_t len;

	begin(t, image);
	put_hex("uid ", t->id.uid, t->id.uid_len);
	while (fgets(line, sizeof(line), stdin)) {
		len = 0;
		if (sscanf(line, "%u %u %4097s", &type, &index, hex) != 3 ||
		    (strcmp(hex, "-") != 0 &&
		     hex_decode(hex, body, sizeof(body), &len) != 0))
			die("a line is TYPE INDEX HEX");
		talk(t, (uint8_t)type, (uint16_t)index, body, len);
		snprintf(head, sizeof(head), "%u %u ", t->heard.head.type,
			 t->heard.head.index);
		put_hex(head, t->heard.body, t->heard.head.len);
	}
	finish(t);
	return 0;
}

static int run(struct tool *t, const char *image)
{
	const struct relay_count *c;

	begin(t, image);
	snprintf(t->hello.order, NAME_CAP, "bench");
	t->hello.grant = 1;
	t->hello.attempt = 1;
	must(t, crypto_random(t->hello.challenge, CHALLENGE_LEN), "");
	handshake(t);
	boundary(t, "shaken");
	stream(t);
	boundary(t, "streamed");
	commit(t);
	boundary(t, "done");
	c = relay_counts(t->relay);
	printf("done: %" PRIu32 " bytes, %" PRIu32 " frames, %" PRIu32
	       " asked, %" PRIu32 " damaged\n",
	       t->header.fw.segments[0].len, c->sent, c->asked, c->damaged);
	finish(t);
	return 0;
}

static void parse_option(struct tool *t, const char *name, const char *value)
{
	size_t len = 0;

	if (strcmp(name, "--chip") == 0) {
		t->chip = chip_by_name(value);
		if (t->chip == NULL || t->chip->witness_count == 0)
			die("there is no sealed mode on that chip");
	} else if (strcmp(name, "--probe") == 0)
		t->probe_config.uri = value;
	else if (strcmp(name, "--serial") == 0)
		t->probe_config.serial = value;
	else if (strcmp(name, "--power") == 0)
		t->power.command = value;
	else if (strcmp(name, "--off-ms") == 0)
		t->power.off_ms = (uint32_t)strtoul(value, NULL, 0);
	else if (strcmp(name, "--clock") == 0)
		t->probe_config.clock_hz = (uint32_t)strtoul(value, NULL, 0);
	else if (strcmp(name, "--keys") == 0)
		t->keys = value;
	else if (strcmp(name, "--loader") == 0)
		t->dir = value;
	else if (strcmp(name, "--link") == 0)
		t->line = strcmp(value, "uart") == 0 ? PROBE_LINE_UART
						     : PROBE_LINE_SWD_PINS;
	else if (strcmp(name, "--rate") == 0)
		t->rate = (uint32_t)strtoul(value, NULL, 0);
	else if (strcmp(name, "--level") == 0)
		t->header.protection = (uint8_t)strtoul(value, NULL, 0);
	else if (strcmp(name, "--at") == 0)
		t->at = value;
	else if (strcmp(name, "--lock") == 0)
		t->no_lock = strcmp(value, "none") == 0;
	else if (strcmp(name, "--secret") == 0)
		t->stage0 = hex_decode(value, t->secret, STAGE0_SECRET_LEN,
				       &len) == 0 &&
			    len == STAGE0_SECRET_LEN;
	else
		die("unknown option");
}

int main(int argc, char **argv)
{
	static struct tool t;
	int i = 2;

	t.chip = chip_by_name("stm32l432");
	t.header.protection = 1;
	if (argc == 3 && strcmp(argv[1], "keys") == 0)
		return keys_make(argv[2]);
	for (; i + 1 < argc && strncmp(argv[i], "--", 2) == 0; i += 2)
		parse_option(&t, argv[i], argv[i + 1]);
	if (argc >= 3 && i + 1 == argc && t.probe_config.uri && t.dir) {
		if (strcmp(argv[1], "pipe") == 0)
			return pipe_frames(&t, argv[i]);
		if (strcmp(argv[1], "run") == 0 && t.keys)
			return run(&t, argv[i]);
	}
	die("usage: see the head of tests/tools/sealed_tool.c");
}
