/* Questions on auth-userdb, from line to line, for each driver and rule. */
#include "tests/unit/auth.h"

#include <pwd.h>
#include <time.h>

static const char users[] =
	"alice:{PLAIN}secret:1000:1001:A:/srv/alice::userdb_mail=maildir:~/M "
	"userdb_quota_rule=*:storage=1G foo=bar\r\n"
	"# comment:x\n"
	"\n"
	"root:{PLAIN}x:0:0::/root::\n"
	"bare:{PLAIN}x\n"
	"noids:{PLAIN}x:::::\n"
	"badid:{PLAIN}x:no-such-user:1::/x::\n"
	"renamed:{PLAIN}x:1000:1000::/r::userdb_user=other\n"
	"temp:{PLAIN}x:1000:1000::/t::userdb_tempfail=y\n"
	"names:{PLAIN}x:nobody:nogroup::/n\n"
	"alice:{PLAIN}second:2000:2000::/second\n"
	":noname:1:1\n"
	"no.login@d.example:x:1000:1000::/h/%d/%n::nologin=y";

#define USERDB "userdb {\n driver = passwd-file\n args = @/users\n}\n"
#define PASSDB "passdb {\n driver = passwd-file\n args = @/users\n}\n"

START_TEST(passwd_file)
{
	put_file("users", users);
	start_auth(PASSDB USERDB);
	ck_assert_str_eq(USER("alice"), "USER|1|alice|uid=1000|gid=1001|"
			 "home=/srv/alice|mail=maildir:~/M|"
			 "quota_rule=*:storage=1G\n");
	ck_assert_str_eq(USER("Alice"), USER("alice"));
	ck_assert_str_eq(USER("nosuch"), "NOTFOUND|1\n");
	ck_assert_str_eq(USER("# comment"), "NOTFOUND|1\n");
	ck_assert_str_eq(USER("root"), "NOTFOUND|1\n");
	ck_assert_str_eq(USER("bare"), "USER|1|bare|\n");
	ck_assert_str_eq(USER("noids"), "USER|1|noids|\n");
	ck_assert_str_eq(USER("badid"), "FAIL|1\n");
	ck_assert_str_eq(USER("renamed"),
			 "USER|1|other|uid=1000|gid=1000|home=/r\n");
	ck_assert_str_eq(USER("temp"), "FAIL|1\n");
	ck_assert_str_eq(USER("names"),
			 "USER|1|names|uid=65534|gid=65534|home=/n\n");
	ck_assert_str_eq(USER("no.login@d.example"),
			 "USER|1|no.login@d.example|uid=1000|gid=1000|"
			 "home=/h/%d/%n\n");
	ck_assert_str_eq(PASS("alice"), "PASS|1|user=alice|foo=bar\n");
	ck_assert_str_eq(PASS("no.login@d.example"),
			 "PASS|1|user=no.login@d.example|nologin=y\n");
	ck_assert_str_eq(PASS("nosuch"), "NOTFOUND|1\n");
	stop_auth();
}
END_TEST

START_TEST(lists)
{
	put_file("users", "b:x:1:1\na:x:1:1\nc@d:x\n");
	start_auth(USERDB);
	ck_assert_str_eq(ask("LIST|7|user=*|service=x\n"),
			 "LIST|7|b\nLIST|7|a\nLIST|7|c@d\nDONE|7|\n");
	ck_assert_str_eq(ask("LIST|8|*@d|service=x\n"),
			 "LIST|8|c@d\nDONE|8|\n");
	ck_assert_str_eq(ask("LIST|9\n"),
			 "LIST|9|b\nLIST|9|a\nLIST|9|c@d\nDONE|9|\n");
	remove_file("users");
	ck_assert_str_eq(ask("LIST|9|*\n"), "DONE|9|fail\n");
	stop_auth();
	start_auth("userdb {\n driver = static\n args = uid=1 "
		   "allow_all_users=yes\n}\n");
	ck_assert_str_eq(ask("LIST|9|*\n"), "DONE|9|fail\n");
	stop_auth();
}
END_TEST

