/* What quota rules, warnings and grace say, and when somebody is over. */
#include "tests/unit/unit.h"

#include <string.h>

#include "core/err.h"
#include "core/log.h"
#include "core/pool.h"
#include "quota/rules.h"

static const struct logctx silent = { .prefix = "" };
static struct pool *pool;
static struct quota_rules rules;
static struct err err;

static void
setup(void)
{
	pool = pool_new();
	quota_rules_init(&rules, "User", pool);
}

static void
add(const char *text)
{
	if (quota_rules_add(&rules, text, NULL, &silent, &err) < 0)
		ck_abort_msg("%s: %s", text, err.text);
}

START_TEST(test_amounts)
{
	static const struct {
		const char *rule;
		int64_t bytes, messages;
	} cases[] = {
		{ "*:storage=5", 5 * 1024, 0 },
		{ "*:storage=5B", 5, 0 },
		{ "*:storage=5k", 5 * 1024, 0 },
		{ "*:storage=5M", 5 << 20, 0 },
		{ "*:storage=1g:messages=10", 1 << 30, 10 },
		{ "?:bytes=7", 7, 0 },
		{ "*:bytes=2T", (int64_t)2 << 40, 0 },
		{ "*:messages=3k", 0, 3072 },
		{ "*:storage=0", 0, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		setup();
		add(cases[i].rule);
		ck_assert_int_eq(rules.def.amount.bytes, cases[i].bytes);
		ck_assert_int_eq(rules.def.amount.messages,
				 cases[i].messages);
		ck_assert_int_eq(rules.forced, cases[i].rule[0] == '*');
		pool_free(&pool);
	}
}
END_TEST

START_TEST(test_wrong)
{
	static const struct {
		const char *rule, *error;
	} cases[] = {
		{ "", "Invalid rule" },
		{ "INBOX", "Invalid rule" },
		{ "*:storage=xx", "Invalid storage limit: xx" },
		{ "*:storage=", "Invalid storage limit: " },
		{ "*:storage", "Invalid storage limit: " },
		{ "*:", "Unknown rule limit name: " },
		{ "*:foo=1", "Unknown rule limit name: foo" },
		{ "*:storage=+1", "Rule limit cannot have '+'" },
		{ "*:storage=1x", "Invalid rule limit value 'storage=1x': "
		  "Unknown unit" },
		{ "*:storage=10%", "Invalid rule limit value 'storage=10%': "
		  "Default rule can't be a percentage" },
		{ "*:storage=-1", "Bytes limit can't be negative" },
		{ "*:messages=-1", "Count limit can't be negative" },
		{ "*:bytes=9223372036854775808", "Invalid bytes limit: "
		  "9223372036854775808" },
		{ "*:storage=9223372036854775807",
		  "Invalid rule limit value 'storage=9223372036854775807': "
		  "Number is too large" },
		{ "Trash:storage=-100%",
		  "Invalid rule limit value 'storage=-100%': "
		  "Invalid percentage" },
		{ "Trash:storage=+-5", "" },
		{ "*:backend=x", "backend rule not supported" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int result;

		setup();
		err.text[0] = '\0';
		result = quota_rules_add(&rules, cases[i].rule, NULL, &silent,
					 &err);
		ck_assert_int_eq(result, *cases[i].error == '\0' ? 0 : -1);
		ck_assert_str_eq(err.text, cases[i].error);
		pool_free(&pool);
	}
}
END_TEST

START_TEST(test_mailboxes)
{
	static const struct {
		const char *name;
		bool counted;
		int64_t bytes, messages;
	} cases[] = {
		{ "INBOX", true, 1000 * 1024 + 5, 10 },
		{ "inbox", true, 1000 * 1024 + 5, 10 },
		{ "Trash", true, 1100 * 1024, 10 },
		{ "Trash/Old", true, 1000 * 1024, 20 },
		{ "Trash/Old/Er", true, 1000 * 1024, 20 },
		{ "SPAM", false, 0, 0 },
		{ "Spam", true, 1000 * 1024, 10 },
		{ "Small", true, 900 * 1024, 10 },
		{ "Other", true, 1000 * 1024, 10 },
	};
	struct quota_limit limit;

	setup();
	add("*:storage=1000:messages=10");
	add("Trash:storage=+10%");
	add("Trash/*:messages=+100%");
	add("SPAM:ignore");
	add("Inbox:bytes=+5");
	add("Small:storage=-10%");
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		bool counted = quota_rules_limit(&rules, &rules.def.amount,
						 cases[i].name, &limit);

		ck_assert_msg(counted == cases[i].counted, "%s",
			      cases[i].name);
		ck_assert_int_eq(limit.bytes, cases[i].bytes);
		ck_assert_int_eq(limit.messages, cases[i].messages);
	}
	/* a rule given again changes the first one */
	add("Trash:storage=+20");
	ck_assert(quota_rules_limit(&rules, &rules.def.amount, "Trash",
				    &limit));
	ck_assert_int_eq(limit.bytes, 1020 * 1024);
	/* who has no limit has none in any mailbox */
	ck_assert(quota_rules_limit(&rules, &(struct quota_limit){ 0, 0 },
				    "Trash", &limit));
	ck_assert_int_eq(limit.bytes, 0);
	pool_free(&pool);
}
END_TEST

START_TEST(test_over)
{
	static const struct {
		struct quota_limit limit;
		struct quota_usage usage;
		uint64_t size, grace;
		bool over;
	} cases[] = {
		{ { 0, 0 }, { 1000, 1000 }, 1000, 0, false },
		{ { 100, 0 }, { 50, 1 }, 50, 0, false },
		{ { 100, 0 }, { 50, 1 }, 51, 0, true },
		{ { 100, 0 }, { 50, 1 }, 60, 10, false },
		{ { 100, 0 }, { 50, 1 }, 61, 10, true },
		{ { 100, 0 }, { 100, 1 }, 1, 10, true },
		{ { 100, 0 }, { 100, 1 }, 0, 10, true },
		{ { 100, 0 }, { 99, 1 }, 0, 0, false },
		{ { 0, 5 }, { 50, 4 }, 1000, 0, false },
		{ { 0, 5 }, { 50, 5 }, 1, 1000, true },
		{ { 0, 5 }, { 50, 5 }, 0, 1000, true },
		{ { INT64_MAX, 0 }, { 1, 1 }, UINT64_MAX, 0, true },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		ck_assert_msg(quota_is_over(&cases[i].limit, &cases[i].usage,
					    cases[i].size, cases[i].grace) ==
			      cases[i].over, "case %zu", i);
	}
}
END_TEST

START_TEST(test_grace)
{
	static const struct {
		const char *text;
		int64_t bytes;	/* -1: wrong */
	} cases[] = {
		{ NULL, 100 }, { "10%", 100 }, { "0%", 0 }, { "5", 5 },
		{ "1k", 1024 }, { "100%", 1000 }, { "x", -1 }, { "-5", -1 },
		{ "", -1 }, { "1 M", -1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int result;

		setup();
		add("*:bytes=1000");
		result = quota_rules_set_grace(&rules, cases[i].text, &silent,
					       &err);
		ck_assert_int_eq(result, cases[i].bytes < 0 ? -1 : 0);
		if (result == 0)
			ck_assert_int_eq(rules.grace.amount.bytes,
					 cases[i].bytes);
		pool_free(&pool);
	}
}
END_TEST

static bool
crossed(unsigned i, uint64_t b0, uint64_t b1, uint64_t m0, uint64_t m1)
{
	const struct quota_usage before = { b0, m0 }, now = { b1, m1 };

	return quota_warning_crossed(&rules.warnings[i], &before, &now);
}

START_TEST(test_warnings)
{
	static const char *const wrong[] = {
		"storage=80%", "storage=80% ", "foo", "storage=x cmd",
		"storage=+80% cmd",
	};

	setup();
	add("*:bytes=1000:messages=10");
	ck_assert_int_eq(quota_rules_add_warning(&rules, "storage=80% warn 80 "
						 "a", &silent, &err), 0);
	ck_assert_int_eq(quota_rules_add_warning(&rules, "-messages=50% low",
						 &silent, &err), 0);
	ck_assert_int_eq(quota_rules_add_warning(&rules, "+bytes=7:messages=3 "
						 "x", &silent, &err), 0);
	ck_assert_str_eq(rules.warnings[0].command, "warn 80 a");
	ck_assert(crossed(0, 799, 800, 0, 0));
	ck_assert(!crossed(0, 800, 900, 0, 0));
	ck_assert(!crossed(0, 900, 700, 0, 0));
	ck_assert(!crossed(0, 1, 2, 3, 100));
	ck_assert(crossed(1, 0, 0, 5, 4));
	ck_assert(!crossed(1, 0, 0, 4, 5));
	ck_assert(crossed(2, 0, 7, 0, 0));
	ck_assert(crossed(2, 0, 0, 2, 3));
	/* the limit turns out to be another one */
	quota_rules_relate(&rules, &(struct quota_limit){ 100, 10 });
	ck_assert(crossed(0, 79, 80, 0, 0));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		ck_assert_int_eq(quota_rules_add_warning(&rules, wrong[i],
							 &silent, &err), -1);
	pool_free(&pool);
}
END_TEST

START_TEST(test_mask)
{
	ck_assert(quota_mask_matches("*", "x"));
	ck_assert(quota_mask_matches("a*c", "abcbc"));
	ck_assert(!quota_mask_matches("a*c", "abcb"));
	ck_assert(quota_mask_matches("?b", "ab"));
	ck_assert(!quota_mask_matches("?b", "b"));
	ck_assert(quota_mask_matches("a", "a"));
	ck_assert(!quota_mask_matches("a", "A"));
	ck_assert(quota_mask_matches_any_case("a*C", "ABc"));
	ck_assert(!quota_mask_matches_any_case("a*d", "ABc"));
	ck_assert(!quota_mask_matches("", "a"));
	ck_assert(quota_mask_matches("*", ""));
	ck_assert(quota_mask_matches("*a*a*a*a", "aaaaaaaaaaaaaaaaaaaaaaaaaaa"
				     "aaaaaaaaaa"));
}
END_TEST

UNIT_MAIN("quota-rules", test_amounts, test_wrong, test_mailboxes, test_over,
	  test_grace, test_warnings, test_mask);
