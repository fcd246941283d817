/* SPDX-License-Identifier: MIT */
#include "vmcu/adi.h"

#include <stddef.h>

#define STICKY_ALL \
	(ADIV5_STICKYORUN | ADIV5_STICKYCMP | ADIV5_STICKYERR | ADIV5_WDATAERR)
/* What a CTRL/STAT write stores: ORUNDETECT, TRNMODE, MASKLANE, TRNCNT,
 * and the request bits. */
#define CTRL_STORED 0x50ffff0du
#define TRNMODE(cs) (((cs) >> 2) & 3)
#define MASKLANE(cs) (((cs) >> 8) & 15)

#define CSW_RESET 0x23000040u
#define CSW_DEVICE_ENABLED 0x40u
#define CSW_SIZE 0x07u
#define CSW_INC 0x30u
#define CSW_INC_SINGLE 0x10u
#define CSW_INC_PACKED 0x20u
#define CSW_STORED 0xff000f37u

enum ap_register {
	AP_CSW = 0x00,
	AP_TAR = 0x04,
	AP_DRW = 0x0c,
	AP_BD0 = 0x10,
	AP_CFG = 0xf4,
	AP_BASE = 0xf8,
	AP_IDR = 0xfc,
};

void adiv5_init(struct adiv5 *a, struct wiretime *time)
{
	*a = (struct adiv5){ .time = time };
	adiv5_power_on_reset(a);
}

void adiv5_power_on_reset(struct adiv5 *a)
{
	*a = (struct adiv5){ .time = a->time, .csw = CSW_RESET };
	if (a->time->mcu != NULL && mcu_identity(a->time->mcu)->ap_csw != 0)
		a->csw = mcu_identity(a->time->mcu)->ap_csw;
}

static const struct mcu_identity *identity(const struct adiv5 *a)
{
	return mcu_identity(a->time->mcu);
}

/* -- memory access port --------------------------------------------------- */

static unsigned csw_size(const struct adiv5 *a)
{
	return 1u << (a->csw & CSW_SIZE);
}

static void csw_write(struct adiv5 *a, uint32_t v)
{
	a->csw = v & CSW_STORED;
	if ((v & CSW_SIZE) > 2)
		a->csw = (a->csw & ~CSW_SIZE) | 2;
	if ((v & CSW_INC) == CSW_INC ||
	    ((v & CSW_INC) == CSW_INC_PACKED && !identity(a)->ap_packed))
		a->csw = (a->csw & ~CSW_INC) | CSW_INC_SINGLE;
}

/* One bus access on its byte lanes; false after a bus error. */
static bool bus_access(struct adiv5 *a, bool read, uint32_t addr, unsigned size,
		       uint32_t *lanes)
{
	unsigned shift = (addr & (4 - size)) * 8;
	uint32_t mask = size == 4 ? 0xffffffffu : (1u << size * 8) - 1;
	uint32_t v = (*lanes >> shift) & mask;
	enum mcu_bus result;

	addr &= ~(size - 1);
	wiretime_flush(a->time);
	if (read)
		result = mcu_bus_read(a->time->mcu, addr, size, &v);
	else
		result = mcu_bus_write(a->time->mcu, addr, size, v);
	if (result != MCU_BUS_OK) {
		a->ctrl_stat |= ADIV5_STICKYERR;
		return false;
	}
	if (read)
		*lanes = (*lanes & ~(mask << shift)) | (v & mask) << shift;
	return true;
}

/* Silicon increments after a failed access too: OpenOCD's messages from real
 * parts name the address behind the one that failed. */
static void tar_increment(struct adiv5 *a, unsigned size)
{
	uint32_t wrap = identity(a)->ap_wrap - 1;

	a->tar = (a->tar & ~wrap) | ((a->tar + size) & wrap);
}

static void drw_access(struct adiv5 *a, bool read, uint32_t *v)
{
	unsigned size = csw_size(a);
	unsigned count = 1;

	if ((a->csw & CSW_INC) == CSW_INC_PACKED)
		count = 4 / size;
	while (count-- != 0) {
		bool ok = bus_access(a, read, a->tar, size, v);

		if ((a->csw & CSW_INC) != 0)
			tar_increment(a, size);
		if (!ok)
			return;
	}
}

static uint32_t ap_read(struct adiv5 *a, unsigned reg)
{
	uint32_t v = 0;

	if (reg >= AP_BD0 && reg < AP_BD0 + 16) {
		(void)bus_access(a, true, (a->tar & ~15u) | (reg & 12), 4, &v);
		return v;
	}
	switch (reg) {
	case AP_CSW:
		return a->csw | CSW_DEVICE_ENABLED;
	case AP_TAR:
		return a->tar;
	case AP_DRW:
		drw_access(a, true, &v);
		return v;
	case AP_CFG:
		return identity(a)->ap_cfg;
	case AP_BASE:
		return identity(a)->ap_base;
	case AP_IDR:
		return identity(a)->ap_idr;
	default:
		return 0;
	}
}

static void ap_write(struct adiv5 *a, unsigned reg, uint32_t v)
{
	if (reg >= AP_BD0 && reg < AP_BD0 + 16)
		(void)bus_access(a, false, (a->tar & ~15u) | (reg & 12), 4, &v);
	else if (reg == AP_CSW)
		csw_write(a, v);
	else if (reg == AP_TAR)
		a->tar = v;
	else if (reg == AP_DRW)
		drw_access(a, false, &v);
}

