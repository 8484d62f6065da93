/* Printing: what doveconf 2.3.19 prints for the same text. */
#include "tests/unit/conf-text.h"

#include <stdlib.h>

#include "conf/print.h"
#include "core/err.h"

/* What is printed, without the heading. */
static char *
printed(const char *text, struct conf_print *how)
{
	struct conf *conf = text_load(text);
	char *out = NULL, *body;
	size_t size = 0;
	FILE *stream = open_memstream(&out, &size);
	struct err err;

	ck_assert_ptr_nonnull(stream);
	ck_assert_int_ge(conf_print(conf, how, stream, &err), 0);
	ck_assert_int_eq(fclose(stream), 0);
	conf_free(&conf);
	text_done();
	body = out;
	while (body[0] == '#')
		body += strcspn(body, "\n") + 1;
	memmove(out, body, strlen(body) + 1);
	return out;
}

static void
check(const char *text, struct conf_print how, const char *want)
{
	char *got = printed(text, &how);

	ck_assert_msg(strcmp(got, want) == 0, "%s\ngave:\n%s\nnot:\n%s", text,
		      got, want);
	free(got);
}

static const char example[] =
	"mail_plugins = quota\n"
	"first_valid_uid = 0500\n"
	"default_vsz_limit = 512M\n"
	"protocol lmtp {\n  mail_plugins = $mail_plugins sieve\n}\n"
	"passdb {\n  driver = static\n  args = password=secret x\n}\n"
	"passdb {\n  driver = pam\n}\n"
	"plugin {\n  quota = maildir:User\n  foo = \"  x y \"\n}\n"
	"namespace inbox {\n  inbox = yes\n"
	"  mailbox \"Sent Messages\" {\n    special_use = \\Sent\n  }\n"
	"  mailbox Sent {\n    auto = create\n  }\n}\n"
	"service lmtp {\n  process_limit = 0\n"
	"  unix_listener /var/x {\n    mode = 0600\n  }\n}\n"
	"local 10.0.0.0/8 {\n  protocol lmtp {\n    hostname = foo\n  }\n}\n"
	"ssl_cert = < /etc/x\nssl_key = </etc/y\n"
	"postmaster_address = p $hostname\n";

START_TEST(changed)
{
	const struct conf_print how = { .what = CONF_PRINT_CHANGED };

	check(example, how,
	      "default_vsz_limit = 512 M\n"
	      "mail_plugins = quota\n"
	      "namespace inbox {\n  inbox = yes\n  location = \n"
	      "  mailbox Sent {\n    auto = create\n  }\n"
	      "  mailbox \"Sent Messages\" {\n    special_use = \\Sent\n  }\n"
	      "  prefix = \n}\n"
	      "passdb {\n  args = password=#hidden_use-P_to_show# x\n"
	      "  driver = static\n}\n"
	      "passdb {\n  driver = pam\n}\n"
	      "plugin {\n  foo = \"  x y \"\n  quota = maildir:User\n}\n"
	      "postmaster_address = p $hostname\n"
	      "service lmtp {\n  process_limit = 0\n"
	      "  unix_listener /var/x {\n    mode = 0600\n  }\n}\n"
	      "ssl_cert = </etc/x\n"
	      "ssl_key = # hidden, use -P to show it\n"
	      "protocol lmtp {\n  mail_plugins = quota sieve\n}\n"
	      "local 10.0.0.0/8 {\n  protocol lmtp {\n"
	      "    hostname = foo\n  }\n}\n");
}
END_TEST

START_TEST(scoped_and_secret)
{
	struct conf_print how = {
		.what = CONF_PRINT_CHANGED, .secrets = true,
	};

	how.scope.protocol = "lmtp";
	check("hostname = h\nssl_key = </y\nplugin {\n a = b\n}\n"
	      "protocol lmtp {\n hostname = l\n plugin {\n  a = c\n }\n}\n"
	      "protocol lda {\n hostname = d\n}\n", how,
	      "hostname = l\nplugin {\n  a = c\n}\nssl_key = </y\n"
	      "protocol lmtp {\n  hostname = l\n  plugin {\n    a = c\n  }\n}\n");
}
END_TEST

