/* Growing strings, pools and numbers. */
#include "tests/unit/unit.h"

#include <string.h>

#include "core/num.h"
#include "core/pool.h"
#include "core/str.h"

START_TEST(append_and_truncate)
{
	struct str s = STR_INIT;

	ck_assert_str_eq(str_c(&s), "");
	str_append(&s, "abc");
	str_append_n(&s, "\0x", 2);
	str_append_c(&s, '!');
	ck_assert_uint_eq(s.len, 6);
	ck_assert_mem_eq(s.data, "abc\0x!", 7);
	str_truncate(&s, 2);
	ck_assert_str_eq(str_c(&s), "ab");
	for (int i = 0; i < 1000; i++)
		str_printf(&s, "%d,", i);
	ck_assert(str_begins(str_c(&s), "ab0,1,"));
	ck_assert(str_ends(str_c(&s), "998,999,"));
	str_free(&s);
	ck_assert_uint_eq(s.len, 0);
}
END_TEST

START_TEST(copy_tells_truncation)
{
	char buf[4];

	ck_assert(str_copy(buf, sizeof(buf), "abc"));
	ck_assert(!str_copy(buf, sizeof(buf), "abcd"));
	ck_assert_str_eq(buf, "abc");
}
END_TEST

START_TEST(pool_gives_zeroed_aligned_memory)
{
	struct pool *pool = pool_new();

	for (int round = 0; round < 3; round++) {
		for (size_t size = 1; size < 20000; size = size * 3 + 1) {
			unsigned char *p = pool_alloc(pool, size);

			ck_assert_uint_eq((uintptr_t)p % 16, 0);
			for (size_t i = 0; i < size; i++)
				ck_assert_uint_eq(p[i], 0);
			memset(p, 0xff, size);
		}
		pool_clear(pool);
	}
	ck_assert_str_eq(pool_printf(pool, "%s-%d", "x", 7), "x-7");
	ck_assert_str_eq(pool_strndup(pool, "abcdef", 3), "abc");
	ck_assert_ptr_null(pool_strdup(pool, NULL));
	pool_free(&pool);
	ck_assert_ptr_null(pool);
}
END_TEST

START_TEST(numbers_are_whole_and_bounded)
{
	static const struct {
		const char *text;
		bool ok;
		uint64_t n;
	} cases[] = {
		{ "0", true, 0 }, { "024", true, 24 },
		{ "18446744073709551615", true, UINT64_MAX },
		{ "18446744073709551616", false, 0 }, { "", false, 0 },
		{ "-1", false, 0 }, { "+1", false, 0 }, { " 1", false, 0 },
		{ "1x", false, 0 }, { "0x10", false, 0 },
	};
	uint32_t n32 = 7;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint64_t n = 7;

		ck_assert_msg(num_u64(cases[i].text, &n) == cases[i].ok,
			      "%s", cases[i].text);
		ck_assert_uint_eq(n, cases[i].ok ? cases[i].n : 7);
	}
	ck_assert(num_u32("4294967295", &n32) && n32 == UINT32_MAX);
	ck_assert(!num_u32("4294967296", &n32));
	ck_assert(num_octal("0644", &n32) && n32 == 0644);
	ck_assert(!num_octal("0689", &n32));
}
END_TEST

UNIT_MAIN("core-str", append_and_truncate, copy_tells_truncation,
	  pool_gives_zeroed_aligned_memory, numbers_are_whole_and_bounded);
