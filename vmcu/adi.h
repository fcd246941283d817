/* SPDX-License-Identifier: MIT */
/*
 * vmcu/adi.h - the chip's side of ADIv5: debug port and one MEM-AP (Arm
 * IHI 0031).  SWD (vmcu/swd.h) and JTAG (vmcu/jtag.h) are two ways in.
 *
 * Modelled: CTRL/STAT with power-up requests and sticky flags, SELECT, posted
 * reads, RDBUFF, RESEND, pushed compare and verify, overrun detection, WCR's
 * turnaround; CSW sizes, packed transfers where the chip has them, TAR
 * auto-increment and its wrap, BD0-3, CFG, BASE, IDR.  Not modelled: the
 * transaction counter (its field reads back and counts nothing) and
 * CDBGRSTREQ.
 */
#ifndef VMCU_ADI_H
#define VMCU_ADI_H

#include <stdbool.h>
#include <stdint.h>

#include "vmcu/wiretime.h"

enum adiv5_ack { /* as the three bits on SWD, LSB first */
		 ADIV5_OK = 1,
		 ADIV5_WAIT = 2,
		 ADIV5_FAULT = 4,
		 ADIV5_SILENT = 7,
};

/* CTRL/STAT */
#define ADIV5_ORUNDETECT (1u << 0)
#define ADIV5_STICKYORUN (1u << 1)
#define ADIV5_STICKYCMP (1u << 4)
#define ADIV5_STICKYERR (1u << 5)
#define ADIV5_READOK (1u << 6)
#define ADIV5_WDATAERR (1u << 7)
#define ADIV5_DBGPWRUPREQ (1u << 28)
#define ADIV5_DBGPWRUPACK (1u << 29)
#define ADIV5_SYSPWRUPREQ (1u << 30)
#define ADIV5_SYSPWRUPACK (1u << 31)

struct adiv5 {
	struct wiretime *time; /* borrowed; leads to the mcu */
	uint32_t ctrl_stat;
	uint32_t select;
	uint32_t wcr;
	uint32_t result; /* of the last AP read; what RDBUFF gives */
	uint32_t resend; /* last word sent on SWD by an AP or RDBUFF read */
	uint32_t csw, tar;
	uint32_t jtag_result; /* what the next JTAG capture shows */
};

void adiv5_init(struct adiv5 *a, struct wiretime *time);
/* The debug domain's power-on reset. */
void adiv5_power_on_reset(struct adiv5 *a);

/* SWD.  addr is 0, 4, 8 or 12.  The ack is decided first; read or write
 * follow only after ADIV5_OK. */
enum adiv5_ack adiv5_swd_ack(struct adiv5 *a, bool ap, bool read,
			     unsigned addr);
uint32_t adiv5_swd_read(struct adiv5 *a, bool ap, unsigned addr);
void adiv5_swd_write(struct adiv5 *a, bool ap, unsigned addr, uint32_t v);
/* Parity of written data was wrong. */
void adiv5_swd_wdata_error(struct adiv5 *a);
/* Cycles of turnaround that WCR asks for, 1..4. */
unsigned adiv5_turnaround(const struct adiv5 *a);
/* A WAIT or FAULT answer was given while data followed (ORUNDETECT). */
void adiv5_overrun(struct adiv5 *a);

/* JTAG-DP: one DPACC or APACC update; the next capture shows jtag_result. */
void adiv5_jtag_access(struct adiv5 *a, bool ap, bool read, unsigned addr,
		       uint32_t v);
/* The ABORT register, both ways in. */
void adiv5_abort(struct adiv5 *a, uint32_t v);

#endif
