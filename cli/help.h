/* SPDX-License-Identifier: MIT */
/* cli/help.h - usage texts, made from the tables of cli/args.h. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include <stdio.h>

#include "cli/args.h"

void help_program(const struct program *p, FILE *f);
void help_object(const struct program *p, const char *object);
void help_command(const struct program *p, const struct command *cmd);
void help_version(const struct program *p);

#endif
