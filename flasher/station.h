/* SPDX-License-Identifier: MIT */
/*
 * flasher/station.h - the station's folder: who it is, and what it remembers.
 *
 *	enrolled.json     server, name, channels; by `enrol`
 *	tls.key kem.key   its private keys, 0600
 *	station.der ca.der  its certificate and the server's CA
 *	flasher.conf      channels; by the operator
 *	cache/ journal/ outbox/  releases, open attempts, unsent reports
 *	lock              held while devices are built
 */
#ifndef FLASHER_STATION_H
#define FLASHER_STATION_H

#include <limits.h>
#include <stdbool.h>

#include "api/messages.h"
#include "crypto/crypto.h"
#include "flasher/conf.h"

struct http_client;

#define STATION_WHY_CAP 512

struct station {
	char dir[PATH_MAX - 256];
	char server[256]; /* https://host:port of the flasher port */
	char name[NAME_CAP];
	uint32_t channels; /* that the server allows */
	struct flasher_conf conf;
	struct crypto_key *tls, *kem;
	uint8_t *cert, *ca;
	size_t cert_len, ca_len;
	int lock; /* file descriptor, or -1 */
};

/* Sets dir: option, $SIGNET_FLASHER_DIR, or ~/.local/state/signet-flasher. */
MUST_USE int station_dir(struct station *st, const char *option,
			 char why[STATION_WHY_CAP]);
/* Reads flasher.conf if there is one, else defaults; dir is set. */
MUST_USE int station_conf(struct station *st, char why[STATION_WHY_CAP]);
/* Reads everything; E_NOT_FOUND when not enrolled. */
MUST_USE int station_load(struct station *st, char why[STATION_WHY_CAP]);
/* One program at a time builds devices here; E_STATE when another does. */
MUST_USE int station_lock(struct station *st, char why[STATION_WHY_CAP]);
void station_free(struct station *st);

void station_path(const struct station *st, const char *name,
		  char out[PATH_MAX]);
/* Makes dir/name (and dir), 0700. */
MUST_USE int station_mkdir(const struct station *st, const char *name,
			   char why[STATION_WHY_CAP]);

/* A client of the flasher port; retries as http/client.h counts them. */
MUST_USE int station_client(const struct station *st, uint32_t retries,
			    bool (*stopped)(void *arg), void *stopped_arg,
			    struct http_client **out);
/* Number of retries whose waits last about so many seconds. */
uint32_t station_retries(uint32_t seconds);

#endif
