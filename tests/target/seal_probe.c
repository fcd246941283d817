/* SPDX-License-Identifier: MIT */
/* A program that is nothing but the chip's side of seal/; see seal_probe.h. */
#include "tests/target/seal_probe.h"

#include "seal/prim.h"

void probe_main(void);

static int write1(struct seal_probe *p, const uint8_t *psk)
{
	noise_init(&p->noise, true, p->rs, p->prologue, p->prologue_len, psk);
	return noise_write1(&p->noise, p->rs, psk, p->e_priv, p->text, p->len,
			    p->message);
}

static int read2(struct seal_probe *p)
{
	int err = noise_read2(&p->noise, p->message, p->len, p->text);

	return err ? err : noise_split(&p->noise, p->k1, p->k2, p->hash);
}

void probe_main(void)
{
	struct seal_probe *p = (struct seal_probe *)SEAL_PROBE_ADDRESS;
	struct prim_sha256 c;

	if (p->request == SEAL_PROBE_WRITE1) {
		p->err = write1(p, p->psk_on ? p->psk : NULL);
	} else if (p->request == SEAL_PROBE_READ2) {
		p->err = read2(p);
	} else if (p->request == SEAL_PROBE_OPEN) {
		p->err = noise_open(p->k1, 5, p->message, p->len, p->text);
	} else if (p->request == SEAL_PROBE_HASH) {
		prim_sha256_init(&c);
		prim_sha256_update(&c, p->text, p->len);
		prim_sha256_final(&c, p->hash);
	} else {
		p->err = prim_x25519(p->hash, p->e_priv, p->rs);
	}
}
