/* Session ids, details, names that are safe in paths. */
#include "tests/unit/unit.h"

#include <string.h>

#include "core/pool.h"
#include "core/session-id.h"
#include "lmtp/lmtp-settings.h"
#include "lmtp/words.h"
#include "smtp/path.h"

START_TEST(session_ids_differ)
{
	struct pool *pool = pool_new();
	const char *last = "";

	for (int i = 0; i < 1000; i++) {
		const char *id = session_id_new(pool);

		ck_assert_uint_eq(strlen(id), SESSION_ID_LEN);
		ck_assert_str_ne(id, last);
		last = id;
	}
	pool_free(&pool);
}
END_TEST

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
		lmtp_split_detail(cases[i].local, cases[i].delimiters, pool,
				  &user, &detail);
		ck_assert_str_eq(user, cases[i].user);
		ck_assert_str_eq(detail, cases[i].detail);
	}
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
		ck_assert_msg(lmtp_name_is_safe(cases[i].name) ==
			      cases[i].safe, "%s", cases[i].name);
}
END_TEST

START_TEST(workarounds)
{
	static const struct { const char *list; unsigned flags; } cases[] = {
		{ "", 0 }, { "mailbox-for-path", SMTP_PATH_BARE },
		{ "whitespace-before-path", SMTP_PATH_SPACE },
		{ "x whitespace-before-path, mailbox-for-path",
		  SMTP_PATH_SPACE | SMTP_PATH_BARE },
		{ "mailbox-for-pat", 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct lmtp_settings set = {
			.lmtp_client_workarounds = cases[i].list
		};

		ck_assert_uint_eq(lmtp_path_workarounds(&set), cases[i].flags);
	}
}
END_TEST

START_TEST(strings)
{
	ck_assert_ptr_null(lmtp_string_fault("x"));
	ck_assert_ptr_null(lmtp_string_fault("\"a b\\\"\""));
	ck_assert_ptr_nonnull(lmtp_string_fault("a b"));
	ck_assert_ptr_nonnull(lmtp_string_fault("\"a"));
	ck_assert_ptr_nonnull(lmtp_string_fault("\"a\\"));
	ck_assert_ptr_nonnull(lmtp_string_fault("\"a\"b"));
	ck_assert_ptr_nonnull(lmtp_string_fault(""));
}
END_TEST

UNIT_MAIN("lmtp-words", session_ids_differ, details, safe_names, workarounds,
	  strings);
