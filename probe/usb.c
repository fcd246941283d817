/* SPDX-License-Identifier: MIT */
#include "probe/usb.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Four hexadecimal digits, then a colon or the end. */
static bool hex4(const char *s, uint16_t *out)
{
	for (unsigned i = 0; i < 4; i++)
		if (!isxdigit((unsigned char)s[i]))
			return false;
	if (s[4] != ':' && s[4] != '\0')
		return false;
	*out = (uint16_t)strtoul(s, NULL, 16);
	return true;
}

int usb_name_parse(const char *text, struct usb_name *out)
{
	struct usb_name n = { .any_id = true };
	const char *serial = text;

	if (text[0] == '@') {
		if (text[1] == '\0' || strlen(text + 1) >= sizeof(n.place) ||
		    strspn(text + 1, "0123456789-.") != strlen(text + 1))
			return E_ARG;
		memcpy(n.place, text + 1, strlen(text));
		*out = n;
		return 0;
	}
	if (hex4(text, &n.vid) && text[4] == ':' && hex4(text + 5, &n.pid)) {
		n.any_id = false;
		serial = text[9] == ':' ? text + 10 : text + 9;
		if (text[9] == ':' && *serial == '\0')
			return E_ARG;
	}
	if (strlen(serial) >= sizeof(n.serial))
		return E_ARG;
	for (const char *c = serial; *c != '\0'; c++)
		if (*c < 0x20 || *c > 0x7e)
			return E_ARG;
	memcpy(n.serial, serial, strlen(serial) + 1);
	*out = n;
	return 0;
}

bool usb_name_fits(const struct usb_name *n, const struct usb_probe *p)
{
	if (!n->any_id && (n->vid != p->vid || n->pid != p->pid))
		return false;
	/* without permission nobody knows the serial number */
	if (n->serial[0] != '\0' && strcmp(n->serial, p->serial) != 0)
		return false;
	return n->place[0] == '\0' || strcmp(n->place, p->place) == 0;
}

void usb_text_clean(char *s)
{
	for (; *s != '\0'; s++)
		if (*s < 0x20 || *s > 0x7e)
			*s = '?';
}

void usb_probe_name(struct usb_probe *p, const char *scheme)
{
	if (p->serial[0] == '\0' && p->place[0] != '\0')
		snprintf(p->uri, sizeof(p->uri), "%s:@%s", scheme, p->place);
	else if (p->serial[0] != '\0')
		snprintf(p->uri, sizeof(p->uri), "%s:%s", scheme, p->serial);
	else
		snprintf(p->uri, sizeof(p->uri), "%s:%04x:%04x", scheme, p->vid,
			 p->pid);
}

/* -- choosing one --------------------------------------------------------- */

int usb_choice_init(struct usb_choice *c, const char *scheme, const char *text,
		    char why[256])
{
	memset(c, 0, sizeof(*c));
	c->scheme = scheme;
	c->text = text;
	if (usb_name_parse(text, &c->name) == 0)
		return 0;
	snprintf(why, 256,
		 "probe address %s:%.100s is not SERIAL, VID:PID, "
		 "VID:PID:SERIAL or @PLACE",
		 scheme, text);
	return E_ARG;
}

bool usb_choice_take(struct usb_choice *c, const struct usb_probe *p)
{
	if (!usb_name_fits(&c->name, p))
		return false;
	if (c->count++ != 0)
		return false;
	c->first = *p;
	return true;
}

int usb_choice_end(const struct usb_choice *c, char why[256])
{
	if (c->count == 1 && c->first.problem == NULL)
		return 0;
	if (c->count == 0)
		snprintf(why, 256,
			 "no probe at %s:%.100s: none that fits is plugged in "
			 "(signet-flasher probes --plugged lists what is)",
			 c->scheme, c->text);
	else if (c->count == 1)
		snprintf(why, 256, "probe %s:%.100s: %.80s", c->scheme, c->text,
			 c->first.problem);
	else
		snprintf(why, 256,
			 "%u probes fit %s:%.80s: name one by its serial "
			 "number, or by its place, such as %s:@%s",
			 c->count, c->scheme, c->text, c->scheme,
			 c->first.place);
	return c->count > 1 ? E_ARG : E_PROBE_LOST;
}

/* -- listing -------------------------------------------------------------- */

struct list {
	struct usb_probe *out;
	size_t cap, count;
};

static void add(void *arg, const struct usb_probe *p)
{
	struct list *l = arg;

	if (l->count < l->cap)
		l->out[l->count] = *p;
	l->count++;
}

/* Where one address stands for two probes, their places take over. */
static void tell_apart(struct usb_probe *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct usb_probe *p = &list[i];
		bool twice = false;

		for (size_t k = 0; k < count; k++)
			twice |= k != i && list[k].serial[0] != '\0' &&
				 strcmp(list[k].serial, p->serial) == 0 &&
				 strncmp(list[k].uri, p->uri, 4) == 0;
		if (twice && p->place[0] != '\0')
			snprintf(p->uri + 4, sizeof(p->uri) - 4, "@%s",
				 p->place);
	}
}

int usb_list(struct usb_probe *out, size_t cap, size_t *out_count)
{
	struct list l = { out, cap, 0 };
	int err = usb_bulk_each(add, &l);

	if (err == 0)
		err = usb_hid_each(add, &l);
	if (err != 0)
		return err;
	tell_apart(out, l.count < cap ? l.count : cap);
	*out_count = l.count;
	return err;
}
