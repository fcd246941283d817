/* SPDX-License-Identifier: MIT */
/*
 * What the cores have and have not.  A core that is newer than a genuine
 * chip's is in the table too, because imitations have it.
 *
 * Cycles: taken branch = 1 + refill.  Cortex-M4 TRM r0p1 3.3.1, Cortex-M3 TRM
 * r2p0 18.2, Cortex-M0 TRM r0p0 3.3.  The multiplier of the M0 is the single
 * cycle one, as ST and Nordic built it.  Entry of an exception: 12 on M3 and
 * M4, 16 on M0, 15 on M0+ (Arm's figures); the M0's tail-chaining and return
 * are not published and taken from the M3's with the same distance.
 */
#include <stddef.h>

#include "vmcu/core_int.h"

static const struct core_model models[] = {
	{
		.name = "Cortex-M0",
		.part = 0xc20,
		.uc_cpu = UC_CPU_ARM_CORTEX_M0,
		.cost = CORE_COST_M0,
		.irqs = 32,
		.prio_mask = 0xc0,
		.systick_calib = 0x40001770,
		.refill = 2,
		.entry = 16,
		.tail = 10,
		.leave = 14,
		.system_extra = 2,
	},
	{
		.name = "Cortex-M0+", /* with a VTOR, as imitations have it */
		.part = 0xc60,
		.uc_cpu = UC_CPU_ARM_CORTEX_M0,
		.cost = CORE_COST_M0,
		.irqs = 32,
		.prio_mask = 0xc0,
		.vtor_mask = 0xffffff00,
		.systick_calib = 0x40001770,
		.refill = 1,
		.entry = 15,
		.tail = 9,
		.leave = 13,
		.system_extra = 1,
	},
	{
		.name = "Cortex-M3 r1",
		.part = 0xc23,
		.variants = 1u << 0 | 1u << 1,
		.uc_cpu = UC_CPU_ARM_CORTEX_M3,
		.cost = CORE_COST_M3,
		.v7m = true,
		.irqs = 64,
		.prio_mask = 0xf0,
		.vtor_mask = 0x3fffff80,
		.systick_calib = 0x40002328,
		.refill = 2,
		.entry = 12,
		.tail = 6,
		.leave = 10,
	},
	{
		.name = "Cortex-M3 r2",
		.part = 0xc23,
		.uc_cpu = UC_CPU_ARM_CORTEX_M3,
		.cost = CORE_COST_M3,
		.v7m = true,
		.irqs = 64,
		.prio_mask = 0xf0,
		.vtor_mask = 0xffffff80,
		.systick_calib = 0x40002328,
		.refill = 2,
		.entry = 12,
		.tail = 6,
		.leave = 10,
	},
	{
		.name = "Cortex-M4",
		.part = 0xc24,
		.uc_cpu = UC_CPU_ARM_CORTEX_M4,
		.cost = CORE_COST_M4,
		.v7m = true,
		.fpu = true,
		.irqs = 96,
		.prio_mask = 0xf0,
		.vtor_mask = 0xffffff80,
		.systick_calib = 0x400003e8, /* no exact 10 ms */
		.refill = 2,
		.entry = 12,
		.tail = 6,
		.leave = 10,
	},
};

const struct core_model *core_model_find(uint32_t cpuid)
{
	uint32_t part = cpuid >> 4 & 0xfff, variant = cpuid >> 20 & 0xf;

	for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++)
		if (models[i].part == part &&
		    (models[i].variants == 0 ||
		     models[i].variants >> variant & 1))
			return &models[i];
	return NULL;
}
