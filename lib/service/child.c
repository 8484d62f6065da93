/*
 * Before a foreign program; see child.h.
 */
#include "service/child.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static void
reset_signals(void)
{
	sigset_t none;

	for (int signo = 1; signo < NSIG; signo++)
		(void)signal(signo, SIG_DFL);	/* not for KILL and STOP */
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

int
child_clean(int in, int out, int error)
{
	int fds[3] = { in, out, error };

	/* First out of the way: one may have another's number. */
	for (int i = 0; i < 3; i++) {
		fds[i] = fcntl(fds[i], F_DUPFD, STDERR_FILENO + 1);
		if (fds[i] < 0)
			return -1;
	}
	for (int i = 0; i < 3; i++) {
		if (dup2(fds[i], i) < 0)
			return -1;
	}
	if (close_range(STDERR_FILENO + 1, ~0U, 0) != 0)
		return -1;
	reset_signals();
	return 0;
}
