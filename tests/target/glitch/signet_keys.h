/* SPDX-License-Identifier: MIT */
/* What `signet product keys-header` writes, with keys that are none. */
#ifndef TESTS_TARGET_GLITCH_SIGNET_KEYS_H
#define TESTS_TARGET_GLITCH_SIGNET_KEYS_H

#include <stdint.h>

#define SIGNET_PRODUCT "thermo"
#define SIGNET_FAMILY 3
#define SIGNET_ROLLBACK_MIN 5

static const uint8_t signet_device_pub[65] = { 4, 1 };
static const uint8_t signet_release_pub[65] = { 4, 2 };

#endif