/* A change counts from the next lookup, a missing file is never "unknown". */
START_TEST(changed_file)
{
	put_file("users", "a:x:1000:1000::/1\n");
	start_auth(USERDB);
	for (int i = 0; i < 20; i++) {
		char text[64], answer[64];

		snprintf(text, sizeof(text), "a:x:1000:1000::/%d\n", i % 10);
		snprintf(answer, sizeof(answer),
			 "USER|1|a|uid=1000|gid=1000|home=/%d\n", i % 10);
		put_file("users", text);
		ck_assert_str_eq(USER("a"), answer);
	}
	remove_file("users");
	ck_assert_str_eq(USER("a"), "FAIL|1\n");
	ck_assert_str_eq(USER("nosuch"), "FAIL|1\n");
	put_file("users", "b:x:1000:1000::/b\n");
	ck_assert_str_eq(USER("a"), "NOTFOUND|1\n");
	ck_assert_str_eq(USER("b"),
			 "USER|1|b|uid=1000|gid=1000|home=/b\n");
	/* somebody is just writing it */
	put_file("users", "");
	ck_assert_str_eq(USER("b"), "FAIL|1\n");
	ck_assert_str_eq(USER("b"), "FAIL|1\n");
	put_file("users", "b:x:1000:1000::/b\na:x:10");
	ck_assert_str_eq(USER("c"), "FAIL|1\n");
	ck_assert_str_eq(USER("b"),
			 "USER|1|b|uid=1000|gid=1000|home=/b\n");
	stop_auth();
	put_file("users", "");
	start_auth("userdb {\n driver = passwd-file\n args = @/missing\n}\n");
	ck_assert_str_eq(USER("a"), "FAIL|1\n");
	stop_auth();
}
END_TEST

START_TEST(path_with_variables)
{
	put_file("users.a.example", "alice:x:1000:1000::/a\n");
	put_file("users.b.example", "alice:x:1001:1001::/b\n");
	start_auth("userdb {\n driver = passwd-file\n args = "
		   "username_format=%n @/users.%d\n}\n");
	ck_assert_str_eq(USER("alice@a.example"), "USER|1|alice@a.example|"
			 "uid=1000|gid=1000|home=/a\n");
	ck_assert_str_eq(USER("alice@b.example"), "USER|1|alice@b.example|"
			 "uid=1001|gid=1001|home=/b\n");
	ck_assert_str_eq(USER("bob@a.example"), "NOTFOUND|1\n");
	ck_assert_str_eq(USER("alice@never.example"), "NOTFOUND|1\n");
	remove_file("users.a.example");
	ck_assert_str_eq(USER("alice@a.example"), "FAIL|1\n");
	ck_assert_str_eq(ask("LIST|1|*\n"), "DONE|1|fail\n");
	stop_auth();
}
END_TEST

START_TEST(static_driver)
{
	put_file("users", users);
	start_auth("userdb {\n driver = static\n args = uid=1000 gid=nogroup "
		   "home=/srv/%d/%n foo=%Uu bar allow_all_users=yes\n}\n");
	ck_assert_str_eq(USER("X@d.example"), "USER|1|x@d.example|uid=1000|"
			 "gid=65534|home=/srv/d.example/x|foo=X@D.EXAMPLE|"
			 "bar\n");
	stop_auth();
	put_file("users", users);
	start_auth(PASSDB "userdb {\n driver = static\n args = uid=7 "
		   "home=/h/%n\n}\n");
	ck_assert_str_eq(USER("alice"), "USER|1|alice|mail=maildir:~/M|"
			 "quota_rule=*:storage=1G|uid=7|home=/h/alice\n");
	ck_assert_str_eq(USER("nosuch"), "NOTFOUND|1\n");
	remove_file("users");
	ck_assert_str_eq(USER("alice"), "FAIL|1\n");
	stop_auth();
	/* nobody can say who exists */
	start_auth("userdb {\n driver = static\n args = uid=7\n}\n");
	ck_assert_str_eq(USER("alice"), "FAIL|1\n");
	stop_auth();
	ck_assert_int_eq(try_auth("userdb {\n driver = static\n args = "
				  "uid=no-such-user\n}\n"), -1);
	ck_assert_ptr_nonnull(strstr(test_err.text, "no-such-user"));
	stop_auth();
}
END_TEST

