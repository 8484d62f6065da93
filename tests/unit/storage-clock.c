/* Names of messages while the clock does what it shouldn't. */
#include "tests/unit/unit.h"

#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "storage/maildir-name.h"

static time_t wall[2];	/* it is this, then that, then this again */

/* Instead of libc's. */
int
clock_gettime(clockid_t id, struct timespec *ts)
{
	static unsigned calls;

	if (id != CLOCK_REALTIME)
		return (int)syscall(SYS_clock_gettime, id, ts);
	ts->tv_sec = wall[calls++ % 2];
	ts->tv_nsec = 123456000;
	return 0;
}

static void
check_names(time_t first, time_t second)
{
	char names[400][MAILDIR_NAME_MAX];

	wall[0] = first;
	wall[1] = second;
	for (unsigned i = 0; i < 400; i++) {
		maildir_name_new(names[i]);
		for (unsigned j = 0; j < i; j++)
			ck_assert_str_ne(names[i], names[j]);
	}
}

START_TEST(no_name_is_made_twice)
{
	check_names(1800000000, 1800000000);
	check_names(1800000000, 1799999990);
	check_names(1000, 1800000001);
}
END_TEST

UNIT_MAIN("storage-clock", no_name_is_made_twice);
