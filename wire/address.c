/* SPDX-License-Identifier: MIT */
#include "wire/address.h"

#include <stdbool.h>
#include <string.h>

#define HOST_CAP 128
#define PORT_MAX 65535u

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* From 1 to 65535 in decimal digits. */
static bool port_valid(const char *s)
{
	unsigned n = 0;

	for (; *s >= '0' && *s <= '9' && n <= PORT_MAX; s++)
		n = n * 10 + (unsigned)(*s - '0');
	return *s == '\0' && n >= 1 && n <= PORT_MAX;
}

int address_split(const char *text, char *host, size_t cap,
		  const char **ret_port)
{
	const char *colon = strrchr(text, ':');
	size_t len;

	if (colon == NULL || colon == text || !port_valid(colon + 1))
		return E_ARG;
	len = (size_t)(colon - text);
	if (text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	if (len == 0 || len >= cap)
		return E_ARG;
	memcpy(host, text, len);
	host[len] = '\0';
	*ret_port = colon + 1;
	return 0;
}

static bool host_port(const char *text)
{
	char host[HOST_CAP];
	const char *port;

	return address_split(text, host, sizeof(host), &port) == 0;
}

const char *address_probe(const char *text)
{
	if (begins(text, "usb:@") || begins(text, "hid:@"))
		return text[5] && !text[5 + strspn(text + 5, "0123456789-.")]
			       ? NULL
			       : "must name a USB socket, such as @1-2.3";
	if (begins(text, "usb:") || begins(text, "hid:"))
		return NULL; /* whatever serial numbers are made of */
	if (begins(text, "tcp:") || begins(text, "gdb:"))
		return host_port(text + 4)
			       ? NULL
			       : "must name HOST:PORT, port 1 to 65535";
	return "must begin with usb:, hid:, tcp: or gdb:";
}

const char *address_serial(const char *text)
{
	if (text[0] == '/' || (begins(text, "tcp:") && host_port(text + 4)))
		return NULL;
	return "must be /dev/... or tcp:HOST:PORT";
}

/* Up to the next colon; moves *s behind it. */
static bool take(const char **s, size_t *out_len)
{
	size_t len = strcspn(*s, ":");

	if (len == 0 || len >= ADDRESS_GPIO_CAP)
		return false;
	*out_len = len;
	*s += len + ((*s)[len] == ':');
	return true;
}

static bool gpio_word(const char *word, size_t len)
{
	static const char *const words[] = { "low", "pull-up", "pull-down" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i]) == len &&
		    strncmp(words[i], word, len) == 0)
			return true;
	return false;
}

static bool gpio_valid(const char *s)
{
	size_t len = strlen(s);

	if (len == 0 || s[len - 1] == ':' || !take(&s, &len) || !take(&s, &len))
		return false;
	while (*s != '\0') {
		const char *word = s;

		if (!take(&s, &len) || !gpio_word(word, len))
			return false;
	}
	return true;
}

const char *address_switch(const char *text)
{
	if (!begins(text, "gpio:") || gpio_valid(text + 5))
		return NULL;
	return "must be gpio:CHIP:LINE[:low][:pull-up|:pull-down]";
}

const char *address_server(const char *text)
{
	const char *host = text + strlen("https://");

	if (!begins(text, "https://") || *host == '\0' || *host == '/' ||
	    *host == ':' || strpbrk(host, " \t") != NULL)
		return "must be https://HOST or https://HOST:PORT";
	return NULL;
}
