/*
 * Details, and names that are safe in paths.
 */
#include "smtp/detail.h"

#include "core/pool.h"
#include "tests/unit/unit.h"

START_TEST(details)
{
	static const struct {
		const char *local, *delimiters, *user, *detail;
	} cases[] = {
		{ "alice", "+", "alice", "" },
		{ "alice+x", "+", "alice", "x" },
		{ "alice+x+y", "+", "alice", "x+y" },
		{ "alice-x+y", "+-", "alice", "x+y" },
		{ "alice+", "+", "alice", "" },
		{ "+x", "+", "", "x" },
		{ "alice+x", "", "alice+x", "" },
	};
	struct pool *pool = pool_new();
	const char *user, *detail;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		smtp_detail_split(cases[i].local, cases[i].delimiters, pool,
				  &user, &detail);
		ck_assert_str_eq(user, cases[i].user);
		ck_assert_str_eq(detail, cases[i].detail);
	}
	pool_free(&pool);
}
END_TEST

START_TEST(names)
{
	struct pool *pool = pool_new();

	ck_assert_str_eq(smtp_user_name("a@b", NULL, pool), "a@b");
	ck_assert_str_eq(smtp_user_name("a b", "c", pool), "a b@c");
	ck_assert_str_eq(smtp_user_name("a@b", "c", pool), "\"a@b\"@c");
	ck_assert_str_eq(smtp_user_name("a\"@\\", "c", pool),
			 "\"a\\\"@\\\\\"@c");
	pool_free(&pool);
}
END_TEST

START_TEST(safe_names)
{
	static const struct { const char *name; bool safe; } cases[] = {
		{ "alice", true }, { "a.b", true }, { "...", true },
		{ "a/b", true }, { "", false }, { ".", false },
		{ "..", false }, { "../x", false }, { "x/..", false },
		{ "a/../b", false }, { "a/./b", false }, { "/etc", true },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		ck_assert_msg(smtp_name_is_safe(cases[i].name) ==
			      cases[i].safe, "%s", cases[i].name);
}
END_TEST

UNIT_MAIN("smtp-detail", details, names, safe_names);
