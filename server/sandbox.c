/* SPDX-License-Identifier: MIT */
#include "server/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- Landlock ---------------------------------------------------------- */

#define LANDLOCK_ALL_V1                                                   \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |     \
	 LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |     \
	 LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
	 LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |     \
	 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |     \
	 LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |   \
	 LANDLOCK_ACCESS_FS_MAKE_SYM)
#define LANDLOCK_KEPT                                                   \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE | \
	 LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
	 LANDLOCK_ACCESS_FS_MAKE_REG)

static int landlock_allow(int rules, const char *dir)
{
	struct landlock_path_beneath_attr at = {
		.allowed_access = LANDLOCK_KEPT
	};
	long rc;

	at.parent_fd = open(dir, O_PATH | O_CLOEXEC);
	if (at.parent_fd < 0)
		return -1;
	rc = syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH,
		     &at, 0);
	close(at.parent_fd);
	return rc ? -1 : 0;
}

static int landlock_enter(const char *dir)
{
	struct landlock_ruleset_attr attr = {
		.handled_access_fs = LANDLOCK_ALL_V1
	};
	int rules, err = 0;

	rules = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr),
			     0);
	if (rules < 0) /* a kernel without it: seccomp stands alone */
		return errno == ENOSYS || errno == EOPNOTSUPP ? 0 : -1;
	if (dir && landlock_allow(rules, dir))
		err = -1;
	if (!err && syscall(SYS_landlock_restrict_self, rules, 0))
		err = -1;
	close(rules);
	return err;
}

/* ---- seccomp ----------------------------------------------------------- */

/* What the C library, OpenSSL, GnuTLS, SQLite and threads need. */
static const char *const calls_all[] = {
	"read",
	"write",
	"readv",
	"writev",
	"close",
	"fstat",
	"lseek",
	"mmap",
	"munmap",
	"mremap",
	"mprotect",
	"madvise",
	"brk",
	"rt_sigaction",
	"rt_sigprocmask",
	"rt_sigreturn",
	"sigaltstack",
	"futex",
	"poll",
	"ppoll",
	"select",
	"pselect6",
	"recvfrom",
	"recvmsg",
	"sendto",
	"sendmsg",
	"getrandom",
	"clock_gettime",
	"clock_getres",
	"clock_nanosleep",
	"nanosleep",
	"gettimeofday",
	"time",
	"getpid",
	"gettid",
	"getuid",
	"geteuid",
	"getgid",
	"getegid",
	"getrusage",
	"sched_yield",
	"sched_getaffinity",
	"exit",
	"exit_group",
	"restart_syscall",
	"tgkill",
	"rseq",
	"set_robust_list",
	"get_robust_list",
	"membarrier",
	"uname",
	"sysinfo",
	"prlimit64",
	"fcntl",
	"dup",
	"eventfd2",
	"pipe2",
};

static const char *const calls_files[] = {
	"open",	      "openat",	   "stat",	 "lstat",      "newfstatat",
	"statx",      "access",	   "faccessat",	 "faccessat2", "pread64",
	"pwrite64",   "preadv",	   "pwritev",	 "fsync",      "fdatasync",
	"ftruncate",  "fallocate", "rename",	 "renameat",   "renameat2",
	"link",	      "linkat",	   "unlink",	 "unlinkat",   "readlink",
	"readlinkat", "getcwd",	   "getdents64", "flock",      "fchmod",
	"fchmodat",   "chmod",	   "fchown",	 "umask",      "mkdir",
	"statfs",     "fstatfs",   "fadvise64",	 "utimensat",  "rmdir",
};

static const char *const calls_network[] = {
	"accept",      "accept4",    "shutdown",    "getsockname",
	"getpeername", "getsockopt", "setsockopt",  "epoll_create1",
	"epoll_ctl",   "epoll_wait", "epoll_pwait", "sendfile",
	"clone",       "clone3",     "ioctl",
};

static int allow(scmp_filter_ctx ctx, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int nr = seccomp_syscall_resolve_name(names[i]);

		if (nr == __NR_SCMP_ERROR)
			continue; /* not on this architecture */
		if (seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 0))
			return -1;
	}
	return 0;
}

#define ALLOW(ctx, list) allow(ctx, list, sizeof(list) / sizeof((list)[0]))

static int seccomp_enter(enum sandbox_kind kind)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int rc;

	if (!ctx)
		return -1;
	/* TSYNC: also threads that libraries have started */
	rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1);
	/* Opening a file is answered "no", not with death, where a library
	 * may try it (locale, time zone, its own configuration). */
	if (!rc && kind == SANDBOX_EDGE)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EACCES),
				      SCMP_SYS(openat), 0);
	if (!rc && kind == SANDBOX_EDGE)
		rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EACCES),
				      SCMP_SYS(newfstatat), 0);
	if (!rc) /* threads that are still starting name themselves */
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1,
				      SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
	if (!rc)
		rc = ALLOW(ctx, calls_all);
	if (!rc)
		rc = kind == SANDBOX_EDGE ? ALLOW(ctx, calls_network)
					  : ALLOW(ctx, calls_files);
	if (!rc)
		rc = seccomp_load(ctx);
	seccomp_release(ctx);
	return rc ? -1 : 0;
}

int sandbox_enter(enum sandbox_kind kind, const char *dir,
		  char why[SANDBOX_WHY_CAP])
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) {
		snprintf(why, SANDBOX_WHY_CAP, "no-new-privileges: %s",
			 strerror(errno));
		return E_INTERNAL;
	}
	if (landlock_enter(dir)) {
		snprintf(why, SANDBOX_WHY_CAP,
			 "Landlock cannot be set up: %s; "
			 "\"sandbox = no\" in [server] runs without",
			 strerror(errno));
		return E_INTERNAL;
	}
	if (seccomp_enter(kind)) {
		snprintf(why, SANDBOX_WHY_CAP,
			 "seccomp cannot be set up; "
			 "\"sandbox = no\" in [server] runs without");
		return E_INTERNAL;
	}
	return 0;
}
