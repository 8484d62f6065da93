/*
 * Open one listener: unix sockets with their mode and owner from the first
 * instant, fifos, TCP sockets. Stale sockets are replaced, live ones refused.
 */
#include "master/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "core/err.h"
#include "core/pool.h"
#include "core/str.h"
#include "master/dirs.h"
#include "master/master.h"
#include "service/process-settings.h"

enum { IN_USE_STEP_MS = 25 };

/* --- unix sockets and fifos ------------------------------------------- */

/* Who listens at that path? 0: nobody; 1: *pid_r does, or did and left it to
   his children (0: too busy to tell); -1 where that can't be told. */
static int
find_peer(const struct sockaddr_un *sa, pid_t *pid_r, struct err *err)
{
	struct ucred cred = { 0 };
	socklen_t len = sizeof(cred);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
			0);
	int cause;

	if (fd < 0)
		return err_sys(err, "socket()");
	cause = connect(fd, (const struct sockaddr *)sa, sizeof(*sa)) == 0 ?
		0 : errno;
	if (cause == 0)
		(void)getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len);
	(void)close(fd);
	if (cause == ECONNREFUSED || cause == ENOENT)
		return 0;
	*pid_r = cred.pid;
	return 1;
}

/* Somebody has that path. 0 when it was a dead socket, or one of a killed
   master whose workers have not noticed yet, and is removed. */
static int
remove_stale(const char *path, const struct sockaddr_un *sa, pid_t dead,
	     struct err *err)
{
	struct stat st;
	pid_t pid = 0;
	int found;

	if (lstat(path, &st) != 0)
		return errno == ENOENT ? 0 : err_path(err, "lstat", path);
	if (!S_ISSOCK(st.st_mode))
		return err_set(err, ERR_CONFIG, "%s exists and is no socket",
			       path);
	found = find_peer(sa, &pid, err);
	if (found < 0)
		return -1;
	if (found == 1 && (pid == 0 || pid != dead))
		return err_set(err, ERR_CONFIG, "socket %s is in use: process "
			       "%d listens on it", path, (int)pid);
	if (unlink(path) != 0 && errno != ENOENT)
		return err_path(err, "unlink", path);
	return 0;
}

/* bind() with the mode from the first instant: it honours the umask. */
static int
bind_path(int fd, const struct sockaddr_un *sa, mode_t mode)
{
	mode_t old = umask(~mode & 0777);
	int result = bind(fd, (const struct sockaddr *)sa, sizeof(*sa));
	int cause = errno;

	(void)umask(old);
	errno = cause;
	return result;
}

static int
explain_bind(const struct listener *l, struct err *err)
{
	char *dir = mem_strdup(l->path);
	char *slash = strrchr(dir, '/');
	struct stat st;
	int cause = errno;

	if (slash != NULL && slash != dir)
		*slash = '\0';
	if (cause == ENOENT && stat(dir, &st) != 0)
		(void)err_set(err, ERR_CONFIG, "bind(%s) failed: the "
			      "directory %s doesn't exist", l->path, dir);
	else if (cause == EROFS || cause == ENOENT)
		(void)err_set(err, ERR_CONFIG, "bind(%s) failed: %s", l->path,
			      strerror(cause));
	else {
		errno = cause;
		(void)err_path(err, "bind", l->path);
	}
	free(dir);
	return -1;
}

int
listener_set_owner(const struct listener *l, struct err *err)
{
	if (geteuid() != 0)
		return 0;
	/* Who owns the directory may have put a symlink in its place. */
	if (lchown(l->path, l->uid, l->gid) != 0)
		return err_path(err, "chown", l->path);
	return 0;
}

static int
bind_unix(int fd, const struct listener *l, struct err *err)
{
	pid_t dead = l->service->generation->master->dead_pid;
	struct sockaddr_un sa = { .sun_family = AF_UNIX };

	if (!str_copy(sa.sun_path, sizeof(sa.sun_path), l->path))
		return err_set(err, ERR_CONFIG, "path is too long: %s",
			       l->path);
	if (bind_path(fd, &sa, l->mode) != 0) {
		if (errno != EADDRINUSE)
			return explain_bind(l, err);
		if (remove_stale(l->path, &sa, dead, err) < 0)
			return -1;
		if (bind_path(fd, &sa, l->mode) != 0)
			return explain_bind(l, err);
	}
	if (listener_set_owner(l, err) < 0) {
		(void)unlink(l->path);
		return -1;
	}
	/* Only from here on can anybody connect. */
	if (listen(fd, SOMAXCONN) != 0)
		return err_sys(err, "listen(%s)", l->path);
	return 0;
}

static int
open_unix(const struct listener *l, struct err *err)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
			0);

	if (fd < 0)
		return err_sys(err, "socket()");
	if (bind_unix(fd, l, err) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

static int
open_fifo(const struct listener *l, struct err *err)
{
	struct stat st;
	int fd;

	if (mkfifo(l->path, l->mode) != 0 && errno != EEXIST)
		return err_path(err, "mkfifo", l->path);
	fd = open(l->path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return err_path(err, "open", l->path);
	if (fstat(fd, &st) != 0 || !S_ISFIFO(st.st_mode)) {
		(void)close(fd);
		return err_set(err, ERR_CONFIG, "%s exists and is no fifo",
			       l->path);
	}
	if (fchmod(fd, l->mode) != 0 || listener_set_owner(l, err) < 0) {
		(void)close(fd);
		return err_path(err, "chmod", l->path);
	}
	return fd;
}

/* --- inet ------------------------------------------------------------- */

static int
set_options(int fd, const struct listener *l)
{
	int on = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0)
		return -1;
	if (l->reuse_port &&
	    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0)
		return -1;
	if (l->sa.ss_family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) != 0)
		return -1;
	/* Accepted sockets inherit it. */
	return setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static int
open_inet_once(const struct listener *l)
{
	int fd = socket(l->sa.ss_family,
			SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int cause;

	if (fd < 0)
		return -1;
	if (set_options(fd, l) == 0 &&
	    bind(fd, (const struct sockaddr *)&l->sa, l->sa_len) == 0 &&
	    listen(fd, SOMAXCONN) == 0)
		return fd;
	cause = errno;
	(void)close(fd);
	errno = cause;
	return -1;
}

static int
open_inet(const struct listener *l, deadline_t deadline, struct err *err)
{
	const struct timespec step = { 0, IN_USE_STEP_MS * 1000000L };
	int fd;

	while ((fd = open_inet_once(l)) < 0 && errno == EADDRINUSE &&
	       deadline_left(deadline) > 0)
		(void)nanosleep(&step, NULL);
	if (fd >= 0)
		return fd;
	if (errno == EADDRINUSE)
		return err_set(err, ERR_CONFIG, "listen(%s) failed: the "
			       "address is in use by another process",
			       l->key + strlen("inet:"));
	return err_sys(err, "listen(%s)", l->key + strlen("inet:"));
}

/* --- any ---------------------------------------------------------------- */

int
listener_open(struct listener *l, deadline_t deadline, struct err *err)
{
	const char *base_dir = l->service->generation->process->base_dir;

	switch (l->kind) {
	case LISTENER_INET:
		l->fd = open_inet(l, deadline, err);
		break;
	case LISTENER_FIFO:
		l->fd = open_fifo(l, err);
		break;
	default:
		if (dirs_make_parents(l->path, base_dir, err) < 0)
			return -1;
		l->fd = open_unix(l, err);
	}
	return l->fd >= 0 ? 0 : -1;
}
