/* SPDX-License-Identifier: MIT */
/* signet-vmcu: a virtual microcontroller on a workbench. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/hex.h"
#include "vmcu/bench.h"
#include "vmcu/control.h"
#include "vmcu/dap_probe.h"
#include "vmcu/problem.h"
#include "vmcu/run.h"

#define VERSION "0.1.0"
#define PS_PER_MS 1000000000.0
#define JTAG_HZ_DEFAULT 1000000u
#define JTAG_HZ_MAX 100000000u
#define PACKET_MS_DEFAULT 0.25
#define PACKET_MS_MAX 1000.0

static const char help_text[] =
	"usage: signet-vmcu run [OPTION...]        a chip on a workbench\n"
	"       signet-vmcu ctl SOCKET COMMAND...  operate that bench\n"
	"       signet-vmcu copy FROM TO --uid HEX flash and options into a\n"
	"                                          chip with another UID\n"
	"       signet-vmcu flip FILE ADDRESS BIT  flip a stored flash bit\n"
	"       signet-vmcu dump FILE OUT.bin      the flash array, past "
	"locks\n"
	"       signet-vmcu --help | --version\n"
	"\n"
	"options of run:\n"
	"  --chip NAME          what it is (default stm32l432; the list is "
	"below)\n"
	"  --state FILE         the chip's flash, options and UID live here;\n"
	"                       made when missing; none: in memory only\n"
	"  --uid HEX            UID of a new chip, as long as it has one\n"
	"                       (default: by seed)\n"
	"  --seed N             all that is random in the chip (default 1)\n"
	"  --profile NAME       \"genuine\", or a counterfeit\n"
	"  --quirk NAME[,NAME]  open questions, published weaknesses, board\n"
	"  --dap ADDR:PORT      CMSIS-DAP over TCP; port 0 = a free one\n"
	"  --bitbang ADDR:PORT  remote_bitbang, JTAG\n"
	"  --usbredir ADDR:PORT CMSIS-DAP as a USB device, for QEMU's\n"
	"                       usb-redir\n"
	"  --uart ADDR:PORT     the firmware's UART as a byte stream\n"
	"  --usb-serial TEXT    the probe's serial number (default: from the "
	"UID)\n"
	"  --fiction-jtag       JTAG in front of a chip that has SWD alone\n"
	"  --control SOCKET     unix socket for ctl\n"
	"  --packet-cost MS     virtual time of a probe packet (default 0.25)\n"
	"  --jtag-clock HZ      clock of remote_bitbang (default 1000000)\n"
	"  --flash-time KIND    min, typ (default) or max\n"
	"  --speed real         virtual time follows the wall clock as well\n"
	"  --power off          start with the supply switched off\n"
	"  --capture FILE       record all wires as VCD, in virtual time\n"
	"  --fault KIND=VALUE   as ctl fault; may be given several times\n"
	"  --ready-file FILE    written, whole, when all ports are open\n"
	"\n"
	"One JSON line on the output names the ports when all is ready.\n"
	"SIGTERM saves the state file and ends.  Exit codes: 0 done, 1 "
	"failed,\n"
	"2 wrong usage.\n"
	"\n";

static void print_chips(void)
{
	fputs("chips:", stdout);
	for (unsigned i = 0; mcu_chip_name(i) != NULL; i++)
		printf(" %s", mcu_chip_name(i));
	putchar('\n');
}

static void print_help(void)
{
	char buf[4096];
	struct control_text text = { .buf = buf, .cap = sizeof(buf) };

	control_usage(&text);
	fputs(help_text, stdout);
	print_chips();
	fputs("\ncommands of ctl:\n", stdout);
	fwrite(text.buf, 1, text.len, stdout);
}

/* -- options of run ------------------------------------------------------- */

struct parse {
	struct run_options o;
	uint8_t uid[MCU_UID_MAX];
};

static bool set_chip(struct parse *p, const char *s)
{
	p->o.mcu.chip = s;
	return true;
}

static bool set_state(struct parse *p, const char *s)
{
	p->o.mcu.state = s;
	return *s != '\0';
}

static bool set_uid(struct parse *p, const char *s)
{
	p->o.mcu.uid = p->uid;
	return hex_decode(s, p->uid, sizeof(p->uid), &p->o.mcu.uid_len) == 0 &&
	       p->o.mcu.uid_len != 0;
}

static bool set_seed(struct parse *p, const char *s)
{
	char *end;

	errno = 0;
	p->o.mcu.seed = strtoull(s, &end, 0);
	return *s >= '0' && *s <= '9' && *end == '\0' && errno == 0;
}

static bool set_profile(struct parse *p, const char *s)
{
	p->o.mcu.profile = s;
	return true;
}

