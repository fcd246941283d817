/* SPDX-License-Identifier: MIT */
/*
 * wire/address.h - addresses as people write them into flasher.conf and onto
 * command lines: their form alone.  Nothing is opened or asked, so that a
 * mistyped one is refused before anything is done.
 *
 *	probe	tcp:HOST:PORT  gdb:HOST:PORT  usb:[NAME]  hid:[NAME]
 *	serial	/dev/...       tcp:HOST:PORT
 *	gpio	gpio:CHIP:LINE[:low][:pull-up|:pull-down]
 *	server	https://HOST[:PORT]
 */
#ifndef WIRE_ADDRESS_H
#define WIRE_ADDRESS_H

#include <stddef.h>

#include "base/error.h"

#define ADDRESS_GPIO_CAP 64 /* chip's or line's name, with its zero */

/* "HOST:PORT" or "[V6]:PORT"; PORT from 1 to 65535.  E_ARG. */
MUST_USE int address_split(const char *text, char *host, size_t cap,
			   const char **ret_port);

/* NULL when text has the form; else what it must be, to stand behind the
 * text: "must be ...".  An empty text has none of these forms. */
const char *address_probe(const char *text);
const char *address_serial(const char *text);
/* Of a command line only what begins with "gpio:" has a form. */
const char *address_switch(const char *text);
const char *address_server(const char *text);

#endif