/* TRNMODE 1 and 2: the write is turned into a read that is compared. */
static void pushed_compare(struct adiv5 *a, unsigned reg, uint32_t v)
{
	uint32_t lanes = 0;
	bool equal;

	for (unsigned i = 0; i < 4; i++)
		if (MASKLANE(a->ctrl_stat) >> i & 1)
			lanes |= 0xffu << i * 8;
	equal = ((ap_read(a, reg) ^ v) & lanes) == 0;
	if (equal == (TRNMODE(a->ctrl_stat) == 2))
		a->ctrl_stat |= ADIV5_STICKYCMP;
}

/* An access to whatever AP is selected; only AP 0 exists. */
static void ap_access(struct adiv5 *a, bool read, unsigned addr, uint32_t v)
{
	unsigned reg = (a->select & 0xf0) | addr;

	if ((a->ctrl_stat & ADIV5_DBGPWRUPACK) == 0) {
		a->ctrl_stat |= ADIV5_STICKYERR;
		return;
	}
	if (a->select >> 24 != 0) {
		if (read)
			a->result = 0;
		return;
	}
	if (read)
		a->result = ap_read(a, reg);
	else if (TRNMODE(a->ctrl_stat) == 0)
		ap_write(a, reg, v);
	else
		pushed_compare(a, reg, v);
}

/* -- debug port ----------------------------------------------------------- */

static void ctrl_write(struct adiv5 *a, uint32_t v)
{
	uint32_t cs = (a->ctrl_stat & ~CTRL_STORED) | (v & CTRL_STORED);

	cs &= ~(ADIV5_DBGPWRUPACK | ADIV5_SYSPWRUPACK);
	cs |= (cs & (ADIV5_DBGPWRUPREQ | ADIV5_SYSPWRUPREQ)) << 1;
	a->ctrl_stat = cs;
	mcu_debug_power(a->time->mcu, (cs & ADIV5_DBGPWRUPREQ) != 0,
			(cs & ADIV5_SYSPWRUPREQ) != 0);
}

void adiv5_abort(struct adiv5 *a, uint32_t v)
{
	static const uint32_t clears[5] = {
		0,
		ADIV5_STICKYCMP,
		ADIV5_STICKYERR,
		ADIV5_WDATAERR,
		ADIV5_STICKYORUN,
	};

	for (unsigned i = 1; i < 5; i++)
		if (v >> i & 1)
			a->ctrl_stat &= ~clears[i];
}

static bool ctrlsel(const struct adiv5 *a)
{
	return (a->select & 1) != 0;
}

enum adiv5_ack adiv5_swd_ack(struct adiv5 *a, bool ap, bool read, unsigned addr)
{
	bool always = !ap && (read ? addr == 0 || (addr == 4 && !ctrlsel(a))
				   : addr == 0);

	if (!always && (a->ctrl_stat & STICKY_ALL) != 0)
		return ADIV5_FAULT;
	if (ap && (a->ctrl_stat & ADIV5_DBGPWRUPACK) == 0) {
		a->ctrl_stat |= ADIV5_STICKYERR;
		return ADIV5_FAULT;
	}
	return ADIV5_OK;
}

uint32_t adiv5_swd_read(struct adiv5 *a, bool ap, unsigned addr)
{
	uint32_t previous = a->result;

	if (ap) {
		ap_access(a, true, addr, 0);
		a->ctrl_stat |= ADIV5_READOK;
		a->resend = previous;
		return previous;
	}
	switch (addr) {
	case 0:
		return identity(a)->dpidr;
	case 4:
		return ctrlsel(a) ? a->wcr : a->ctrl_stat;
	case 8:
		return a->resend;
	default:
		a->ctrl_stat |= ADIV5_READOK;
		a->resend = previous;
		return previous;
	}
}

void adiv5_swd_write(struct adiv5 *a, bool ap, unsigned addr, uint32_t v)
{
	if (ap) {
		ap_access(a, false, addr, v);
		return;
	}
	if (addr == 0)
		adiv5_abort(a, v);
	else if (addr == 4 && ctrlsel(a))
		a->wcr = v & 0x3c7;
	else if (addr == 4)
		ctrl_write(a, v);
	else if (addr == 8)
		a->select = v;
}

void adiv5_swd_wdata_error(struct adiv5 *a)
{
	a->ctrl_stat |= ADIV5_WDATAERR;
}

unsigned adiv5_turnaround(const struct adiv5 *a)
{
	return 1 + (a->wcr >> 8 & 3);
}

void adiv5_overrun(struct adiv5 *a)
{
	a->ctrl_stat |= ADIV5_STICKYORUN;
}

/* On JTAG the sticky flags are cleared by writing 1 to them. */
static void jtag_dp_write(struct adiv5 *a, unsigned addr, uint32_t v)
{
	if (addr == 8) {
		a->select = v;
	} else if (addr == 4) {
		a->ctrl_stat &= ~(v & (ADIV5_STICKYORUN | ADIV5_STICKYCMP |
				       ADIV5_STICKYERR));
		ctrl_write(a, v);
	}
}

static uint32_t jtag_dp_read(const struct adiv5 *a, unsigned addr)
{
	switch (addr) {
	case 0:
		return identity(a)->dpidr;
	case 4:
		return a->ctrl_stat & ~(ADIV5_READOK | ADIV5_WDATAERR);
	case 8:
		return a->select;
	default:
		return 0;
	}
}

void adiv5_jtag_access(struct adiv5 *a, bool ap, bool read, unsigned addr,
		       uint32_t v)
{
	if (ap) {
		/* With a sticky flag set the access is discarded. */
		if ((a->ctrl_stat & STICKY_ALL) == 0)
			ap_access(a, read, addr, v);
		a->jtag_result = a->result;
	} else if (read) {
		a->jtag_result = jtag_dp_read(a, addr);
	} else {
		jtag_dp_write(a, addr, v);
	}
}
