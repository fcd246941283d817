/* SPDX-License-Identifier: MIT */
/*
 * bench/plant.h - a running signetd with product, release, order and stations,
 * set up over its own API.  For benchmarks and crash tests.
 */
#ifndef BENCH_PLANT_H
#define BENCH_PLANT_H

#include <openssl/ssl.h>

#include "api/messages.h"

#define PLANT_STATIONS_MAX 64
#define PLANT_ORDER "load"

struct plant {
	char url[64]; /* of the administration port */
	char token[80];
	char ca_file[256];
	uint16_t flasher_port, enrol_port, admin_port;
	unsigned stations;
	SSL_CTX *tls[PLANT_STATIONS_MAX]; /* with each station's certificate */
};

/* Reads ports and token of the server in dir, ready file as written by
 * `signetd run`.  Prints what is wrong and returns -1 on failure. */
int plant_find(struct plant *p, const char *dir, const char *ready_file);
/* Product, release and an order of quantity units. */
int plant_build(struct plant *p, uint32_t quantity);
/* Enrols n stations with the given number of channels each. */
int plant_enrol(struct plant *p, unsigned n, uint32_t channels);
void plant_free(struct plant *p);

/*
 * One production line per connection of bench/https_load.h: grant, deliver,
 * report "closed", then the next chip.  Chips are numbered from first.
 */
struct line;
struct line *line_new(unsigned connections, uint32_t first);
void line_free(struct line *l);
size_t line_request(void *line, unsigned i, char *buf);
/* False at the first refusal, which is printed. */
bool line_answer(void *line, unsigned i, int status, const char *body);
/* Chips with a credential in hand, and closed ones. */
uint64_t line_delivered(const struct line *l);
uint64_t line_closed(const struct line *l);
/* Appends "UID" of every chip that got its credential to f from now on. */
void line_note(struct line *l, FILE *f);

#endif
