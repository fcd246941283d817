/* SPDX-License-Identifier: MIT */
#include "wire/name.h"

#include <string.h>

static bool name_begins(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool name_continues(char c)
{
	return name_begins(c) || c == '.' || c == '_' || c == '-';
}

bool name_valid(const char *s)
{
	size_t n = 0;

	if (!name_begins(s[0]))
		return false;
	while (n < NAME_CAP && name_continues(s[n]))
		n++;
	return n < NAME_CAP && s[n] == '\0';
}

bool text_printable(const char *s)
{
	if (!*s)
		return false;
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return false;
	return true;
}

const char *family_name(unsigned int family)
{
#define X(sym, num, name)    \
	if (family == (num)) \
		return name;
	FAMILY_LIST(X)
#undef X
	return NULL;
}

enum family family_find(const char *name)
{
#define X(sym, num, text)            \
	if (strcmp(name, text) == 0) \
		return sym;
	FAMILY_LIST(X)
#undef X
	return FAMILY_NONE;
}

const char *proof_name(unsigned int proof)
{
#define X(sym, num, name)   \
	if (proof == (num)) \
		return name;
	PROOF_LIST(X)
#undef X
	return NULL;
}

const char *loader_link_name(unsigned int link)
{
#define X(sym, num, name)  \
	if (link == (num)) \
		return name;
	LOADER_LINK_LIST(X)
#undef X
	return NULL;
}

enum loader_link loader_link_find(const char *name)
{
#define X(sym, num, text)            \
	if (strcmp(name, text) == 0) \
		return sym;
	LOADER_LINK_LIST(X)
#undef X
	return LOADER_LINK_NONE;
}
