/* Reading configurations: syntax, merging, scopes, every error. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/conf.h"
#include "conf/scope.h"
#include "conf/settings.h"
#include "core/err.h"
#include "core/pool.h"
#include "core/str.h"

static char dir[64];
static struct str errors, warnings;
static struct pool *pool;

static void
setup(void)
{
	(void)snprintf(dir, sizeof(dir), "/tmp/loft-conf-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	pool = pool_new();
}

static void
teardown(void)
{
	char command[128];

	(void)snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
	str_free(&errors);
	str_free(&warnings);
	pool_free(&pool);
}

static const char *
write_file_n(const char *name, const char *text, size_t len)
{
	static char path[256];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(text, 1, len, f), len);
	ck_assert_int_eq(fclose(f), 0);
	return path;
}

static const char *
write_file(const char *name, const char *text)
{
	return write_file_n(name, text, strlen(text));
}

static struct conf *
load(const char *text)
{
	struct conf *conf = NULL;
	const char *file = write_file("c", text);

	str_reset(&errors);
	str_reset(&warnings);
	ck_assert_msg(conf_load(file, &conf, &errors, &warnings) == 0,
		      "%s\n%s", text, str_c(&errors));
	ck_assert_str_eq(str_c(&errors), "");
	return conf;
}

static void
expect(const struct conf *conf, const struct scope *scope, const char *path,
       const char *value)
{
	const char *got = conf_get(conf, scope, path);

	ck_assert_msg(str_eq(got, value), "%s: '%s' instead of '%s'", path,
		      got != NULL ? got : "(none)",
		      value != NULL ? value : "(none)");
}

START_TEST(values)
{
	static const struct {
		const char *text, *value;
	} cases[] = {
		{ "hostname = a", "a" },
		{ "hostname=a", "a" },
		{ "  hostname   =   a  b  ", "a  b" },
		{ "hostname =", "" },
		{ "hostname = a # c", "a" },
		{ "hostname = \"a b\" # c", "a b" },
		{ "hostname = \"a#b\"", "a#b" },
		{ "hostname = a \"b # c\"", "a \"b # c\"" },
		{ "hostname = it's # x", "it's # x" },
		{ "hostname = 'a \\' b'", "a ' b" },
		{ "hostname = \"a \\\" b\"", "a \" b" },
		{ "hostname = \"a \\\\ \\n b\"", "a \\ n b" },
		{ "hostname = \"a\" b", "\"a\" b" },
		{ "hostname = \"a", "\"a" },
		{ "hostname = a\\b", "a\\b" },
		{ "hostname = ${HOME} %u {x}", "${HOME} %u {x}" },
		{ "hostname = a \\\n   b", "a b" },
		{ "hostname = a\\\nb", "a b" },
		{ "hostname = a \\  \n   b", "a b" },
		{ "hostname = a # c \\\nlogin_greeting = b", "a" },
		{ "# c \\\nhostname = b", "b" },
		{ "hostname = a\nhostname = b", "b" },
		{ "hostname = x\r\nmail_debug = yes\r\n", "x" },
		{ "\xef\xbb\xbfhostname = x", "x" },
		{ "hostname = <c", "<c" },
		{ "hostname = <   c", "<c" },
		{ "hostname = \" a \"", " a " },
		{ "hostname = \xc3\xa9", "\xc3\xa9" },
		{ "hostname = %$: %s", "%$: %s" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct conf *conf = load(cases[i].text);
		const char *got = conf_get(conf, &scope_global, "hostname");

		ck_assert_msg(str_eq(got, cases[i].value), "%s: '%s'",
			      cases[i].text, got);
		conf_free(&conf);
	}
}
END_TEST

START_TEST(sections)
{
	struct conf *conf = load(
		"service lmtp {\n"
		"  unix_listener /var/spool/postfix/private/x {\n"
		"    mode = 0600\n"
		"  }\n"
		"  inet_listener lmtp {\n"
		"    port = 24\n"
		"  }\n"
		"  inet_listener lmtp {\n"
		"    address = ::1\n"
		"  }\n"
		"}\n"
		"service lmtp {\n"
		"  process_limit = 7\n"
		"  unix_listener empty {\n"
		"  }\n"
		"}\n"
		"passdb {\n driver = a\n}\n"
		"passdb {\n driver = b\n}\n"
		"namespace inbox {\n inbox = yes\n"
		" mailbox \"a b\" {\n auto = create\n }\n}\n"
		"namespace inbox {\n prefix = x/\n}\n"
		"plugin {\n quota = maildir:x\n}\n"
		"plugin {\n foo-bar = \"  y \"\n}\n"
		"plugin/sieve = z\n"
		"service/lmtp/user = vmail\n");
	const char **names;

	expect(conf, &scope_global,
	       "service/lmtp/unix_listener/\\svar\\sspool\\spostfix\\sprivate"
	       "\\sx/mode", "0600");
	expect(conf, &scope_global, "service/lmtp/inet_listener/lmtp/port",
	       "24");
	expect(conf, &scope_global, "service/lmtp/inet_listener/lmtp/address",
	       "::1");
	expect(conf, &scope_global, "service/lmtp/process_limit", "7");
	expect(conf, &scope_global, "service/lmtp/protocol", "lmtp");
	expect(conf, &scope_global, "service/lmtp/user", "vmail");
	expect(conf, &scope_global, "service/lmtp/group", NULL);
	expect(conf, &scope_global, "namespace/inbox/mailbox/a b/auto",
	       "create");
	expect(conf, &scope_global, "namespace/inbox/prefix", "x/");
	expect(conf, &scope_global, "plugin/quota", "maildir:x");
	expect(conf, &scope_global, "plugin/foo-bar", "  y ");
	expect(conf, &scope_global, "plugin/sieve", "z");

	names = conf_names(conf, &scope_global, "service/lmtp/unix_listener",
			   pool);
	ck_assert_str_eq(names[0], "lmtp");
	ck_assert_str_eq(names[1], "\\svar\\sspool\\spostfix\\sprivate\\sx");
	ck_assert_str_eq(names[2], "empty");
	ck_assert_ptr_null(names[3]);
	names = conf_names(conf, &scope_global, "passdb", pool);
	expect(conf, &scope_global,
	       pool_printf(pool, "passdb/%s/driver", names[0]), "a");
	expect(conf, &scope_global,
	       pool_printf(pool, "passdb/%s/driver", names[1]), "b");
	ck_assert_ptr_null(names[2]);
	names = conf_names(conf, &scope_global, "userdb", pool);
	ck_assert_ptr_null(names[0]);
	conf_free(&conf);
	ck_assert_ptr_null(conf);
}
END_TEST

static int
unit_fixture_main(void)
{
	Suite *suite = suite_create("conf-conf");
	TCase *tcase = tcase_create("conf-conf");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, values);
	tcase_add_test(tcase, sections);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
main(void)
{
	return unit_fixture_main();
}