static bool set_quirk(struct parse *p, const char *s)
{
	p->o.mcu.quirks = s;
	return *s != '\0';
}

static bool set_dap(struct parse *p, const char *s)
{
	p->o.dap = s;
	return true;
}

static bool set_bitbang(struct parse *p, const char *s)
{
	p->o.bitbang = s;
	return true;
}

static bool set_uart(struct parse *p, const char *s)
{
	p->o.uart = s;
	return true;
}

static bool set_usbredir(struct parse *p, const char *s)
{
	p->o.usbredir = s;
	return true;
}

/* What USB hosts and our own addresses take without trouble. */
static bool set_usb_serial(struct parse *p, const char *s)
{
	size_t len = strlen(s);

	for (size_t i = 0; i < len; i++)
		if (s[i] <= 0x20 || s[i] > 0x7e || strchr("/:,;\"'\\", s[i]))
			return false;
	p->o.usb_serial = s;
	return len != 0 && len < DPROBE_SERIAL_CAP;
}

static bool set_control(struct parse *p, const char *s)
{
	p->o.control = s;
	return true;
}

static bool set_packet_cost(struct parse *p, const char *s)
{
	char *end;
	double ms = strtod(s, &end);

	if (end == s || *end != '\0' || !(ms >= 0 && ms <= PACKET_MS_MAX))
		return false;
	p->o.packet_ps = (uint64_t)(ms * PS_PER_MS);
	return true;
}

static bool set_fiction_jtag(struct parse *p, const char *s)
{
	(void)s;
	p->o.fiction_jtag = true;
	return true;
}

static bool set_jtag_clock(struct parse *p, const char *s)
{
	char *end;
	unsigned long hz = strtoul(s, &end, 10);

	p->o.jtag_hz = (uint32_t)hz;
	return *s >= '0' && *s <= '9' && *end == '\0' && hz > 0 &&
	       hz <= JTAG_HZ_MAX;
}

static bool set_flash_time(struct parse *p, const char *s)
{
	if (strcmp(s, "min") == 0)
		p->o.mcu.flash_time = MCU_TIME_MIN;
	else if (strcmp(s, "typ") == 0)
		p->o.mcu.flash_time = MCU_TIME_TYP;
	else if (strcmp(s, "max") == 0)
		p->o.mcu.flash_time = MCU_TIME_MAX;
	else
		return false;
	return true;
}

static bool set_speed(struct parse *p, const char *s)
{
	p->o.real_time = strcmp(s, "real") == 0;
	return p->o.real_time || strcmp(s, "virtual") == 0;
}

static bool set_power(struct parse *p, const char *s)
{
	p->o.power_off = strcmp(s, "off") == 0;
	return p->o.power_off || strcmp(s, "on") == 0;
}

static bool set_capture(struct parse *p, const char *s)
{
	p->o.capture = s;
	return *s != '\0';
}

static bool set_fault(struct parse *p, const char *s)
{
	if (p->o.fault_count == RUN_FAULTS)
		return false;
	p->o.faults[p->o.fault_count++] = s;
	return true;
}

static bool set_ready_file(struct parse *p, const char *s)
{
	p->o.ready_file = s;
	return *s != '\0';
}

static const struct {
	const char *name;
	bool (*set)(struct parse *p, const char *s);
	bool flag; /* takes no value */
} run_option[] = {
	{ "chip", set_chip, false },
	{ "state", set_state, false },
	{ "uid", set_uid, false },
	{ "seed", set_seed, false },
	{ "profile", set_profile, false },
	{ "quirk", set_quirk, false },
	{ "dap", set_dap, false },
	{ "bitbang", set_bitbang, false },
	{ "usbredir", set_usbredir, false },
	{ "uart", set_uart, false },
	{ "usb-serial", set_usb_serial, false },
	{ "control", set_control, false },
	{ "packet-cost", set_packet_cost, false },
	{ "fiction-jtag", set_fiction_jtag, true },
	{ "jtag-clock", set_jtag_clock, false },
	{ "flash-time", set_flash_time, false },
	{ "speed", set_speed, false },
	{ "power", set_power, false },
	{ "capture", set_capture, false },
	{ "fault", set_fault, false },
	{ "ready-file", set_ready_file, false },
};
#define RUN_OPTIONS (sizeof(run_option) / sizeof(run_option[0]))

static int wrong(const char *next, const char *what, const char *value)
{
	problem(next, "%s%s", what, value);
	return VMCU_EXIT_USAGE;
}

static int no_such_chip(const char *name)
{
	char list[256] = "give one of:";
	size_t len = strlen(list);

	for (unsigned i = 0; mcu_chip_name(i) != NULL; i++)
		len += (size_t)snprintf(list + len, sizeof(list) - len, " %s",
					mcu_chip_name(i));
	problem(list, "--chip: there is no \"%s\"", name);
	return VMCU_EXIT_USAGE;
}

