/* SPDX-License-Identifier: MIT */
#include "tests/lib/bed_chip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/vmcu_rig.h"

static void l4_put(struct mcu *m, uint32_t at, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i += 8) {
		uint64_t v = UINT64_MAX;

		memcpy(&v, p + i, len - i < 8 ? len - i : 8);
		if (v != UINT64_MAX)
			assert_int_equal(rig_program(m, at + (uint32_t)i, v) &
						 SR_ERRORS,
					 0);
	}
}

const struct bed_chip bed_l4 = {
	.name = "stm32l432",
	.dir = { "build/target/loader/stm32l432-uart",
		 "build/target/loader/stm32l432-swd-pins" },
	.flash = 0x08000000,
	.flash_len = 0x40000,
	.page_len = 2048,
	.image_at = 0x08000000,
	.stack = 0x20002000,
	.put = l4_put,
	.lock = rig_options,
	.locked = 0xfdeff8bb, /* level 1, SRAM2 erased by reset */
	.open = OPTR_DEFAULT,
	.start_ms = 300,
	.ram = 0x10000000,
	.ram_len = 0x4000,
	.ram_shut = true,
};

/* -- STM32F1, STM32F0 (PM0075 2.3, RM0091 3.2) ------------------------------
 */

#define FPEC_KEYR 0x40022004u
#define FPEC_OPTKEYR 0x40022008u
#define FPEC_SR 0x4002200cu
#define FPEC_CR 0x40022010u
#define OPTIONS 0x1ffff800u

static void fpec_wait(struct mcu *m)
{
	do
		mcu_advance(m, 10 * US);
	while (rig_r(m, FPEC_SR) & 1);
	assert_int_equal(rig_r(m, FPEC_SR) & 0x14, 0);
}

static void fpec_unlock(struct mcu *m)
{
	rig_w(m, FPEC_KEYR, 0x45670123);
	rig_w(m, FPEC_KEYR, 0xcdef89ab);
	rig_w(m, FPEC_OPTKEYR, 0x45670123);
	rig_w(m, FPEC_OPTKEYR, 0xcdef89ab);
}

static void fpec_half(struct mcu *m, uint32_t at, uint16_t v)
{
	assert_int_equal(mcu_bus_write(m, at, 2, v), MCU_BUS_OK);
	fpec_wait(m);
}

static void fpec_put(struct mcu *m, uint32_t at, const uint8_t *p, size_t len)
{
	fpec_unlock(m);
	rig_w(m, FPEC_CR, 0x201);
	for (size_t i = 0; i < len; i += 2) {
		uint16_t v = 0xffff;

		memcpy(&v, p + i, len - i < 2 ? len - i : 2);
		if (v != 0xffff)
			fpec_half(m, at + (uint32_t)i, v);
	}
}

static void fpec_lock(struct mcu *m, uint32_t rdp)
{
	fpec_unlock(m);
	rig_w(m, FPEC_CR, 0x220);
	rig_w(m, FPEC_CR, 0x260);
	fpec_wait(m);
	rig_w(m, FPEC_CR, 0x210);
	if (rdp != 0xff) /* what is erased stays so, complement and all */
		fpec_half(m, OPTIONS, (uint16_t)rdp);
	fpec_half(m, OPTIONS + 2, 0xff);
}

#define BED_F1                                                            \
	.flash = 0x08000000, .image_at = 0x08001000, .stack = 0x20002000, \
	.put = fpec_put, .lock = fpec_lock, .locked = 0xff, .open = 0xa5, \
	.start_ms = 400, .ram = 0x20000000

const struct bed_chip bed_f1 = {
	BED_F1,
	.name = "stm32f103xb",
	.dir = { "build/target/loader/stm32f103xb-uart",
		 "build/target/loader/stm32f103xb-swd-pins" },
	.flash_len = 0x20000,
	.page_len = 1024,
	.ram_len = 0x5000,
};

const struct bed_chip bed_f1xe = {
	BED_F1,
	.name = "stm32f103xe",
	.dir = { "build/target/loader/stm32f103xe-uart",
		 "build/target/loader/stm32f103xe-swd-pins" },
	.flash_len = 0x80000,
	.page_len = 2048,
	.ram_len = 0x10000,
};

const struct bed_chip bed_f0 = {
	.name = "stm32f051",
	.dir = { "build/target/loader/stm32f051-uart",
		 "build/target/loader/stm32f051-swd-pins" },
	.swd_period = 4000000,
	.flash = 0x08000000,
	.flash_len = 0x10000,
	.page_len = 1024,
	.image_at = 0x08000000,
	.stack = 0x20002000,
	.put = fpec_put,
	.lock = fpec_lock,
	.locked = 0xbb,
	.open = 0xaa,
	.start_ms = 2000,
	.ram = 0x20000000,
	.ram_len = 0x2000,
};

/* -- nRF51 (nRF51 Series Reference Manual 6, 8) ---------------------------- */

#define NVMC_READY 0x4001e400u
#define NVMC_CONFIG 0x4001e504u
#define NVMC_ERASEALL 0x4001e50cu
#define UICR_RBPCONF 0x10001004u

static void n51_word(struct mcu *m, uint32_t at, uint32_t v)
{
	rig_w(m, at, v);
	do
		mcu_advance(m, 10 * US);
	while (!(rig_r(m, NVMC_READY) & 1));
}

static void n51_put(struct mcu *m, uint32_t at, const uint8_t *p, size_t len)
{
	rig_w(m, NVMC_CONFIG, 1);
	for (size_t i = 0; i < len; i += 4) {
		uint32_t v = UINT32_MAX;

		memcpy(&v, p + i, len - i < 4 ? len - i : 4);
		if (v != UINT32_MAX)
			n51_word(m, at + (uint32_t)i, v);
	}
	rig_w(m, NVMC_CONFIG, 0);
}

static void n51_lock(struct mcu *m, uint32_t rbpconf)
{
	if (rbpconf == 0) {
		rig_w(m, NVMC_CONFIG, 2);
		n51_word(m, NVMC_ERASEALL, 1);
		rig_w(m, NVMC_CONFIG, 0);
		return;
	}
	n51_put(m, UICR_RBPCONF, (const uint8_t *)&rbpconf, 4);
}

const struct bed_chip bed_n51 = {
	.name = "nrf51822",
	.dir = { "build/target/loader/nrf51822-uart", NULL },
	.flash = 0,
	.flash_len = 0x40000,
	.page_len = 1024,
	.image_at = 0,
	.stack = 0x20004000,
	.boot_faults = true,
	.put = n51_put,
	.lock = n51_lock,
	.locked = 0xffff00ff, /* PALL */
	.open = 0,	      /* here: ERASEALL */
	.start_ms = 3500,
	.ram = 0x20000000,
	.ram_len = 0x4000,
	.pins_stay = true,
};

const struct bed_chip *bed_chip_find(const char *name)
{
	const struct bed_chip *const all[] = { &bed_l4, &bed_f1, &bed_f1xe,
					       &bed_f0, &bed_n51 };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(all[i]->name, name) == 0)
			return all[i];
	return NULL;
}
