/*
 * Clocks and deadlines; see clock.h.
 */
#include "core/clock.h"

#include <limits.h>
#include <time.h>

int64_t
clock_ms(void)
{
	struct timespec ts;

	/* It can only fail for a bad clock id or pointer. */
	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

struct timeval
clock_wall(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return (struct timeval){ ts.tv_sec, ts.tv_nsec / 1000 };
}

deadline_t
deadline_in(int64_t ms)
{
	int64_t now = clock_ms();

	if (ms <= 0 || ms > INT64_MAX - now)
		return DEADLINE_NEVER;
	return now + ms;
}

deadline_t
deadline_min(deadline_t a, deadline_t b)
{
	return a < b ? a : b;
}

int
deadline_left(deadline_t deadline)
{
	int64_t left;

	if (deadline == DEADLINE_NEVER)
		return -1;
	left = deadline - clock_ms();
	if (left <= 0)
		return 0;
	return left > INT_MAX ? INT_MAX : (int)left;
}
