/*
 * The dict backend: the text of its file, changes by many at a time under
 * each kind of lock, and what stands in the setting.
 */
#include "config.h"
#include "quota/dict.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/err.h"
#include "core/pool.h"
#include "core/str.h"
#include "quota/dict-text.h"
#include "quota/quota.h"
#include "tests/unit/unit.h"

#define TEXT(messages, bytes) \
	DICT_MESSAGES "\n" messages "\n" DICT_STORAGE "\n" bytes "\n"

START_TEST(test_text_get)
{
	static const struct {
		const char *text;
		int result;
		uint64_t bytes, messages;
	} cases[] = {
		{ TEXT("2", "403"), 1, 403, 2 },
		{ DICT_STORAGE "\n1\n" DICT_MESSAGES "\n2\n", 1, 1, 2 },
		{ DICT_STORAGE "\n1\n" DICT_MESSAGES "\n2", 1, 1, 2 },
		{ "other\nx\n" TEXT("2", "403") "more\ny\n", 1, 403, 2 },
		{ TEXT("-2", "-403"), 1, 0, 0 },
		{ TEXT("18446744073709551615", "1"), 1, 1, UINT64_MAX },
		{ "", 0, 0, 0 },
		{ "\n", 0, 0, 0 },
		{ DICT_STORAGE "\n1\n", 0, 0, 0 },
		{ DICT_STORAGE "\n", 0, 0, 0 },
		{ TEXT("", "1"), 0, 0, 0 },
		{ TEXT("1", "1x"), 0, 0, 0 },
		{ TEXT("1", "18446744073709551616"), 0, 0, 0 },
		{ TEXT("--1", "1"), 0, 0, 0 },
		/* a value that looks like a name */
		{ "x\n" DICT_STORAGE "\n5\n" DICT_MESSAGES "\n", 0, 0, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct quota_usage usage = { 77, 88 };
		int result = dict_text_get(cases[i].text,
					   strlen(cases[i].text), &usage);

		ck_assert_msg(result == cases[i].result, "case %zu", i);
		ck_assert_uint_eq(usage.bytes, result ? cases[i].bytes : 77);
		ck_assert_uint_eq(usage.messages,
				  result ? cases[i].messages : 88);
	}
}
END_TEST

START_TEST(test_text_change)
{
	static const struct {
		const char *text;
		int64_t bytes, messages;
		const char *want;
	} cases[] = {
		{ TEXT("2", "403"), 100, 1, TEXT("3", "503") },
		{ TEXT("2", "403"), -100, -1, TEXT("1", "303") },
		{ TEXT("2", "403"), -500, -5, TEXT("0", "0") },
		{ "", 5, 1, TEXT("1", "5") },
		{ "a\nb\n" TEXT("1", "1") "c\n\n", 1, 1,
		  "a\nb\nc\n\n" TEXT("2", "2") },
		{ "half", 1, 1, TEXT("1", "1") },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct str out = STR_INIT;

		dict_text_add(&out, cases[i].text, strlen(cases[i].text),
			      cases[i].bytes, cases[i].messages);
		ck_assert_str_eq(str_c(&out), cases[i].want);
		str_free(&out);
	}
}
END_TEST

/* --- files --- */

static char dir[32];
static struct pool *pool;

static struct quota_dict *
open_file(const char *args)
{
	struct quota_dict *dict = pool_new_obj(pool, struct quota_dict);
	struct err err;

	*dict = (struct quota_dict){ .driver = &quota_dict_file, .pool = pool,
		.user = "alice", .home = dir };
	ck_assert_msg(dict->driver->open(dict, args, &err) == 0, "%s",
		      err.text);
	return dict;
}

static void
check_values(struct quota_dict *dict, uint64_t bytes, uint64_t messages)
{
	struct quota_usage usage;
	struct err err;

	ck_assert_int_eq(dict->driver->get(dict, &usage, &err), 1);
	ck_assert_uint_eq(usage.bytes, bytes);
	ck_assert_uint_eq(usage.messages, messages);
}

static void
setup(void)
{
	pool = pool_new();
	strcpy(dir, "/tmp/loft-dict.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
}

static void
teardown(void)
{
	char command[100];

	(void)snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
	pool_free(&pool);
}

static void
write_file(const char *name, const char *text, mode_t mode)
{
	char path[200];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)),
			 (ssize_t)strlen(text));
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
}

