/* SPDX-License-Identifier: MIT */
/*
 * wire/layout.h - the reserved top 8 kB while and after a sealed job.
 *
 * Offsets from its start.  On the STM32L432 (2 kB pages) it is pages 124-127.
 *
 *   0x0000  loader, LOADER_LEN bytes: start-up, handshake, streaming core
 *           (copied to RAM), up to 0x1AFF
 *   0x1B00  resident stub, at most 224 bytes: starts the firmware when the
 *           marker is set, else the loader
 *   0x1BE0  stage-0 secret, 32 bytes; all FF = the chip has none.  Outside of
 *           the bytes that are hashed as the loader's, and overwritten with
 *           zeros with the loader's tail
 *   0x1C00  firmware record     (wire/record.h)
 *   0x1E00  credential record
 *   0x1FE0  boot words: the firmware's own stack pointer and reset vector
 *   0x1FF0  completion marker: 16 bytes, erased = not complete; complete when
 *           both double words are all zero (which may be programmed again over
 *           a torn write)
 *
 * The boot page's first double word (stack, stub) is programmed in step 3 and
 * never erased again.  When the marker is set the loader's pages are erased
 * (124-126) and its tail in the last page is overwritten with zeros.
 */
#ifndef WIRE_LAYOUT_H
#define WIRE_LAYOUT_H

#define LOADER_LEN 0x1b00
#define STUB_OFFSET 0x1b00
#define STUB_LEN 0x0100 /* its place, secret included */
#define STUB_CODE_LEN 0x00e0
#define STAGE0_SECRET_OFFSET 0x1be0
#define STAGE0_SECRET_LEN 32
#define BOOT_WORDS_OFFSET 0x1fe0
#define MARKER_OFFSET 0x1ff0
#define MARKER_LEN 16

#endif
