/* SPDX-License-Identifier: MIT */
#include "wire/gdb_xml.h"

#include <string.h>

#define XPSR_DEFAULT 25
#define NUMBER_MAX 0xffff /* of a register: more is nonsense */

struct tag {
	const char *name;
	size_t name_len;
	const char *end;  /* its '>' */
	const char *text; /* behind it */
};

/* The next tag from *at on; comments and <?...?> are none. */
static bool next_tag(const char **at, struct tag *out)
{
	const char *p = *at;

	for (;;) {
		p = strchr(p, '<');
		if (p == NULL)
			return false;
		if (strncmp(p, "<!--", 4) == 0) {
			p = strstr(p + 4, "-->");
			if (p == NULL)
				return false;
			continue;
		}
		if (p[1] != '?' && p[1] != '!')
			break;
		p++;
	}
	out->name = p + 1;
	out->name_len = strcspn(p + 1, " \t\r\n/>");
	if (p[1] == '/')
		out->name_len = 1 + strcspn(p + 2, " \t\r\n>");
	out->end = strchr(p, '>');
	if (out->end == NULL)
		return false;
	out->text = out->end + 1;
	*at = out->text;
	return true;
}

static bool tag_is(const struct tag *t, const char *name)
{
	return t->name_len == strlen(name) &&
	       memcmp(t->name, name, t->name_len) == 0;
}

/* The value of NAME="VALUE" or NAME='VALUE'; false if there is none, or no
 * room. */
static bool attribute(const struct tag *t, const char *name, char *out,
		      size_t cap)
{
	size_t name_len = strlen(name);

	for (const char *p = t->name + t->name_len; p < t->end;) {
		const char *eq, *close;
		size_t len;

		p += strspn(p, " \t\r\n");
		eq = memchr(p, '=', (size_t)(t->end - p));
		if (eq == NULL || (eq[1] != '"' && eq[1] != '\''))
			return false;
		close = memchr(eq + 2, eq[1], (size_t)(t->end - eq) - 2);
		if (close == NULL)
			return false;
		len = (size_t)(close - eq) - 2;
		if ((size_t)(eq - p) == name_len &&
		    memcmp(p, name, name_len) == 0) {
			if (len >= cap)
				return false;
			memcpy(out, eq + 2, len);
			out[len] = '\0';
			return true;
		}
		p = close + 1;
	}
	return false;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

/* Decimal, or hexadecimal with 0x; up to a '<' or the end. */
static bool number(const char *text, uint64_t *out)
{
	uint64_t v = 0;
	int base = 10;

	text += strspn(text, " \t\r\n");
	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		base = 16;
		text += 2;
	}
	if (digit(*text) >= base)
		return false;
	for (; digit(*text) < base; text++) {
		if (v > (UINT64_MAX - 15) / 16)
			return false;
		v = v * (unsigned)base + (unsigned)digit(*text);
	}
	text += strspn(text, " \t\r\n");
	if (*text != '\0' && *text != '<')
		return false;
	*out = v;
	return true;
}

static bool attribute_number(const struct tag *t, const char *name,
			     uint64_t *out)
{
	char text[24];

	return attribute(t, name, text, sizeof(text)) && number(text, out);
}

/* -- memory map ---------------------------------------------------------- */

static const char *const types[] = { "ram", "rom", "flash" };

static int memory_tag(const struct tag *t, struct gdb_region *out,
		      bool *ret_wanted)
{
	uint64_t start, len;
	char type[8];
	unsigned i = 0;

	*ret_wanted = false;
	if (!attribute(t, "type", type, sizeof(type)) ||
	    !attribute_number(t, "start", &start) ||
	    !attribute_number(t, "length", &len))
		return E_SYNTAX;
	while (i < sizeof(types) / sizeof(types[0]) &&
	       strcmp(types[i], type) != 0)
		i++;
	if (i == sizeof(types) / sizeof(types[0]))
		return E_SYNTAX;
	if (start > UINT32_MAX || len == 0)
		return 0;
	if (len > (1ull << 32) - start)
		len = (1ull << 32) - start;
	out->type = (enum gdb_memory)i;
	out->start = (uint32_t)start;
	out->len = (uint32_t)(len > UINT32_MAX ? UINT32_MAX : len);
	out->block = 0;
	*ret_wanted = true;
	return 0;
}