/* A state file knows its chip; a new one must be told. */
static int choose_chip(struct mcu_config *m)
{
	size_t len;

	if (m->chip == NULL && m->state != NULL && access(m->state, F_OK) == 0)
		return VMCU_EXIT_OK;
	if (m->chip == NULL)
		m->chip = VMCU_CHIP;
	len = mcu_chip_uid_len(m->chip);
	if (len == 0)
		return no_such_chip(m->chip);
	if (m->uid != NULL && m->uid_len != len) {
		problem("give as many, or leave --uid out: the seed makes one",
			"--uid: %s has one of %zu hex digits", m->chip,
			2 * len);
		return VMCU_EXIT_USAGE;
	}
	return VMCU_EXIT_OK;
}

static bool same(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* Options that mean nothing without another, or spoil it. */
static int check_together(const struct run_options *o)
{
	const char *const files[] = { o->mcu.state, o->control, o->capture,
				      o->ready_file };

	if (o->dap == NULL && o->bitbang == NULL && o->usbredir == NULL &&
	    o->control == NULL)
		return wrong("give --dap, --bitbang, --usbredir or --control",
			     "nobody could reach the chip", "");
	if (o->fiction_jtag && o->bitbang == NULL)
		return wrong("give --bitbang, or leave it out",
			     "--fiction-jtag: there is no JTAG client", "");
	if (o->usb_serial != NULL && o->usbredir == NULL && o->dap == NULL)
		return wrong("give --usbredir or --dap, or leave it out",
			     "--usb-serial: there is no probe", "");
	for (unsigned i = 0; i < 4; i++)
		for (unsigned k = i + 1; k < 4; k++)
			if (same(files[i], files[k]))
				return wrong("name different files",
					     "two options write to ", files[i]);
	return VMCU_EXIT_OK;
}

static int parse_run(int argc, char **argv, struct parse *p)
{
	struct option options[RUN_OPTIONS + 1] = { 0 };
	int c, i = 0;

	for (size_t k = 0; k < RUN_OPTIONS; k++)
		options[k] = (struct option){ run_option[k].name,
					      run_option[k].flag
						      ? no_argument
						      : required_argument,
					      NULL, 'x' };
	while ((c = getopt_long(argc, argv, "", options, &i)) != -1) {
		if (c != 'x') { /* getopt has said what */
			fprintf(stderr, "  next: %s\n", NEXT_HELP);
			return VMCU_EXIT_USAGE;
		}
		if (!run_option[i].set(p, optarg)) {
			problem(NULL, "--%s: \"%s\" is not valid",
				run_option[i].name, optarg);
			return VMCU_EXIT_USAGE;
		}
	}
	if (optind != argc)
		return wrong(NULL, "unexpected argument ", argv[optind]);
	c = check_together(&p->o);
	return c != VMCU_EXIT_OK ? c : choose_chip(&p->o.mcu);
}

static int run(int argc, char **argv)
{
	struct parse p = { .o = {
				   .mcu = { .seed = 1,
					    .flash_time = MCU_TIME_TYP },
				   .packet_ps = (uint64_t)(PACKET_MS_DEFAULT *
							   PS_PER_MS),
				   .jtag_hz = JTAG_HZ_DEFAULT,
			   } };
	int code = parse_run(argc, argv, &p);

	return code == VMCU_EXIT_OK ? run_bench(&p.o) : code;
}

static bool is_help(const char *s)
{
	return strcmp(s, "--help") == 0 || strcmp(s, "-h") == 0;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(int argc, char **argv);
	} tools[] = {
		{ "ctl", tool_ctl },
		{ "copy", tool_copy },
		{ "flip", tool_flip },
		{ "dump", tool_dump },
	};
	const char *what = argc > 1 ? argv[1] : "";

	/* Unicorn reserves a gigabyte and touches a little of it: huge pages
	 * would have the kernel clear hundreds of megabytes per chip. */
	(void)prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	if (is_help(what) || (argc == 3 && is_help(argv[2]))) {
		print_help();
		return VMCU_EXIT_OK;
	}
	if (strcmp(what, "--version") == 0) {
		printf("signet-vmcu %s\n", VERSION);
		return VMCU_EXIT_OK;
	}
	if (strcmp(what, "run") == 0) {
		argv[1] = argv[0]; /* getopt's complaints name the program */
		return run(argc - 1, argv + 1);
	}
	for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++)
		if (strcmp(tools[i].name, what) == 0)
			return tools[i].run(argc - 2, argv + 2);
	if (*what == '\0')
		return wrong(NULL, "no command", "");
	problem(NULL, "unknown command \"%s\"", what);
	return VMCU_EXIT_USAGE;
}
