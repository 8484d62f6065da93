/* Session ids, workarounds, strings. */
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

UNIT_MAIN("lmtp-words", session_ids_differ, workarounds,
	  strings);
