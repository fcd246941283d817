/* SPDX-License-Identifier: MIT */
#include "cli/local.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

char *local_trim(char *s)
{
	size_t len;

	s += strspn(s, " \t");
	len = strlen(s);
	while (len > 0 && strchr(" \t\r", s[len - 1]))
		s[--len] = '\0';
	return s;
}

int local_mkdir(const char *path, char why[LOCAL_WHY_CAP])
{
	char part[PATH_MAX];
	size_t len = strlen(path);

	if (len >= sizeof(part)) {
		snprintf(why, LOCAL_WHY_CAP, "the folder's path is too long");
		return E_TOO_LARGE;
	}
	for (size_t i = 1; i <= len; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, 0700) != 0 && errno != EEXIST) {
			snprintf(why, LOCAL_WHY_CAP,
				 "cannot make the folder %.400s: %s", part,
				 strerror(errno));
			return errno == ENOSPC ? E_DISK_FULL : E_IO;
		}
	}
	return 0;
}

void local_print_json(json_t *o)
{
	if (o == NULL)
		return;
	json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(o);
}
