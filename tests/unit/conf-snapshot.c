/* The snapshot: there and back, and who gets what. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "conf/conf.h"
#include "conf/scope.h"
#include "conf/settings.h"
#include "conf/snapshot.h"
#include "core/err.h"
#include "core/pool.h"
#include "core/str.h"
#include "service/log-settings.h"
#include "service/ssl-settings.h"

/* conf_load() of a text, through a memfd of its own. */
static struct conf *
load(const char *text)
{
	struct str errors = STR_INIT, warnings = STR_INIT;
	struct conf *conf = NULL;
	char path[64];
	int fd = memfd_create("conf", 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)),
			 (ssize_t)strlen(text));
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ck_assert_msg(conf_load(path, &conf, &errors, &warnings) == 0, "%s",
		      str_c(&errors));
	(void)close(fd);
	str_free(&errors);
	str_free(&warnings);
	return conf;
}

static struct conf *
through(struct conf *conf, const struct settings_info *const *modules,
	bool read_files)
{
	struct conf *copy = NULL;
	struct err err;
	int fd = snapshot_write(conf, modules, read_files, &err);

	ck_assert_msg(fd >= 0, "%s", err.text);
	ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_lt(write(fd, "x", 1), 0);	/* sealed */
	/* the offset is shared between processes: it must not matter */
	ck_assert_int_eq(lseek(fd, 5, SEEK_SET), 5);
	ck_assert_msg(snapshot_read(fd, &copy, &err) == 0, "%s", err.text);
	(void)close(fd);
	conf_free(&conf);
	return copy;
}

static void
expect(const struct conf *conf, const struct scope *scope, const char *path,
       const char *value)
{
	const char *got = conf_get(conf, scope, path);

	ck_assert_msg(str_eq(got, value), "%s: %s", path,
		      got != NULL ? got : "(none)");
}

START_TEST(everything_comes_back)
{
	struct scope lmtp = { .protocol = "lmtp" }, both = lmtp;
	struct conf *conf = through(load(
		"hostname = a\\nb = c\n"
		"mail_plugins = x\n"
		"protocol lmtp {\n mail_plugins = $mail_plugins y\n}\n"
		"local 10.0.0.0/8 {\n protocol lmtp {\n"
		"  hostname = inner\n }\n}\n"
		"service lmtp {\n unix_listener /a=b/c {\n mode = 0600\n }\n"
		" inet_listener empty {\n }\n}\n"
		"passdb {\n driver = static\n}\n"
		"plugin {\n a=b = c\n x = y\n}\n"), NULL, false);

	ck_assert(ip_parse("10.1.2.3", &both.local));
	expect(conf, &scope_global, "hostname", "a\\nb = c");
	expect(conf, &scope_global, "mail_plugins", "x");
	expect(conf, &lmtp, "mail_plugins", "x y");
	expect(conf, &lmtp, "hostname", "a\\nb = c");
	expect(conf, &both, "hostname", "inner");
	expect(conf, &scope_global,
	       "service/lmtp/unix_listener/\\sa=b\\sc/mode", "0600");
	expect(conf, &scope_global, "service/lmtp/inet_listener/empty/", "");
	expect(conf, &scope_global, "passdb/0/driver", "static");
	expect(conf, &scope_global, "plugin/x", "y");
	ck_assert(str_begins(conf_file(conf), "/proc/self/fd/"));
	conf_free(&conf);
}
END_TEST

START_TEST(secrets_go_where_they_are_declared)
{
	static const char text[] =
		"ssl_key = </proc/self/comm\nlog_path = /x\n"
		"passdb {\n driver = static\n args = password=secret\n}\n"
		"service lmtp {\n process_limit = 3\n}\n";
	const struct settings_info *log[] = { &log_settings_info, NULL };
	const struct settings_info *ssl[] = { &ssl_settings_info, NULL };
	struct conf *conf = through(load(text), log, true);

	expect(conf, &scope_global, "log_path", "/x");
	expect(conf, &scope_global, "ssl_key", NULL);
	expect(conf, &scope_global, "passdb/0/args", NULL);
	expect(conf, &scope_global, "service/lmtp/process_limit", "3");
	conf_free(&conf);

	conf = through(load(text), ssl, false);
	expect(conf, &scope_global, "ssl_key", "</proc/self/comm");
	expect(conf, &scope_global, "log_path", NULL);
	conf_free(&conf);

	conf = through(load(text), ssl, true);
	ck_assert(str_ends(conf_get(conf, &scope_global, "ssl_key"), "\n"));
	conf_free(&conf);
}
END_TEST

