/* SPDX-License-Identifier: MIT */
/*
 * wire/layout.h - the reserved top of flash while and after a sealed job, on
 * every family.
 *
 * Offsets from the start of the top 8 kB.  The loader begins 2 kB below: sealed
 * images leave the top 10 kB free.  Pages have 1 or 2 kB, so the loader has
 * pages of its own.
 *
 *  -0x0800  loader, LOADER_LEN bytes: start-up, handshake, streaming core
 *           (copied to RAM)
 *   0x1800  nothing
 *   0x1B00  resident stub, at most 224 bytes: starts the firmware when the
 *           marker is set, else the loader.  4 bytes on, where chip/chip.h's
 *           boot_faults asks for it: its fault entry
 *   0x1BE0  stage-0 secret, 32 bytes; all FF = the chip has none.  Outside of
 *           the bytes that are hashed as the loader's, and overwritten with
 *           zeros when the loader is erased
 *   0x1C00  firmware record     (wire/record.h)
 *   0x1E00  credential record
 *   0x1FE0  boot words: the firmware's own stack pointer and reset vector
 *   0x1FE8  final options, 8 bytes: FF, or what the stub writes as option bytes
 *           before it starts the firmware (STM32F0: level 2, late)
 *   0x1FF0  completion marker: two double words, each set when it is all zero
 *           (which may be programmed again over a torn write).  The loader
 *           sets the first when the firmware is installed and its records are
 *           written.  The stub then erases the loader's pages, overwrites the
 *           stage-0 secret with zeros, and sets the second.  Complete = both;
 *           only then the firmware starts.
 *
 * The boot page's first double word (stack, stub) is programmed in step 3.  A
 * chip whose vectors cannot be moved has two more words there, of NMI and
 * HardFault: the stub's fault entry, which hands on to the loader's handler
 * until the chip is complete, then to the firmware's own.  Those are in the
 * vectors 4 and 5 of the image, which its core (ARMv6-M) does not use.
 * Neither it nor the last page is erased again, but for torn cells that an
 * attempt before has left there: then their fixed part is written back at
 * once.
 */
#ifndef WIRE_LAYOUT_H
#define WIRE_LAYOUT_H

#define LOADER_OFFSET (-0x0800)
#define LOADER_LEN 0x2000
#define STUB_OFFSET 0x1b00
#define STUB_FAULT_OFFSET 0x1b04
#define STUB_LEN 0x0100 /* its place, secret included */
#define STUB_CODE_LEN 0x00e0
#define STAGE0_SECRET_OFFSET 0x1be0
#define STAGE0_SECRET_LEN 32
#define BOOT_WORDS_OFFSET 0x1fe0
#define FINAL_OPTIONS_OFFSET 0x1fe8
#define FINAL_OPTIONS_LEN 8
#define MARKER_OFFSET 0x1ff0
#define MARKER_LEN 16

#endif
