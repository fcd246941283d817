/* SPDX-License-Identifier: MIT */
#include "flasher/ui.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/local.h"
#include "cli/table.h"

#define REFRESH_NS 100000000
#define BAR_LEN 10
#define TABLE_ROWS_MAX 50 /* above that, only what went wrong is listed */
#define LINE_CAP 1024

enum ui_form { FORM_TERMINAL, FORM_PLAIN, FORM_JSON };

struct ui_channel {
	bool used; /* a device has been here */
	bool busy;
	char uid[2 * UID_MAX + 1];
	char phase[NAME_CAP];
	uint32_t done, total;
	double begin, phase_begin;
	char result[LINE_CAP]; /* once not busy */
};

struct ui {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_t thread;
	bool running;
	enum ui_form form;
	bool colour;
	size_t width;
	size_t drawn; /* lines on the terminal that are ours */
	size_t typed; /* and the operator's below them */
	size_t channels;
	struct ui_channel *channel;
	struct job_result *results;
	size_t count, cap;
};

static double seconds_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* -- terminal ----------------------------------------------------------- */
static void bar(const struct ui_channel *c, char out[BAR_LEN + 3])
{
	size_t full = c->total ? (uint64_t)c->done * BAR_LEN / c->total : 0;

	if (full > BAR_LEN)
		full = BAR_LEN;
	out[0] = '[';
	memset(out + 1, '#', full);
	memset(out + 1 + full, '-', BAR_LEN - full);
	out[BAR_LEN + 1] = ']';
	out[BAR_LEN + 2] = '\0';
}

/* Only these phases count bytes; the others count steps or time. */
static bool moves_bytes(const struct ui_channel *c)
{
	return strcmp(c->phase, "program") == 0 ||
	       strcmp(c->phase, "loader") == 0 ||
	       strcmp(c->phase, "stream") == 0 ||
	       strcmp(c->phase, "verify") == 0;
}

/* UID, phase, bar, percent, speed, time: at most 79 columns. */
static void busy_line(const struct ui_channel *c, size_t n, char *out,
		      size_t cap)
{
	double now = seconds_now();
	double in_phase = now - c->phase_begin;
	char graph[BAR_LEN + 12] = "", rate[24] = "";

	if (moves_bytes(c) && c->total) {
		bar(c, graph);
		snprintf(graph + strlen(graph), 8, " %3u %%",
			 (unsigned)((uint64_t)c->done * 100 / c->total));
	}
	if (moves_bytes(c) && c->done > 0 && in_phase > 0.05)
		snprintf(rate, sizeof(rate), "%.1f kB/s",
			 (double)c->done / 1024 / in_phase);
	snprintf(out, cap, "%2zu  %-24s  %-8s %-18s %11s %6.1f s", n, c->uid,
		 c->phase, graph, rate, now - c->begin);
}

/* Takes our lines off the screen, so that something else can be printed. */
static void undraw(struct ui *ui)
{
	if (ui->form != FORM_TERMINAL || ui->drawn == 0)
		return;
	printf("\033[%zuA\r\033[J", ui->drawn);
	ui->drawn = 0;
}

static void draw(struct ui *ui)
{
	char line[LINE_CAP];
	size_t drawn = 0;

	if (ui->typed)
		undraw(ui);
	if (ui->drawn)
		printf("\033[%zuA", ui->drawn);
	for (size_t i = 0; i < ui->channels; i++) {
		const struct ui_channel *c = &ui->channel[i];

		if (!c->used)
			continue;
		if (c->busy) {
			busy_line(c, i, line, sizeof(line));
			line[ui->width < sizeof(line) ? ui->width - 1
						      : sizeof(line) - 1] =
				'\0';
		}
		printf("\r\033[K%s\n", c->busy ? line : c->result);
		drawn++;
	}
	ui->drawn = drawn;
	fflush(stdout);
}

static void *refresh(void *arg)
{
	struct ui *ui = arg;

	pthread_mutex_lock(&ui->lock);
	while (ui->running) {
		struct timespec until;

		draw(ui);
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += REFRESH_NS;
		if (until.tv_nsec >= 1000000000) {
			until.tv_sec++;
			until.tv_nsec -= 1000000000;
		}
		pthread_cond_timedwait(&ui->wake, &ui->lock, &until);
	}
	draw(ui);
	pthread_mutex_unlock(&ui->lock);
	return NULL;
}