START_TEST(test_file)
{
	struct quota_dict *dict;
	struct quota_usage usage = { 1000, 10 };
	struct err err;
	struct stat st;

	setup();
	dict = open_file("~/a/b/quota");
	ck_assert_int_eq(dict->driver->get(dict, &usage, &err), 0);
	ck_assert_int_eq(dict->driver->set(dict, &usage, &err), 0);
	check_values(dict, 1000, 10);
	ck_assert_int_eq(dict->driver->add(dict, -100, -1, &err), 0);
	check_values(dict, 900, 9);
	/* Its mode stays, and what else lies in it. */
	write_file("shared", "x\ny\n", 0640);
	dict = open_file(pool_printf(pool, "%s/shared", dir));
	ck_assert_int_eq(dict->driver->set(dict, &usage, &err), 0);
	ck_assert_int_eq(stat(pool_printf(pool, "%s/shared", dir), &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0640);
	ck_assert_uint_eq(st.st_size, strlen("x\ny\n" TEXT("10", "1000")));
	/* Broken: counted anew. */
	write_file("shared", "\0\0\0", 0600);
	ck_assert_int_eq(dict->driver->get(dict, &usage, &err), 0);
	teardown();
}
END_TEST

START_TEST(test_stale_lock)
{
	struct quota_dict *dict;
	struct timespec long_ago[2] = { { 1000, 0 }, { 1000, 0 } };
	const char *lock;
	struct err err;

	setup();
	write_file("quota.lock", "", 0600);
	lock = pool_printf(pool, "%s/quota.lock", dir);
	ck_assert_int_eq(utimensat(AT_FDCWD, lock, long_ago, 0), 0);
	dict = open_file("~/quota");
	ck_assert_int_eq(dict->driver->add(dict, 5, 1, &err), 0);
	check_values(dict, 5, 1);
	ck_assert_int_ne(access(lock, F_OK), 0);
	teardown();
}
END_TEST

enum { PROCESSES = 6, TIMES = 40 };

static void
add_many(const char *args)
{
	struct quota_dict *dict = open_file(args);
	struct err err;

	for (int i = 0; i < TIMES; i++) {
		if (dict->driver->add(dict, 7, 1, &err) < 0) {
			fprintf(stderr, "%s\n", err.text);
			_exit(1);
		}
	}
	_exit(0);
}

START_TEST(test_many)
{
	static const char *const kinds[] = {
		"~/quota", "~/quota:lock=dotlock", "~/quota:lock=fcntl",
		"~/quota:lock=flock",
	};
	const char *args = kinds[_i];
	int status;

	setup();
	for (int i = 0; i < PROCESSES; i++) {
		if (fork() == 0)
			add_many(args);
	}
	for (int i = 0; i < PROCESSES; i++) {
		ck_assert_int_gt(wait(&status), 0);
		ck_assert_int_eq(status, 0);
	}
	check_values(open_file(args), 7 * PROCESSES * TIMES,
		     PROCESSES * TIMES);
	teardown();
}
END_TEST

START_TEST(test_settings)
{
	static const struct {
		const struct quota_dict_driver *driver;
		const char *args, *error;	/* NULL: fine */
	} cases[] = {
		{ &quota_dict_file, "/x", NULL },
		{ &quota_dict_file, "/x:lock=flock", NULL },
		{ &quota_dict_file, "/x:lock=none", "Invalid parameter" },
		{ &quota_dict_file, "/x:y", "Invalid parameter" },
		{ &quota_dict_file, "x", "must be absolute" },
		{ &quota_dict_file, "", "must be absolute" },
#ifdef HAVE_HIREDIS
		{ &quota_dict_redis, "", NULL },
		{ &quota_dict_redis, "host=127.0.0.1:port=1:prefix=a/:"
		  "db=3:password=x:expire_secs=5:timeout_msecs=100", NULL },
		{ &quota_dict_redis, "path=/run/redis", NULL },
		{ &quota_dict_redis, "host=localhost", "Invalid IP" },
		{ &quota_dict_redis, "port=65536", "Invalid number" },
		{ &quota_dict_redis, "port=x", "Invalid number" },
		{ &quota_dict_redis, "x=y", "Unknown parameter" },
		{ &quota_dict_redis, "x", "Unknown parameter" },
#endif
	};

	setup();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct quota_dict dict = { .driver = cases[i].driver,
			.pool = pool, .user = "alice",
			.home = "/home/alice" };
		struct err err = { .text = "" };
		int result = dict.driver->open(&dict, cases[i].args, &err);

		ck_assert_msg(result == (cases[i].error != NULL ? -1 : 0),
			      "%s: %s", cases[i].args, err.text);
		if (result < 0) {
			ck_assert_int_eq(err.kind, ERR_CONFIG);
			ck_assert_msg(strstr(err.text, cases[i].error) != NULL,
				      "%s", err.text);
		}
	}
	teardown();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("quota-dict");
	TCase *tcase = tcase_create("quota-dict");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, test_text_get);
	tcase_add_test(tcase, test_text_change);
	tcase_add_test(tcase, test_file);
	tcase_add_test(tcase, test_stale_lock);
	tcase_add_loop_test(tcase, test_many, 0, 4);
	tcase_add_test(tcase, test_settings);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
