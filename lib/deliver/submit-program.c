/*
 * Programs that send mail; see submit-program.h.
 */
#include "deliver/submit-program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/err.h"
#include "core/str.h"
#include "core/write.h"
#include "service/child.h"
#include "service/priv.h"

enum {
	WORDS_MAX = 200,	/* of what the program says */
	WORDS_ROOM = 65536,	/* for all of it, in memory */
	PAUSE_MAX_MS = 50,	/* between looks at it */
	EXIT_NO_EXEC = 127,
};

bool
submit_program_exists(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
		(st.st_mode & 0111) != 0;
}

/* A file of no name that the program reads: it can't be kept waiting. */
static int
open_input(const struct str *input, struct err *err)
{
	int fd = memfd_create("loft-mail", MFD_CLOEXEC);

	if (fd < 0)
		return err_sys(err, "memfd_create(mail)");
	if (write_all(fd, str_c(input), input->len) == 0 &&
	    lseek(fd, 0, SEEK_SET) == 0)
		return fd;
	(void)err_sys(err, "write(mail)");
	(void)close(fd);
	return -1;
}

/* In the child. Whom we rest as, for good. */
static bool
drop_ids(void)
{
	gid_t gid = getegid();
	const struct priv_ids ids = { geteuid(), gid, &gid, 1 };
	struct err err;

	if (!priv_is_root())
		return true;
	errno = EPERM;		/* as root nothing is run */
	return ids.uid != 0 && priv_drop(&ids, &err) == 0;
}

/* The call that failed. */
static const char *
become_program(char *const args[], int message, int words)
{
	static char path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	char *const env[] = { path, NULL };

	if (child_clean(message, words, words) < 0)
		return "dup2()";
	if (!drop_ids())
		return "setresuid()";
	if (chdir("/") != 0)
		return "chdir(/)";
	(void)execve(args[0], args, env);
	return "execve()";
}

static void __attribute__((noreturn))
run_program(char *const args[], int message, int words)
{
	const char *failed = become_program(args, message, words);

	/* The first words, as if the program had said so. */
	(void)!dprintf(STDERR_FILENO, "%s failed: %s\n", failed,
		       strerror(errno));
	_exit(EXIT_NO_EXEC);
}

/* Wait for its end: 0, or -1 when it took too long and was killed, or when
   nobody can say how it ended. */
static int
wait_for(const char *program, pid_t pid, unsigned secs, int *status_r,
	 struct err *err)
{
	deadline_t deadline = deadline_in((int64_t)secs * 1000);
	long pause_ms = 1;
	pid_t ended;

	while ((ended = waitpid(pid, status_r, WNOHANG)) == 0) {
		struct timespec ts = { 0, pause_ms * 1000000 };

		if (deadline_left(deadline) == 0) {
			(void)kill(pid, SIGKILL);
			(void)waitpid(pid, status_r, 0);
			return err_set(err, ERR_TEMP, "%s took longer than "
				       "%u s", program, secs);
		}
		(void)nanosleep(&ts, NULL);
		if (pause_ms * 2 <= PAUSE_MAX_MS)
			pause_ms *= 2;
	}
	return ended > 0 ? 0 : err_sys(err, "waitpid(%s)", program);
}

/* The first line that the program said. */
static const char *
first_words(int fd, char buf[WORDS_MAX])
{
	ssize_t n = pread(fd, buf, WORDS_MAX - 1, 0);

	buf[n > 0 ? n : 0] = '\0';
	buf[strcspn(buf, "\r\n")] = '\0';
	return buf;
}

static int
judge(const char *program, int status, int words, struct err *err)
{
	char buf[WORDS_MAX];

	if (WIFSIGNALED(status))
		return err_set(err, ERR_TEMP, "%s died of signal %d", program,
			       WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		(void)err_set(err, ERR_TEMP, "%s failed with status %d: %s",
			      program, WEXITSTATUS(status),
			      first_words(words, buf));
	return WEXITSTATUS(status);
}

static int
spawn(char *const args[], unsigned secs, int message, int words,
      struct err *err)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return err_sys(err, "fork()");
	if (pid == 0)
		run_program(args, message, words);
	if (wait_for(args[0], pid, secs, &status, err) < 0)
		return -1;
	return judge(args[0], status, words, err);
}

/* What the program says goes here; when that is full, nowhere. */
static int
open_words(struct err *err)
{
	int fd = memfd_create("loft-words", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return err_sys(err, "memfd_create(words)");
	if (ftruncate(fd, WORDS_ROOM) == 0 &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_GROW) == 0)
		return fd;
	(void)err_sys(err, "ftruncate(words)");
	(void)close(fd);
	return -1;
}

int
submit_program(char *const args[], const struct str *input, unsigned secs,
	       struct err *err)
{
	int message = open_input(input, err), words, result = -1;

	if (message < 0)
		return -1;
	words = open_words(err);
	if (words >= 0) {
		result = spawn(args, secs, message, words, err);
		(void)close(words);	/* both are gone with that */
	}
	(void)close(message);
	return result;
}
