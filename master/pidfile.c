/*
 * The pid file; see pidfile.h.
 */
#include "master/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/err.h"

static int
already_running(const char *path, pid_t pid, struct err *err)
{
	return err_set(err, ERR_CONFIG, "Loft is already running with PID %d "
		       "(it holds %s)", (int)pid, path);
}

static pid_t
read_pid(int fd)
{
	char text[32];
	ssize_t n = read(fd, text, sizeof(text) - 1);

	if (n <= 0)
		return 0;
	text[n] = '\0';
	return (pid_t)strtol(text, NULL, 10);
}

int
pidfile_check(const char *path, pid_t *dead_r, struct err *err)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	int result = 0;

	if (fd < 0)
		return errno == ENOENT ? 0 : err_path(err, "open", path);
	if (fcntl(fd, F_GETLK, &lock) != 0)
		result = err_sys(err, "fcntl(%s, F_GETLK)", path);
	else if (lock.l_type != F_UNLCK)
		result = already_running(path, lock.l_pid, err);
	else
		*dead_r = read_pid(fd);
	(void)close(fd);
	return result;
}

static int
lock_and_write(int fd, const char *path, struct err *err)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (fcntl(fd, F_SETLK, &lock) != 0) {
		if (errno == EAGAIN || errno == EACCES)
			return err_set(err, ERR_CONFIG, "Loft is already "
				       "running (it holds %s)", path);
		return err_sys(err, "fcntl(%s, F_SETLK)", path);
	}
	if (ftruncate(fd, 0) != 0)
		return err_path(err, "ftruncate", path);
	if (dprintf(fd, "%d\n", (int)getpid()) < 0)
		return err_path(err, "write", path);
	return 0;
}

int
pidfile_open(const char *path, struct err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_path(err, "open", path);
	if (lock_and_write(fd, path, err) == 0)
		return fd;
	(void)close(fd);
	return -1;
}