/* All that people paste into mailing lists, as doveconf shows it. */
START_TEST(secrets_and_defaults_in_sections)
{
	const struct conf_print how = { .what = CONF_PRINT_CHANGED };

	check("passdb {\n driver = lua\n args = cache_key=%s:%u x\n"
	      " result_success = return-ok\n result_failure = continue\n"
	      " skip = authenticated\n}\n"
	      "userdb {\n driver = static\n args =\n skip = never\n}\n"
	      "plugin {\n a = foo key=bar secret=x y\n b = monkey=bar\n"
	      " c = http://user:pw@host/x http://host/@\n d = passphrase=x\n"
	      " crypt_private_key = x\n e = pw=x key: y\n f = pass=\n}\n",
	      how,
	      "passdb {\n  args = cache_key=#hidden_use-P_to_show# x\n"
	      "  driver = lua\n  skip = authenticated\n}\n"
	      "plugin {\n  a = foo key=#hidden_use-P_to_show# "
	      "secret=#hidden_use-P_to_show# y\n  b = monkey=bar\n"
	      "  c = http://#hidden_use-P_to_show#@host/x http://host/@\n"
	      "  crypt_private_key = # hidden, use -P to show it\n"
	      "  d = passphrase=#hidden_use-P_to_show#\n"
	      "  e = pw=x key: y\n  f = pass=#hidden_use-P_to_show#\n}\n"
	      "userdb {\n  driver = static\n}\n");
}
END_TEST

