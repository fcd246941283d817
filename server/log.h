/* SPDX-License-Identifier: MIT */
/*
 * server/log.h - one line per event, to standard error.
 *
 * Only role code and main use it; modules return errors.  A line never holds
 * key, token, credential or firmware bytes.
 */
#ifndef SERVER_LOG_H
#define SERVER_LOG_H

#include <stdbool.h>

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG
};

/* role names the process in each line. */
void log_setup(const char *role, enum log_level level, bool json);
void log_line(enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
