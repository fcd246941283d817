/* SPDX-License-Identifier: MIT */
#include "server/parent.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/ct.h"
#include "base/exit.h"
#include "server/log.h"

#define START_S 60
#define STOP_S 30 /* for each role to finish */
#define HIGH_FD 64

struct child {
	pid_t pid; /* 0 = not running */
	int status;
	bool told; /* how it ended is in the log */
	struct ipc *control;
};

struct parent {
	struct child roles[ROLE_COUNT];
	int signals;
	int lock;
	bool died; /* a role, by itself */
};

static const struct ipc_rule report_rules[] = {
	{ MSG_READY, sizeof(struct role_ready) + 64 },
};
static const struct ipc_rule order_rules[] = {
	{ MSG_CONFIG, sizeof(struct role_config) + 64 },
	{ MSG_STOP, 0 },
};

/* ---- one server per folder --------------------------------------------- */

/* The ledger inherits the lock, so it lasts as long as somebody may write. */
static int lock_take(const char *dir)
{
	char path[ROLE_TEXT_CAP + 8];
	int fd;

	snprintf(path, sizeof(path), "%s/lock", dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0) {
		log_line(LOG_LEVEL_ERROR,
			 "%s: %s; is this a server's folder? `signetd init "
			 "--dir DIR` makes one",
			 path, strerror(errno));
		return -1;
	}
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		log_line(LOG_LEVEL_ERROR,
			 "another signetd runs on %s; stop it first", dir);
		close(fd);
		return -1;
	}
	return fd;
}

/* ---- starting a role --------------------------------------------------- */

/* In the child: puts fds[i] at FD_CONTROL + i (-1: nothing there), closes all
 * others, and becomes the role.  Async-signal-safe calls only. */
static void role_exec(enum role role, const int fds[FD_LAST - 2])
{
	char *argv[] = { (char *)"signetd", (char *)"--role",
			 (char *)role_names[role], NULL };
	int high[FD_LAST - 2], null, n = FD_LAST - 2;
	sigset_t none;

	for (int i = 0; i < n; i++) {
		high[i] = fds[i] < 0 ? -1 : fcntl(fds[i], F_DUPFD, HIGH_FD);
		if (fds[i] >= 0 && high[i] < 0)
			_exit(127);
	}
	null = open("/dev/null", O_RDWR);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(null, STDOUT_FILENO) < 0)
		_exit(127);
	for (int i = 0; i < n; i++) {
		if (high[i] < 0)
			close(FD_CONTROL + i);
		else if (dup2(high[i], FD_CONTROL + i) < 0)
			_exit(127);
	}
	close_range(FD_LAST + 1, ~0u, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execv("/proc/self/exe", argv);
	_exit(127);
}

static int role_spawn(struct parent *p, enum role role,
		      const int fds[FD_LAST - 2])
{
	struct child *c = &p->roles[role];
	int pair[2], at[FD_LAST - 2];
	int err;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return E_IO;
	memcpy(at, fds, sizeof(at));
	at[0] = pair[1];
	c->pid = fork();
	if (!c->pid)
		role_exec(role, at);
	close(pair[1]);
	if (c->pid < 0) {
		c->pid = 0;
		close(pair[0]);
		return E_IO;
	}
	err = ipc_new(pair[0], report_rules, 1, &c->control);
	if (err)
		close(pair[0]);
	return err;
}

static int roles_spawn(struct parent *p)
{
	enum { EDGE_LEDGER, LEDGER_SIGNER, EDGE_SIGNER, PAIRS };
	int s[PAIRS][2], err = 0;

	for (int i = 0; i < PAIRS; i++)
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s[i]))
			return E_IO;
	/* control, ledger or edge, signer or ledger, edge, lock */
	const int signer[] = { -1, -1, s[LEDGER_SIGNER][1], s[EDGE_SIGNER][1],
			       -1 };
	const int ledger[] = { -1, s[EDGE_LEDGER][1], s[LEDGER_SIGNER][0], -1,
			       p->lock };
	const int edge[] = { -1, s[EDGE_LEDGER][0], s[EDGE_SIGNER][0], -1, -1 };

	err = role_spawn(p, ROLE_SIGNER, signer);
	if (!err)
		err = role_spawn(p, ROLE_LEDGER, ledger);
	if (!err)
		err = role_spawn(p, ROLE_EDGE, edge);
	for (int i = 0; i < PAIRS; i++) {
		close(s[i][0]);
		close(s[i][1]);
	}
	return err;
}

/* ---- configuration out, readiness in ----------------------------------- */