START_TEST(passwd_driver)
{
	struct passwd *pw = getpwnam("nobody");
	char expected[256];
	unsigned uid;

	ck_assert_ptr_nonnull(pw);
	uid = (unsigned)pw->pw_uid;
	snprintf(expected, sizeof(expected), "USER|1|nobody|"
		 "system_groups_user=nobody|uid=%u|gid=%u|home=%s\n",
		 (unsigned)pw->pw_uid, (unsigned)pw->pw_gid, pw->pw_dir);
	start_auth("userdb {\n driver = passwd\n}\n");
	ck_assert_str_eq(USER("nobody"), expected);
	ck_assert_str_eq(USER("no-such-user"), "NOTFOUND|1\n");
	ck_assert_ptr_nonnull(strstr(ask("LIST|1|nobody\n"),
				     "LIST|1|nobody\n"));
	ck_assert_ptr_null(strstr(ask("LIST|1|*\n"), "|root\n"));
	stop_auth();
	start_auth("userdb {\n driver = passwd\n args = blocking=no "
		   "home=/x/%u\n override_fields = gid=7\n}\n");
	snprintf(expected, sizeof(expected), "USER|1|nobody|"
		 "system_groups_user=nobody|uid=%u|gid=7|home=/x/nobody\n",
		 uid);
	ck_assert_str_eq(USER("nobody"), expected);
	stop_auth();
}
END_TEST

START_TEST(fields_and_chains)
{
	put_file("users", "a:x:1000:1000::/a\n");
	put_file("more", "b:x:1001:1001::/b\na:x:1002:1002::/a2\n");
	start_auth("userdb {\n driver = passwd-file\n args = @/users\n"
		   " default_fields = home=/def/%u mail=x:%n\n"
		   " override_fields = uid=7 over=%d gone\n}\n"
		   "userdb {\n driver = passwd-file\n args = @/more\n}\n");
	ck_assert_str_eq(USER("a"), "USER|1|a|home=/a|mail=x:a|uid=7|"
			 "gid=1000|over=|gone\n");
	ck_assert_str_eq(USER("b"),
			 "USER|1|b|uid=1001|gid=1001|home=/b\n");
	ck_assert_str_eq(USER("c"), "NOTFOUND|1\n");
	/* a trouble is not forgotten, unless another one knows the user */
	remove_file("users");
	ck_assert_str_eq(USER("b"),
			 "USER|1|b|uid=1001|gid=1001|home=/b\n");
	ck_assert_str_eq(USER("c"), "FAIL|1\n");
	stop_auth();
	put_file("users", "a:x:1000:1000::/a\n");
	put_file("more", "b:x:1001:1001::/b\na:x:1002:1002::/a2\n");
	start_auth("userdb {\n driver = passwd-file\n args = @/users\n"
		   " result_success = continue-ok\n}\n"
		   "userdb {\n driver = passwd-file\n args = @/more\n"
		   " skip = notfound\n}\n");
	ck_assert_str_eq(USER("a"),
			 "USER|1|a|uid=1002|gid=1002|home=/a2\n");
	ck_assert_str_eq(USER("b"), "NOTFOUND|1\n");
	stop_auth();
	put_file("users", "a:x:1000:1000::/a\n");
	put_file("more", "b:x:1001:1001::/b\n");
	start_auth("userdb {\n driver = passwd-file\n args = @/users\n"
		   " result_failure = return-fail\n}\n"
		   "userdb {\n driver = passwd-file\n args = @/more\n}\n");
	ck_assert_str_eq(USER("b"), "NOTFOUND|1\n");
	stop_auth();
	put_file("more", "b:x:1001:1001::/b\n");
	start_auth("userdb {\n driver = passwd-file\n args = @/users\n"
		   " result_internalfail = return-fail\n}\n"
		   "userdb {\n driver = passwd-file\n args = @/more\n}\n");
	ck_assert_str_eq(USER("b"), "FAIL|1\n");
	stop_auth();
}
END_TEST

/* Those of protocol blocks come first, wherever they stand in the text, and
   are asked for their protocol alone. */
START_TEST(in_protocol_blocks)
{
	start_auth("userdb {\n driver = static\n args = uid=1 gid=1 home=/all "
		   "allow_all_users=yes\n}\n"
		   "protocol lmtp {\n userdb {\n  driver = static\n"
		   "  args = uid=2 gid=2 home=/%s allow_all_users=yes\n }\n}\n"
		   "protocol !doveadm {\n passdb {\n  driver = static\n"
		   "  args = password=x a=%s\n }\n}\n"
		   "local 10.0.0.1 {\n userdb {\n  driver = static\n"
		   "  args = uid=3\n }\n}\n");
	ck_assert_str_eq(ask("USER|1|u|service=lmtp\n"),
			 "USER|1|u|uid=2|gid=2|home=/lmtp\n");
	ck_assert_str_eq(ask("USER|1|u|service=lda\n"),
			 "USER|1|u|uid=1|gid=1|home=/all\n");
	ck_assert_str_eq(ask("PASS|1|u|service=imap\n"),
			 "PASS|1|user=u|a=imap\n");
	ck_assert_str_eq(ask("PASS|1|u|service=doveadm\n"), "NOTFOUND|1\n");
	stop_auth();
}
END_TEST