/* <property name="blocksize">N</property> */
static int property_tag(const struct tag *t, struct gdb_region *region)
{
	char name[16];
	uint64_t v;

	if (!attribute(t, "name", name, sizeof(name)) ||
	    strcmp(name, "blocksize") != 0)
		return 0;
	if (!number(t->text, &v) || v == 0 || v > region->len)
		return E_SYNTAX;
	region->block = (uint32_t)v;
	return 0;
}

static int check_blocks(const struct gdb_region *r, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (r[i].type == GDB_FLASH && r[i].block == 0)
			return E_SYNTAX;
	return 0;
}

int gdb_memory_map(const char *xml, struct gdb_region *out, size_t *ret_count)
{
	bool inside = false, wanted = false;
	size_t n = 0;
	struct tag t;
	int err = 0;

	while (err == 0 && next_tag(&xml, &t)) {
		if (tag_is(&t, "memory-map"))
			inside = true;
		if (inside && tag_is(&t, "memory")) {
			if (n == GDB_REGIONS_MAX)
				return E_TOO_LARGE;
			err = memory_tag(&t, &out[n], &wanted);
			n += wanted;
		} else if (wanted && tag_is(&t, "property")) {
			err = property_tag(&t, &out[n - 1]);
		} else if (tag_is(&t, "/memory")) {
			wanted = false;
		}
	}
	if (err == 0 && !inside)
		err = E_SYNTAX;
	if (err == 0)
		err = check_blocks(out, n);
	if (err == 0)
		*ret_count = n;
	return err;
}

/* -- registers ----------------------------------------------------------- */

static int reg_index(const char *name)
{
	static const char *const names[GDB_REG_COUNT] = {
		"r0", "r1",  "r2",  "r3",  "r4", "r5", "r6", "r7",   "r8",
		"r9", "r10", "r11", "r12", "sp", "lr", "pc", "xpsr", "primask",
	};

	for (int i = 0; i < GDB_REG_COUNT; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	/* OpenOCD's spelling */
	return strcmp(name, "xPSR") == 0 ? GDB_REG_XPSR : -1;
}

static int reg_tag(const struct tag *t, struct gdb_regs *regs)
{
	uint64_t n = regs->next, bits;
	char name[24];
	int i;

	if (!attribute(t, "name", name, sizeof(name)) ||
	    !attribute_number(t, "bitsize", &bits))
		return E_SYNTAX;
	if (attribute(t, "regnum", name, sizeof(name)) && !number(name, &n))
		return E_SYNTAX;
	if (n > NUMBER_MAX)
		return E_RANGE;
	regs->next = (uint32_t)n + 1;
	if (!attribute(t, "name", name, sizeof(name)))
		return E_SYNTAX;
	i = reg_index(name);
	if (i < 0 || regs->reg[i].known)
		return 0;
	if (bits == 0 || bits > 32)
		return E_RANGE;
	regs->reg[i].known = true;
	regs->reg[i].number = (uint32_t)n;
	regs->reg[i].bits = (uint8_t)bits;
	return 0;
}

int gdb_registers(const char *xml, struct gdb_regs *regs,
		  char annex[][GDB_ANNEX_CAP], size_t *ret_annexes)
{
	bool inside = false;
	struct tag t;
	size_t n = 0;
	int err = 0;

	while (err == 0 && next_tag(&xml, &t)) {
		if (tag_is(&t, "target") || tag_is(&t, "feature"))
			inside = true;
		if (tag_is(&t, "reg")) {
			err = reg_tag(&t, regs);
		} else if (tag_is(&t, "xi:include")) {
			if (n == GDB_INCLUDES_MAX)
				return E_TOO_LARGE;
			if (!attribute(&t, "href", annex[n], GDB_ANNEX_CAP))
				return E_SYNTAX;
			n++;
		}
	}
	if (err == 0 && !inside)
		err = E_SYNTAX;
	if (err == 0)
		*ret_annexes = n;
	return err;
}

void gdb_registers_default(struct gdb_regs *regs)
{
	memset(regs, 0, sizeof(*regs));
	for (uint32_t i = 0; i <= GDB_REG_XPSR; i++) {
		regs->reg[i].known = true;
		regs->reg[i].number = i < GDB_REG_XPSR ? i : XPSR_DEFAULT;
		regs->reg[i].bits = 32;
	}
}
