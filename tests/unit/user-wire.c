/* The line format of the auth protocols. */
#include "tests/unit/unit.h"

#include <string.h>

#include "core/pool.h"
#include "core/str.h"
#include "user/wire.h"

START_TEST(words_survive)
{
	static const char *const words[] = {
		"USER", "", "a\tb", "\001", "line\nend\r", "\001t", "=", "x=y",
	};
	size_t count = sizeof(words) / sizeof(*words), n = 0;
	struct pool *pool = pool_new();
	struct str line = STR_INIT;
	const char **back;

	wire_append(&line, words[0]);
	for (size_t i = 1; i < count; i++)
		wire_append_word(&line, words[i]);
	ck_assert_ptr_null(strpbrk(str_c(&line), "\r\n"));
	back = wire_split(str_c(&line), line.len, pool, &n);
	ck_assert_ptr_nonnull(back);
	ck_assert_uint_eq(n, count);
	for (size_t i = 0; i < count; i++)
		ck_assert_str_eq(back[i], words[i]);
	ck_assert_ptr_null(back[count]);
	str_free(&line);
	pool_free(&pool);
}
END_TEST

START_TEST(broken_lines)
{
	static const struct { const char *line; size_t len, words; } cases[] = {
		{ "", 0, 1 },
		{ "\r", 1, 1 },
		{ "a\tb\r", 4, 2 },
		{ "a\0b", 3, 0 },	/* NUL */
		{ "a\001", 2, 0 },	/* escape at the end */
		{ "a\0010b", 4, 0 },	/* escaped NUL */
		{ "a\001zb", 4, 0 },	/* unknown escape */
		{ "a\001\tb", 4, 0 },
		{ "\t\t", 2, 3 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct pool *pool = pool_new();
		size_t n = 99;
		const char **words = wire_split(cases[i].line, cases[i].len,
						pool, &n);

		if (cases[i].words == 0)
			ck_assert_ptr_null(words);
		else
			ck_assert_uint_eq(n, cases[i].words);
		pool_free(&pool);
	}
}
END_TEST

START_TEST(too_many_words)
{
	char line[WIRE_WORDS_MAX + 1];
	struct pool *pool = pool_new();
	size_t n;

	memset(line, '\t', sizeof(line));
	ck_assert_ptr_nonnull(wire_split(line, WIRE_WORDS_MAX - 1, pool, &n));
	ck_assert_uint_eq(n, WIRE_WORDS_MAX);
	ck_assert_ptr_null(wire_split(line, WIRE_WORDS_MAX, pool, &n));
	pool_free(&pool);
}
END_TEST

START_TEST(find_by_key)
{
	static const char *const words[] = {
		"uidx=1", "uid=2", "flag", "empty=", NULL,
	};

	ck_assert_str_eq(wire_find(words, "uid"), "2");
	ck_assert_str_eq(wire_find(words, "flag"), "");
	ck_assert_str_eq(wire_find(words, "empty"), "");
	ck_assert_ptr_null(wire_find(words, "ui"));
}
END_TEST

START_TEST(user_names)
{
	static const char *const good[] = {
		"alice", "a.b@c.d", "...", "a..b", ".a", "a.", "bob@",
		"b+x@d", "\xc3\xa4",
	};
	static const char *const bad[] = {
		"", ".", "..", "..@x", "x@..", "x@.", ".@x", "a/b", "/",
		"a\nb", "a\tb", "a\177b", "x@y@..", "x@..@y",
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		ck_assert_msg(wire_user_ok(good[i]), "%s", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_msg(!wire_user_ok(bad[i]), "%s", bad[i]);
}
END_TEST

START_TEST(masks)
{
	static const struct { const char *mask, *name; bool fits; } cases[] = {
		{ "*", "", true }, { "*", "alice", true },
		{ "a*", "alice", true }, { "a*", "bob", false },
		{ "*@x.y", "a@x.y", true }, { "*@x.y", "a@x.yz", false },
		{ "a?c", "abc", true }, { "a?c", "ac", false },
		{ "*a*b", "xaxxab", true }, { "alice", "alice", true },
		{ "alice", "alic", false }, { "[a]", "a", false },
		{ "", "", true }, { "", "a", false }, { "a**", "a", true },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		ck_assert_msg(wire_match(cases[i].mask, cases[i].name) ==
			      cases[i].fits, "%s %s", cases[i].mask,
			      cases[i].name);
}
END_TEST

UNIT_MAIN("user-wire", words_survive, broken_lines, too_many_words,
	  find_by_key, user_names, masks);