START_TEST(deny_and_pass)
{
	put_file("deny", "mallory\n");
	put_file("users", "alice:x:1000:1000::/a\nmallory:x:1001:1001::/m\n");
	start_auth("passdb {\n driver = passwd-file\n args = @/deny\n"
		   " deny = yes\n}\n" PASSDB USERDB);
	ck_assert_str_eq(PASS("alice"), "PASS|1|user=alice\n");
	ck_assert_str_eq(PASS("mallory"), "FAIL|1\n");
	ck_assert_str_eq(PASS("nosuch"), "NOTFOUND|1\n");
	/* whether he is denied can't be told: he isn't let in */
	remove_file("deny");
	ck_assert_str_eq(PASS("alice"), "FAIL|1\n");
	stop_auth();
	remove_file("users");
}
END_TEST

START_TEST(user_names)
{
#define ALL "userdb {\n driver = static\n args = allow_all_users=yes " \
	"u=%u\n}\n"
	start_auth(ALL);
	ck_assert_str_eq(USER("A.b@C"), "USER|1|a.b@c|u=a.b@c\n");
	ck_assert_str_eq(USER("a b"), "NOTFOUND|1\n");
	ck_assert_str_eq(USER("a%b"), "NOTFOUND|1\n");
	ck_assert_str_eq(USER("a/b"), "NOTFOUND|1\n");
	ck_assert_str_eq(USER("a+b"), "NOTFOUND|1\n");
	ck_assert_str_eq(USER(".."), "NOTFOUND|1\n");
	ck_assert_str_eq(USER("..@x"), "NOTFOUND|1\n");
	ck_assert_str_eq(USER(""), "NOTFOUND|1\n");
	stop_auth();
	start_auth("auth_username_chars =\nauth_username_format = %Ln\n"
		   "auth_username_translation = \"#%!.\"\n" ALL);
	ck_assert_str_eq(USER("A%x@b"), "USER|1|a%x|u=a%x\n");
	ck_assert_str_eq(USER("a#b!c"), "USER|1|a%b.c|u=a%b.c\n");
	ck_assert_str_eq(USER("a/b"), "NOTFOUND|1\n");
	ck_assert_str_eq(USER("..@b"), "NOTFOUND|1\n");
	ck_assert_str_eq(USER("@b"), "NOTFOUND|1\n");
	stop_auth();
	start_auth("auth_default_realm = d.example\n" ALL);
	ck_assert_str_eq(USER("a"), "USER|1|a@d.example|u=a@d.example\n");
	ck_assert_str_eq(USER("a@x"), "USER|1|a@x|u=a@x\n");
	stop_auth();
	start_auth("auth_username_format =\n" ALL);
	ck_assert_str_eq(USER("Alice"), "USER|1|Alice|u=Alice\n");
	stop_auth();
}
END_TEST

START_TEST(variables)
{
	start_auth("userdb {\n driver = static\n args = allow_all_users=yes "
		   "x=%s,%l,%r,%{orig_user},%{session},%{userdb:a} a=b "
		   "y=%{userdb:a}\n}\n");
	ck_assert_str_eq(USER("Al"), "USER|1|al|x=lmtp,127.0.0.1,127.0.0.2,"
			 "Al,,|a=b|y=b\n");
	stop_auth();
}
END_TEST

START_TEST(who_may_ask)
{
	put_file("users", "a:x:1000:1000::/a\nb:x:1001:1001::/b\nc:x\n");
	start_auth(PASSDB USERDB);
	test_conn.any_user = false;
	test_conn.peer_uid = 1000;
	ck_assert_str_eq(USER("a"), "USER|1|a|uid=1000|gid=1000|home=/a\n");
	ck_assert_str_eq(USER("b"), "FAIL|1\n");
	ck_assert_str_eq(USER("c"), "FAIL|1\n");
	ck_assert_str_eq(USER("nosuch"), "NOTFOUND|1\n");
	ck_assert_str_eq(PASS("a"), "FAIL|1\n");
	ck_assert_str_eq(ask("LIST|1|*\n"), "DONE|1|fail\n");
	stop_auth();
}
END_TEST

