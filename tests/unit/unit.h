/*
 * What every unit test shares: libcheck and one main(). A test file lists its
 * cases and ends with UNIT_MAIN("core-str", test_a, test_b);
 */
#ifndef LOFT_TESTS_UNIT_H
#define LOFT_TESTS_UNIT_H

#include <check.h>
#include <stdlib.h>

static inline int
unit_main(const char *name, const TTest *const *tests, size_t count)
{
	Suite *suite = suite_create(name);
	TCase *tcase = tcase_create(name);
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_set_timeout(tcase, 60);
	for (size_t i = 0; i < count; i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#define UNIT_MAIN(name, ...) \
	int main(void) \
	{ \
		const TTest *const tests[] = { __VA_ARGS__ }; \
		return unit_main((name), tests, \
				 sizeof(tests) / sizeof(*tests)); \
	} \
	struct unit_main_needs_semicolon

#endif
