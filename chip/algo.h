/* SPDX-License-Identifier: MIT */
/*
 * chip/algo.h - how host and RAM flash algorithm talk: 32-bit words in the
 * target's RAM, at chip_algo.control.
 *
 * The host loads the code, sets PC to its entry and polls ALGO_READY.  A
 * command is its arguments, then ALGO_COMMAND; the algorithm stores 0 there
 * when it is done, with ALGO_ERROR telling how it went.  ALGO_PROGRAM takes
 * buffers 0, 1, 0, ... in turn as the host marks them full, and ends with a
 * full buffer of length 0.
 *
 * The CRC is CRC-64/GO-ISO: polynomial x^64 + x^4 + x^3 + x + 1 (ISO 3309),
 * reflected, beginning with ones, inverted at the end.  So few terms that a
 * core without a table, and without a barrel shifter's tricks, takes 64 bits
 * with two dozen instructions: twice as fast as CRC-32 by table.
 */
#ifndef CHIP_ALGO_H
#define CHIP_ALGO_H

#define ALGO_MAGIC 0x31474c41u /* "ALG1" */

enum algo_word {
	ALGO_READY, /* ALGO_MAGIC once commands are taken */
	ALGO_COMMAND,
	ALGO_ARG0,
	ALGO_ARG1,
	ALGO_RESULT,
	ALGO_RESULT_HIGH,
	ALGO_ERROR,   /* enum algo_error */
	ALGO_SR,      /* the flash controller's status at the error */
	ALGO_ADDRESS, /* where it happened */
	ALGO_STATE0,  /* enum algo_buffer */
	ALGO_BASE0,   /* flash address of buffer 0's data */
	ALGO_LEN0,    /* bytes, a multiple of the program unit */
	ALGO_STATE1,
	ALGO_BASE1,
	ALGO_LEN1,
	ALGO_OPTIONS, /* ALGO_OPTION_SET: one value per option register */
	ALGO_WORDS = ALGO_OPTIONS + 5
};

enum algo_command {
	ALGO_IDLE = 0,
	ALGO_ERASE_ALL = 1,
	ALGO_PROGRAM = 2, /* ARG0 = 1: the quickest way, just after an erase */
	ALGO_CRC = 3, /* ARG0 address, ARG1 length (a multiple of 8) -> RESULT,
			 RESULT_HIGH: CRC-64 */
	ALGO_OPTION_SET = 4,
	ALGO_READ = 5, /* ARG0 flash address -> RESULT, or ALGO_E_FAULT */
};

enum algo_buffer {
	ALGO_FREE = 0, /* the host may fill it; its mirror is what the flash
			  now holds, for the host to compare */
	ALGO_FULL = 1,
	ALGO_FAILED = 2, /* set in both on any error, so that polls end */
};

enum algo_error {
	ALGO_E_NONE = 0,
	ALGO_E_FLASH = 1,  /* SR has an error bit */
	ALGO_E_FAULT = 3,  /* NMI (ECC) or a bus fault */
	ALGO_E_UNLOCK = 4, /* control register stays locked */
	ALGO_E_COMMAND = 5,
};

#endif
