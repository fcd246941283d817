/* SPDX-License-Identifier: MIT */
/*
 * A station's certificate request: whatever comes, a certificate is made for
 * the request's own key alone, and with nothing else of what it asks for.
 */
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "server/x509.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct crypto_key *ca_key;
static uint8_t *ca;
static size_t ca_len;

static void ca_make(void)
{
	if (!ca && (crypto_key_generate(CRYPTO_P256, &ca_key) ||
		    x509_ca_make(ca_key, "fuzz", &ca, &ca_len)))
		abort();
}

static void judge(const uint8_t *csr, size_t len, const uint8_t *der,
		  size_t der_len)
{
	X509_REQ *r = d2i_X509_REQ(NULL, &csr, (long)len);
	X509 *x = d2i_X509(NULL, &der, (long)der_len);
	char cn[64] = "";

	if (!r || !x ||
	    EVP_PKEY_eq(X509_REQ_get0_pubkey(r), X509_get0_pubkey(x)) != 1 ||
	    X509_verify(x, crypto_key_native(ca_key)) != 1 ||
	    X509_check_ca(x) ||
	    !(X509_get_extension_flags(x) & EXFLAG_XKUSAGE) ||
	    X509_get_extended_key_usage(x) != XKU_SSL_CLIENT ||
	    X509_NAME_get_text_by_NID(X509_get_subject_name(x), NID_commonName,
				      cn, sizeof(cn)) != 8 ||
	    strcmp(cn, "station1") != 0)
		abort();
	X509_REQ_free(r);
	X509_free(x);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint8_t *der = NULL;
	size_t der_len = 0;

	ca_make();
	if (x509_sign_station(ca_key, ca, ca_len, "station1", data, len, &der,
			      &der_len)) {
		if (der)
			abort();
		return 0;
	}
	judge(data, len, der, der_len);
	free(der);
	return 0;
}
