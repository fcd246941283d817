/* SPDX-License-Identifier: MIT */
#include "flasher/gpio.h"

#include <errno.h>
#include <gpiod.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define PREFIX "gpio:"
#define CONSUMER "signet-flasher"
#define LINES_MAX 96 /* three per channel */
#define BOUNCE_MS 20

struct held {
	char text[3 * GPIO_NAME_CAP]; /* as configured */
	struct gpiod_chip *chip;
	struct gpiod_line *line;
	bool input;
};

static struct held table[LINES_MAX];
static unsigned table_count;
static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;

/* -- names ---------------------------------------------------------------- */

bool gpio_is(const char *text)
{
	return strncmp(text, PREFIX, strlen(PREFIX)) == 0;
}

/* Up to the next colon; moves *s behind it. */
static bool take(const char **s, char out[GPIO_NAME_CAP])
{
	size_t len = strcspn(*s, ":");

	if (len == 0 || len >= GPIO_NAME_CAP)
		return false;
	memcpy(out, *s, len);
	out[len] = '\0';
	*s += len + ((*s)[len] == ':');
	return true;
}

static bool take_word(const char *word, struct gpio_name *n)
{
	if (strcmp(word, "low") == 0)
		n->low = true;
	else if (strcmp(word, "pull-up") == 0)
		n->bias = GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_UP;
	else if (strcmp(word, "pull-down") == 0)
		n->bias = GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_DOWN;
	else
		return false;
	return true;
}

int gpio_parse(const char *text, struct gpio_name *out)
{
	struct gpio_name n = { 0 };
	char word[GPIO_NAME_CAP];
	const char *s = text + strlen(PREFIX);

	if (!gpio_is(text) || strlen(text) >= sizeof(table[0].text) ||
	    text[strlen(text) - 1] == ':' || !take(&s, n.chip) ||
	    !take(&s, n.line))
		return E_ARG;
	while (*s != '\0')
		if (!take(&s, word) || !take_word(word, &n))
			return E_ARG;
	*out = n;
	return 0;
}

/* -- lines ---------------------------------------------------------------- */

static int missing(const char *text, char why[256])
{
	snprintf(why, 256, "%.150s: %s", text, strerror(errno));
	return errno == ENOENT || errno == ENODEV || errno == EINVAL
		       ? E_NOT_FOUND
		       : E_IO;
}

static struct gpiod_line *find_line(struct gpiod_chip *chip, const char *name)
{
	unsigned offset = 0;
	const char *c = name;

	for (; *c >= '0' && *c <= '9' && offset < 100000; c++)
		offset = offset * 10 + (unsigned)(*c - '0');
	return *c == '\0' ? gpiod_chip_get_line(chip, offset)
			  : gpiod_chip_find_line(chip, name);
}

/* The chip stays open on success only. */
static int open_line(const char *text, struct gpio_name *out_name,
		     struct gpiod_chip **out_chip, struct gpiod_line **out_line,
		     char why[256])
{
	struct gpio_name n;
	struct gpiod_chip *chip;
	struct gpiod_line *line;
	int err;

	if (gpio_parse(text, &n) != 0) {
		snprintf(why, 256,
			 "%.150s is not gpio:CHIP:LINE[:low]"
			 "[:pull-up|:pull-down]",
			 text);
		return E_ARG;
	}
	errno = ENOENT;
	chip = gpiod_chip_open_lookup(n.chip);
	if (chip == NULL)
		return missing(text, why);
	errno = ENOENT;
	line = find_line(chip, n.line);
	if (line == NULL) {
		err = missing(text, why);
		gpiod_chip_close(chip);
		return err;
	}
	*out_name = n;
	*out_chip = chip;
	*out_line = line;
	return 0;
}

static int busy(const char *text, struct gpiod_line *line, char why[256])
{
	const char *who = gpiod_line_consumer(line);

	snprintf(why, 256, "%.120s is in use by %.60s", text,
		 who != NULL ? who : "somebody else");
	return E_STATE;
}

