/* SPDX-License-Identifier: MIT */
#include "vmcu/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int parse_port(const char *s, uint16_t *out)
{
	unsigned long v = 0;

	if (*s == '\0')
		return E_SYNTAX;
	for (; *s != '\0'; s++) {
		if (*s < '0' || *s > '9')
			return E_SYNTAX;
		v = v * 10 + (unsigned long)(*s - '0');
		if (v > 65535)
			return E_RANGE;
	}
	*out = (uint16_t)v;
	return 0;
}

/* The host part: loopback addresses, or none. */
static bool parse_host(const char *host, uint16_t port,
		       struct sockaddr_storage *sa, socklen_t *len)
{
	struct sockaddr_in in4 = { .sin_family = AF_INET,
				   .sin_port = htons(port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
				    .sin6_port = htons(port),
				    .sin6_addr = IN6ADDR_LOOPBACK_INIT };

	memset(sa, 0, sizeof(*sa));
	if (strcmp(host, "[::1]") == 0 || strcmp(host, "::1") == 0) {
		memcpy(sa, &in6, sizeof(in6));
		*len = sizeof(in6);
		return true;
	}
	if (*host == '\0' || strcmp(host, "localhost") == 0)
		host = "127.0.0.1";
	if (inet_pton(AF_INET, host, &in4.sin_addr) != 1 ||
	    ntohl(in4.sin_addr.s_addr) >> 24 != 127)
		return false;
	memcpy(sa, &in4, sizeof(in4));
	*len = sizeof(in4);
	return true;
}

static int resolve(const char *address, struct sockaddr_storage *sa,
		   socklen_t *len, char why[NET_WHY_CAP])
{
	const char *colon = strrchr(address, ':');
	const char *port_text = colon != NULL ? colon + 1 : address;
	size_t host_len = colon != NULL ? (size_t)(colon - address) : 0;
	char host[NET_NAME_CAP] = "";
	uint16_t port;

	if (parse_port(port_text, &port) != 0 || host_len >= sizeof(host)) {
		snprintf(why, NET_WHY_CAP, "%.80s: not ADDRESS:PORT", address);
		return E_SYNTAX;
	}
	memcpy(host, address, host_len);
	host[host_len] = '\0';
	if (!parse_host(host, port, sa, len)) {
		snprintf(why, NET_WHY_CAP,
			 "%.80s: only loopback addresses are served", address);
		return E_CONFIG;
	}
	return 0;
}

static int bound_name(int fd, char name[NET_NAME_CAP])
{
	struct sockaddr_storage sa = { 0 };
	socklen_t len = sizeof(sa);
	char host[INET6_ADDRSTRLEN];
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;

	if (getsockname(fd, (struct sockaddr *)&sa, &len) != 0)
		return E_IO;
	if (sa.ss_family == AF_INET) {
		memcpy(&in4, &sa, sizeof(in4));
		inet_ntop(AF_INET, &in4.sin_addr, host, sizeof(host));
		snprintf(name, NET_NAME_CAP, "%s:%u", host,
			 ntohs(in4.sin_port));
	} else {
		memcpy(&in6, &sa, sizeof(in6));
		snprintf(name, NET_NAME_CAP, "[::1]:%u", ntohs(in6.sin6_port));
	}
	return 0;
}

int net_listen_tcp(const char *address, int *out_fd, char name[NET_NAME_CAP],
		   char why[NET_WHY_CAP])
{
	struct sockaddr_storage sa;
	socklen_t len;
	int one = 1;
	int err = resolve(address, &sa, &len, why);
	int fd;

	if (err != 0)
		return err;
	fd = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
		    0);
	if (fd < 0)
		goto fail;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&sa, len) != 0 || listen(fd, 4) != 0 ||
	    bound_name(fd, name) != 0)
		goto fail;
	*out_fd = fd;
	return 0;
fail:
	snprintf(why, NET_WHY_CAP, "cannot listen on %.80s: %s", address,
		 strerror(errno));
	if (fd >= 0)
		close(fd);
	return E_IO;
}

static int unix_address(const char *path, struct sockaddr_un *sa,
			char why[NET_WHY_CAP])
{
	*sa = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (*path == '\0' || strlen(path) >= sizeof(sa->sun_path)) {
		snprintf(why, NET_WHY_CAP,
			 "socket path must have 1 to %zu characters: %.80s",
			 sizeof(sa->sun_path) - 1, path);
		return E_ARG;
	}
	memcpy(sa->sun_path, path, strlen(path) + 1);
	return 0;
}

int net_connect_unix(const char *path, int *out_fd, char why[NET_WHY_CAP])
{
	struct sockaddr_un sa;
	int err = unix_address(path, &sa, why);
	int fd;

	if (err != 0)
		return err;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0) {
		snprintf(why, NET_WHY_CAP, "%.100s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return E_IO;
	}
	*out_fd = fd;
	return 0;
}

int net_listen_unix(const char *path, int *out_fd, char why[NET_WHY_CAP])
{
	struct sockaddr_un sa;
	struct stat st;
	int err = unix_address(path, &sa, why);
	int fd;

	if (err != 0)
		return err;
	if (net_connect_unix(path, &fd, why) == 0) {
		close(fd);
		snprintf(why, NET_WHY_CAP, "%.100s is in use", path);
		return E_EXISTS;
	}
	if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
		(void)unlink(path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0 ||
	    chmod(path, 0600) != 0 || listen(fd, 8) != 0) {
		snprintf(why, NET_WHY_CAP, "cannot listen on %.100s: %s", path,
			 strerror(errno));
		if (fd >= 0)
			close(fd);
		return E_IO;
	}
	*out_fd = fd;
	return 0;
}

int net_accept(int listen_fd)
{
	int one = 1;
	int fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0) /* fails harmlessly on a unix socket */
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one,
				 sizeof(one));
	return fd;
}

bool net_gone(int fd)
{
	char c;
	ssize_t n = recv(fd, &c, 1, MSG_PEEK | MSG_DONTWAIT);

	return n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK &&
			  errno != EINTR);
}

int net_out_init(struct net_out *o, size_t cap)
{
	*o = (struct net_out){ .buf = malloc(cap), .cap = cap };
	return o->buf != NULL ? 0 : E_NOMEM;
}

void net_out_free(struct net_out *o)
{
	free(o->buf);
	*o = (struct net_out){ 0 };
}

size_t net_out_room(const struct net_out *o)
{
	return o->cap - o->len;
}

bool net_out_pending(const struct net_out *o)
{
	return o->sent != o->len;
}

int net_out_put(struct net_out *o, const void *p, size_t len)
{
	if (len > net_out_room(o))
		return E_SPACE;
	if (len != 0)
		memcpy(o->buf + o->len, p, len);
	o->len += len;
	return 0;
}

int net_out_flush(struct net_out *o, int fd)
{
	while (o->sent < o->len) {
		ssize_t n = send(fd, o->buf + o->sent, o->len - o->sent,
				 MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return 0;
		if (n < 0)
			return E_IO;
		o->sent += (size_t)n;
	}
	o->len = o->sent = 0;
	return 0;
}