START_TEST(bad_lines)
{
	static const char *const lines[] = {
		"FOO|1\n", "\n", "USER\n", "USER|1\n", "USER|x|a|service=y\n",
		"USER|1|a\n", "USER|4294967296|a|service=x\n",
		"VERSION|1|1\n", "USER|1|a\001zb|service=x\n", "LIST|x\n",
		"CACHE-FLUSH|1\n", "user|1|a|service=x\n",
	};
	struct str line = STR_INIT;

	start_auth(ALL);
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		open_conn(CONN_USERDB);
		ck_assert_msg(strcmp(ask(lines[i]), "CLOSED") == 0, "%s",
			      lines[i]);
	}
	for (int i = 0; i < 10000; i++)
		str_append_c(&line, 'x');
	open_conn(CONN_USERDB);
	ck_assert_str_eq(ask(str_c(&line)), "CLOSED");
	str_free(&line);
	/* before the VERSION, and a wrong one */
	test_conn.greeted = false;
	open_conn(CONN_USERDB);
	test_conn.greeted = false;
	ck_assert_str_eq(USER("a"), "CLOSED");
	open_conn(CONN_USERDB);
	test_conn.greeted = false;
	ck_assert_str_eq(ask("VERSION|2|0\n"), "CLOSED");
	open_conn(CONN_MASTER);
	ck_assert_str_eq(ask("CACHE-FLUSH|4\n"), "OK|4|0\n");
	stop_auth();
}
END_TEST

START_TEST(in_pieces)
{
	static const char line[] = "USER\t9\ta\tservice=x\r\n";

	start_auth(ALL);
	str_reset(&test_conn.out);
	for (size_t i = 0; line[i] != '\0'; i++)
		ck_assert_int_eq(conn_feed(&test_conn, line + i, 1), 0);
	ck_assert_str_eq(str_c(&test_conn.out), "USER\t9\ta\tu=a\n");
	ck_assert_str_eq(ask("USER|1|a|service=x\nUSER|2|b|service=x\n"),
			 "USER|1|a|u=a\nUSER|2|b|u=b\n");
	stop_auth();
}
END_TEST

START_TEST(cache)
{
	start_auth("auth_cache_size = 1M\nuserdb {\n driver = passwd\n}\n");
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(strncmp(USER("nobody"), "USER|", 5), 0);
		ck_assert_str_eq(USER("no-such"), "NOTFOUND|1\n");
	}
	open_conn(CONN_MASTER);
	ck_assert_str_eq(ask("CACHE-FLUSH|4|nobody\n"), "OK|4|1\n");
	ck_assert_str_eq(ask("CACHE-FLUSH|4\n"), "OK|4|1\n");
	ck_assert_int_eq(strncmp(USER("nobody"), "USER|", 5), 0);
	stop_auth();
}
END_TEST

START_TEST(no_userdb)
{
	put_file("users", "a:x\n");
	start_auth(PASSDB);
	ck_assert_str_eq(USER("a"), "USER|1|a|\n");
	ck_assert_str_eq(USER("b"), "NOTFOUND|1\n");
	stop_auth();
	ck_assert_int_eq(try_auth("userdb {\n driver = passwd-file\n "
				  "args = users\n}\n"), -1);
	stop_auth();
	/* a driver that Loft doesn't have is no reason not to start */
	start_auth("passdb {\n driver = pam\n}\nuserdb {\n driver = sql\n}\n"
		   "userdb {\n driver = passwd\n}\n");
	ck_assert_str_eq(USER("no-such-user"), "FAIL|1\n");
	ck_assert_str_eq(PASS("a"), "FAIL|1\n");
	ck_assert_int_eq(strncmp(USER("nobody"), "USER|", 5), 0);
	stop_auth();
}
END_TEST

UNIT_MAIN("auth-userdb", passwd_file, lists, changed_file,
	  path_with_variables, static_driver, passwd_driver,
	  fields_and_chains, in_protocol_blocks, deny_and_pass, user_names,
	  variables, who_may_ask, bad_lines, in_pieces, cache, no_userdb);
