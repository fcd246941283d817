/* SPDX-License-Identifier: MIT */
#include "flasher/line.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/exit.h"
#include "cli/args.h"
#include "flasher/gpio.h"
#include "flasher/ui.h"
#include "http/client.h"

#define POLL_MS 100

struct line;

struct lane { /* one channel and its thread */
	struct line *line;
	unsigned channel;
	const struct channel_conf *conf;
	struct http_client *client;
	pthread_t thread;
	bool started;
	bool waiting; /* for the operator's key */
	bool go;
	struct job_result result;
};

struct line {
	const struct station *st;
	const struct line_options *o;
	struct job_env env;
	struct ui *ui;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	uint32_t taken;	  /* devices begun */
	bool closed;	  /* no further device */
	bool interactive; /* an operator can be asked */
	size_t running;
	int exit;
	struct lane lane[LINE_INDEX_MAX];
};

/* -- interrupts: counted by the handler, read by everybody ----------------- */
static volatile sig_atomic_t interrupts;

static void on_interrupt(int sig)
{
	(void)sig;
	if (interrupts < 2)
		interrupts = interrupts + 1;
}

void line_signals(void)
{
	struct sigaction sa;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = on_interrupt;
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
}

bool line_broken_off(void *arg)
{
	(void)arg;
	return interrupts >= 2;
}

/* -- the next board -------------------------------------------------------- */
static int append_env(char **env, size_t n, const char *key, const char *value)
{
	return asprintf(&env[n], "%s=%s", key, value) < 0 ? E_NOMEM : 0;
}

/* Our environment, and what the command may want to know. */
static char **hook_environment(const struct job_result *r)
{
	size_t n = 0, own = 0;
	char **env;

	while (environ[own])
		own++;
	env = calloc(own + 5, sizeof(*env));
	if (env == NULL)
		return NULL;
	if (append_env(env, n++, "SIGNET_UID", r->uid) != 0 ||
	    append_env(env, n++, "SIGNET_SERIAL", r->serial) != 0 ||
	    append_env(env, n++, "SIGNET_RESULT",
		       job_outcome_name(r->outcome)) != 0 ||
	    append_env(env, n++, "SIGNET_CODE", r->code) != 0) {
		free(env);
		return NULL;
	}
	memcpy(env + n, environ, own * sizeof(*env));
	return env;
}

int line_hook(const char *command, unsigned channel, const struct job_result *r)
{
	char **env = hook_environment(r);
	char *text = NULL;
	int status = -1;
	pid_t pid;

	if (env == NULL)
		return E_NOMEM;
	if (asprintf(&text, "%s %u %s", command, channel,
		     job_outcome_name(r->outcome)) < 0)
		text = NULL;
	char *argv[] = { (char *)"sh", (char *)"-c", text, NULL };

	if (text && posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, env) == 0)
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
	for (size_t i = 0; i < 4; i++)
		free(env[i]);
	free(env);
	free(text);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : E_STATE;
}

static bool ask_operator(struct lane *l)
{
	struct line *line = l->line;
	bool go;

	ui_say(line->ui, (int)l->channel,
	       "put the next board in and type %u and Enter (q ends)",
	       l->channel);
	pthread_mutex_lock(&line->lock);
	l->waiting = true;
	l->go = false;
	while (!l->go && !line->closed)
		pthread_cond_wait(&line->wake, &line->lock);
	l->waiting = false;
	go = l->go && !line->closed;
	pthread_mutex_unlock(&line->lock);
	return go;
}

/* A button: pressed when the next board is in. */
static bool wait_button(struct lane *l)
{
	struct line *line = l->line;
	char why[256] = "";
	bool stop = false;
	int err = gpio_forget_presses(l->conf->next, why);

	ui_say(line->ui, (int)l->channel,
	       "put the next board in and press the button");
	while (err == 0 || err == E_TIMEOUT) {
		err = gpio_wait_press(l->conf->next, POLL_MS, why);
		pthread_mutex_lock(&line->lock);
		stop = line->closed || interrupts != 0;
		pthread_mutex_unlock(&line->lock);
		if (err == 0 || stop)
			break;
	}
	if (err != 0 && err != E_TIMEOUT)
		ui_say(line->ui, (int)l->channel, "no button: %s", why);
	return err == 0 && !stop;
}

static bool next_board(struct lane *l)
{
	if (gpio_is(l->conf->next))
		return wait_button(l);
	if (l->conf->next[0]) {
		if (line_hook(l->conf->next, l->channel, &l->result) == 0)
			return true;
		ui_say(l->line->ui, (int)l->channel,
		       "no next board (the command said so)");
		return false;
	}
	return l->line->interactive && ask_operator(l);
}

/* -- lanes ----------------------------------------------------------------- */
static bool take_ticket(struct line *line)
{
	bool yes;

	pthread_mutex_lock(&line->lock);
	yes = !line->closed && interrupts == 0 &&
	      (line->o->count == 0 || line->taken < line->o->count);
	if (yes)
		line->taken++;
	pthread_mutex_unlock(&line->lock);
	return yes;
}

static void give_back(struct line *line)
{
	pthread_mutex_lock(&line->lock);
	line->taken--;
	pthread_mutex_unlock(&line->lock);
}

