/* Reading configurations: values, sections, merging, $names, scopes. What
   Dovecot 2.3.19 makes of the same text was looked up with doveconf. */
#include "tests/unit/conf-text.h"

#include <sys/stat.h>

#include "core/err.h"
#include "core/pool.h"

START_TEST(values)
{
	static const struct {
		const char *text, *value;
	} cases[] = {
		{ "hostname = a", "a" },
		{ "hostname=a", "a" },
		{ "  hostname   =   a  b  ", "a  b" },
		{ "\thostname\t=\ta\t", "a" },
		{ "hostname =", "" },
		{ "hostname = a = b", "a = b" },
		{ "hostname = a # c", "a" },
		{ "hostname = # c", "" },
		{ "hostname = \"a b\" # c", "a b" },
		{ "hostname = \"a#b\"", "a#b" },
		{ "hostname = a \"b # c\"", "a \"b # c\"" },
		{ "hostname = it's # x", "it's # x" },
		{ "hostname = 'a \\' b'", "a ' b" },
		{ "hostname = \"a \\\" b\"", "a \" b" },
		{ "hostname = \"a \\\\ \\n b\"", "a \\ n b" },
		{ "hostname = \"a\" b", "\"a\" b" },
		{ "hostname = \"a", "\"a" },
		{ "hostname = \"", "\"" },
		{ "hostname = ''", "" },
		{ "hostname = a\\b", "a\\b" },
		{ "hostname = ${HOME} %u {x}", "${HOME} %u {x}" },
		{ "hostname = a \\\n   b", "a b" },
		{ "hostname = a\\\nb", "a b" },
		{ "hostname = a \\  \n   b \\\n c", "a b c" },
		{ "hostname = a \\", "a" },
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
		{ "hostname = set('a', 'b')", "set('a', 'b')" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct conf *conf = text_load(cases[i].text);

		text_expect(conf, &scope_global, "hostname", cases[i].value);
		conf_free(&conf);
	}
	text_done();
}
END_TEST

static const char *
nth(const struct conf *conf, const char *path, size_t n, struct pool *pool)
{
	const char **names = conf_names(conf, &scope_global, path, pool);

	for (size_t i = 0; i < n; i++)
		ck_assert_ptr_nonnull(names[i]);
	return names[n];
}

START_TEST(sections)
{
	struct conf *conf = text_load(
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
		"  inet_listener {\n    port = 25\n  }\n"
		"  inet_listener {\n    port = 26\n  }\n"
		"} # end\n"
		"passdb {\n driver = sql\n}\n"
		"passdb {\n driver = ldap\n}\n"
		"namespace inbox {\n inbox = yes\n"
		" mailbox \"a b\" {\n auto = create\n }\n}\n"
		"namespace inbox {\n prefix = x/\n}\n"
		"plugin {\n quota = maildir:x\n}\n"
		"plugin x {\n foo-bar = \"  y \"\n}\n"
		"plugin/sieve = z\n"
		"service/lmtp/user = vmail\n");
	struct pool *pool = pool_new();

	text_expect(conf, &scope_global, "service/lmtp/unix_listener/"
		    "\\svar\\sspool\\spostfix\\sprivate\\sx/mode", "0600");
	text_expect(conf, &scope_global,
		    "service/lmtp/inet_listener/lmtp/port", "24");
	text_expect(conf, &scope_global,
		    "service/lmtp/inet_listener/lmtp/address", "::1");
	/* those without a name are each one of their own */
	for (size_t i = 0; i < 2; i++)
		text_expect(conf, &scope_global, pool_printf(pool,
			    "service/lmtp/inet_listener/%s/port",
			    nth(conf, "service/lmtp/inet_listener", i + 1,
				pool)), i == 0 ? "25" : "26");
	text_expect(conf, &scope_global, "service/lmtp/process_limit", "7");
	text_expect(conf, &scope_global, "service/lmtp/protocol", "lmtp");
	text_expect(conf, &scope_global, "service/lmtp/user", "vmail");
	text_expect(conf, &scope_global, "service/lmtp/group", NULL);
	text_expect(conf, &scope_global, "namespace/inbox/mailbox/a b/auto",
		    "create");
	text_expect(conf, &scope_global, "namespace/inbox/prefix", "x/");
	text_expect(conf, &scope_global, "plugin/quota", "maildir:x");
	text_expect(conf, &scope_global, "plugin/foo-bar", "  y ");
	text_expect(conf, &scope_global, "plugin/sieve", "z");

	ck_assert_str_eq(nth(conf, "service/lmtp/unix_listener", 0, pool),
			 "lmtp");
	ck_assert_str_eq(nth(conf, "service/lmtp/unix_listener", 1, pool),
			 "\\svar\\sspool\\spostfix\\sprivate\\sx");
	ck_assert_str_eq(nth(conf, "service/lmtp/unix_listener", 2, pool),
			 "empty");
	ck_assert_ptr_null(nth(conf, "service/lmtp/unix_listener", 3, pool));
	text_expect(conf, &scope_global, pool_printf(pool, "passdb/%s/driver",
		    nth(conf, "passdb", 0, pool)), "sql");
	text_expect(conf, &scope_global, pool_printf(pool, "passdb/%s/driver",
		    nth(conf, "passdb", 1, pool)), "ldap");
	ck_assert_ptr_null(nth(conf, "passdb", 2, pool));
	ck_assert_ptr_null(nth(conf, "userdb", 0, pool));
	ck_assert_str_eq(nth(conf, "plugin", 0, pool), "quota");
	ck_assert_ptr_null(nth(conf, "plugin", 3, pool));
	ck_assert_str_eq(conf_escape_name("/a\\b", pool), "\\sa\\\\b");
	pool_free(&pool);
	conf_free(&conf);
	ck_assert_ptr_null(conf);
	text_done();
}
END_TEST

/* Each line is searched for its own comment: quotes don't reach over the
   end of a line that goes on. */
START_TEST(comments_of_continued_lines)
{
	static const char *const cases[][2] = {
		{ "hostname = a \\\n b # c", "a b" },
		{ "hostname = \"a # b \\\n c # d\"", "\"a # b c" },
		{ "hostname = \"a # b \\\n c d\"", "a # b c d" },
		{ "hostname = x it's \\\n y's # z", "x it's y's # z" },
		{ "hostname = a \\\n# c", "a" },
		{ "hostname = it's # no comment", "it's # no comment" },
		{ "hostname = a \\\n\n", "a" },
		{ "hostname = a \\", "a" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct conf *conf = text_load(cases[i][0]);

		text_expect(conf, &scope_global, "hostname", cases[i][1]);
		conf_free(&conf);
	}
	text_done();
}
END_TEST

START_TEST(many_sections_keep_their_order)
{
	struct str text = STR_INIT;
	struct pool *pool = pool_new();
	struct conf *conf;

	for (int i = 0; i < 300; i++)
		str_printf(&text, "userdb {\n driver = static\n args = d%d\n}\n",
			   i);
	conf = text_load(str_c(&text));
	for (size_t i = 0; i < 300; i += 37)
		text_expect(conf, &scope_global,
			    pool_printf(pool, "userdb/%s/args",
					nth(conf, "userdb", i, pool)),
			    pool_printf(pool, "d%zu", i));
	ck_assert_ptr_null(nth(conf, "userdb", 300, pool));
	conf_free(&conf);
	pool_free(&pool);
	str_free(&text);
	text_done();
}
END_TEST

START_TEST(names_in_values)
{
	static const struct {
		const char *text, *path, *value;
	} cases[] = {
		{ "hostname = a\nhostname = $hostname b\n"
		  "hostname = $hostname c", "hostname", "a b c" },
		/* a name is a whole word, as in Dovecot */
		{ "hostname = h\npostmaster_address = p@$hostname",
		  "postmaster_address", "p@$hostname" },
		{ "plugin {\n a = b$hostname,$c ^x$ $ ${d} $\n}", "plugin/a",
		  "b$hostname,$c ^x$ $ ${d} $" },
		{ "hostname = h\nmail_home = $hostname   x  y$",
		  "mail_home", "h x y$" },
		{ "hostname = $ENV:LOFT_TEST_HOST x", "hostname", "env x" },
		{ "hostname = y $ENV:LOFT_TEST_NONE z", "hostname", "y  z" },
		{ "hostname = h\nlogin_greeting = '$hostname'",
		  "login_greeting", "$hostname" },
		{ "mail_fsync = $mail_fsync", "mail_fsync", "optimized" },
		{ "protocols = $protocols lmtp", "protocols", " lmtp" },
		{ "service lmtp {\n user = $default_internal_user\n}",
		  "service/lmtp/user", "$default_internal_user" },
		{ "default_vsz_limit = 1 G\nservice lmtp {\n"
		  " vsz_limit = $default_vsz_limit\n}",
		  "service/lmtp/vsz_limit", "1 G" },
		{ "plugin {\n a = 1\n a = $a 2\n}", "plugin/a", "1 2" },
		{ "plugin {\n a = $a 2\n}", "plugin/a", " 2" },
		{ "hostname = h\nplugin {\n a = $hostname\n}", "plugin/a",
		  "h" },
		{ "service lmtp {\n executable = $executable -L\n}",
		  "service/lmtp/executable", "lmtp -L" },
	};

	ck_assert_int_eq(setenv("LOFT_TEST_HOST", "env", 1), 0);
	ck_assert_int_eq(unsetenv("LOFT_TEST_NONE"), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct conf *conf = text_load(cases[i].text);

		text_expect(conf, &scope_global, cases[i].path,
			    cases[i].value);
		conf_free(&conf);
	}
	text_done();
}
END_TEST

/* "protocol local remote local_name", '-' for what isn't known. */
static struct scope
scope_of(const char *words, char *buf, size_t size)
{
	struct scope scope = { 0 };
	char *save, *word;

	ck_assert(str_copy(buf, size, words));
	word = strtok_r(buf, " ", &save);
	scope.protocol = *word == '-' ? NULL : word;
	word = strtok_r(NULL, " ", &save);
	ck_assert(*word == '-' || ip_parse(word, &scope.local));
	word = strtok_r(NULL, " ", &save);
	ck_assert(*word == '-' || ip_parse(word, &scope.remote));
	word = strtok_r(NULL, " ", &save);
	scope.local_name = *word == '-' ? NULL : word;
	return scope;
}

START_TEST(scopes)
{
	static const char text[] =
		"hostname = g\nmail_plugins = a\n"
		"protocol lmtp {\n hostname = lmtp\n"
		" mail_plugins = $mail_plugins b\n}\n"
		"protocol !imap {\n login_greeting = notimap\n"
		" hostname = notimap\n}\n"
		"local 10.0.0.0/8 {\n hostname = l8\n protocol lda {\n"
		"  hostname = l8lda\n }\n"
		" mail_plugins = $mail_plugins c\n"
		" protocol lmtp {\n  mail_plugins = $mail_plugins d\n }\n}\n"
		"local 10.1.0.0/16 {\n hostname = l16\n}\n"
		"local 10.0.0.0/9 {\n hostname = l9\n}\n"
		"remote 2001:db8::/32 {\n hostname = r\n"
		" service lmtp {\n  user = x\n }\n}\n"
		"remote 192.0.2.1 {\n hostname = r1\n}\n"
		"local_name mx.example.com {\n hostname = n\n}\n"
		"local_name *.example.org {\n hostname = star\n}\n";
	static const struct {
		const char *scope, *path, *value;
	} cases[] = {
		{ "- - - -", "hostname", "g" },
		{ "- - - -", "mail_plugins", "a" },
		{ "- - - -", "login_greeting", NULL },
		{ "lmtp - - -", "hostname", "lmtp" },
		{ "lmtp - - -", "mail_plugins", "a b" },
		{ "lda - - -", "hostname", "notimap" },
		{ "imap - - -", "hostname", "g" },
		{ "imap - - -", "login_greeting", NULL },
		{ "lmtp - - -", "login_greeting", "notimap" },
		{ "lmtp 10.200.0.1 - -", "hostname", "l8" },
		{ "lda 10.200.0.1 - -", "hostname", "l8lda" },
		{ "lda 10.1.0.1 - -", "hostname", "l16" },
		{ "lmtp 10.2.0.1 - -", "hostname", "l9" },
		{ "lmtp 10.200.0.1 - -", "mail_plugins", "a c d" },
		{ "lda 10.200.0.1 - -", "mail_plugins", "a c" },
		{ "lmtp ::1 2001:db8::7 -", "hostname", "r" },
		{ "lmtp ::1 2001:db8::7 -", "service/lmtp/user", "x" },
		{ "lmtp ::1 ::1 -", "service/lmtp/user", NULL },
		{ "lmtp ::1 192.0.2.1 -", "hostname", "r1" },
		{ "lmtp ::1 192.0.2.2 -", "hostname", "lmtp" },
		{ "lmtp 10.1.0.1 192.0.2.1 MX.example.com", "hostname", "n" },
		{ "lmtp - - a.example.org", "hostname", "star" },
		{ "lmtp - - a.b.example.org", "hostname", "lmtp" },
		{ "lmtp - - example.org", "hostname", "lmtp" },
	};
	struct conf *conf = text_load(text);

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char buf[128];
		struct scope scope = scope_of(cases[i].scope, buf,
					      sizeof(buf));
		const char *got = conf_get(conf, &scope, cases[i].path);

		ck_assert_msg(str_eq(got, cases[i].value), "%s %s: %s",
			      cases[i].scope, cases[i].path, got);
	}
	conf_free(&conf);
	text_done();
}
END_TEST

START_TEST(sections_of_a_scope)
{
	struct scope lmtp = { .protocol = "lmtp" };
	struct conf *conf = text_load(
		"passdb {\n driver = sql\n}\n"
		"protocol lmtp {\n passdb {\n  driver = ldap\n }\n"
		" plugin {\n  x = y\n }\n}\n");
	struct pool *pool = pool_new();
	const char **names = conf_names(conf, &scope_global, "passdb", pool);

	ck_assert(names[0] != NULL && names[1] == NULL);
	names = conf_names(conf, &lmtp, "passdb", pool);
	ck_assert(names[0] != NULL && names[1] != NULL && names[2] == NULL);
	text_expect(conf, &scope_global, "plugin/x", NULL);
	text_expect(conf, &lmtp, "plugin/x", "y");
	pool_free(&pool);
	conf_free(&conf);
	text_done();
}
END_TEST

START_TEST(overrides)
{
	static const char *const bad[] = {
		"hostname", "nosuch=1", "mail_debug=maybe", "=x",
		"service/lmtp/process_limit=many", "passdb=x",
	};
	struct scope lda = { .protocol = "lda" };
	struct conf *conf = text_load("hostname = a\n"
				      "protocol lda {\n hostname = b\n}\n");
	struct err err;

	text_expect(conf, &lda, "hostname", "b");
	ck_assert_int_eq(conf_override(conf, "hostname=c=d", &err), 0);
	ck_assert_int_eq(conf_override(conf, "plugin/quota=x", &err), 0);
	text_expect(conf, &lda, "hostname", "c=d");
	text_expect(conf, &scope_global, "hostname", "c=d");
	text_expect(conf, &scope_global, "plugin/quota", "x");
	ck_assert_int_eq(conf_override(conf, "hostname=e", &err), 0);
	text_expect(conf, &lda, "hostname", "e");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		ck_assert_int_eq(conf_override(conf, bad[i], &err), -1);
		ck_assert(err.kind == ERR_CONFIG || err.kind == ERR_NOTFOUND);
	}
	ck_assert_int_eq(conf_override(conf, "namespace/x/prefix=y", &err),
			 -1);
	ck_assert_int_eq(err.kind, ERR_NOTFOUND);
	conf_free(&conf);
	text_done();
}
END_TEST

