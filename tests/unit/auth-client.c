/* SASL on auth-client, from line to line (answers without delay). */
#include "tests/unit/auth.h"

#include <openssl/evp.h>

static const char users[] =
	"alice:{PLAIN}secret:1000:1000::/a::foo=bar allow_nets=127.0.0.0/8 "
	"userdb_x=y\n"
	"open:::::::nopassword=y\n"
	"none:{PLAIN}:1:1\n"
	"odd:{NO-SUCH}x:1:1\n"
	"re:{PLAIN}secret:1:1::::user=renamed\n";

#define PASSDB "passdb {\n driver = passwd-file\n args = @/users\n}\n"

static char encoded[128];

/* \1 stands for NUL */
static const char *
b64(const char *text)
{
	unsigned char plain[64];
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		plain[i] = text[i] == '\1' ? '\0' : (unsigned char)text[i];
	EVP_EncodeBlock((unsigned char *)encoded, plain, (int)len);
	return encoded;
}

static void
hello(void)
{
	open_conn(CONN_CLIENT);
	ck_assert_str_eq(ask("VERSION|1|1\nCPID|77\n"), "");
}

static const char *
plain(const char *resp)
{
	char line[256];

	snprintf(line, sizeof(line),
		 "AUTH|1|PLAIN|service=smtp|rip=127.0.0.1|resp=%s\n",
		 b64(resp));
	return ask(line);
}

START_TEST(greeting)
{
	const char *text;

	put_file("users", users);
	start_auth("auth_mechanisms = plain login scram-sha-1\n" PASSDB);
	conn_deinit(&test_conn);
	memset(&test_conn, 0, sizeof(test_conn));
	conn_init(&test_conn, test_auth, CONN_CLIENT);
	text = str_c(&test_conn.out);
	ck_assert(str_begins(text, "VERSION\t1\t2\n"
			     "MECH\tPLAIN\tplaintext\n"
			     "MECH\tLOGIN\tplaintext\nSPID\t"));
	ck_assert_ptr_nonnull(strstr(text, "\nCUID\t"));
	ck_assert_ptr_nonnull(strstr(text, "\nCOOKIE\t"));
	ck_assert_ptr_nonnull(strstr(text, "\nDONE\n"));
	stop_auth();
}
END_TEST

START_TEST(plain_mech)
{
	put_file("users", users);
	start_auth(PASSDB);
	hello();
	ck_assert_str_eq(plain("\1alice\1secret"),
			 "OK|1|user=alice|foo=bar\n");
	ck_assert_str_eq(plain("\1Alice\1secret"), "OK|1|user=alice|foo=bar|"
			 "original_user=Alice\n");
	ck_assert_str_eq(plain("alice\1alice\1secret"),
			 "OK|1|user=alice|foo=bar\n");
	ck_assert_str_eq(plain("\1alice\1wrong"), "FAIL|1|user=alice\n");
	ck_assert_str_eq(plain("\1alice\1"), "FAIL|1|user=alice\n");
	ck_assert_str_eq(plain("\1nosuch\1x"), "FAIL|1|user=nosuch\n");
	ck_assert_str_eq(plain("\1open\1anything"), "OK|1|user=open\n");
	ck_assert_str_eq(plain("\1none\1x"), "FAIL|1|user=none\n");
	ck_assert_str_eq(plain("\1re\1secret"), "OK|1|user=renamed|"
			 "original_user=re\n");
	ck_assert_str_eq(plain("\1odd\1x"),
			 "FAIL|1|user=odd|temp|code=temp_fail\n");
	ck_assert_str_eq(plain("bob\1alice\1secret"),
			 "FAIL|1|reason=invalid input\n");
	ck_assert_str_eq(plain("abc"), "FAIL|1|reason=invalid input\n");
	ck_assert_str_eq(plain("\1alice"), "FAIL|1|reason=invalid input\n");
	ck_assert_str_eq(ask("AUTH|1|PLAIN|service=smtp|resp=!!!\n"),
			 "FAIL|1|code=invalid_base64|"
			 "reason=Invalid base64 data\n");
	/* not from there */
	ck_assert_str_eq(ask("AUTH|1|PLAIN|service=x|rip=10.0.0.1|"
			     "resp=AGFsaWNlAHNlY3JldA==\n"),
			 "FAIL|1|user=alice\n");
	remove_file("users");
	ck_assert_str_eq(plain("\1alice\1secret"),
			 "FAIL|1|user=alice|temp|code=temp_fail\n");
	stop_auth();
}
END_TEST

START_TEST(continued)
{
	put_file("users", users);
	start_auth("auth_mechanisms = plain login\n" PASSDB);
	hello();
	ck_assert_str_eq(ask("AUTH|5|PLAIN|service=smtp|rip=127.0.0.1\n"),
			 "CONT|5|\n");
	ck_assert_str_eq(ask("CONT|5|AGFsaWNlAHNlY3JldA==\n"),
			 "OK|5|user=alice|foo=bar\n");
	ck_assert_str_eq(ask("AUTH|6|login|service=smtp|rip=127.0.0.1\n"),
			 "CONT|6|VXNlcm5hbWU6\n");
	ck_assert_str_eq(ask("CONT|6|YWxpY2U=\n"), "CONT|6|UGFzc3dvcmQ6\n");
	ck_assert_str_eq(ask("CONT|6|c2VjcmV0\n"),
			 "OK|6|user=alice|foo=bar\n");
	ck_assert_str_eq(ask("AUTH|7|PLAIN|service=smtp\nCANCEL|7\n"),
			 "CONT|7|\n");
	ck_assert_str_eq(ask("CONT|7|AGFsaWNlAHNlY3JldA==\n"),
			 "FAIL|7|reason=Authentication request timed out\n");
	ck_assert_str_eq(ask("AUTH|8|CRAM-MD5|service=smtp\n"),
			 "FAIL|8|reason=Unsupported mechanism\n");
	for (int i = 0; i < CONN_SASL_MAX; i++) {
		char line[64];

		snprintf(line, sizeof(line), "AUTH|%d|PLAIN|service=x\n",
			 100 + i);
		ck_assert_int_eq(strncmp(ask(line), "CONT|", 5), 0);
	}
	ck_assert_str_eq(ask("AUTH|1|PLAIN|service=x\n"), "FAIL|1|temp|"
			 "code=temp_fail|reason=Too many logins\n");
	stop_auth();
}
END_TEST

START_TEST(bad_lines)
{
	static const char *const lines[] = {
		"FOO|1\n", "AUTH|1\n", "AUTH|x|PLAIN|service=y\n",
		"AUTH|1|PLAIN\n", "CPID|1\n", "CONT|1\n", "\n",
		"AUTH|1|PLAIN|service=x\nAUTH|1|PLAIN|service=x\n",
	};

	start_auth(PASSDB);
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		const char *out;

		hello();
		out = ask(lines[i]);
		ck_assert_msg(strstr(out, "CLOSED") != NULL, "%s", lines[i]);
	}
	open_conn(CONN_CLIENT);
	ck_assert_str_eq(ask("VERSION|1|1\nAUTH|1|PLAIN|service=x\n"),
			 "CLOSED");
	open_conn(CONN_CLIENT);
	ck_assert_str_eq(ask("CPID|1\n"), "CLOSED");
	stop_auth();
}
END_TEST

UNIT_MAIN("auth-client", greeting, plain_mech, continued, bad_lines);
