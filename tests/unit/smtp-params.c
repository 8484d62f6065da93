/* ESMTP parameters, xtext, ORCPT; UTF-8. */
#include "tests/unit/unit.h"

#include <string.h>

#include "core/err.h"
#include "core/pool.h"
#include "core/str.h"
#include "smtp/params.h"
#include "smtp/utf8.h"

START_TEST(parameters)
{
	struct pool *pool = pool_new();
	struct smtp_param *params;
	struct err err;

	ck_assert(smtp_params_parse("", "MAIL", pool, &params, &err) == 0);
	ck_assert_ptr_null(params[0].name);
	ck_assert(smtp_params_parse(" body=8BITMIME X-1 y=", "MAIL", pool,
				    &params, &err) == 0);
	ck_assert_str_eq(params[0].name, "BODY");
	ck_assert_str_eq(params[0].value, "8BITMIME");
	ck_assert_str_eq(params[1].name, "X-1");
	ck_assert_ptr_null(params[1].value);
	ck_assert_str_eq(params[2].name, "Y");
	ck_assert_str_eq(params[2].value, "");
	ck_assert_ptr_null(params[3].name);
	pool_free(&pool);
}
END_TEST

START_TEST(bad_parameters)
{
	static const struct { const char *text, *words; } cases[] = {
		{ "  A=B", "Invalid MAIL parameter: Parameter is empty" },
		{ " =x", "Invalid MAIL parameter: Unexpected character in "
		  "parameter keyword" },
		{ " -x", "Invalid MAIL parameter: Unexpected character in "
		  "parameter keyword" },
		{ " A_B", "Invalid MAIL parameter: Unexpected character in "
		  "parameter keyword" },
		{ " A=b=c", "Invalid MAIL parameter: Unexpected character in "
		  "parameter value" },
		{ " A=b\tc", "Invalid MAIL parameter: Unexpected character in "
		  "parameter value" },
		{ " BODY=7BIT body=7BIT", "Duplicate BODY= parameter" },
	};
	struct pool *pool = pool_new();
	struct str many = STR_INIT;
	struct smtp_param *params;
	struct err err;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		ck_assert(smtp_params_parse(cases[i].text, "MAIL", pool,
					    &params, &err) == -1);
		ck_assert_str_eq(err.text, cases[i].words);
	}
	for (int i = 0; i < 100; i++)
		str_printf(&many, " A%d=x", i);
	ck_assert(smtp_params_parse(str_c(&many), "RCPT", pool, &params,
				    &err) == -1);
	str_free(&many);
	pool_free(&pool);
}
END_TEST

START_TEST(xtext)
{
	struct pool *pool = pool_new();

	ck_assert_str_eq(smtp_xtext_decode("a+2Bb+3D", pool), "a+b=");
	ck_assert_ptr_null(smtp_xtext_decode("a+2", pool));
	ck_assert_ptr_null(smtp_xtext_decode("a+", pool));
	ck_assert_ptr_null(smtp_xtext_decode("+2b", pool));
	ck_assert_str_eq(smtp_xtext_encode("a+b=c \xc3", pool),
			 "a+2Bb+3Dc+20+C3");
	pool_free(&pool);
}
END_TEST

START_TEST(original_recipient)
{
	static const struct { const char *value, *words; } bad[] = {
		{ "foo", "Invalid addr-type for ORCPT= parameter" },
		{ "", "Invalid addr-type for ORCPT= parameter" },
		{ ";x", "Invalid addr-type for ORCPT= parameter" },
		{ "rfc822;",
		  "Invalid ORCPT= parameter: Empty address value" },
		{ "x;+zz", "Invalid ORCPT= parameter: Invalid hexchar after "
		  "'+' in xtext" },
		{ "x;a+00b", "Invalid ORCPT= address value: Contains "
		  "non-printable characters" },
		{ "x;a+0D+0Ab", "Invalid ORCPT= address value: Contains "
		  "non-printable characters" },
	};
	struct pool *pool = pool_new();
	struct smtp_orcpt orcpt;
	struct err err;

	ck_assert(smtp_orcpt_parse("rfc822;foo+2Bbar@x", pool, &orcpt,
				   &err) == 0);
	ck_assert_str_eq(orcpt.type, "rfc822");
	ck_assert_str_eq(orcpt.addr, "foo+bar@x");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		ck_assert(smtp_orcpt_parse(bad[i].value, pool, &orcpt,
					   &err) == -1);
		ck_assert_str_eq(err.text, bad[i].words);
	}
	pool_free(&pool);
}
END_TEST

START_TEST(notify_and_envid)
{
	static const char *const bad_notify[] = {
		"", "FOO", "NEVER,SUCCESS", "SUCCESS,", ",SUCCESS", "SUCC",
	};
	static const char *const bad_envid[] = {
		"", "a+zz", "a+0Ab", "a+00", "a+C3", "\xc3\xa9",
		("12345678901234567890123456789012345678901234567890"
		 "123456789012345678901234567890123456789012345678901"),
	};
	struct pool *pool = pool_new();

	ck_assert_uint_eq(smtp_notify_parse("never"), SMTP_NOTIFY_NEVER);
	ck_assert_uint_eq(smtp_notify_parse("SUCCESS,Failure,DELAY"),
			  SMTP_NOTIFY_SUCCESS | SMTP_NOTIFY_FAILURE |
			  SMTP_NOTIFY_DELAY);
	for (size_t i = 0; i < sizeof(bad_notify) / sizeof(*bad_notify); i++)
		ck_assert_uint_eq(smtp_notify_parse(bad_notify[i]), 0);
	ck_assert_str_eq(smtp_envid_parse("a+2Bb", pool), "a+b");
	for (size_t i = 0; i < sizeof(bad_envid) / sizeof(*bad_envid); i++)
		ck_assert_ptr_null(smtp_envid_parse(bad_envid[i], pool));
	pool_free(&pool);
}
END_TEST

START_TEST(utf8)
{
	static const struct { const char *text; size_t len; } cases[] = {
		{ "a", 1 }, { "", 1 }, { "\xc3\xa9", 2 }, { "\xe2\x82\xac", 3 },
		{ "\xf0\x9f\x98\x80", 4 }, { "\xc3", 0 }, { "\xa9", 0 },
		{ "\xc0\x80", 0 }, { "\xe0\x80\x80", 0 }, { "\xed\xa0\x80", 0 },
		{ "\xf0\x80\x80\x80", 0 }, { "\xf4\x90\x80\x80", 0 },
		{ "\xff", 0 }, { "\xe2\x82", 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		ck_assert_uint_eq(smtp_utf8_len(cases[i].text), cases[i].len);
	ck_assert(smtp_utf8_valid("a\xc3\xa9z"));
	ck_assert(!smtp_utf8_valid("a\xc3z"));
	ck_assert(smtp_has_8bit("a\xc3") && !smtp_has_8bit("a"));
}
END_TEST

UNIT_MAIN("smtp-params", parameters, bad_parameters, xtext,
	  original_recipient, notify_and_envid, utf8);