/* -- life --------------------------------------------------------------- */
int ui_new(size_t channels, bool json, struct ui **out)
{
	struct ui *ui = calloc(1, sizeof(*ui));

	if (ui == NULL)
		return E_NOMEM;
	ui->channel = calloc(channels ? channels : 1, sizeof(*ui->channel));
	if (ui->channel == NULL) {
		free(ui);
		return E_NOMEM;
	}
	ui->channels = channels;
	ui->form = json			   ? FORM_JSON
		   : isatty(STDOUT_FILENO) ? FORM_TERMINAL
					   : FORM_PLAIN;
	ui->colour = table_colour(stdout);
	ui->width = table_width(stdout);
	pthread_mutex_init(&ui->lock, NULL);
	pthread_cond_init(&ui->wake, NULL);
	if (ui->form == FORM_TERMINAL) {
		ui->running = true;
		if (pthread_create(&ui->thread, NULL, refresh, ui) != 0) {
			ui->running = false;
			ui->form = FORM_PLAIN;
		}
	}
	*out = ui;
	return 0;
}

/* -- events ------------------------------------------------------------- */
static void emit(json_t *o)
{
	local_print_json(o);
	fflush(stdout);
}

void ui_begin(struct ui *ui, unsigned channel)
{
	struct ui_channel *c = &ui->channel[channel];

	pthread_mutex_lock(&ui->lock);
	memset(c, 0, sizeof(*c));
	c->used = true;
	c->busy = true;
	c->begin = c->phase_begin = seconds_now();
	pthread_mutex_unlock(&ui->lock);
}

void ui_uid(struct ui *ui, unsigned channel, const char *uid)
{
	pthread_mutex_lock(&ui->lock);
	snprintf(ui->channel[channel].uid, sizeof(ui->channel[channel].uid),
		 "%s", uid);
	pthread_mutex_unlock(&ui->lock);
}

void ui_phase(struct ui *ui, unsigned channel, const char *phase)
{
	struct ui_channel *c = &ui->channel[channel];

	pthread_mutex_lock(&ui->lock);
	if (strcmp(c->phase, phase) != 0) {
		snprintf(c->phase, sizeof(c->phase), "%s", phase);
		c->phase_begin = seconds_now();
		c->done = c->total = 0;
		if (ui->form == FORM_PLAIN) {
			printf("channel %u  %-24s  %s\n", channel,
			       c->uid[0] ? c->uid : "-", phase);
			fflush(stdout);
		} else if (ui->form == FORM_JSON) {
			emit(json_pack("{s:s,s:I,s:s,s:s}", "event", "phase",
				       "channel", (json_int_t)channel, "uid",
				       c->uid, "phase", phase));
		}
	}
	pthread_mutex_unlock(&ui->lock);
}

void ui_progress(struct ui *ui, unsigned channel, uint32_t done, uint32_t total)
{
	pthread_mutex_lock(&ui->lock);
	ui->channel[channel].done = done;
	ui->channel[channel].total = total;
	pthread_mutex_unlock(&ui->lock);
}

/* On a terminal one line that fits; what is cut, explain() has said. */
static void fit(const struct ui *ui, const char *on, const char *off, char *out)
{
	size_t codes = strlen(on) + strlen(off), len = strlen(out);
	size_t room = ui->width + codes - 1;

	if (ui->form == FORM_TERMINAL && len > room && room > codes + 40)
		memcpy(out + room - 2, "..", 3);
}

static void result_line(const struct ui *ui, const struct job_result *r,
			char *out, size_t cap)
{
	const char *on = "", *off = "";

	if (ui->colour) {
		on = r->outcome == JOB_BUILT ? "\033[32m" : "\033[31m";
		off = "\033[0m";
	}
	if (r->outcome == JOB_BUILT)
		snprintf(out, cap, "%2u  %-24s  %s%-8s%s  %s%s  %.1f s%s",
			 r->channel, r->uid, on, "built", off,
			 r->serial[0] ? "serial " : "", r->serial, r->seconds,
			 r->unsent ? ", report waits" : "");
	else
		snprintf(out, cap, "%2u  %-24s  %s%-8s%s  %s: %s", r->channel,
			 r->uid[0] ? r->uid : "-", on,
			 job_outcome_name(r->outcome), off, r->code, r->cause);
	fit(ui, on, off, out);
}

static void result_json(const struct job_result *r)
{
	emit(json_pack("{s:s,s:I,s:s,s:s,s:s,s:I,s:I,s:s,s:s,s:s,s:s,s:s,s:s,"
		       "s:f,s:b}",
		       "event", "result", "channel", (json_int_t)r->channel,
		       "result", job_outcome_name(r->outcome), "uid", r->uid,
		       "serial", r->serial, "grant", (json_int_t)r->grant,
		       "attempt", (json_int_t)r->attempt, "phase", r->phase,
		       "code", r->code, "cause", r->cause, "next", r->next,
		       "who", r->who, "line", r->line, "seconds", r->seconds,
		       "unsent", r->unsent));
}

