/*
 * Loaded with LD_PRELOAD: a worker that has just been woken for a client
 * stands still before it can do anything. Who finds $LOFT_HOLD renames it to
 * $LOFT_HOLD.PID and stays in the wait until that is gone.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

typedef int epoll_pwait_fn(int, struct epoll_event *, int, int,
			   const sigset_t *);

static void
hold(const char *path)
{
	char held[512];

	snprintf(held, sizeof(held), "%s.%d", path, (int)getpid());
	if (rename(path, held) != 0)
		return;
	while (access(held, F_OK) == 0)
		usleep(10000);
}

int
epoll_pwait(int epoll, struct epoll_event *events, int max, int timeout,
	    const sigset_t *mask)
{
	epoll_pwait_fn *real = (epoll_pwait_fn *)dlsym(RTLD_NEXT,
						       "epoll_pwait");
	const char *path = getenv("LOFT_HOLD");
	int n = real(epoll, events, max, timeout, mask);

	if (n > 0 && path != NULL)
		hold(path);
	return n;
}
