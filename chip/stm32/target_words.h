/* SPDX-License-Identifier: MIT */
/*
 * chip/stm32/target_words.h - the lock of a chip by a table of registers, for
 * target.c of the families that have one: witness[TARGET_WORDS] (address, mask,
 * value), in the order of the claim, and level_ok() for what a mask cannot say.
 */
#ifndef CHIP_STM32_TARGET_WORDS_H
#define CHIP_STM32_TARGET_WORDS_H

void target_words(uint8_t out[TARGET_WORDS_LEN])
{
	for (unsigned i = 0; i < TARGET_WORDS; i++, out += 8) {
		uint32_t v = REG(witness[i].address);

		memcpy(out, &witness[i].address, sizeof(v));
		memcpy(out + 4, &v, sizeof(v));
	}
}

__attribute__((noinline)) bool target_locked(void)
{
	uint32_t wrong = 0;

	for (unsigned i = 0; i < TARGET_WORDS; i++)
		wrong |= (REG(witness[i].address) & witness[i].mask) ^
			 witness[i].value;
	return level_ok() && !wrong;
}

#endif
