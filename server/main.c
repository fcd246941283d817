/* SPDX-License-Identifier: MIT */
/* signetd: validates, grants, signs, logs. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/ct.h"
#include "base/exit.h"
#include "base/version.h"
#include "keys/keyfile.h"
#include "server/conf.h"
#include "server/init.h"
#include "server/log.h"
#include "server/parent.h"
#include "wire/name.h"

static const char usage[] =
	"usage: signetd init --dir DIR [options]\n"
	"       signetd run --dir DIR [options]\n"
	"\n"
	"init makes a server's folder: keys, database, configuration, and the\n"
	"owner's administration token.\n"
	"  --dir DIR               the folder\n"
	"  --names LIST            names and addresses of this server,\n"
	"                          comma-separated (localhost,127.0.0.1)\n"
	"  --owner NAME            the person who gets the token (owner)\n"
	"  --listen ADDRESS        IP address for all three ports (127.0.0.1)\n"
	"  --ports FLASHER,ENROL,ADMIN   (7443,7444,7445)\n"
	"  --passphrase-file FILE  passphrase of the private keys\n"
	"\n"
	"run serves until it gets SIGTERM.\n"
	"  --dir DIR               the folder that init made\n"
	"  --config FILE           other than DIR/signetd.conf\n"
	"  --passphrase-file FILE  else systemd's credential\n"
	"                          signetd-passphrase, else it asks\n"
	"  --ready-file FILE       written (JSON: pid, ports) once it serves\n"
	"  --check-config          only check the configuration\n"
	"\n"
	"  -h, --help   -V, --version\n";

static void help(void)
{
	static const struct {
		int code;
		const char *text;
	} codes[] = {
#define X(sym, num, text) { num, text },
		EXIT_LIST(X)
#undef X
	};

	printf("%s\nexit codes:\n", usage);
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].code == EXIT_DONE || codes[i].code == EXIT_USAGE ||
		    codes[i].code == EXIT_LOCAL || codes[i].code == EXIT_BUG)
			printf("  %d  %s\n", codes[i].code, codes[i].text);
	printf("\nsignetd(8) and signetd.conf(5) are the manuals.\n");
}

enum {
	OPT_DIR = 256,
	OPT_NAMES,
	OPT_OWNER,
	OPT_LISTEN,
	OPT_PORTS,
	OPT_PASS,
	OPT_CONFIG,
	OPT_READY,
	OPT_CHECK
};

static const struct option options[] = {
	{ "dir", required_argument, NULL, OPT_DIR },
	{ "names", required_argument, NULL, OPT_NAMES },
	{ "owner", required_argument, NULL, OPT_OWNER },
	{ "listen", required_argument, NULL, OPT_LISTEN },
	{ "ports", required_argument, NULL, OPT_PORTS },
	{ "passphrase-file", required_argument, NULL, OPT_PASS },
	{ "config", required_argument, NULL, OPT_CONFIG },
	{ "ready-file", required_argument, NULL, OPT_READY },
	{ "check-config", no_argument, NULL, OPT_CHECK },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

struct args {
	const char *dir, *names, *owner, *listen, *ports, *pass_file, *config,
		*ready_file;
	bool check;
};

static int complain(const char *what, const char *arg)
{
	fprintf(stderr, "signetd: %s%s%s; signetd --help shows the usage\n",
		what, arg ? ": " : "", arg ? arg : "");
	return EXIT_USAGE;
}

/* 0, or the exit status + 1 with which to leave at once. */
static int args_read(int argc, char **argv, struct args *a)
{
	int c;

	while ((c = getopt_long(argc, argv, "hV", options, NULL)) != -1) {
		switch (c) {
		case OPT_DIR:
			a->dir = optarg;
			break;
		case OPT_NAMES:
			a->names = optarg;
			break;
		case OPT_OWNER:
			a->owner = optarg;
			break;
		case OPT_LISTEN:
			a->listen = optarg;
			break;
		case OPT_PORTS:
			a->ports = optarg;
			break;
		case OPT_PASS:
			a->pass_file = optarg;
			break;
		case OPT_CONFIG:
			a->config = optarg;
			break;
		case OPT_READY:
			a->ready_file = optarg;
			break;
		case OPT_CHECK:
			a->check = true;
			break;
		case 'h':
			help();
			return 1;
		case 'V':
			printf("signetd %s\n", SIGNET_VERSION);
			return 1;
		default:
			return 1 + complain("the command line is wrong", NULL);
		}
	}
	return 0;
}

/* The folder as an absolute path: the roles do not stay in ours. */
static int dir_resolve(const char *dir, struct role_config *cfg)
{
	char path[PATH_MAX];

	if (!realpath(dir, path)) {
		fprintf(stderr, "signetd: %s: %s\n", dir, strerror(errno));
		return E_IO;
	}
	if (strlen(path) >= ROLE_TEXT_CAP - 32) {
		fprintf(stderr, "signetd: %s: the path is too long\n", path);
		return E_TOO_LARGE;
	}
	memcpy(cfg->dir, path, strlen(path) + 1);
	return 0;
}

