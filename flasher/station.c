/* SPDX-License-Identifier: MIT */
#include "flasher/station.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <jansson.h>

#include "cli/local.h"
#include "http/client.h"
#include "keys/keyfile.h"

#define FILE_MAX 65536

int station_dir(struct station *st, const char *option,
		char why[STATION_WHY_CAP])
{
	const char *dir = option ? option : getenv("SIGNET_FLASHER_DIR");
	const char *tail = "";

	st->lock = -1;
	if (dir == NULL) {
		dir = getenv("HOME");
		tail = "/.local/state/signet-flasher";
	}
	if (dir && dir[0] &&
	    (size_t)snprintf(st->dir, sizeof(st->dir), "%s%s", dir, tail) <
		    sizeof(st->dir))
		return 0;
	snprintf(why, STATION_WHY_CAP,
		 "there is no folder for the station: give --dir DIR");
	return E_CONFIG;
}

void station_path(const struct station *st, const char *name,
		  char out[PATH_MAX])
{
	snprintf(out, PATH_MAX, "%s/%s", st->dir, name);
}

int station_mkdir(const struct station *st, const char *name,
		  char why[STATION_WHY_CAP])
{
	char path[PATH_MAX];

	station_path(st, name, path);
	return local_mkdir(path, why);
}

int station_conf(struct station *st, char why[STATION_WHY_CAP])
{
	char path[PATH_MAX], text[CONF_WHY_CAP];
	int r;

	station_path(st, "flasher.conf", path);
	conf_init(&st->conf);
	r = conf_read(path, &st->conf, text);
	if (r == E_NOT_FOUND)
		return 0;
	if (r != 0)
		snprintf(why, STATION_WHY_CAP, "%s", text);
	return r;
}

static int read_file(const struct station *st, const char *name, bool secret,
		     uint8_t **out, size_t *len, char why[STATION_WHY_CAP])
{
	char path[PATH_MAX], text[KEYFILE_WHY_CAP];
	int r;

	station_path(st, name, path);
	r = keyfile_read(path, FILE_MAX, secret, out, len, text);
	if (r != 0)
		snprintf(why, STATION_WHY_CAP, "%s", text);
	return r;
}

static int read_key(const struct station *st, const char *name,
		    enum crypto_key_type type, struct crypto_key **out,
		    char why[STATION_WHY_CAP])
{
	char path[PATH_MAX], text[KEYFILE_WHY_CAP];
	int r;

	station_path(st, name, path);
	r = keyfile_load(path, NULL, out, text);
	if (r == 0 && crypto_key_type(*out) != type) {
		snprintf(text, sizeof(text), "%s is not the right kind of key",
			 name);
		r = E_KEY;
	}
	if (r != 0)
		snprintf(why, STATION_WHY_CAP, "%s", text);
	return r;
}

static int read_enrolled(struct station *st, char why[STATION_WHY_CAP])
{
	const char *server, *name;
	uint8_t *text = NULL;
	size_t len;
	json_t *j;
	int r = read_file(st, "enrolled.json", false, &text, &len, why);

	if (r != 0)
		return r;
	j = json_loadb((char *)text, len, JSON_REJECT_DUPLICATES, NULL);
	free(text);
	server = json_string_value(json_object_get(j, "server"));
	name = json_string_value(json_object_get(j, "flasher"));
	if (server && name && strlen(server) < sizeof(st->server) &&
	    strlen(name) < sizeof(st->name)) {
		snprintf(st->server, sizeof(st->server), "%s", server);
		snprintf(st->name, sizeof(st->name), "%s", name);
		st->channels = (uint32_t)json_integer_value(
			json_object_get(j, "channels"));
	} else {
		snprintf(why, STATION_WHY_CAP,
			 "%.400s/enrolled.json is damaged", st->dir);
		r = E_CONFIG;
	}
	json_decref(j);
	return r;
}

int station_load(struct station *st, char why[STATION_WHY_CAP])
{
	int r = station_conf(st, why);

	if (r == 0)
		r = read_enrolled(st, why);
	if (r == 0)
		r = read_key(st, "tls.key", CRYPTO_P256, &st->tls, why);
	if (r == 0)
		r = read_key(st, "kem.key", CRYPTO_X25519, &st->kem, why);
	if (r == 0)
		r = read_file(st, "station.der", false, &st->cert,
			      &st->cert_len, why);
	if (r == 0)
		r = read_file(st, "ca.der", false, &st->ca, &st->ca_len, why);
	if (r == 0 && st->conf.server[0])
		snprintf(st->server, sizeof(st->server), "%s", st->conf.server);
	return r;
}

int station_lock(struct station *st, char why[STATION_WHY_CAP])
{
	char path[PATH_MAX];

	station_path(st, "lock", path);
	st->lock = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	if (st->lock < 0) {
		snprintf(why, STATION_WHY_CAP, "cannot open %.400s: %s", path,
			 strerror(errno));
		return errno == ENOSPC ? E_DISK_FULL : E_IO;
	}
	if (flock(st->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	snprintf(why, STATION_WHY_CAP,
		 "another signet-flasher is at work in %.400s", st->dir);
	return E_STATE;
}

void station_free(struct station *st)
{
	crypto_key_free(st->tls);
	crypto_key_free(st->kem);
	free(st->cert);
	free(st->ca);
	if (st->lock >= 0)
		close(st->lock);
	memset(st, 0, sizeof(*st));
	st->lock = -1;
}

int station_client(const struct station *st, uint32_t retries,
		   bool (*stopped)(void *arg), void *stopped_arg,
		   struct http_client **out)
{
	struct http_client_config cfg = {
		.base_url = st->server,
		.ca_der = st->ca,
		.ca_der_len = st->ca_len,
		.cert_der = st->cert,
		.cert_der_len = st->cert_len,
		.cert_key = crypto_key_native(st->tls),
		.retries = retries,
		.stopped = stopped,
		.stopped_arg = stopped_arg,
	};

	return http_client_new(&cfg, out);
}

/* The client waits 0.2 s, 0.4 s ... 5 s. */
uint32_t station_retries(uint32_t seconds)
{
	uint32_t waited = 0, wait = 200, n = 0;

	while (waited < seconds * 1000) {
		waited += wait;
		wait = wait * 2 > 5000 ? 5000 : wait * 2;
		n++;
	}
	return n;
}
