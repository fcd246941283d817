/* SPDX-License-Identifier: MIT */
/*
 * What the chip says it is: the genuine part, and imitations as chips.md 1.4
 * lists them.  What that table leaves open is filled in with what the others
 * of its kind show; docs/vmcu.md says which.
 */
#include <string.h>

#include "vmcu/stm32f1/f1.h"

#define DPIDR_M3_R1 0x1ba01477u
#define DPIDR_M3_R2 0x2ba01477u
#define JTAG_M3_R1 0x3ba00477u
#define JTAG_M3_R2 0x4ba00477u
#define AP_R1 0x14770011u
#define AP_R2 0x24770011u
#define CPUID_M3_R1 0x411fc231u
#define CPUID_M3_R2 0x412fc231u
#define ST 0x020
#define GIGADEVICE 0x751
#define ARM 0x43b
#define CHIPSEA 0x555
#define ARM_M3_PART 0x4c3

static const struct f1_profile profiles[] = {
	{
		.name = "genuine",
		.cpuid = CPUID_M3_R1,
		.dpidr = DPIDR_M3_R1,
		.jtag_idcode = JTAG_M3_R1,
		.ap_idr = AP_R1,
		.designer = ST,
	},
	{
		/* its flash is a second die, copied to RAM at start */
		.name = "gd32f103",
		.cpuid = CPUID_M3_R2,
		.dpidr = DPIDR_M3_R1,
		.jtag_idcode = JTAG_M3_R1,
		.ap_idr = AP_R1,
		.designer = GIGADEVICE,
		.idcode_always = true,
		.dma_leaks = true,
		.dbgmcu_id = 0x13030000,
		.ram_size_info = true,
		.no_wait_states = true,
	},
	{
		.name = "apm32f103",
		.cpuid = CPUID_M3_R2,
		.dpidr = DPIDR_M3_R2,
		.jtag_idcode = JTAG_M3_R2,
		.ap_idr = AP_R2,
		.designer = ARM,
		.part = ARM_M3_PART,
		.idcode_always = true,
		.ahbenr_more = 1u << 3, /* a floating-point block */
	},
	{
		.name = "cks32f103",
		.cpuid = CPUID_M3_R2,
		.dpidr = DPIDR_M3_R2,
		.jtag_idcode = JTAG_M3_R2,
		.ap_idr = AP_R2,
		.designer = ARM,
		.part = ARM_M3_PART,
		.idcode_always = true,
		.dma_leaks = true,
	},
	{
		.name = "cs32f103",
		.cpuid = CPUID_M3_R2,
		.dpidr = DPIDR_M3_R2,
		.jtag_idcode = JTAG_M3_R2,
		.ap_idr = AP_R2,
		.designer = CHIPSEA,
		.part = 0x29b,
		.idcode_always = true,
	},
	{
		/* an ASCII 'U' where a JEDEC number belongs */
		.name = "hk32f103",
		.cpuid = CPUID_M3_R2,
		.dpidr = DPIDR_M3_R2,
		.jtag_idcode = JTAG_M3_R2,
		.ap_idr = AP_R2,
		.designer = 0x055,
		.ascii = true,
		.idcode_always = true,
	},
	{
		.name = "ch32f103",
		.cpuid = CPUID_M3_R1,
		.dpidr = DPIDR_M3_R2,
		.jtag_idcode = JTAG_M3_R2,
		.ap_idr = AP_R2,
		.designer = ARM,
		.part = ARM_M3_PART,
		.idcode_always = true,
		.dbgmcu_id = 0x20036000,
		.ahbenr_more = 1u << 12, /* a second USB */
	},
	{
		.name = "at32f403", /* a Cortex-M4 in the same package */
		.cpuid = 0x410fc241,
		.dpidr = DPIDR_M3_R2,
		.jtag_idcode = JTAG_M3_R2,
		.ap_idr = AP_R2,
		.designer = ARM,
		.part = 0x4c4,
		.idcode_always = true,
	},
	{
		.name = "empty-rom",
		.cpuid = CPUID_M3_R1,
		.dpidr = DPIDR_M3_R1,
		.jtag_idcode = JTAG_M3_R1,
		.ap_idr = AP_R1,
		.idcode_always = true,
	},
	{
		/* all identity registers right, but a newer access port */
		.name = "newer-ap",
		.cpuid = CPUID_M3_R1,
		.dpidr = DPIDR_M3_R1,
		.jtag_idcode = JTAG_M3_R1,
		.ap_idr = AP_R2,
		.designer = ST,
		.idcode_always = true,
	},
	{
		/* all identity registers right, the core is not: VTOR */
		.name = "newer-core",
		.cpuid = CPUID_M3_R1,
		.wide_vtor = true,
		.dpidr = DPIDR_M3_R1,
		.jtag_idcode = JTAG_M3_R1,
		.ap_idr = AP_R1,
		.designer = ST,
		.idcode_always = true,
	},
	{
		/* a smaller part with a new label */
		.name = "remarked",
		.cpuid = CPUID_M3_R1,
		.dpidr = DPIDR_M3_R1,
		.jtag_idcode = JTAG_M3_R1,
		.ap_idr = AP_R1,
		.designer = ST,
		.part = 0x412,
		.dbgmcu_id = 0x10006412,
	},
};