static int passphrase_read(const struct args *a, bool fresh,
			   struct role_config *cfg)
{
	const struct passphrase_source source = {
		.file = a->pass_file,
		.credential = "signetd-passphrase",
		.prompt = fresh ? "New passphrase for the server's keys"
				: "Passphrase of the server's keys",
		.confirm = fresh,
	};
	char pass[PASSPHRASE_CAP], why[KEYFILE_WHY_CAP];
	int err = passphrase_get(&source, pass, why);

	if (err) {
		fprintf(stderr, "signetd: no passphrase: %s\n", why);
		return err;
	}
	memcpy(cfg->passphrase, pass, strlen(pass) + 1);
	ct_wipe(pass, sizeof(pass));
	return 0;
}

static bool ports_read(const char *text, struct role_config *cfg)
{
	unsigned f, e, a;
	char end;

	if (sscanf(text, "%u,%u,%u%c", &f, &e, &a, &end) != 3 || f > 65535 ||
	    e > 65535 || a > 65535)
		return false;
	cfg->flasher_port = f;
	cfg->enrol_port = e;
	cfg->admin_port = a;
	return true;
}

static bool listen_read(const char *text, struct role_config *cfg)
{
	char both[128], address[64];
	uint32_t port;

	snprintf(both, sizeof(both),
		 strchr(text, ':') ? "[%.100s]:0" : "%.100s:0", text);
	if (conf_listen_parse(both, address, &port))
		return false;
	memcpy(cfg->flasher_address, address, sizeof(address));
	memcpy(cfg->enrol_address, address, sizeof(address));
	memcpy(cfg->admin_address, address, sizeof(address));
	return true;
}

static int main_init(const struct args *a, struct role_config *cfg)
{
	struct init_options opt = { .owner = a->owner ? a->owner : "owner" };

	if (!a->dir)
		return complain("init needs --dir DIR", NULL);
	if (!name_valid(opt.owner))
		return complain("--owner must be a-z 0-9 . _ -", opt.owner);
	if (a->names && strlen(a->names) >= ROLE_TEXT_CAP)
		return complain("--names is too long", NULL);
	if (a->names && !conf_names_valid(a->names))
		return complain("--names must be host names and IP addresses, "
				"comma-separated",
				a->names);
	if (a->names)
		memcpy(cfg->names, a->names, strlen(a->names) + 1);
	if (a->ports && !ports_read(a->ports, cfg))
		return complain("--ports must be three port numbers", a->ports);
	if (a->listen && !listen_read(a->listen, cfg))
		return complain("--listen must be an IP address", a->listen);
	if (init_done(a->dir)) {
		fprintf(stderr,
			"signetd: %s is a server's folder already; nothing "
			"was changed.  Name another --dir\n",
			a->dir);
		return EXIT_LOCAL;
	}
	if (passphrase_read(a, true, cfg))
		return EXIT_LOCAL;
	if (mkdir(a->dir, 0700) && errno != EEXIST) {
		fprintf(stderr, "signetd: %s: %s\n", a->dir, strerror(errno));
		return EXIT_LOCAL;
	}
	if (dir_resolve(a->dir, cfg))
		return EXIT_LOCAL;
	return init_run(cfg, &opt);
}

/* DIR from the config file's place when only that is given. */
static int config_read(const struct args *a, struct role_config *cfg)
{
	char path[PATH_MAX], why[CONF_WHY_CAP], *slash;
	const char *dir = a->dir;
	int n;

	n = a->config ? snprintf(path, sizeof(path), "%s", a->config)
		      : snprintf(path, sizeof(path), "%s/signetd.conf",
				 dir ? dir : ".");
	if (n < 0 || (size_t)n >= sizeof(path))
		return E_TOO_LARGE;
	if (conf_load(path, cfg, why)) {
		fprintf(stderr, "signetd: %s\n", why);
		return E_CONFIG;
	}
	if (!dir) {
		slash = strrchr(path, '/');
		if (slash)
			*slash = '\0';
		dir = slash ? path : ".";
	}
	return dir_resolve(dir, cfg);
}

static int main_run(const struct args *a, struct role_config *cfg)
{
	int status;

	if (!a->dir && !a->config)
		return complain("run needs --dir DIR or --config FILE", NULL);
	if (config_read(a, cfg))
		return EXIT_LOCAL;
	if (a->check) {
		printf("The configuration is good.\n");
		return 0;
	}
	log_setup("signetd", (enum log_level)cfg->log_level, cfg->log_json);
	if (passphrase_read(a, false, cfg))
		return EXIT_LOCAL;
	status = parent_run(cfg, a->ready_file);
	return status;
}

int main(int argc, char **argv)
{
	struct role_config cfg = { 0 };
	struct args a = { 0 };
	const char *command;
	int status;

	if (argc == 3 && !strcmp(argv[1], "--role"))
		return parent_role_main(argv[2]);
	umask(077); /* what we make is for us alone */
	status = args_read(argc, argv, &a);
	if (status)
		return status - 1;
	if (optind + 1 != argc)
		return complain("expected one command, init or run", NULL);
	command = argv[optind];
	conf_defaults(&cfg);
	if (!strcmp(command, "init"))
		status = main_init(&a, &cfg);
	else if (!strcmp(command, "run"))
		status = main_run(&a, &cfg);
	else
		status = complain("there is no such command", command);
	ct_wipe(&cfg, sizeof(cfg));
	return status;
}