START_TEST(missing_key_is_told)
{
	struct conf *conf = load("hostname = x\nssl_key = </nosuch/key\n");
	struct err err;

	ck_assert_int_eq(snapshot_write(conf, NULL, true, &err), -1);
	ck_assert(strstr(err.text, "line 2: ssl_key: ") != NULL);
	ck_assert(strstr(err.text, "/nosuch/key") != NULL);
	conf_free(&conf);
}
END_TEST

START_TEST(files_are_read_for_those_who_may_not)
{
	struct conf *conf = load("hostname = </proc/self/comm\n"
				 "imap_id_send = </nosuch/file\n"
				 "protocol imap {\n"
				 " mail_plugins = </nosuch/file\n}\n"
				 "plugin {\n x = </nosuch/file\n}\n");
	const struct log_settings *set;
	struct pool *pool = pool_new();
	struct err err;
	int fd;

	conf = through(conf, NULL, false);
	ck_assert_ptr_null(strchr(conf_get(conf, &scope_global, "hostname"),
				  '\n'));
	ck_assert_int_ne(*conf_get(conf, &scope_global, "hostname"), '<');
	conf_free(&conf);

	/* what a file holds isn't the name of another one */
	fd = memfd_create("snapshot", 0);
	ck_assert_int_gt(dprintf(fd, "loft-settings 1\n"
				 "set 0 log_path=</nosuch/file\n"), 0);
	ck_assert_int_eq(snapshot_read(fd, &conf, &err), 0);
	set = settings_get(conf, &scope_global, "", &log_settings_info, NULL,
			   pool, &err);
	ck_assert_ptr_nonnull(set);
	ck_assert_str_eq(set->log_path, "</nosuch/file");
	(void)close(fd);
	conf_free(&conf);

	conf = load("log_path = x\nhostname = </nosuch/file\n");
	ck_assert_int_eq(snapshot_write(conf, NULL, false, &err), -1);
	ck_assert_msg(strstr(err.text, "line 2: hostname: ") != NULL, "%s",
		      err.text);
	conf_free(&conf);
	pool_free(&pool);
}
END_TEST

START_TEST(garbage_is_refused)
{
	static const char *const texts[] = {
		"", "x", "loft-settings 2\n", "loft-settings 1\nset x\n",
		"loft-settings 1\nset 7 a=b\n", "loft-settings 1\nset 0 ab\n",
		"loft-settings 1\nfilter 1 9 protocol x\n",
		"loft-settings 1\nfilter 1 0 local nonsense/x\n",
		"loft-settings 1\nfilter 1 0 nosuch x\n",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct conf *conf = NULL;
		struct err err;
		int fd = memfd_create("snapshot", 0);

		ck_assert_int_eq(write(fd, texts[i], strlen(texts[i])),
				 (ssize_t)strlen(texts[i]));
		ck_assert_msg(snapshot_read(fd, &conf, &err) == -1, "%s",
			      texts[i]);
		ck_assert_ptr_null(conf);
		(void)close(fd);
	}
}
END_TEST

START_TEST(unknown_lines_and_values_are_passed_over)
{
	static const char text[] = "loft-settings 1\nfuture 1 2 3\n"
		"set 0 newer_setting=1\nset 0 log_path=/x\n"
		"set 0 lmtp_max_errors=many\n";
	struct conf *conf = NULL;
	struct err err;
	int fd = memfd_create("snapshot", 0);

	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	ck_assert_int_eq(snapshot_read(fd, &conf, &err), 0);
	expect(conf, &scope_global, "log_path", "/x");
	conf_free(&conf);
	(void)close(fd);
}
END_TEST

UNIT_MAIN("conf-snapshot", everything_comes_back,
	  secrets_go_where_they_are_declared, missing_key_is_told,
	  files_are_read_for_those_who_may_not,
	  garbage_is_refused, unknown_lines_and_values_are_passed_over);
