/*
 * Waits; see wait.h.
 */
#include "script/wait.h"

#include <errno.h>
#include <poll.h>
#include <time.h>

#include "service/service.h"

enum wait_result
wait_fd(int fd, short events, deadline_t deadline, bool heed_stop)
{
	bool heed = heed_stop && service_inherited();
	struct pollfd fds[2] = {
		{ fd, events, 0 },
		{ heed ? service_watch_fd() : -1, POLLIN, 0 },
	};

	for (;;) {
		int left = deadline_left(deadline), n;
		struct timespec ts = { left / 1000, left % 1000 * 1000000L };

		n = ppoll(fds, 2, left < 0 ? NULL : &ts,
			  heed ? service_wait_mask() : NULL);
		if (n < 0 && errno != EINTR)
			return WAIT_ERROR;
		if (heed && service_called() >= SERVICE_STOP)
			return WAIT_STOP;
		if (n > 0 && fds[0].revents != 0)
			return WAIT_READY;
		if (deadline_left(deadline) == 0)
			return WAIT_TIMEOUT;
	}
}
