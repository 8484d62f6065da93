/* The text of maildirsize files, as Loft, Dovecot and Courier write them. */
#include "tests/unit/unit.h"

#include <string.h>

#include "quota/maildirsize.h"

START_TEST(test_file)
{
	static const struct {
		const char *text;
		bool sound;
		int64_t limit_bytes, limit_messages;
		uint64_t bytes, messages;
		unsigned lines;
	} cases[] = {
		{ "10240S,100C\n0 0\n3196 1\n", true, 10240, 100, 3196, 1, 2 },
		{ "0S\n3194 1\n", true, 0, 0, 3194, 1, 1 },
		{ "10C\n5 1\n-5 -1\n", true, 0, 10, 0, 0, 2 },
		{ "1S,2C\n", true, 1, 2, 0, 0, 0 },
		/* Courier's padding, and more behind the numbers */
		{ "100S\n        50            1\n+7 1 x\n", true, 100, 0, 57,
		  2, 2 },
		/* the last line is just being written */
		{ "100S\n50 1\n60 ", true, 100, 0, 50, 1, 1 },
		{ "\n50 1\n", true, 0, 0, 50, 1, 1 },
		{ "100X,5S\n50 1\n", true, 5, 0, 50, 1, 1 },
		{ "-100S\n50 1\n", true, 0, 0, 50, 1, 1 },
		{ "", false, 0, 0, 0, 0, 0 },
		{ "100S", false, 0, 0, 0, 0, 0 },
		{ "100S\nx\n", false, 100, 0, 0, 0, 0 },
		{ "100S\n\n", false, 100, 0, 0, 0, 0 },
		{ "100S\n50\n", false, 100, 0, 0, 0, 0 },
		{ "100S\n50 1\n-60 -1\n", false, 100, 0, 0, 0, 2 },
		{ "100S\n9223372036854775807 1\n1 1\n", false, 100, 0, 0, 0,
		  1 },
		{ "100S\n9223372036854775808 1\n", false, 100, 0, 0, 0, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct maildirsize m;
		bool sound = maildirsize_parse(cases[i].text,
					       strlen(cases[i].text), &m);

		ck_assert_msg(sound == cases[i].sound, "%s", cases[i].text);
		ck_assert_int_eq(m.limit.bytes, cases[i].limit_bytes);
		ck_assert_int_eq(m.limit.messages, cases[i].limit_messages);
		ck_assert_uint_eq(m.usage.bytes, cases[i].bytes);
		ck_assert_uint_eq(m.usage.messages, cases[i].messages);
		ck_assert_uint_eq(m.lines, cases[i].lines);
	}
}
END_TEST

START_TEST(test_nul)
{
	struct maildirsize m;

	ck_assert(!maildirsize_parse("1S\n5 1\n\0\n", 9, &m));
}
END_TEST

START_TEST(test_limit)
{
	static const struct {
		struct quota_limit limit;
		const char *text;
	} cases[] = {
		{ { 10240, 100 }, "10240S,100C" }, { { 5, 0 }, "5S" },
		{ { 0, 5 }, "5C" }, { { 0, 0 }, "0S" },
		{ { INT64_MAX, INT64_MAX },
		  "9223372036854775807S,9223372036854775807C" },
	};
	char text[MAILDIRSIZE_LINE_MAX];
	struct quota_limit limit;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		maildirsize_format_limit(text, &cases[i].limit);
		ck_assert_str_eq(text, cases[i].text);
		ck_assert(maildirsize_parse_limit(text, strlen(text),
						  &limit));
		ck_assert_int_eq(limit.bytes, cases[i].limit.bytes);
		ck_assert_int_eq(limit.messages, cases[i].limit.messages);
	}
	ck_assert(maildirsize_parse_limit("NOQUOTA", 7, &limit));
	ck_assert(!maildirsize_parse_limit("", 0, &limit));
	ck_assert(!maildirsize_parse_limit("5S,", 3, &limit));
	ck_assert_int_eq(limit.bytes, 5);
}
END_TEST

UNIT_MAIN("quota-maildirsize", test_file, test_nul, test_limit);