/* Each role gets what is its business, and no more. */
static void config_reduce(enum role role, struct role_config *c)
{
	if (role != ROLE_SIGNER)
		ct_wipe(c->passphrase, sizeof(c->passphrase));
	if (role == ROLE_EDGE)
		memset(c->dir, 0, sizeof(c->dir));
	if (role != ROLE_EDGE)
		memset(c->names, 0, sizeof(c->names));
}

static int config_send(struct parent *p, enum role role,
		       const struct role_config *cfg)
{
	struct role_config c = *cfg;
	uint8_t *buf;
	size_t len;
	int err;

	config_reduce(role, &c);
	err = shape_pack(&role_config_shape, &c, &buf, &len);
	ct_wipe(&c, sizeof(c));
	if (err)
		return err;
	err = ipc_send(p->roles[role].control, MSG_CONFIG, 0, buf, len);
	ct_wipe(buf, len);
	free(buf);
	return err;
}

static void role_reap(struct child *c)
{
	if (c->pid > 0 && waitpid(c->pid, &c->status, WNOHANG) == c->pid)
		c->pid = 0;
}

/* "was killed by signal 9" */
static void died_log(struct parent *p, enum role role)
{
	int status = p->roles[role].status;

	p->roles[role].told = true;
	if (WIFSIGNALED(status))
		log_line(LOG_LEVEL_ERROR,
			 "the %s process was killed by signal %d%s; stopping",
			 role_names[role], WTERMSIG(status),
			 WTERMSIG(status) == SIGSYS
				 ? " (a system call that its sandbox forbids)"
				 : "");
	else
		log_line(LOG_LEVEL_ERROR,
			 "the %s process ended with status %d; stopping",
			 role_names[role], WEXITSTATUS(status));
}

static int ready_wait(struct parent *p, enum role role, struct role_ready *out)
{
	struct child *c = &p->roles[role];
	struct ipc_msg m;
	int err = ipc_recv(c->control, &m);

	if (!err)
		err = shape_unpack(&role_ready_shape, m.data, m.len, out);
	if (!err && out->why[0]) {
		log_line(LOG_LEVEL_ERROR, "%s: %s", role_names[role], out->why);
		return E_STATE;
	}
	if (err) {
		waitpid(c->pid, &c->status, 0);
		c->pid = 0;
		died_log(p, role);
	}
	return err;
}

/* "host:port" for one-time codes */
static void enrol_host_make(struct role_config *c)
{
	char host[ROLE_TEXT_CAP];
	size_t len;

	if (strrchr(c->enrol_host, ':') &&
	    !strchr(c->enrol_host, ']') == !strchr(c->enrol_host, '['))
		if (c->enrol_host[strlen(c->enrol_host) - 1] != ']')
			return;
	snprintf(host, sizeof(host), "%s",
		 c->enrol_host[0] ? c->enrol_host
				  : c->names + strspn(c->names, ", \t"));
	len = strcspn(host, ", \t");
	host[len] = '\0';
	if (strchr(host, ':') && host[0] != '[')
		snprintf(c->enrol_host, sizeof(c->enrol_host), "[%.400s]:%u",
			 host, c->enrol_port);
	else
		snprintf(c->enrol_host, sizeof(c->enrol_host), "%.400s:%u",
			 host, c->enrol_port);
}

/* The edge first says which ports it got; one-time codes name them. */
static int roles_start(struct parent *p, struct role_config *cfg)
{
	struct role_ready ready;
	int err = config_send(p, ROLE_SIGNER, cfg);

	if (!err)
		err = ready_wait(p, ROLE_SIGNER, &ready);
	if (!err)
		err = config_send(p, ROLE_EDGE, cfg);
	if (!err)
		err = ready_wait(p, ROLE_EDGE, &ready);
	if (err)
		return err;
	cfg->flasher_port = ready.flasher_port;
	cfg->enrol_port = ready.enrol_port;
	cfg->admin_port = ready.admin_port;
	enrol_host_make(cfg);
	err = config_send(p, ROLE_LEDGER, cfg);
	if (!err)
		err = ready_wait(p, ROLE_LEDGER, &ready);
	return err;
}

static int ready_tell(const struct role_config *c, const char *ready_file)
{
	char tmp[ROLE_TEXT_CAP + 8];
	FILE *f;

	printf("signetd is ready: flasher %s:%u, enrol %s:%u, admin %s:%u\n",
	       c->flasher_address, c->flasher_port, c->enrol_address,
	       c->enrol_port, c->admin_address, c->admin_port);
	fflush(stdout);
	if (!ready_file)
		return 0;
	snprintf(tmp, sizeof(tmp), "%s.new", ready_file);
	f = fopen(tmp, "w");
	if (!f)
		goto fail;
	fprintf(f,
		"{\"pid\": %d, \"flasher_port\": %u, \"enrol_port\": %u, "
		"\"admin_port\": %u}\n",
		(int)getpid(), c->flasher_port, c->enrol_port, c->admin_port);
	if (fclose(f) || rename(tmp, ready_file))
		goto fail;
	return 0;
fail:
	log_line(LOG_LEVEL_ERROR, "%s: %s", ready_file, strerror(errno));
	return E_IO;
}

