/* SPDX-License-Identifier: MIT */
/* cli/adaptor.h - the crypto that verify/ asks for, by OpenSSL. */
#ifndef CLI_ADAPTOR_H
#define CLI_ADAPTOR_H

#include "verify/signet_verify.h"

const struct signet_crypto *adaptor_openssl(void);

#endif
