/*
 * The lock of a user's quota; see lock.h.
 */
#include "quota/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"

/* flock(2) knows no deadline: try again, soon at first. */
static int
wait_for(int fd, deadline_t deadline)
{
	struct timespec pause = { 0, 100 * 1000 };
	const long longest = 1000 * 1000;

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -1;
		if (deadline_left(deadline) == 0) {
			errno = ETIMEDOUT;
			return -1;
		}
		(void)nanosleep(&pause, NULL);	/* sooner does no harm */
		if (pause.tv_nsec < longest)
			pause.tv_nsec *= 2;
	}
	return 0;
}

int
quota_lock(const char *dir, int timeout_ms)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int cause;

	if (fd < 0 || wait_for(fd, deadline_in(timeout_ms)) == 0)
		return fd;
	cause = errno;
	(void)close(fd);
	errno = cause;
	return -1;
}
