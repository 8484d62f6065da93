/* What a script service hears of a warning, and the lock of a user's quota. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/err.h"
#include "core/pool.h"
#include "quota/lock.h"
#include "quota/warning.h"

static char dir[64];
static struct pool *pool;
static struct err err;
static int listener;

static void
setup(void)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };

	pool = pool_new();
	strcpy(dir, "/tmp/loft-unit.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/warn", dir);
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&sa, sizeof(sa)),
			 0);
	ck_assert_int_eq(listen(listener, 5), 0);
}

static void
teardown(void)
{
	(void)close(listener);
	ck_assert_int_eq(unlink(pool_printf(pool, "%s/warn", dir)), 0);
	ck_assert_int_eq(rmdir(dir), 0);
	pool_free(&pool);
}

static void
expect(const char *want)
{
	char got[512] = "";
	size_t len = 0;
	ssize_t n;
	int fd = accept(listener, NULL, NULL);

	ck_assert_int_ge(fd, 0);
	while ((n = read(fd, got + len, sizeof(got) - 1 - len)) > 0)
		len += (size_t)n;
	got[len] = '\0';
	ck_assert_str_eq(got, want);
	(void)close(fd);
}

START_TEST(test_request)
{
	setup();
	ck_assert_int_eq(script_start("warn 95 alice", NULL, dir, pool, &err),
			 0);
	expect("VERSION\tscript\t4\t0\nnoreply\n95\nalice\n\n");
	ck_assert_int_eq(script_start(pool_printf(pool, "unix:%s/warn  a\tb",
						  dir), "c d\ne", "/", pool,
				      &err), 0);
	expect("VERSION\tscript\t4\t0\nnoreply\na\001tb\nc d\001ne\n\n");
	ck_assert_int_eq(script_start("warn", NULL, dir, pool, &err), 0);
	expect("VERSION\tscript\t4\t0\nnoreply\n\n");
	ck_assert_int_eq(script_start("nothing x", NULL, dir, pool, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "/nothing"));
	teardown();
}
END_TEST

/* A service that takes nothing holds us for a moment only. */
START_TEST(test_busy)
{
	int result = 0;

	setup();
	for (int i = 0; i < 10 && result == 0; i++)
		result = script_start("warn x", NULL, dir, pool, &err);
	ck_assert_int_eq(result, -1);
	teardown();
}
END_TEST

START_TEST(test_lock)
{
	int fd, other;

	setup();
	fd = quota_lock(dir, 1000);
	ck_assert_int_ge(fd, 0);
	errno = 0;
	ck_assert_int_eq(quota_lock(dir, 20), -1);
	ck_assert_int_eq(errno, ETIMEDOUT);
	(void)close(fd);
	other = quota_lock(dir, 1000);
	ck_assert_int_ge(other, 0);
	(void)close(other);
	ck_assert_int_eq(quota_lock(pool_printf(pool, "%s/none", dir), 20),
			 -1);
	ck_assert_int_eq(errno, ENOENT);
	teardown();
}
END_TEST

UNIT_MAIN("quota-warning", test_request, test_busy, test_lock);