static int request(struct held *h, const struct gpio_name *n, bool input,
		   bool active)
{
	int flags = n->bias | (n->low ? GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW : 0);

	if (input)
		return gpiod_line_request_rising_edge_events_flags(
			h->line, CONSUMER, flags);
	return gpiod_line_request_output_flags(h->line, CONSUMER, flags,
					       active);
}

static struct held *find_held(const char *text)
{
	for (unsigned i = 0; i < table_count; i++)
		if (strcmp(table[i].text, text) == 0)
			return &table[i];
	return NULL;
}

/* Under the lock.  A new output begins at its level. */
static int hold(const char *text, bool input, bool active, struct held **out,
		char why[256])
{
	struct held *h = find_held(text);
	struct gpio_name n;
	int err;

	if (h != NULL && h->input == input) {
		*out = h;
		return 0;
	}
	if (h != NULL || table_count == LINES_MAX) {
		snprintf(why, 256, "%.120s: %s", text,
			 h != NULL ? "it is an output and a button"
				   : "too many GPIO lines");
		return E_STATE;
	}
	h = &table[table_count];
	err = open_line(text, &n, &h->chip, &h->line, why);
	if (err != 0)
		return err;
	if (request(h, &n, input, active) != 0) {
		err = errno == EBUSY ? busy(text, h->line, why)
				     : missing(text, why);
		gpiod_chip_close(h->chip);
		return err;
	}
	snprintf(h->text, sizeof(h->text), "%s", text);
	h->input = input;
	table_count++;
	*out = h;
	return 0;
}

int gpio_can(const char *text, char why[256])
{
	struct gpiod_chip *chip;
	struct gpiod_line *line;
	struct gpio_name n;
	int err = 0;

	pthread_mutex_lock(&table_lock);
	if (find_held(text) == NULL) {
		err = open_line(text, &n, &chip, &line, why);
		if (err == 0) {
			if (gpiod_line_is_used(line))
				err = busy(text, line, why);
			gpiod_chip_close(chip);
		}
	}
	pthread_mutex_unlock(&table_lock);
	return err;
}

int gpio_set(const char *text, bool active, char why[256])
{
	struct held *h;
	int err;

	pthread_mutex_lock(&table_lock);
	err = hold(text, false, active, &h, why);
	if (err == 0 && gpiod_line_set_value(h->line, active) != 0)
		err = missing(text, why);
	pthread_mutex_unlock(&table_lock);
	return err;
}

/* -- buttons -------------------------------------------------------------- */

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* 1 = an edge, 0 = too late, -1 = failed. */
static int edge(struct gpiod_line *line, int64_t ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };
	struct gpiod_line_event e;
	int n = gpiod_line_event_wait(line, &t);

	if (n < 0 && errno == EINTR)
		return 0;
	return n == 1 && gpiod_line_event_read(line, &e) != 0 ? -1 : n;
}

/* Contacts bounce: it counts when it is still pressed a moment later. */
static int steady(struct gpiod_line *line)
{
	struct timespec pause = { 0, BOUNCE_MS * 1000000 };

	nanosleep(&pause, NULL);
	return gpiod_line_get_value(line);
}

static int hold_button(const char *text, struct held **out, char why[256])
{
	int err;

	pthread_mutex_lock(&table_lock);
	err = hold(text, true, false, out, why);
	pthread_mutex_unlock(&table_lock);
	return err;
}

int gpio_forget_presses(const char *text, char why[256])
{
	struct held *h;
	int n, err = hold_button(text, &h, why);

	if (err != 0)
		return err;
	do
		n = edge(h->line, 0);
	while (n == 1);
	return n == 0 ? 0 : missing(text, why);
}

int gpio_wait_press(const char *text, uint32_t timeout_ms, char why[256])
{
	int64_t end = now_ms() + timeout_ms, left;
	struct held *h;
	int n = 0, err = hold_button(text, &h, why);

	if (err != 0)
		return err;
	while (n == 0 && (left = end - now_ms()) >= 0) {
		n = edge(h->line, left);
		if (n == 1)
			n = steady(h->line);
		if (n == 1)
			return 0;
		if (left == 0)
			break;
	}
	if (n < 0)
		return missing(text, why);
	snprintf(why, 256, "%.150s: nobody pressed the button", text);
	return E_TIMEOUT;
}
