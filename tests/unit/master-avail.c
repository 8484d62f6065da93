/* The policy of spare workers, as a table. */
#include "tests/unit/unit.h"

#include "master/avail.h"

START_TEST(start)
{
	static const struct {
		struct avail avail;
		unsigned start;
		bool watch, exhausted;
	} cases[] = {
		/*  min limit total idle waits    start watch exhausted */
		{ { 0, 100, 0, 0, false }, 0, true, false },
		{ { 0, 100, 0, 0, true }, 1, true, false },
		{ { 0, 100, 1, 1, false }, 0, false, false },
		{ { 0, 100, 1, 1, true }, 1, false, false },
		{ { 3, 100, 0, 0, false }, 3, true, false },
		{ { 3, 100, 5, 1, false }, 2, false, false },
		{ { 3, 100, 99, 1, false }, 1, false, false },
		{ { 3, 100, 100, 0, true }, 0, true, true },
		{ { 5, 2, 0, 0, false }, 2, true, false },
		{ { 0, 1, 1, 0, true }, 0, true, true },
		{ { 0, 2, 5, 0, true }, 0, true, true },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct avail *a = &cases[i].avail;

		ck_assert_msg(avail_start(a) == cases[i].start, "row %zu", i);
		ck_assert_msg(avail_watch(a) == cases[i].watch, "row %zu", i);
		ck_assert_msg(avail_exhausted(a) == cases[i].exhausted,
			      "row %zu", i);
	}
}
END_TEST

START_TEST(surplus)
{
	const struct avail none = { .min_avail = 3, .idle = 3 };
	const struct avail some = { .min_avail = 3, .idle = 5 };
	const struct avail all = { .min_avail = 0, .idle = 5 };

	ck_assert_uint_eq(avail_surplus(&none), 0);
	ck_assert_uint_eq(avail_surplus(&some), 2);
	ck_assert_uint_eq(avail_surplus(&all), 5);
}
END_TEST

UNIT_MAIN("master-avail", start, surplus);