/* The long story of what went wrong: cause, next step, who can resolve it. */
static void explain(const struct job_result *r)
{
	printf("channel %u: %s%s%s in phase \"%s\" (%s)\n  cause: %s\n"
	       "  next:  %s\n  who:   %s\n",
	       r->channel, r->uid, r->uid[0] ? " " : "",
	       job_outcome_name(r->outcome), r->phase, r->code, r->cause,
	       r->next,
	       /* the server's "caller" is whoever reads this */
	       strcmp(r->who, "caller") == 0 ? "operator" : r->who);
}

static void remember(struct ui *ui, const struct job_result *r)
{
	if (ui->count == ui->cap) {
		size_t cap = ui->cap ? ui->cap * 2 : 16;
		struct job_result *p = reallocarray(ui->results, cap,
						    sizeof(*p));

		if (p == NULL)
			return; /* the final table lacks this line */
		ui->results = p;
		ui->cap = cap;
	}
	ui->results[ui->count++] = *r;
}

void ui_result(struct ui *ui, unsigned channel, const struct job_result *r)
{
	struct ui_channel *c = &ui->channel[channel];

	pthread_mutex_lock(&ui->lock);
	c->busy = false;
	result_line(ui, r, c->result, sizeof(c->result));
	remember(ui, r);
	if (ui->form == FORM_JSON) {
		result_json(r);
	} else {
		undraw(ui);
		if (ui->form == FORM_PLAIN)
			printf("channel %u  %-24s  %s\n", channel,
			       r->uid[0] ? r->uid : "-",
			       job_outcome_name(r->outcome));
		if (r->outcome != JOB_BUILT)
			explain(r);
		if (ui->form == FORM_TERMINAL)
			draw(ui);
		fflush(stdout);
	}
	pthread_mutex_unlock(&ui->lock);
}

void ui_say(struct ui *ui, int channel, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	if (text == NULL)
		return;
	pthread_mutex_lock(&ui->lock);
	if (ui->form == FORM_JSON) {
		emit(json_pack("{s:s,s:i,s:s}", "event", "note", "channel",
			       channel, "text", text));
	} else {
		undraw(ui);
		if (channel >= 0)
			printf("channel %d: %s\n", channel, text);
		else
			printf("%s\n", text);
		if (ui->form == FORM_TERMINAL)
			draw(ui);
		fflush(stdout);
	}
	pthread_mutex_unlock(&ui->lock);
	free(text);
}

void ui_typed(struct ui *ui)
{
	pthread_mutex_lock(&ui->lock);
	if (ui->form == FORM_TERMINAL && ui->drawn)
		ui->typed++;
	pthread_mutex_unlock(&ui->lock);
}

/* -- the end ------------------------------------------------------------ */
static void print_table(const struct ui *ui)
{
	char line[LINE_CAP];
	bool all = ui->count <= TABLE_ROWS_MAX;

	printf("\nch  unique ID                 result\n");
	for (size_t i = 0; i < ui->count; i++) {
		if (!all && ui->results[i].outcome == JOB_BUILT)
			continue;
		result_line(ui, &ui->results[i], line, sizeof(line));
		puts(line);
	}
}

void ui_finish(struct ui *ui)
{
	size_t n[4] = { 0, 0, 0, 0 };

	if (ui == NULL)
		return;
	if (ui->form == FORM_TERMINAL) {
		pthread_mutex_lock(&ui->lock);
		ui->running = false;
		pthread_cond_signal(&ui->wake);
		pthread_mutex_unlock(&ui->lock);
		pthread_join(ui->thread, NULL);
		undraw(ui);
	}
	for (size_t i = 0; i < ui->count; i++)
		n[ui->results[i].outcome]++;
	if (ui->form == FORM_JSON) {
		emit(json_pack("{s:s,s:I,s:I,s:I,s:I}", "event", "summary",
			       "built", (json_int_t)n[JOB_BUILT], "refused",
			       (json_int_t)n[JOB_REFUSED], "failed",
			       (json_int_t)n[JOB_FAILED], "stopped",
			       (json_int_t)n[JOB_STOPPED]));
	} else if (ui->count) {
		print_table(ui);
		printf("%zu built, %zu refused, %zu failed%s\n", n[JOB_BUILT],
		       n[JOB_REFUSED], n[JOB_FAILED],
		       n[JOB_STOPPED] ? ", stopped" : "");
	}
	fflush(stdout);
	pthread_mutex_destroy(&ui->lock);
	pthread_cond_destroy(&ui->wake);
	free(ui->results);
	free(ui->channel);
	free(ui);
}
