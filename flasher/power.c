/* SPDX-License-Identifier: MIT */
#include "flasher/power.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "flasher/gpio.h"

#define COMMAND_CAP 1024
#define COMMAND_TIMEOUT_MS 10000
#define SAID_CAP 128
#define SETTLE_MS 50

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The child: its own process group, so that a late one dies whole. */
static void child(const char *command, int out)
{
	int null = open("/dev/null", O_RDONLY);

	setpgid(0, 0);
	if (null >= 0)
		dup2(null, 0);
	dup2(out, 1);
	dup2(out, 2);
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

/* Keeps the first line of what the command says, until it closes its output
 * or the time is over; false = too late. */
static bool listen_to(int fd, int64_t deadline, char said[SAID_CAP])
{
	size_t len = 0;
	char bytes[256];

	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int64_t left = deadline - now_ms();
		ssize_t n;

		if (left <= 0 || (n = poll(&p, 1, (int)left)) == 0)
			return false;
		if (n < 0 && errno == EINTR)
			continue;
		n = read(fd, bytes, sizeof(bytes));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		for (ssize_t i = 0; i < n && len < SAID_CAP - 1; i++)
			said[len++] = bytes[i];
	}
	said[len] = '\0';
	said[strcspn(said, "\r\n")] = '\0';
	for (char *c = said; *c != '\0'; c++)
		if (*c < 0x20 || *c > 0x7e)
			*c = '?';
	return true;
}

/* Collects the child; kills it when it is later than the deadline. */
static bool reap(pid_t pid, int64_t deadline, int *ret_status)
{
	struct timespec pause = { 0, 2000000 };

	for (;;) {
		pid_t got = waitpid(pid, ret_status, WNOHANG);

		if (got == pid)
			return true;
		if (got < 0 && errno != EINTR)
			return false;
		if (now_ms() >= deadline)
			break;
		nanosleep(&pause, NULL);
	}
	kill(-pid, SIGKILL);
	while (waitpid(pid, ret_status, 0) < 0 && errno == EINTR)
		;
	return false;
}

static int run(const char *command, char why[256])
{
	int64_t deadline = now_ms() + COMMAND_TIMEOUT_MS;
	char said[SAID_CAP] = "";
	int pipes[2], status = 0;
	bool in_time;
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC) != 0)
		return E_TARGET_POWER;
	pid = fork();
	if (pid == 0)
		child(command, pipes[1]);
	close(pipes[1]);
	if (pid < 0) {
		close(pipes[0]);
		snprintf(why, 256, "power command: %s", strerror(errno));
		return E_TARGET_POWER;
	}
	setpgid(pid, pid); /* whoever comes first */
	in_time = listen_to(pipes[0], deadline, said);
	close(pipes[0]);
	if (!reap(pid, in_time ? deadline : 0, &status)) {
		snprintf(why, 256,
			 "power command took longer than %d s: %.120s",
			 COMMAND_TIMEOUT_MS / 1000, command);
		return E_TARGET_POWER;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFEXITED(status))
		snprintf(why, 256, "power command ended with exit code %d%s%s",
			 WEXITSTATUS(status), said[0] ? ": " : "", said);
	else
		snprintf(why, 256, "power command died of signal %d",
			 WTERMSIG(status));
	return E_TARGET_POWER;
}

static FILE *terminal(char why[256])
{
	FILE *tty = isatty(0) ? fopen("/dev/tty", "r+") : NULL;

	if (tty == NULL)
		snprintf(why, 256,
			 "no power command is configured, and there is no "
			 "terminal to ask the operator on");
	return tty;
}

static int ask(bool on, char why[256])
{
	FILE *tty = terminal(why);
	char line[64];
	int err = 0;

	if (tty == NULL)
		return E_TARGET_POWER;
	fprintf(tty, "Switch the target's power %s, then press Enter: ",
		on ? "ON" : "OFF");
	fflush(tty);
	if (fgets(line, sizeof(line), tty) == NULL) {
		snprintf(why, 256, "the operator gave no answer");
		err = E_TARGET_POWER;
	}
	fclose(tty);
	return err;
}

/* A relay needs a moment, and so does the supply behind it. */
static int switch_line(const char *line, bool on, char why[256])
{
	struct timespec settle = { 0, SETTLE_MS * 1000000 };

	if (gpio_set(line, on, why) != 0)
		return E_TARGET_POWER;
	nanosleep(&settle, NULL);
	return 0;
}

int power_switch(const struct power_config *cfg, bool on, char why[256])
{
	char command[COMMAND_CAP];
	int len;

	if (cfg->command == NULL)
		return ask(on, why);
	if (gpio_is(cfg->command))
		return switch_line(cfg->command, on, why);
	len = snprintf(command, sizeof(command), "%s %s", cfg->command,
		       on ? "on" : "off");
	if (len < 0 || (size_t)len >= sizeof(command)) {
		snprintf(why, 256, "power command is longer than %d bytes",
			 COMMAND_CAP - 5);
		return E_TARGET_POWER;
	}
	return run(command, why);
}

int power_can(const struct power_config *cfg, char why[256])
{
	FILE *tty;

	if (cfg->command != NULL && gpio_is(cfg->command))
		return gpio_can(cfg->command, why) == 0 ? 0 : E_TARGET_POWER;
	if (cfg->command != NULL)
		return 0;
	tty = terminal(why);
	if (tty == NULL)
		return E_TARGET_POWER;
	fclose(tty);
	return 0;
}
