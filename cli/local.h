/* SPDX-License-Identifier: MIT */
/* cli/local.h - small things that both programs do with files and output. */
#ifndef CLI_LOCAL_H
#define CLI_LOCAL_H

#include <jansson.h>

#include "base/error.h"

#define LOCAL_WHY_CAP 512

/* Cuts blanks and a carriage return off both ends, in place. */
char *local_trim(char *s);
/* Makes every missing folder of path, 0700. */
MUST_USE int local_mkdir(const char *path, char why[LOCAL_WHY_CAP]);
/* Prints o as one line on stdout, and gives it up; NULL is allowed. */
void local_print_json(json_t *o);

#endif
