/*
 * Lock files; see dotlock.h. A lock is left behind when its owner was a
 * process of this host that is gone, or when neither it nor what it guards
 * changed for a while. Between the last look at such a lock and its removal
 * another may have replaced it: the look is repeated to keep that moment
 * short, and a kernel lock beside this one closes it.
 */
#include "storage/dotlock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/err.h"
#include "core/log.h"

enum { WAIT_MAX_MS = 50, CONTENT_MAX = 300 };

/* What was seen of a lock, to notice changes. */
struct seen {
	struct stat lock, guarded;
	int64_t since;		/* clock_ms() of the last change */
};

static size_t
own_content(char content[CONTENT_MAX])
{
	char host[256] = "";

	if (gethostname(host, sizeof(host) - 1) < 0)
		*host = '\0';
	return (size_t)snprintf(content, CONTENT_MAX, "%ld:%s",
				(long)getpid(), host);
}

/* The name is the lock; without content it only takes others longer to see
   that it was left behind. */
static void
write_content(int fd, const char *path)
{
	char content[CONTENT_MAX];
	size_t len = own_content(content);

	if (write(fd, content, len) != (ssize_t)len)
		log_debug(&log_process, "can't write into %s", path);
}

/* Give the name to a file that has its content: who is killed in between
   leaves no lock that nobody can judge. 1, 0, or -1: not here. */
static int
take_linked(const char *path, struct stat *st_r)
{
	char dir[PATH_MAX], self[64];
	const char *slash = strrchr(path, '/');
	int fd, result;

	if (slash == NULL || slash - path >= (ptrdiff_t)sizeof(dir))
		return -1;
	(void)snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path), path);
	fd = open(dir, O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	write_content(fd, path);
	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	result = fstat(fd, st_r) < 0 ? -1 :
		linkat(AT_FDCWD, self, AT_FDCWD, path,
		       AT_SYMLINK_FOLLOW) == 0 ? 1 : errno == EEXIST ? 0 : -1;
	(void)close(fd);	/* only the name counts */
	return result;
}

/* 1: taken; 0: another has it; -1: errno. */
static int
take(const char *path, struct stat *st_r)
{
	int got = take_linked(path, st_r), fd;

	if (got >= 0)
		return got;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		  0600);
	if (fd < 0)
		return errno == EEXIST ? 0 : -1;
	if (fstat(fd, st_r) < 0) {
		int saved_errno = errno;

		(void)unlink(path);	/* told by errno */
		(void)close(fd);
		errno = saved_errno;
		return -1;
	}
	write_content(fd, path);
	(void)close(fd);	/* only the name counts */
	return 1;
}

/* Was it made by a process of this host that is no more? */
static bool
owner_is_gone(const char *path)
{
	char theirs[CONTENT_MAX], own[CONTENT_MAX], *colon;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	ssize_t n;
	long pid;

	if (fd < 0)
		return false;
	n = read(fd, theirs, sizeof(theirs) - 1);
	(void)close(fd);	/* only read */
	if (n <= 0)
		return false;
	theirs[n] = '\0';
	(void)own_content(own);
	colon = strchr(theirs, ':');
	if (colon == NULL || strcmp(colon, strchr(own, ':')) != 0)
		return false;
	pid = strtol(theirs, &colon, 10);
	return *colon == ':' && pid > 0 && pid <= INT_MAX &&
		kill((pid_t)pid, 0) < 0 && errno == ESRCH;
}

static bool
is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
		a->st_size == b->st_size &&
		a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
		a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Has nothing changed for stale_ms? By the times of the files, or, where the
   clock was set back meanwhile, by what we have seen ourselves. */
static bool
is_old(const struct dotlock_wait *wait, const struct seen *seen)
{
	time_t last = seen->lock.st_mtime;

	if (seen->guarded.st_mtime > last)
		last = seen->guarded.st_mtime;
	return (time(NULL) - last) * 1000 > wait->stale_ms ||
		clock_ms() - seen->since > wait->stale_ms;
}

/* Look at a lock that another has. 1: it was left behind. */
static int
look(const struct dotlock_wait *wait, struct seen *seen)
{
	struct seen now = { .since = clock_ms() };

	if (lstat(wait->path, &now.lock) < 0)
		return 0;	/* the next take() tells */
	if (wait->guarded != NULL && stat(wait->guarded, &now.guarded) < 0)
		(void)memset(&now.guarded, 0, sizeof(now.guarded));
	if (is_same(&now.lock, &seen->lock) &&
	    is_same(&now.guarded, &seen->guarded))
		now.since = seen->since;
	*seen = now;
	return is_old(wait, seen) || owner_is_gone(wait->path);
}

/* -1 when we have no right to; that another was faster shows itself. */
static int
override(struct dotlock_wait *wait, const struct seen *seen, struct err *err)
{
	struct stat st;

	if (lstat(wait->path, &st) < 0 || !is_same(&st, &seen->lock))
		return 0;
	if (unlink(wait->path) < 0) {
		if (errno == ENOENT)
			return 0;
		wait->error = errno;
		return err_path(err, "unlink", wait->path);
	}
	log_warning(&log_process, "Overrode the lock %s: it was left behind",
		    wait->path);
	return 0;
}

int
dotlock_take(struct dotlock_wait *wait, struct stat *st_r, struct err *err)
{
	struct seen seen = { .since = 0 };

	wait->error = 0;
	for (int ms = 1;; ms = ms < WAIT_MAX_MS ? ms * 2 : WAIT_MAX_MS) {
		int got = take(wait->path, st_r);

		if (got > 0)
			return 0;
		if (got < 0) {
			wait->error = errno;
			return err_path(err, "open", wait->path);
		}
		if (look(wait, &seen) > 0 && override(wait, &seen, err) < 0)
			return -1;
		if (deadline_left(wait->deadline) == 0) {
			return err_set(err, ERR_TEMP, "Timeout while waiting "
				       "for lock %s", wait->path);
		}
		(void)poll(NULL, 0, ms);
	}
}

void
dotlock_drop(const char *path, dev_t dev, ino_t ino)
{
	struct stat st;

	if (lstat(path, &st) < 0 || st.st_dev != dev || st.st_ino != ino) {
		log_warning(&log_process, "Our lock %s was taken away: it was "
			    "held too long", path);
		return;
	}
	if (unlink(path) < 0) {
		log_error(&log_process, "unlink(%s) failed: %s", path,
			  strerror(errno));
	}
}
