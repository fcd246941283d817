/* SPDX-License-Identifier: MIT */
/* startup.h - what an image may define: handlers that replace the default,
 * which is to stop. */
#ifndef EXAMPLES_STARTUP_H
#define EXAMPLES_STARTUP_H

void reset_handler(void);
void nmi_handler(void);
void fault_handler(void);
void systick_handler(void);

#endif
