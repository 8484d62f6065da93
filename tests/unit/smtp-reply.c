/* Replies, written and read. */
#include "tests/unit/unit.h"

#include <string.h>

#include "core/err.h"
#include "core/str.h"
#include "smtp/reply.h"

START_TEST(written)
{
	struct str out = STR_INIT;

	smtp_reply_append(&out, 250, "2.0.0", "OK");
	smtp_reply_append(&out, 354, NULL, "OK");
	smtp_reply_append(&out, 214, "2.0.0", "one\ntwo");
	smtp_reply_append(&out, 250, NULL, "");
	ck_assert_str_eq(str_c(&out), "250 2.0.0 OK\r\n354 OK\r\n"
			 "214-2.0.0 one\r\n214 2.0.0 two\r\n250 \r\n");
	str_free(&out);
}
END_TEST

static int
add(struct smtp_reply *reply, const char *line, struct err *err)
{
	return smtp_reply_add_line(reply, line, strlen(line), err);
}

START_TEST(read_back)
{
	struct str text = STR_INIT;
	struct smtp_reply reply = { 0, &text };
	struct err err;

	ck_assert_int_eq(add(&reply, "250-mx", &err), 0);
	ck_assert_int_eq(add(&reply, "250-SIZE 10", &err), 0);
	ck_assert_int_eq(add(&reply, "250", &err), 1);
	ck_assert_uint_eq(reply.code, 250);
	ck_assert_str_eq(str_c(&text), "mx\nSIZE 10\n");
	str_free(&text);
}
END_TEST

START_TEST(malformed)
{
	static const char *const lines[] = {
		"", "25", "abc", "150 x", "650 x", "2x0 x", "250x", "25 0",
	};
	struct str text = STR_INIT;
	struct err err;

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct smtp_reply reply = { 0, &text };

		ck_assert_int_eq(add(&reply, lines[i], &err), -1);
		ck_assert_int_eq(err.kind, ERR_PROTO);
	}

	struct smtp_reply reply = { 0, &text };

	ck_assert_int_eq(add(&reply, "250-a", &err), 0);
	ck_assert_int_eq(add(&reply, "251 b", &err), -1);
	str_free(&text);
}
END_TEST

UNIT_MAIN("smtp-reply", written, read_back, malformed);