/* ---- watching and stopping --------------------------------------------- */

/* Waits for a role's end; after STOP_S it is killed. */
static void role_await(struct child *c)
{
	struct timespec step = { 0, 10 * 1000000 };

	for (int i = 0; c->pid > 0 && i < STOP_S * 100; i++) {
		role_reap(c);
		if (c->pid > 0)
			nanosleep(&step, NULL);
	}
	if (c->pid > 0) {
		kill(c->pid, SIGKILL);
		waitpid(c->pid, &c->status, 0);
		c->pid = 0;
	}
}

/* From the outside in, so that whoever still works finds its helpers there. */
static int roles_stop(struct parent *p)
{
	int status = 0;

	for (int i = 0; i < ROLE_COUNT; i++) {
		struct child *c = &p->roles[i];

		if (c->pid > 0 && c->control &&
		    ipc_send(c->control, MSG_STOP, 0, NULL, 0))
			status = 1;
		role_await(c);
		/* Who loses a peer ends as well, and may be seen first: who
		 * was killed is told in any case. */
		if (c->status && !c->told &&
		    (!p->died || WIFSIGNALED(c->status)))
			died_log(p, (enum role)i);
		if (c->status)
			status = 1;
		ipc_free(c->control);
		c->control = NULL;
	}
	return status;
}

/* True once the server is to stop; *status = EXIT_BUG if a role died. */
static bool signal_handle(struct parent *p, int *status)
{
	struct signalfd_siginfo si;

	if (read(p->signals, &si, sizeof(si)) != sizeof(si))
		return false;
	if (si.ssi_signo != SIGCHLD) {
		log_line(LOG_LEVEL_INFO, "stopping");
		return true;
	}
	for (int i = 0; i < ROLE_COUNT; i++) {
		bool ran = p->roles[i].pid > 0;

		role_reap(&p->roles[i]);
		if (!ran || p->roles[i].pid > 0)
			continue;
		died_log(p, (enum role)i);
		p->died = true;
		*status = EXIT_BUG;
		return true;
	}
	return false;
}

static int signals_open(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &set, NULL))
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC);
}

int parent_run(const struct role_config *given, const char *ready_file)
{
	struct parent p = { .signals = -1 };
	struct role_config cfg = *given;
	int status = 0, err;

	p.lock = lock_take(cfg.dir);
	if (p.lock < 0)
		return EXIT_LOCAL;
	p.signals = signals_open();
	err = p.signals < 0 ? E_IO : roles_spawn(&p);
	if (!err)
		err = roles_start(&p, &cfg);
	ct_wipe(cfg.passphrase, sizeof(cfg.passphrase));
	if (!err)
		err = ready_tell(&cfg, ready_file);
	while (!err && !signal_handle(&p, &status))
		;
	p.died = p.died || err;
	if (roles_stop(&p))
		status = EXIT_BUG;
	if (err)
		status = EXIT_LOCAL;
	close(p.lock);
	if (p.signals >= 0)
		close(p.signals);
	return status;
}

/* ---- the role's side --------------------------------------------------- */

static int config_receive(struct ipc *control, struct role_config *cfg)
{
	struct ipc_msg m;
	int err = ipc_recv(control, &m);

	if (!err && m.type != MSG_CONFIG)
		err = E_STATE; /* told to stop before it began */
	if (!err)
		err = shape_unpack(&role_config_shape, m.data, m.len, cfg);
	return err;
}

int parent_role_main(const char *name)
{
	static int (*const mains[ROLE_COUNT])(struct ipc *,
					      const struct role_config *) = {
		edge_main, ledger_main, signer_main
	};
	struct role_config cfg;
	struct ipc *control;
	int role = 0, status;

	while (role < ROLE_COUNT && strcmp(role_names[role], name) != 0)
		role++;
	if (role == ROLE_COUNT || ipc_new(FD_CONTROL, order_rules, 2, &control))
		return 2;
	/* The parent decides when to stop; a signal to the whole group (Ctrl-C)
	 * must not cut requests in flight. */
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	umask(077);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_NAME, name, 0, 0, 0);
	if (chdir("/"))
		return 2;
	if (config_receive(control, &cfg)) {
		ipc_free(control);
		return 2;
	}
	log_setup(role_names[role], (enum log_level)cfg.log_level,
		  cfg.log_json);
	status = mains[role](control, &cfg);
	ct_wipe(&cfg, sizeof(cfg));
	ipc_free(control);
	return status;
}