const struct f1_profile *f1_profile_find(const char *name)
{
	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++)
		if (strcmp(profiles[i].name, name) == 0)
			return &profiles[i];
	return NULL;
}

uint32_t f1_device_id(const struct f1 *f)
{
	uint32_t id = f->profile->dbgmcu_id;

	if (id == 0)
		return f->model->device;
	return id & 0xfff ? id : id | (f->model->device & 0xfff);
}

static void rom_table(struct f1 *f)
{
	const struct f1_profile *p = f->profile;
	uint16_t part = p->part ? p->part : f->model->device & 0xfff;
	unsigned code = p->designer & 0xff, bank = p->designer >> 8;
	struct debug_rom *rom = &f->m->rom;

	*rom = (struct debug_rom){
		.armv7m = true,
		.breakpoints = 6,
		.watchpoints = 4,
		.remaps = mcu_quirk(f->m, QUIRK_FPB_RESET),
	};
	if (p->designer == 0)
		return; /* nothing in it at all */
	/* PIDR4..7, then PIDR0..3 */
	rom->pidr[0] = bank;
	rom->pidr[4] = part & 0xff;
	rom->pidr[5] = (code & 0xf) << 4 | part >> 8;
	rom->pidr[6] = (p->ascii ? 0 : 8u) | code >> 4;
}

/* A core that denies what it is still has its own VTOR. */
int f1_core_new(struct f1 *f)
{
	const struct f1_profile *p = f->profile;
	int err = core_new(f->m, p->wide_vtor ? CPUID_M3_R2 : p->cpuid,
			   &f->m->core);

	if (!err)
		f->m->core->cpuid = p->cpuid;
	return err;
}

void f1_profile_apply(struct f1 *f)
{
	const struct f1_profile *p = f->profile;

	f->m->identity = (struct mcu_identity){
		.dpidr = p->dpidr,
		.jtag_idcode = p->jtag_idcode,
		.jtag_boundary = f->model->boundary,
		.ap_idr = p->ap_idr,
		.ap_base = 0xe00ff003,
		.ap_packed = true,
		.ap_wrap = 4096,
		.ap_csw = 0x23000040,
	};
	rom_table(f);
}

/* ST documents nothing but 96 bits for this family (chips.md 1.3). */
void f1_uid_make(struct mcu *m, uint8_t *out)
{
	for (unsigned i = 0; i < m->chip->uid_len; i++)
		out[i] = (uint8_t)(1 + mcu_noise(m) % 254);
}
