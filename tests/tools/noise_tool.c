/* SPDX-License-Identifier: MIT */
/*
 * noise_tool - seal/noise for tests/judge/noise.sh: one command a line, one
 * answer a line, all in hexadecimal, "-" for no bytes.
 *
 *   initiator PROLOGUE RS PSK     the responder's public key
 *   responder PROLOGUE S PSK      its static private key
 *   write E PAYLOAD               the next message; E is an ephemeral key
 *   read MESSAGE                  its payload
 *   split                         K1 K2 HASH
 *   seal KEY N TEXT, open KEY N TEXT
 *
 * PSK "-" makes it NK, else NKpsk0.  A refusal answers "error E_...".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "seal/noise.h"
#include "seal/prim.h"

enum { WORDS = 4, BYTES = 8192, LINE = 2 * BYTES + 256 };

struct word {
	uint8_t p[BYTES];
	size_t len;
};

static struct noise state;
static uint8_t own[32], rs[32], psk_bytes[32];
static const uint8_t *psk;
static struct word args[WORDS];

static void die(const char *what)
{
	fprintf(stderr, "noise_tool: %s\n", what);
	exit(2);
}

static void say(const uint8_t *p, size_t len)
{
	if (!len)
		printf("-");
	for (size_t i = 0; i < len; i++)
		printf("%02x", p[i]);
}

static void answer(int err, const uint8_t *p, size_t len)
{
	if (err)
		printf("error %s", error_name(err));
	else
		say(p, len);
}

static const uint8_t *key(size_t i)
{
	if (args[i].len != 32)
		die("a key has 32 bytes");
	return args[i].p;
}

static void begin(bool initiator)
{
	memcpy(own, key(1), 32);
	if (initiator)
		memcpy(rs, own, 32);
	else
		prim_x25519_base(rs, own);
	psk = NULL;
	if (args[2].len)
		psk = memcpy(psk_bytes, key(2), 32);
	noise_init(&state, initiator, rs, args[0].p, args[0].len, psk);
	printf("ok");
}

static void run_initiator(void)
{
	begin(true);
}

static void run_responder(void)
{
	begin(false);
}

static void run_write(void)
{
	static uint8_t out[BYTES + NOISE_OVERHEAD];
	int err = state.initiator ? noise_write1(&state, rs, psk, key(0),
						 args[1].p, args[1].len, out)
				  : noise_write2(&state, key(0), args[1].p,
						 args[1].len, out);

	answer(err, out, args[1].len + NOISE_OVERHEAD);
}

static void run_read(void)
{
	static uint8_t out[BYTES];
	int err = state.initiator
			  ? noise_read2(&state, args[0].p, args[0].len, out)
			  : noise_read1(&state, own, psk, args[0].p,
					args[0].len, out);

	answer(err, out, args[0].len - NOISE_OVERHEAD);
}

static void run_split(void)
{
	uint8_t k[3][32];
	int err = noise_split(&state, k[0], k[1], k[2]);

	for (int i = 0; i < 3 && !err; i++) {
		say(k[i], 32);
		printf(" ");
	}
	if (err)
		answer(err, NULL, 0);
}

/* N comes as 8 bytes, the most significant first. */
static uint64_t number(size_t i)
{
	uint64_t n = 0;

	if (args[i].len != 8)
		die("N has 8 bytes");
	for (int b = 0; b < 8; b++)
		n = n << 8 | args[i].p[b];
	return n;
}

static void run_seal(void)
{
	static uint8_t out[BYTES + NOISE_TAG_LEN];

	noise_seal(key(0), number(1), args[2].p, args[2].len, out);
	answer(0, out, args[2].len + NOISE_TAG_LEN);
}

static void run_open(void)
{
	static uint8_t out[BYTES];

	answer(noise_open(key(0), number(1), args[2].p, args[2].len, out), out,
	       args[2].len - NOISE_TAG_LEN);
}

static const struct {
	const char *name;
	size_t args;
	void (*run)(void);
} commands[] = {
	{ "initiator", 3, run_initiator }, { "responder", 3, run_responder },
	{ "write", 2, run_write },	   { "read", 1, run_read },
	{ "split", 0, run_split },	   { "seal", 3, run_seal },
	{ "open", 3, run_open },
};

static void run(char *line)
{
	const char *name = strtok(line, " \n");
	size_t count = 0;
	char *word;

	while ((word = strtok(NULL, " \n"))) {
		args[count].len = 0;
		if (strcmp(word, "-") != 0 &&
		    hex_decode(word, args[count].p, BYTES, &args[count].len))
			die("not hexadecimal");
		if (++count == WORDS)
			die("too many words");
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (name && !strcmp(name, commands[i].name) &&
		    count == commands[i].args) {
			commands[i].run();
			printf("\n");
			fflush(stdout);
			return;
		}
	die("no such command");
}

int main(void)
{
	static char line[LINE];

	while (fgets(line, sizeof(line), stdin))
		run(line);
	return 0;
}