/* The gravest of all results is the program's. */
static int exit_of(const struct job_result *r)
{
	switch (r->outcome) {
	case JOB_BUILT:
		return EXIT_DONE;
	case JOB_REFUSED:
		return EXIT_REFUSED;
	case JOB_STOPPED:
		return EXIT_STOPPED;
	case JOB_FAILED:
		break;
	}
	switch (r->err) {
	case E_NET:
	case E_TLS:
	case E_TIMEOUT:
		return EXIT_SERVER;
	case E_DISK_FULL:
	case E_IO:
		return EXIT_LOCAL;
	case E_NOMEM:
	case E_INTERNAL:
	case E_HTTP:
		return EXIT_BUG;
	case E_INTERRUPTED:
		return EXIT_STOPPED;
	default:
		return EXIT_DEVICE;
	}
}

static void count_result(struct line *line, const struct job_result *r)
{
	int code = exit_of(r);

	pthread_mutex_lock(&line->lock);
	if (code > line->exit)
		line->exit = code;
	if (r->hopeless) {
		line->closed = true;
		pthread_cond_broadcast(&line->wake);
	}
	pthread_mutex_unlock(&line->lock);
}

static void *lane_run(void *arg)
{
	struct lane *l = arg;
	struct line *line = l->line;
	bool more = take_ticket(line);

	while (more) {
		job_run(&line->env, l->channel, l->conf, l->client, &l->result);
		ui_result(line->ui, l->channel, &l->result);
		count_result(line, &l->result);
		more = take_ticket(line);
		if (more && !next_board(l)) {
			give_back(line);
			more = false;
		}
	}
	pthread_mutex_lock(&line->lock);
	line->running--;
	pthread_cond_broadcast(&line->wake);
	pthread_mutex_unlock(&line->lock);
	return NULL;
}

/* -- the operator's keys: "2" goes on with channel 2, "q" ends ------------- */
static void key_pressed(struct line *line, const char *text)
{
	uint64_t n = 0;
	size_t waiting = 0;
	struct lane *only = NULL;

	pthread_mutex_lock(&line->lock);
	if (text[0] == 'q')
		line->closed = true;
	for (size_t i = 0; i < line->o->channel_count; i++)
		if (line->lane[i].waiting) {
			waiting++;
			only = &line->lane[i];
		}
	if (text[0] == '\0' && waiting == 1)
		only->go = true;
	else if (args_number(text, 0, CHANNELS_MAX, &n) == 0)
		for (size_t i = 0; i < line->o->channel_count; i++)
			if (line->lane[i].channel == n)
				line->lane[i].go = line->lane[i].waiting;
	pthread_cond_broadcast(&line->wake);
	pthread_mutex_unlock(&line->lock);
}

static bool still_running(struct line *line)
{
	bool yes;

	pthread_mutex_lock(&line->lock);
	if (interrupts > 0 && !line->closed) {
		line->closed = true;
		pthread_cond_broadcast(&line->wake);
	}
	yes = line->running > 0;
	pthread_mutex_unlock(&line->lock);
	return yes;
}

static void watch(struct line *line)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	bool told = false;
	char text[64];

	/* poll() must see every line that is there. */
	setvbuf(stdin, NULL, _IONBF, 0);
	while (still_running(line)) {
		int n = poll(&in, line->interactive ? 1 : 0, POLL_MS);

		if (interrupts == 1 && !told) {
			ui_say(line->ui, -1,
			       "stopping after the devices in work; interrupt "
			       "again to break them off");
			told = true;
		}
		if (n <= 0)
			continue;
		if (fgets(text, sizeof(text), stdin) == NULL) {
			line->interactive = false;
			key_pressed(line, "q");
			continue;
		}
		text[strcspn(text, "\r\n")] = '\0';
		ui_typed(line->ui);
		key_pressed(line, text);
	}
}

/* -- all together ---------------------------------------------------------- */
static int start_lane(struct line *line, size_t i)
{
	struct lane *l = &line->lane[i];
	int r;

	l->line = line;
	l->channel = line->o->channels[i];
	l->conf = &line->st->conf.channel[l->channel];
	r = station_client(line->st, station_retries(line->st->conf.retry_s),
			   line_broken_off, NULL, &l->client);
	if (r != 0)
		return r;
	line->running++;
	l->started = pthread_create(&l->thread, NULL, lane_run, l) == 0;
	if (l->started)
		return 0;
	line->running--;
	return E_NOMEM;
}

int line_run(const struct station *st, const struct line_options *o,
	     struct cache *cache, struct ui *ui)
{
	struct line *line = calloc(1, sizeof(*line));
	int r = 0, code;

	if (line == NULL)
		return EXIT_BUG;
	line->st = st;
	line->o = o;
	line->ui = ui;
	line->interactive = isatty(STDIN_FILENO);
	line->env = (struct job_env){ .st = st,
				      .cache = cache,
				      .ui = ui,
				      .order = o->order,
				      .start_pattern = o->start_pattern,
				      .erase_locked = o->erase_locked,
				      .stopped = line_broken_off };
	pthread_mutex_init(&line->lock, NULL);
	pthread_cond_init(&line->wake, NULL);
	pthread_mutex_lock(&line->lock);
	for (size_t i = 0; i < o->channel_count && r == 0; i++)
		r = start_lane(line, i);
	pthread_mutex_unlock(&line->lock);
	watch(line);
	for (size_t i = 0; i < o->channel_count; i++) {
		if (line->lane[i].started)
			pthread_join(line->lane[i].thread, NULL);
		http_client_free(line->lane[i].client);
	}
	code = r != 0 ? EXIT_BUG : line->exit;
	if (code == EXIT_DONE && interrupts > 0)
		code = EXIT_STOPPED;
	pthread_mutex_destroy(&line->lock);
	pthread_cond_destroy(&line->wake);
	free(line);
	return code;
}
