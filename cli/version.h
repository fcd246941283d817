/* SPDX-License-Identifier: MIT */
/* cli/version.h - the version that signet and signet-flasher print. */
#ifndef CLI_VERSION_H
#define CLI_VERSION_H

#define SIGNET_VERSION "0.1.0"

#endif
