/* Paths: RFC 5321 with Dovecot's words for what is wrong. */
#include "tests/unit/unit.h"

#include <string.h>

#include "core/err.h"
#include "core/pool.h"
#include "smtp/path.h"

static const struct {
	const char *text;
	const char *path;	/* what comes out, or NULL */
	const char *localpart, *domain;	/* or, when it fails: the words */
} rcpt_cases[] = {
	{ "<alice>", "alice", "alice", NULL },
	{ "<Alice@X.Example> A=B", "Alice@X.Example", "Alice", "X.Example" },
	{ "<\"alice\"@x>", "alice@x", "alice", "x" },
	{ "<\"a b\"@x>", "\"a b\"@x", "a b", "x" },
	{ "<\"a\\b\"@c>", "ab@c", "ab", "c" },
	{ "<\"a\\\\b\"@c>", "\"a\\\\b\"@c", "a\\b", "c" },
	{ "<\"a>b\"@c>", "\"a>b\"@c", "a>b", "c" },
	{ "<\"\"@x>", "\"\"@x", "", "x" },
	{ "<\"\">", "\"\"", "", NULL },
	{ "<.>", "\".\"", ".", NULL },
	{ "<a.b..c@y>", "\"a.b..c\"@y", "a.b..c", "y" },
	{ "<@a:alice@x>", "alice@x", "alice", "x" },
	{ "<@a,@b.c:alice@x>", "alice@x", "alice", "x" },
	{ "<a@b_c>", "a@b_c", "a", "b_c" },
	{ "<a@-b>", "a@-b", "a", "-b" },
	{ "<a@[1.2.3.4]>", "a@[1.2.3.4]", "a", "[1.2.3.4]" },
	{ "<a@[IPv6:::1]>", "a@[IPv6:::1]", "a", "[IPv6:::1]" },
	{ "<a@[foo:bar]>", "a@[foo:bar]", "a", "[foo:bar]" },
	{ "<!#$%&'*+-/=?^_`{|}~@c>", "!#$%&'*+-/=?^_`{|}~@c",
	  "!#$%&'*+-/=?^_`{|}~", "c" },
	{ "<\xc3\xa9@\xc3\xa9.b>", "\xc3\xa9@\xc3\xa9.b", "\xc3\xa9",
	  "\xc3\xa9.b" },

	{ "", NULL, "Path is empty string", NULL },
	{ "<>", NULL, "Null path not allowed", NULL },
	{ " <alice>", NULL, "Unexpected whitespace before path", NULL },
	{ "\t<alice>", NULL, "Unexpected whitespace before path", NULL },
	{ "alice", NULL, "Missing '<' at beginning of path", NULL },
	{ "<alice", NULL, "Missing '>' at end of path", NULL },
	{ "<alice>x", NULL, "Invalid character in path", NULL },
	{ "<a@b>>", NULL, "Invalid character in path", NULL },
	{ "<<a@b>>", NULL, "Invalid character in localpart", NULL },
	{ "<", NULL, "Invalid character in localpart", NULL },
	{ "< a@b>", NULL, "Invalid character in localpart", NULL },
	{ "<a @b>", NULL, "Missing '>' at end of path", NULL },
	{ "<a,b@c>", NULL, "Missing '>' at end of path", NULL },
	{ "<a@b@c>", NULL, "Missing '>' at end of path", NULL },
	{ "<a@c:25>", NULL, "Missing '>' at end of path", NULL },
	{ "<\"a\"b@c>", NULL, "Missing '>' at end of path", NULL },
	{ "<\"a@c>", NULL, "Premature end of quoted string", NULL },
	{ "<\"a\\>", NULL, "Premature end of quoted string", NULL },
	{ "<\"a\\", NULL, "Premature end of quoted string", NULL },
	{ "<\"a\x01\"@c>", NULL, "Invalid character in quoted string", NULL },
	{ "<\"\xff\"@x>", NULL, "Invalid character in quoted string", NULL },
	{ "<a@>", NULL, "Missing domain after '@'", NULL },
	{ "<a@", NULL, "Missing domain after '@'", NULL },
	{ "<a@.b>", NULL, "Invalid domain", NULL },
	{ "<a@ b>", NULL, "Invalid domain", NULL },
	{ "<a@b.>", NULL, "Invalid character in domain", NULL },
	{ "<a@b..c>", NULL, "Empty sub-domain", NULL },
	{ "<a@[1.2.3]>", NULL, "Invalid IPv4 address literal", NULL },
	{ "<a@[1.2.3.400]>", NULL, "Invalid IPv4 address literal", NULL },
	{ "<a@[IPv6:zz]>", NULL, "Invalid IPv6 address literal", NULL },
	{ "<a@[]>", NULL, "Invalid address literal", NULL },
	{ "<a@[foo]>", NULL, "Invalid address literal", NULL },
	{ "<a@[:x]>", NULL, "Invalid address literal", NULL },
	{ "<a@[x:]>", NULL, "Invalid address literal", NULL },
	{ "<alice@[zz>", NULL, "Invalid address literal", NULL },
	{ "<@:alice>", NULL, "Missing domain after '@' in source route", NULL },
	{ "<@", NULL, "Missing domain after '@' in source route", NULL },
	{ "<@x,@:a@b>", NULL, "Missing domain after '@' in source route",
	  NULL },
	{ "<@x,a@b>", NULL, "Missing '@' after ',' in source route", NULL },
	{ "<@x>", NULL, "Missing ':' at end of source route", NULL },
	{ "<@x @y:a@b>", NULL, "Missing ':' at end of source route", NULL },
	{ "<@x,@y:>", NULL, "Path only consists of source route", NULL },
};