START_TEST(names)
{
	static const struct {
		const char *names[3];
		struct conf_print how;
		const char *want;
	} cases[] = {
		{ { "plugin/quota", "mail_plugins" },
		  { .what = CONF_PRINT_ALL },
		  "plugin/quota = maildir:User\nmail_plugins = quota\n" },
		{ { "plugin/quota", "hostname" },
		  { .what = CONF_PRINT_ALL, .values_only = true },
		  "maildir:User\n\n" },
		{ { "service/lmtp/process_limit" }, { .what = CONF_PRINT_ALL },
		  "service/lmtp/process_limit = 0\n" },
		{ { "service/lmtp/client_limit" }, { .what = CONF_PRINT_ALL },
		  "service/lmtp/client_limit = 1\n" },
		{ { "hostname" }, { .what = CONF_PRINT_CHANGED }, "" },
		{ { "ssl_key" }, { .what = CONF_PRINT_ALL },
		  "ssl_key = </etc/y\n" },
		{ { "imap_max_line_length" }, { .what = CONF_PRINT_ALL },
		  "imap_max_line_length = 64 k\n" },
		{ { "mail_plugins" }, { .what = CONF_PRINT_DEFAULTS },
		  "mail_plugins = \n" },
		{ { "plugin" }, { .what = CONF_PRINT_ALL },
		  "plugin {\n  foo = \"  x y \"\n  quota = maildir:User\n}\n" },
		{ { "plugin/nosuch", "nosuch" }, { .what = CONF_PRINT_ALL },
		  "" },
		{ { "passdb" }, { .what = CONF_PRINT_CHANGED },
		  "passdb {\n  args = password=#hidden_use-P_to_show# x\n"
		  "  driver = static\n}\npassdb {\n  driver = pam\n}\n" },
		{ { "service/lmtp/unix_listener" }, { .what = CONF_PRINT_ALL },
		  "service lmtp {\n  unix_listener /var/x {\n    group = \n"
		  "    mode = 0600\n    user = \n  }\n"
		  "  unix_listener lmtp {\n    group = \n    mode = 0666\n"
		  "    user = \n  }\n}\n" },
		{ { "postmaster_address" },
		  { .what = CONF_PRINT_ALL, .expand = true },
		  "postmaster_address = p \n" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct conf_print how = cases[i].how;

		how.names = cases[i].names;
		check(example, how, cases[i].want);
	}
}
END_TEST

START_TEST(quoting)
{
	const struct conf_print how = { .what = CONF_PRINT_CHANGED };

	check("hostname = a \"b # c\"\nlogin_greeting = \" a\"\n"
	      "protocols = $protocols lmtp\nlog_path = '#\\''\n", how,
	      "hostname = \"a \\\"b # c\\\"\"\nlog_path = \"#\\'\"\n"
	      "login_greeting = \" a\"\nprotocols = \" lmtp\"\n");
}
END_TEST

/* passdbs keep their order and show their names, namespaces where they are,
   and a scope shows the blocks that may concern it. */
START_TEST(lists_and_blocks)
{
	struct conf_print how = { .what = CONF_PRINT_CHANGED };
	const char *text =
		"passdb {\n driver = passwd\n}\n"
		"passdb b {\n driver = passwd\n}\n"
		"passdb a {\n driver = static\n}\n"
		"namespace x {\n}\n"
		"protocol lmtp {\n hostname = y\n"
		" namespace z {\n  prefix = z/\n }\n}\n"
		"protocol imap {\n hostname = i\n}\n"
		"remote 10.0.0.1 {\n hostname = r\n}\n";
	static const char base[] =
		"passdb {\n  driver = passwd\n}\n"
		"passdb {\n  driver = passwd\n  name = b\n}\n"
		"passdb {\n  driver = static\n  name = a\n}\n";
	static const char blocks[] =
		"protocol lmtp {\n  hostname = y\n"
		"  namespace z {\n    location = \n    prefix = z/\n  }\n}\n"
		"remote 10.0.0.1 {\n  hostname = r\n}\n";
	char *got = printed(text, &how);

	ck_assert_ptr_nonnull(strstr(got, "namespace x {\n  location = \n"
				     "  prefix = \n}\n"));
	ck_assert_ptr_nonnull(strstr(got, base));
	ck_assert_ptr_nonnull(strstr(got, "protocol imap {"));
	free(got);
	how.scope.protocol = "lmtp";
	got = printed(text, &how);
	ck_assert_int_eq(strncmp(got, "hostname = y\n", 13), 0);
	ck_assert_ptr_nonnull(strstr(got, blocks));
	ck_assert_ptr_null(strstr(got, "protocol imap {"));
	free(got);
}
END_TEST

START_TEST(one_value_is_plain)
{
	static const char *const which[] = { "hostname", "plugin/a", NULL };
	const struct conf_print how = {
		.what = CONF_PRINT_ALL, .names = which
	};

	check("hostname = \" a # b\"\nplugin {\n a = \"x # y\"\n}\n", how,
	      "hostname =  a # b\nplugin/a = x # y\n");
}
END_TEST

START_TEST(everything_loads_again)
{
	struct conf_print how = { .what = CONF_PRINT_ALL, .secrets = true };
	char *once = printed(example, &how), *twice = printed(once, &how);

	ck_assert_str_eq(once, twice);
	free(once);
	free(twice);
}
END_TEST

START_TEST(unused)
{
	const struct conf_print how = { .what = CONF_PRINT_UNUSED };
	char *got = printed("imap_capability = x\nhostname = y\n"
			    "service imap {\n process_limit = 1\n}\n"
			    "service mine {\n executable = script /bin/x\n}\n"
			    "protocol imap {\n hostname = z\n}\n"
			    "plugin {\n quota_rule = *:storage=1G\n"
			    " sieve = x\n}\n"
			    "service quota-status {\n client_limit = 1\n}\n"
			    "namespace {\n mailbox a {\n  auto = create\n"
			    "  special_use = x\n }\n}\n",
			    (struct conf_print *)(uintptr_t)&how);

	ck_assert(strstr(got, " line 1: imap_capability\n") != NULL);
	ck_assert(strstr(got, " line 4: service/imap/process_limit\n") != NULL);
	ck_assert(strstr(got, " line 10: hostname\n") != NULL);
	ck_assert(strstr(got, "line 2:") == NULL);
	ck_assert(strstr(got, "mine") == NULL);
	ck_assert(strstr(got, " line 14: plugin/sieve\n") != NULL);
	ck_assert(strstr(got, "quota") == NULL);
	ck_assert(strstr(got, "mailbox/a/special_use\n") != NULL);
	ck_assert(strstr(got, "auto") == NULL);
	free(got);
}
END_TEST

UNIT_MAIN("conf-print", changed, scoped_and_secret,
	  secrets_and_defaults_in_sections, names, quoting,
	  lists_and_blocks, one_value_is_plain, everything_loads_again, unused);
