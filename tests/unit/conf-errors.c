/* Everything that can be wrong in a configuration, and how it is told: with
   the operator's line, all at once, and without noise that follows from it. */
#include "tests/unit/conf-text.h"

#include "core/pool.h"

struct error_case {
	const char *text;
	const char *errors;	/* parts of lines, one per line, in order */
};

/* Each line of `want` is part of the same line of `got`; none is over. */
static void
check_lines(const char *text, const char *got, const char *want)
{
	struct pool *pool = pool_new();

	while (*want != '\0') {
		size_t w = strcspn(want, "\n"), g = strcspn(got, "\n");
		const char *part = pool_strndup(pool, want, w);
		const char *line = pool_strndup(pool, got, g);

		ck_assert_msg(strstr(line, part) != NULL,
			      "%s\nexpected: %s\ngot: %s", text, part, line);
		want += w + (want[w] == '\n');
		got += g + (got[g] == '\n');
	}
	ck_assert_msg(*got == '\0', "%s\nalso got: %s", text, got);
	pool_free(&pool);
}

START_TEST(errors_are_told)
{
	static const struct error_case cases[] = {
		{ "hostnam = x", "line 1: unknown setting 'hostnam'; did you "
		  "mean 'hostname'?" },
		{ "passdb a {\n driver = pam\n}\npassdb a {\n driver = pam\n}",
		  "line 4: invalid: there is a passdb 'a' already" },
		{ "mail_plugins = a\nhostname = $mail_plugins,b",
		  "line 2: unknown variable $mail_plugins,b" },
		{ "lmtp_trusted_ips = 10.0.0.0/8; 1.2.3.4/99, [::1]",
		  "line 1: invalid network '1.2.3.4/99' in lmtp_trusted_ips" },
		{ "first_valid_uid = 1000\nlast_valid_uid = 999",
		  "line 2: invalid: first_valid_uid is 1000" },
		{ "last_valid_uid = 10", "line 1: invalid: first_valid_uid is "
		  "500, which is above last_valid_uid = 10" },
		{ "lmtp_client_workarounds = x",
		  "line 1: invalid word 'x' in lmtp_client_workarounds" },
		{ "listen =", "line 1: invalid: listen is empty" },
		{ "auth default {\n mechanisms = plain\n}",
		  "line 1: unknown section 'auth'; this is Dovecot 1's" },
		{ "\n\nfoo = bar", "line 3: unknown setting 'foo'" },
		{ "HostName = x", "did you mean 'hostname'?" },
		{ "zzzzzzzzzzzz = x", "line 1: unknown setting 'zzzzzzzzzzzz'" },
		{ "port = 24", "unknown setting 'port'; it belongs inside of "
		  "service { inet_listener { } }" },
		{ "passdb {\n driver = static\n hostname = y\n}",
		  "line 3: unknown setting 'hostname' in passdb; it belongs "
		  "outside of sections" },
		{ "service lmtp {\n proces_limit = 1\n}",
		  "did you mean 'process_limit'?" },
		{ "dovecot_config_version = 2.4.0", "2.4" },
		{ "hostname {\n}", "line 1: unknown section 'hostname'; that "
		  "is a setting" },
		{ "service = x", "line 1: unknown setting 'service'; that is "
		  "a section" },
		{ "mailbox Trash {\n auto = no\n}", "line 1: unknown section "
		  "'mailbox'; it belongs inside of namespace { }" },
		{ "foo {\n a = b\n bar {\n c = d\n }\n}\nhostname = x",
		  "line 1: unknown section 'foo'" },
		{ "mail_debug = maybe", "line 1: invalid boolean value 'maybe' "
		  "for mail_debug (yes, no)" },
		{ "mail_debug =", "invalid boolean value ''" },
		{ "first_valid_uid = abc", "line 1: invalid number 'abc' for "
		  "first_valid_uid" },
		{ "first_valid_uid = -1", "invalid number '-1'" },
		{ "first_valid_uid = 99999999999", "invalid number" },
		{ "first_valid_uid = 5 k", "invalid number '5 k'" },
		{ "default_idle_kill = 5 foo", "invalid time '5 foo' for" },
		{ "default_idle_kill = 1 mins 3 secs", "invalid time" },
		{ "default_idle_kill = 5ms", "invalid time" },
		{ "default_idle_kill = ", "invalid time ''" },
		{ "default_vsz_limit = 10 Q", "invalid size '10 Q'" },
		{ "default_vsz_limit = 1.5G", "invalid size" },
		{ "default_vsz_limit = 99999999999 T", "invalid size" },
		{ "mail_fsync = foo", "invalid value 'foo' for mail_fsync "
		  "(optimized, never, always)" },
		{ "mail_fsync = Never", "invalid value" },
		{ "service lmtp {\n inet_listener x {\n  port = 70000\n }\n}",
		  "line 3: invalid port number '70000'" },
		{ "service lmtp {\n unix_listener x {\n  mode = 0689\n }\n}",
		  "line 3: invalid number '0689' for mode" },
		{ "hostname", "line 1: missing '=' or '{' after 'hostname'" },
		{ "hostname a", "missing '=' or '{'" },
		{ "= a", "line 1: missing name before '='" },
		{ "hostname = a \\\n# c\nb", "line 3: missing '=' or '{'" },
		{ "}", "line 1: invalid '}': no section is open here" },
		{ "plugin {\n}\n}\nhostnam = x",
		  "line 3: invalid '}'\nline 4: unknown" },
		{ "plugin {\n} x", "line 2: invalid text after '}': x" },
		{ "\nplugin {\n a = b", "line 2: missing '}' for 'plugin {'" },
		{ "service a {\n unix_listener b {\n mode = 0600\n",
		  "line 1: missing '}' for 'service a {'\n"
		  "line 2: missing '}' for 'unix_listener b {'" },
		{ "foo {\n", "line 1: unknown section 'foo'\n"
		  "line 1: missing '}'" },
		{ "plugin { a = b }\nhostnam = x",
		  "line 1: invalid text after '{'\nline 2: unknown" },
		{ "passdb\n{\n driver = static\n}\nhostnam = x",
		  "line 1: missing '=' or '{'\nline 2: invalid '{'\n"
		  "line 5: unknown" },
		{ "service a b {\n user = x\n}\nhostnam = x",
		  "line 1: missing '=' or '{'\nline 4: unknown" },
		{ "service {\n user = x\n}", "line 1: missing name after "
		  "'service'" },
		{ "protocol {\n hostname = x\n}", "missing name after "
		  "'protocol'" },
		{ "protocol a {\n protocol b {\n }\n}",
		  "line 2: invalid: a protocol block" },
		{ "local 10.0.0.0/33 {\n hostname = x\n}\nhostnam = x",
		  "line 1: invalid address or network '10.0.0.0/33'\n"
		  "line 4: unknown" },
		{ "plugin {\n quota {\n  a = b\n }\n}", "line 2: unknown "
		  "section 'quota'" },
		{ "plugin {\n a/b = c\n}", "line 2: unknown setting 'a/b'" },
		{ "nosuch/a = c", "unknown setting 'nosuch/a'" },
		{ "hostname = $nosuch", "line 1: unknown variable $nosuch" },
		{ "mail_debug = yes\nmail_debug = $mail_debug x",
		  "line 2: invalid boolean value 'yes x'" },
		{ "\npassdb {\n args = x\n}", "line 2: passdb: missing "
		  "driver" },
		{ "userdb {\n}", "line 1: userdb: missing driver" },
		{ "userdb {\n driver = nosuch\n}", "line 2: invalid value "
		  "'nosuch' for driver" },
		{ "protocols = imap lmpt", "line 1: protocols: unknown protocol "
		  "'lmpt'" },
		{ "!include", "line 1: missing file name" },
		{ "!include /no/such/file", "line 1: missing file" },
		{ "!include /no/such/*.conf", "line 1: missing file" },
		{ "!includ x", "line 1: unknown directive '!includ'" },
		{ "first_valid_uid = abc\nmail_debug = maybe\nfoo = bar\n",
		  "line 1: invalid number\nline 2: invalid boolean\n"
		  "line 3: unknown" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct conf *conf = text_try(cases[i].text);

		ck_assert_msg(conf == NULL, "%s", cases[i].text);
		check_lines(cases[i].text, str_c(&text_errors),
			    cases[i].errors);
	}
	text_done();
}
END_TEST

START_TEST(warnings_are_told)
{
	static const struct error_case cases[] = {
		{ "hostname = a", "" },
		{ "hostname = a#b", "line 1: '#' begins a comment here" },
		{ "hostname = 'a'#b", "line 1: '#' begins a comment here" },
		{ "service lmtp {\n unix_listener x {\n  mode = 600\n }\n}",
		  "line 3: mode = 600 is octal and lacks its leading 0" },
		{ "service lmtp {\n unix_listener x {\n  mode = 0\n }\n}", "" },
		{ "mail_plugins = nosuch1 nosuch2\n"
		  "protocol lmtp {\n mail_plugins = $mail_plugins nosuch3\n}\n"
		  "protocol imap {\n mail_plugins = $mail_plugins imap_x\n}",
		  "line 1: mail_plugins: Loft has no plugin 'nosuch1'\n"
		  "line 1: mail_plugins: Loft has no plugin 'nosuch2'\n"
		  "line 3: mail_plugins: Loft has no plugin 'nosuch3'" },
		{ "protocols = imap\nprotocol lda {\n protocols = $protocols pop3\n"
		  "}\nprotocols = lmtp",
		  "line 5: protocols doesn't change the protocol block" },
		{ "ssl_protocols = !SSLv2", "line 1: ssl_protocols is obsolete and has no effect: set ssl_min_protocol" },
		{ "mail_location = mdbox:~/m",
		  "line 1: mail_location: Loft can't write mdbox" },
		{ "protocol imap {\n mail_location = sdbox:~/m\n}", "" },
		{ "mail_location = maildirr:~/m",
		  "line 1: mail_location: Loft can't write maildirr" },
		{ "namespace {\n location = imapc:\n}", "line 2: namespace/" },
		{ "mail_location = ~/Maildir:LAYOUT=fs", "" },
		{ "first_valid_uid = 1000\nlast_valid_uid = 0", "" },
		{ "service lmtp {\n inet_listener x {\n  port = 24\n"
		  "  ssl = yes\n }\n}",
		  "line 4: the listener can't do TLS: ssl_cert" },
		{ "ssl_cert = </x\nservice lmtp {\n inet_listener x {\n"
		  "  ssl = yes\n }\n}", "" },
		{ "auth_mechanisms = PLAIN login cram-md5",
		  "line 1: auth_mechanisms: Loft has no mechanism 'cram-md5'" },
		{ "login_trusted_networks = 10.0.0.0/8 fd00::/8 gateway",
		  "line 1: login_trusted_networks: 'gateway' is no network" },
		{ "imap_max_line_length = 64k\nfts_x = y", NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct conf *conf = text_try(cases[i].text);

		if (cases[i].errors != NULL) {
			ck_assert_msg(conf != NULL, "%s", cases[i].text);
			check_lines(cases[i].text, str_c(&text_warnings),
				    cases[i].errors);
		}
		conf_free(&conf);
	}
	text_done();
}
END_TEST

START_TEST(odd_bytes)
{
	static const char nul[] = "hostname = a\0b\nmail_debug = maybe\n";
	struct str text = STR_INIT;
	struct conf *conf;

	ck_assert_ptr_null(text_try_n(nul, sizeof(nul) - 1));
	check_lines("NUL", str_c(&text_errors),
		    "line 1: invalid NUL byte\nline 2: invalid boolean");

	/* the longest line and one that is longer */
	str_append(&text, "hostname = ");
	for (int i = 0; i < 260000; i++)
		str_append_c(&text, 'x');
	conf = text_load(str_c(&text));
	ck_assert_uint_eq(strlen(conf_get(conf, &scope_global, "hostname")),
			  260000);
	conf_free(&conf);
	for (int i = 0; i < 10000; i++)
		str_append_c(&text, 'x');
	str_append(&text, "\nfoo = bar\n");
	ck_assert_ptr_null(text_try(str_c(&text)));
	check_lines("long", str_c(&text_errors),
		    "line 1: invalid: this line is longer\nline 2: unknown");
	str_free(&text);
	text_done();
}
END_TEST

START_TEST(deep_nesting)
{
	struct str text = STR_INIT;

	for (int i = 0; i < 64; i++)
		str_append(&text, "local 10.0.0.0/8 {\n");
	for (int i = 0; i < 64; i++)
		str_append(&text, "}\n");
	ck_assert_ptr_null(text_try(str_c(&text)));
	check_lines("deep", str_c(&text_errors),
		    "line 17: invalid: sections are nested more than 16");
	str_free(&text);
	text_done();
}
END_TEST

START_TEST(values_that_grow)
{
	struct str text = STR_INIT;

	str_append(&text, "hostname = 0123456789abcdef\n");
	for (int i = 0; i < 64; i++)
		str_append(&text, "hostname = $hostname $hostname\n");
	ck_assert_ptr_null(text_try(str_c(&text)));
	ck_assert(strstr(str_c(&text_errors), "line 14: invalid: the value "
			 "grows") != NULL);
	str_free(&text);
	text_done();
}
END_TEST

START_TEST(many_errors_are_counted)
{
	struct str text = STR_INIT;
	size_t lines = 0;

	for (int i = 0; i < 1000; i++)
		str_append(&text, "foo = bar\n");
	ck_assert_ptr_null(text_try(str_c(&text)));
	for (const char *p = str_c(&text_errors); *p != '\0'; p++)
		lines += *p == '\n';
	ck_assert_uint_eq(lines, 101);
	ck_assert(str_ends(str_c(&text_errors), " 900 more errors\n"));
	str_free(&text);
	text_done();
}
END_TEST

START_TEST(files_that_cannot_be_read)
{
	static const struct {
		const char *file, *why;
	} cases[] = {
		{ "/no/such/file", "No such file" },
		{ "/tmp", "is a directory" },
		{ "/dev/zero", "too large" },
		{ "", "No such file" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct str errors = STR_INIT, notes = STR_INIT;
		struct conf *conf = NULL;

		ck_assert_int_eq(conf_load(cases[i].file, &conf, &errors,
					   &notes), -1);
		ck_assert_ptr_null(conf);
		ck_assert_msg(strstr(str_c(&errors), cases[i].why) != NULL,
			      "%s", str_c(&errors));
		str_free(&errors);
		str_free(&notes);
	}
}
END_TEST

UNIT_MAIN("conf-errors", errors_are_told, warnings_are_told, odd_bytes,
	  deep_nesting, values_that_grow, many_errors_are_counted, files_that_cannot_be_read);
