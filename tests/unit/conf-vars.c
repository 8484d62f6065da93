/* %-variables. What Dovecot 2.3.19 expands is in the tables as it did it. */
#include "tests/unit/unit.h"

#include <string.h>

#include "conf/vars.h"
#include "core/err.h"
#include "core/pool.h"
#include "core/str.h"

struct vars_case {
	const char *text, *value;
};

static void
check_cases(const char *user, const struct vars_case *cases, size_t count)
{
	struct pool *pool = pool_new();
	struct vars *vars = vars_user(user, "/home/x", pool);

	for (size_t i = 0; i < count; i++) {
		const char *got = NULL;
		struct err err = { 0 };
		int ret = vars_expand(cases[i].text, vars, pool, &got, &err);

		ck_assert_msg(ret == 0, "%s: %s", cases[i].text, err.text);
		ck_assert_msg(strcmp(got, cases[i].value) == 0,
			      "%s: '%s' instead of '%s'", cases[i].text, got,
			      cases[i].value);
	}
	pool_free(&pool);
}

#define CHECK(user, cases) \
	check_cases((user), (cases), sizeof(cases) / sizeof(*(cases)))

START_TEST(plain)
{
	static const struct vars_case cases[] = {
		{ "", "" },
		{ "no variables", "no variables" },
		{ "%u", "bob@example.com" },
		{ "%n at %d in %h", "bob at example.com in /home/x" },
		{ "100%%", "100%" },
		{ "%", "" },
		{ "x%2", "x" },
		{ "%{user}/%{username}/%{domain}/%{home}",
		  "bob@example.com/bob/example.com//home/x" },
		{ "%{env:LOFT_NO_SUCH_VARIABLE}", "" },
		{ "maildir:/v/%d/%1n/%n", "maildir:/v/example.com/b/bob" },
	};

	CHECK("bob@example.com", cases);
}
END_TEST

START_TEST(without_domain)
{
	static const struct vars_case cases[] = {
		{ "%u|%n|%d", "bob|bob|" },
		{ "%05n", "00bob" },
		{ "postmaster@%{if;%d;ne;;%d;none}", "postmaster@none" },
	};

	CHECK("bob", cases);
}
END_TEST

START_TEST(forms_as_dovecot)
{
	static const struct vars_case cases[] = {
		{ "%L{user}", "abc.def@ex.am.ple" }, { "%2.3u", "c.D" },
		{ "%-2u", "Ab" }, { "%-3.2u", "pl" }, { "%05n", "Abc.Def" },
		{ "%.3u", "Abc" }, { "%-2.02n", "ef" }, { "%2u", "Ab" },
		{ "%0.2n", "Ab" }, { "%3.-2u", ".Def@Ex.am.p" },
		{ "%LUu", "ABC.DEF@EX.AM.PLE" }, { "%Ud", "EX.AM.PLE" },
		{ "%Ru", "elp.ma.xE@feD.cbA" }, { "%3Ru", "elp" },
		{ "%Dd", "Ex,dc=am,dc=ple" }, { "%Xn", "0" },
		{ "%EU{user}", "ABC.DEF@EX.AM.PLE" },
		{ "%Mu", "a8fa8b139a0bf63b19774f32f08bcaf2" },
		{ "%2Mu", "a8" }, { "%2.4Mu", "fa8b" },
		{ "%256Nu", "3b" }, { "%2.256Nu", "3b" },
		{ "%16Nu", "b" }, { "%4.16Nu", "000b" },
		{ "%Hu", "e839db5" }, { "%256Hu", "b5" },
	};

	CHECK("Abc.Def@Ex.am.ple", cases);
}
END_TEST

START_TEST(hashes_as_dovecot)
{
	static const struct vars_case cases[] = {
		{ "%{md5:user}", "a8fa8b139a0bf63b19774f32f08bcaf2" },
		{ "%{sha1:user}", "fa077c6fdf95a974158e375318e4dfcb160deb81" },
		{ "%{sha256;truncate=12:user}", "09cb" },
		{ "%{sha256;format=base64:user}",
		  "nLstkNP+QC+LMgJG7FcnsxjB/I6qseQ00qJXeuyFdUs=" },
		{ "%{sha256;format=base64,truncate=20:user}", "Ccuy" },
		{ "%{sha256;rounds=2,truncate=16,salt=x:user}", "54a3" },
		{ "%16{sha512;rounds=1,salt=%{domain}:user}",
		  "3e23ab13961cc11d" },
	};

	CHECK("Abc.Def@Ex.am.ple", cases);
}
END_TEST

START_TEST(more_hashes_as_dovecot)
{
	static const struct vars_case cases[] = {
		{ "%{sha3-256:user}", "c7c348cf88383c25ae5c394ba71c2e92e7698df9"
		  "8c7f523cf8aab6bf9965ff36" },
		{ "%{sha256;format=hexuc,foo=1,truncate=999:user}",
		  "78675cc176081372c43abab3ea9fb70c74381eb02dc6e93fb6d44d16"
		  "1da6eeb3" },
	};

	CHECK("joe", cases);
}
END_TEST

