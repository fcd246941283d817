/* SPDX-License-Identifier: MIT */
/*
 * Unicorn 2.0.1 forgets descriptors of pages whose translated code it throws
 * away.  Leak checks of programs that link it leave that library out.
 */
#if defined(__SANITIZE_ADDRESS__)
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
	return "leak:libunicorn.so\n";
}
#else
extern int vmcu_unicorn_leaks_unused; /* a file must declare something */
#endif
