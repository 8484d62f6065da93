/*
 * Requests of Postfix's policy protocol, and whom they are about.
 */
#include "quota-status/policy.h"

#include <string.h>

#include "core/err.h"
#include "core/pool.h"
#include "core/str.h"
#include "tests/unit/unit.h"

/* Feed lines divided by '|'; "recipient size" at the end, "…" before it. */
static const char *
feed(const char *lines, struct pool *pool)
{
	struct policy_request req = { .recipient = NULL };
	int whole = 0;

	while (whole == 0) {
		size_t len = strcspn(lines, "|");

		whole = policy_line(&req, lines, len, pool);
		lines += len;
		if (*lines == '\0')
			break;
		lines++;
	}
	return pool_printf(pool, "%d %s %llu", whole,
			   req.recipient != NULL ? req.recipient : "-",
			   (unsigned long long)req.size);
}

START_TEST(test_lines)
{
	static const struct {
		const char *lines, *want;
	} cases[] = {
		{ "recipient=a@b|size=5|", "1 a@b 5" },
		{ "request=smtpd_access_policy|size=5|recipient=a@b|x=y|",
		  "1 a@b 5" },
		{ "recipient=a@b|size=5", "0 a@b 5" },
		{ "|", "1 - 0" },
		{ "recipient=|", "1 - 0" },
		{ "recipient=|recipient=a|", "1 - 0" },
		{ "recipient=a|recipient=b|", "1 a 0" },
		{ "Recipient=a| recipient=a|recipient|", "1 - 0" },
		{ "recipient=a=b c|", "1 a=b c 0" },
		{ "size=5|size=6|", "1 - 6" },
		{ "size=5|size=|", "1 - 0" },
		{ "size=-5|", "1 - 0" },
		{ "size=5x|", "1 - 0" },
		{ "size=18446744073709551615|", "1 - 18446744073709551615" },
		{ "size=18446744073709551616|", "1 - 0" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct pool *pool = pool_new();

		ck_assert_str_eq(feed(cases[i].lines, pool), cases[i].want);
		pool_free(&pool);
	}
}
END_TEST

START_TEST(test_nul)
{
	struct policy_request req = { .recipient = NULL };
	struct pool *pool = pool_new();

	ck_assert_int_eq(policy_line(&req, "recipient=a\0b", 13, pool), 0);
	ck_assert_ptr_null(req.recipient);
	pool_free(&pool);
}
END_TEST

START_TEST(test_many_lines)
{
	struct policy_request req = { .recipient = NULL };
	struct pool *pool = pool_new();

	for (int i = 0; i < POLICY_LINES_MAX; i++)
		ck_assert_int_eq(policy_line(&req, "a=b", 3, pool), 0);
	ck_assert_int_eq(policy_line(&req, "a=b", 3, pool), -1);
	pool_free(&pool);
}
END_TEST

START_TEST(test_users)
{
	static const struct {
		const char *recipient, *name;	/* NULL: no address */
	} cases[] = {
		{ "alice", "alice" },
		{ "alice@example.com", "alice@example.com" },
		{ "alice+x@example.com", "alice@example.com" },
		{ "alice-x+y", "alice" },
		{ "<alice@example.com>", "alice@example.com" },
		{ "\"alice\"@example.com", "alice@example.com" },
		{ "john smith@example.com", "john smith@example.com" },
		{ "a@b@example.com", "\"a@b\"@example.com" },
		{ "j\xc3\xb6rg@example.com", "j\xc3\xb6rg@example.com" },
		{ " ", " " },
		{ "+x@example.com", "" },
		{ "../alice", "" },
		{ "a/../b@example.com", "" },
		{ "..@example.com", "" },
		{ "alice@", NULL },
		{ "@", NULL },
		{ "alice@../x", NULL },
		{ "al\001ice", NULL },
		{ "alice\n", NULL },
		{ "<alice", NULL },
		{ "\"alice", NULL },
		{ "<>", NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct pool *pool = pool_new();
		const char *name = "untouched";
		struct err err;
		int result = policy_user(cases[i].recipient, "+-", pool,
					 &name, &err);

		ck_assert_msg(result == (cases[i].name != NULL ? 0 : -1),
			      "%s: %d", cases[i].recipient, result);
		ck_assert_str_eq(name, cases[i].name != NULL ? cases[i].name :
				 "untouched");
		pool_free(&pool);
	}
}
END_TEST

UNIT_MAIN("quota-status-policy", test_lines, test_nul, test_many_lines,
	  test_users);