START_TEST(odd_users_as_dovecot)
{
	static const struct vars_case quote[] = {
		{ "%EU{user}", "X\\'Y" }, { "%Ru", "y'x" },
		{ "%05n", "00x'y" }, { "%Hu", "7ae9" }, { "%d", "" },
	};
	static const struct vars_case dots[] = {
		{ "%Dd", "c,dc=,dc=d" }, { "%-3.2u", ".." },
		{ "%4.16Nu", "0000" }, { "%256Hu", "54" },
	};
	static const struct vars_case digit[] = {
		{ "%Xn", "7" }, { "%-2.02n", "07" }, { "%05n", "00007" },
		{ "%256Nu", "7a" }, { "%2.3u", "" },
	};

	CHECK("x'y", quote);
	CHECK("a..b@c..d", dots);
	CHECK("7", digit);
}
END_TEST

START_TEST(conditions)
{
	static const struct vars_case cases[] = {
		{ "%{if;abc;*;a*;y;n}", "y" }, { "%{if;abc;!*;a*;y;n}", "n" },
		{ "%{if;abc;*;a?c;y;n}", "y" }, { "%{if;abc;*;*d*;y;n}", "n" },
		{ "%{if;abc;~;^a.c$;y;n}", "y" },
		{ "%{if;abc;!~;^b;y;n}", "y" },
		{ "%{if;5;>;3;y\\;z;n}", "y;z" }, { "%{if;5;<=;3;y;n}", "n" },
		{ "%{if;10;==;010;y;n}", "y" }, { "%{if;1;!=;1;y;n}", "n" },
		{ "%{if;a;lt;b;y;n}", "y" }, { "%{if;a;ge;b;y;n}", "n" },
		{ "%{if;a;eq;a;yes}", "yes" }, { "%{if;a;ne;a;yes}", "" },
		{ "%{if;%n;eq;bob;%{if;%d;eq;;none;%d};n}", "d" },
		{ "%U{if;a;eq;a;yes;no}", "YES" },
	};

	CHECK("bob@d", cases);
}
END_TEST

static const char *
lookup(const char *name, const char *arg, void *ctx)
{
	ck_assert_str_eq(ctx, "ctx");
	if (strcmp(name, "userdb") != 0)
		return NULL;
	return strcmp(arg, "quota") == 0 ? "10M" : "";
}

START_TEST(tables_and_functions)
{
	char ctx[] = "ctx";
	struct pool *pool = pool_new();
	const struct vars_entry entries[] = {
		{ 'm', "msgid", "<1@x>" }, { '$', NULL, "saved" },
		{ '\0', "session", NULL }, { '\0', NULL, NULL },
	};
	const struct vars vars = {
		.entries = entries, .func = lookup, .func_ctx = ctx,
		.parent = vars_user("bob", "/h", pool),
	};
	const char *got;
	struct err err;

	ck_assert_int_eq(vars_expand("%m %{msgid} %$ [%{session}] %u "
				     "%{userdb:quota} %{userdb:x}",
				     &vars, pool, &got, &err), 0);
	ck_assert_str_eq(got, "<1@x> <1@x> saved [] bob 10M ");
	pool_free(&pool);
}
END_TEST

START_TEST(mistakes_are_told)
{
	static const struct vars_case cases[] = {
		{ "a%qb", "aUNSUPPORTED_VARIABLE_qb" },
		{ "%{nosuch}!", "UNSUPPORTED_VARIABLE_nosuch!" },
		{ "%{sha256:nosuch}", "" },
		{ "%{sha256;rounds=0:user}", "" },
		{ "%{sha256;format=foo:user}", "" },
		{ "%{if;a;==;b;y;n}", "" }, { "%{if;a;foo;b;y;n}", "" },
		{ "%{if;a;~;(;y;n}", "" }, { "x%{user", "x" },
	};
	struct pool *pool = pool_new();
	struct vars *vars = vars_user("bob", NULL, pool);
	struct str deep = STR_INIT;
	const char *got;
	struct err err;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		err.text[0] = '\0';
		ck_assert_int_eq(vars_expand(cases[i].text, vars, pool, &got,
					     &err), -1);
		ck_assert_str_eq(got, cases[i].value);
		ck_assert_int_ne(err.text[0], '\0');
	}
	for (int i = 0; i < 1000; i++)
		str_append(&deep, "%{if;");
	for (int i = 0; i < 1000; i++)
		str_append(&deep, ";eq;a;y;n}");
	ck_assert_int_eq(vars_expand(str_c(&deep), vars, pool, &got, &err), -1);
	ck_assert_int_eq(vars_expand("%h|", vars, pool, &got, &err), 0);
	ck_assert_str_eq(got, "|");
	str_free(&deep);
	pool_free(&pool);
}
END_TEST

UNIT_MAIN("conf-vars", plain, without_domain, forms_as_dovecot,
	  hashes_as_dovecot, more_hashes_as_dovecot, odd_users_as_dovecot, conditions,
	  tables_and_functions, mistakes_are_told);
