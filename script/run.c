/*
 * Running a program; see run.h.
 */
#include "script/run.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/err.h"
#include "core/log.h"
#include "script/wait.h"
#include "service/child.h"

enum {
	EXIT_EXEC = 84,		/* as Dovecot's */
	STOP_MS = 4000,		/* left at a stop; the master kills at 5.5 s */
	TERM_MS = 1000,		/* between SIGTERM and SIGKILL */
};

static void __attribute__((noreturn))
child(const struct run *run)
{
	struct err err;

	if (child_clean(run->fd, run->fd, STDERR_FILENO) < 0) {
		(void)err_sys(&err, "preparing %s", run->argv[0]);
	} else {
		(void)execve(run->argv[0], run->argv, run->env);
		(void)err_path(&err, "execve", run->argv[0]);
	}
	log_fatal(&log_process, "%s", err.text);
	_exit(EXIT_EXEC);
}

/* Until it ends; WAIT_READY then. */
static enum wait_result
wait_for_end(int pidfd, deadline_t deadline)
{
	enum wait_result result = wait_fd(pidfd, POLLIN, deadline, true);

	if (result == WAIT_STOP)
		result = wait_fd(pidfd, POLLIN,
				 deadline_min(deadline, deadline_in(STOP_MS)),
				 false);
	return result;
}

static void
end_it(pid_t pid, int pidfd)
{
	(void)kill(pid, SIGTERM);
	if (wait_fd(pidfd, POLLIN, deadline_in(TERM_MS), false) != WAIT_READY)
		(void)kill(pid, SIGKILL);
}

static int
judge(const char *path, int status, struct err *err)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFSIGNALED(status))
		return err_set(err, ERR_TEMP, "Script %s terminated "
			       "abnormally, signal %d", path,
			       WTERMSIG(status));
	return err_set(err, ERR_TEMP, "Script %s terminated abnormally, exit "
		       "status %d", path, WEXITSTATUS(status));
}

/* Reaped in any case. */
static int
wait_for(const struct run *run, pid_t pid, int pidfd, struct err *err)
{
	int64_t begin = clock_ms();
	bool ended = wait_for_end(pidfd, run->deadline) == WAIT_READY;
	int status;

	if (!ended)
		end_it(pid, pidfd);
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return err_sys(err, "waitpid()");
	}
	if (!ended)
		return err_set(err, ERR_TEMP, "Script %s was killed after "
			       "%.1f s", run->argv[0],
			       (double)(clock_ms() - begin) / 1000);
	return judge(run->argv[0], status, err);
}

int
run_program(const struct run *run, struct err *err)
{
	int pidfd, result;
	pid_t pid = fork();

	if (pid < 0)
		return err_sys(err, "fork()");
	if (pid == 0)
		child(run);
	pidfd = pidfd_open(pid, 0);
	if (pidfd < 0) {
		(void)err_sys(err, "pidfd_open()");
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
		return -1;
	}
	result = wait_for(run, pid, pidfd, err);
	(void)close(pidfd);
	return result;
}