static void
write_file(const char *dir, const char *name, const char *text)
{
	char path[256];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

static struct conf *
load_file(const char *dir, const char *name)
{
	struct conf *conf = NULL;
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	str_reset(&text_errors);
	str_reset(&text_warnings);
	(void)conf_load(path, &conf, &text_errors, &text_warnings);
	return conf;
}

START_TEST(includes)
{
	char dir[] = "/tmp/loft-conf-XXXXXX", command[64], sub[64];
	struct conf *conf;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(sub, sizeof(sub), "%s/d", dir);
	ck_assert_int_eq(mkdir(sub, 0700), 0);
	write_file(dir, "c", "!include d/*.conf\n!include_try no*\n"
		   "!include_try d\n!include d/{x,y}.ext # c\n"
		   "passdb {\n!include d/db.ext\n}\n");
	write_file(dir, "d/10-a.conf", "hostname = a\nlog_path = a\n");
	write_file(dir, "d/20-b.conf", "hostname = b\n!include x.ext\n");
	write_file(dir, "d/x.ext", "login_greeting = x\n");
	write_file(dir, "d/db.ext", "driver = static\n");
	conf = load_file(dir, "c");
	ck_assert_msg(conf != NULL, "%s", str_c(&text_errors));
	text_expect(conf, &scope_global, "hostname", "b");
	text_expect(conf, &scope_global, "log_path", "a");
	text_expect(conf, &scope_global, "login_greeting", "x");
	text_expect(conf, &scope_global, "passdb/0/driver", "static");
	conf_free(&conf);

	write_file(dir, "loop", "!include d/loop\n");
	write_file(dir, "d/loop", "\n!include ../loop\n");
	ck_assert_ptr_null(load_file(dir, "loop"));
	ck_assert(strstr(str_c(&text_errors), "/d/loop line 2: ") != NULL);
	ck_assert(strstr(str_c(&text_errors), "recursive") != NULL);

	/* an error names its own file */
	write_file(dir, "outer", "hostname = x\n!include d/wrong\n}\n");
	write_file(dir, "d/wrong", "# a\nhostnam = y\nplugin {\n");
	ck_assert_ptr_null(load_file(dir, "outer"));
	ck_assert(strstr(str_c(&text_errors), "/d/wrong line 2: ") != NULL);
	ck_assert(strstr(str_c(&text_errors), "/d/wrong line 3: missing '}'") !=
		  NULL);
	ck_assert(strstr(str_c(&text_errors), "/outer line 3: ") != NULL);

	(void)snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
	text_done();
}
END_TEST

START_TEST(includes_are_bounded)
{
	char dir[] = "/tmp/loft-conf-XXXXXX", command[64], name[32], text[64];
	struct conf *conf;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	for (int i = 0; i < 50; i++) {
		(void)snprintf(name, sizeof(name), "f%d", i);
		(void)snprintf(text, sizeof(text), "!include_try f%d\n", i + 1);
		write_file(dir, name, text);
	}
	conf = load_file(dir, "f0");
	ck_assert_ptr_null(conf);
	ck_assert(strstr(str_c(&text_errors), "nested more than") != NULL);
	(void)snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
	text_done();
}
END_TEST

START_TEST(values_from_files)
{
	struct pool *pool = pool_new();
	struct err err;
	const char *value;

	ck_assert_str_eq(conf_read_value("plain", pool, &err), "plain");
	value = conf_read_value("< /proc/self/comm", pool, &err);
	ck_assert(value != NULL && str_ends(value, "\n"));
	ck_assert_ptr_null(conf_read_value("</no/such/file", pool, &err));
	ck_assert(strstr(err.text, "/no/such/file") != NULL);
	ck_assert_ptr_null(conf_read_value("</tmp", pool, &err));
	ck_assert(strstr(err.text, "directory") != NULL);
	ck_assert_ptr_null(conf_read_value("</dev/zero", pool, &err));
	pool_free(&pool);
}
END_TEST

UNIT_MAIN("conf-conf", values, sections, many_sections_keep_their_order,
	  comments_of_continued_lines,
	  names_in_values, scopes, sections_of_a_scope, overrides, includes,
	  includes_are_bounded, values_from_files);