START_TEST(recipients)
{
	struct pool *pool = pool_new();
	struct err err;

	for (size_t i = 0; i < sizeof(rcpt_cases) / sizeof(*rcpt_cases); i++) {
		const char *text = rcpt_cases[i].text, *p = text;
		struct smtp_path path = { NULL, NULL, "untouched", false };

		if (rcpt_cases[i].path == NULL) {
			ck_assert_int_eq(smtp_path_parse(&p, 0, pool, &path,
							 &err), -1);
			ck_assert_str_eq(err.text, rcpt_cases[i].localpart);
			ck_assert_int_eq(err.kind, ERR_PROTO);
			ck_assert_str_eq(path.text, "untouched");
			ck_assert_ptr_eq(p, text);
			continue;
		}
		ck_assert_msg(smtp_path_parse(&p, 0, pool, &path, &err) == 0,
			      "%s: %s", text, err.text);
		ck_assert_str_eq(path.text, rcpt_cases[i].path);
		ck_assert_str_eq(path.localpart, rcpt_cases[i].localpart);
		ck_assert_pstr_eq(path.domain, rcpt_cases[i].domain);
		ck_assert_uint_eq(path.utf8, strchr(text, '\xc3') != NULL);
		ck_assert(*p == '\0' || *p == ' ');
	}
	pool_free(&pool);
}
END_TEST

/* A sender whom nobody can answer is the null sender. */
START_TEST(broken_senders)
{
	static const struct {
		const char *text, *path, *words;
	} cases[] = {
		{ "<>", "", NULL }, { "<> BODY=7BIT", "", NULL },
		{ "<a@>", "", NULL }, { "<a@b.>", "", NULL },
		{ "<a,b@c>", "", NULL }, { "<@x>", "", NULL },
		{ "<a@[foo]>", "", NULL }, { "<\"a\"b@c>", "", NULL },
		{ "<a..b@c>", "\"a..b\"@c", NULL },
		{ "<a b@c>", NULL, "Invalid character in localpart" },
		{ "<a@b c>", NULL, "Missing '>' at end of path" },
		{ "<a@b", NULL, "Missing '>' at end of path" },
		{ "<\"a@c>", NULL, "Premature end of quoted string" },
		{ "<<a@b>>", NULL, "Invalid character in path" },
		{ "<>x", NULL, "Invalid character in path" },
		{ "<@x @y:a@b>", NULL, "Missing ':' at end of source route" },
		{ "<a\xff@b>", NULL, "Missing '>' at end of path" },
	};
	struct pool *pool = pool_new();
	struct err err;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *p = cases[i].text;
		struct smtp_path path;
		int result = smtp_path_parse(&p, SMTP_PATH_EMPTY |
					     SMTP_PATH_IGNORE_BROKEN, pool,
					     &path, &err);

		ck_assert_msg(result == (cases[i].path != NULL ? 0 : -1),
			      "%s", cases[i].text);
		if (result == 0)
			ck_assert_str_eq(path.text, cases[i].path);
		else
			ck_assert_str_eq(err.text, cases[i].words);
	}
	pool_free(&pool);
}
END_TEST

START_TEST(workarounds)
{
	const char *p = "  <a@b>", *q = "a@b FOO";
	struct pool *pool = pool_new();
	struct smtp_path path;
	struct err err;

	ck_assert(smtp_path_parse(&p, SMTP_PATH_SPACE, pool, &path, &err) == 0);
	ck_assert_str_eq(path.text, "a@b");
	ck_assert(smtp_path_parse(&q, SMTP_PATH_BARE, pool, &path, &err) == 0);
	ck_assert_str_eq(path.text, "a@b");
	ck_assert_str_eq(q, " FOO");
	pool_free(&pool);
}
END_TEST

START_TEST(helo_domains)
{
	static const struct { const char *domain; bool valid; } cases[] = {
		{ "localhost", true }, { "a_b", true }, { "1.2", true },
		{ "[1.2.3.4]", true }, { "[IPv6:::1]", true }, { "A-.b", true },
		{ "a b", false }, { "a..b", false }, { "a.", false },
		{ "[foo]", false }, { "[1.2.3", false }, { "", false },
		{ "\xc3\xa9", false }, { "a(", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		ck_assert_msg(smtp_domain_valid(cases[i].domain) ==
			      cases[i].valid, "%s", cases[i].domain);
}
END_TEST

UNIT_MAIN("smtp-path", recipients, broken_senders, workarounds, helo_domains);
