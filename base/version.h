/* SPDX-License-Identifier: MIT */
/* base/version.h - the version of all programs of this tree. */
#ifndef BASE_VERSION_H
#define BASE_VERSION_H

#define SIGNET_VERSION "0.1.0"

#endif
