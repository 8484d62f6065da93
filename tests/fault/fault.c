/*
 * Fault injection, loaded with LD_PRELOAD. $LOFT_FAULT is CALL:N:WHAT: the
 * Nth call of libc's CALL ("*": of any below) fails with the errno WHAT
 * ("EIO"), or the process is killed before it (KILL) or right after it
 * (KILLED), or the call succeeds without being made (SKIP), or writes but half
 * of what it was given (SHORT; other calls are made as usual), or is made and
 * fails with EEXIST (LOST: what a lost answer of an NFS server leads to). N+
 * means the Nth and all later ones. Only calls count whose path or descriptor
 * lies below $LOFT_FAULT_PATH. The call that was hit is noted in
 * $LOFT_FAULT_NOTE, so that a test can go through a sequence until nothing is
 * hit any more.
 * $LOFT_FAULT_CLOCK is the wall clock's time in seconds, for ever.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* libc redirects names where large files are asked for: here each is itself.
   No sanitizer may see into this file, it is loaded before theirs. */

enum when {
	FAULT_NONE, FAULT_ERRNO, FAULT_KILL, FAULT_KILLED, FAULT_SKIP,
	FAULT_SHORT, FAULT_LOST
};

static struct {
	int ready, lasting;
	char call[32];
	long n, seen;
	enum when when;
	int error;
	const char *path;
} fault;

static const struct { const char *name; int error; } errnos[] = {
	{ "EIO", EIO }, { "ENOSPC", ENOSPC }, { "EDQUOT", EDQUOT },
	{ "EROFS", EROFS }, { "EACCES", EACCES }, { "EMFILE", EMFILE },
	{ "EINVAL", EINVAL }, { "ENOSYS", ENOSYS }, { "EEXIST", EEXIST },
	{ "EXDEV", EXDEV }, { "EMLINK", EMLINK }, { "EPERM", EPERM },
	{ "EOPNOTSUPP", EOPNOTSUPP }, { "ESTALE", ESTALE },
	{ "EINTR", EINTR }, { "ENOENT", ENOENT }, { "EFBIG", EFBIG },
	{ "ENOMEM", ENOMEM }, { "ENFILE", ENFILE },
};

static const struct { const char *name; enum when when; } whens[] = {
	{ "KILL", FAULT_KILL }, { "KILLED", FAULT_KILLED },
	{ "SKIP", FAULT_SKIP }, { "SHORT", FAULT_SHORT },
	{ "LOST", FAULT_LOST },
};

static void
set_what(const char *what)
{
	for (size_t i = 0; i < sizeof(whens) / sizeof(*whens); i++) {
		if (strcmp(whens[i].name, what) == 0)
			fault.when = whens[i].when;
	}
	for (size_t i = 0; i < sizeof(errnos) / sizeof(*errnos); i++) {
		if (strcmp(errnos[i].name, what) == 0) {
			fault.when = FAULT_ERRNO;
			fault.error = errnos[i].error;
		}
	}
}

static void
get_ready(void)
{
	const char *env = getenv("LOFT_FAULT");
	char what[32], number[32];

	fault.ready = 1;
	fault.path = getenv("LOFT_FAULT_PATH");
	if (env == NULL || fault.path == NULL)
		return;
	if (sscanf(env, "%31[^:]:%31[^:]:%31s", fault.call, number, what) != 3)
		return;
	fault.n = atol(number);
	fault.lasting = strchr(number, '+') != NULL;
	set_what(what);
}

static void
note(const char *call, const char *path)
{
	const char *file = getenv("LOFT_FAULT_NOTE");
	FILE *f;

	if (!fault.lasting)
		fault.when = FAULT_NONE;	/* once is enough */
	if (file == NULL)
		return;
	f = fopen(file, "w");
	if (f != NULL) {
		fprintf(f, "%s %s\n", call, path);
		fclose(f);
	}
}

/* Is this the call? Kills when that is asked for; 1 when it is to fail. */
static enum when
hit(const char *call, const char *path)
{
	enum when when;

	if (!fault.ready)
		get_ready();
	if (fault.when == FAULT_NONE || path == NULL ||
	    strncmp(path, fault.path, strlen(fault.path)) != 0 ||
	    (strcmp(fault.call, "*") != 0 && strcmp(fault.call, call) != 0) ||
	    ++fault.seen < fault.n)
		return FAULT_NONE;
	when = fault.when;
	note(call, path);
	if (when == FAULT_KILL)
		kill(getpid(), SIGKILL);
	if (when == FAULT_ERRNO)
		errno = fault.error;
	return when;
}

static enum when
hit_fd(const char *call, int fd)
{
	char link[64], path[PATH_MAX];
	int saved_errno = errno;
	ssize_t len;

	if (!fault.ready)
		get_ready();
	if (fault.when == FAULT_NONE)
		return FAULT_NONE;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	errno = saved_errno;
	if (len < 0)
		return FAULT_NONE;
	path[len] = '\0';
	return hit(call, path);
}

static void
after(enum when when)
{
	if (when == FAULT_KILLED)
		kill(getpid(), SIGKILL);
}

static void *
real(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

int clock_gettime(clockid_t id, struct timespec *ts);
int
clock_gettime(clockid_t id, struct timespec *ts)
{
	static int (*next)(clockid_t, struct timespec *);
	const char *fixed = getenv("LOFT_FAULT_CLOCK");

	if (id == CLOCK_REALTIME && fixed != NULL) {
		*ts = (struct timespec){ atol(fixed), 123456789 };
		return 0;
	}
	if (next == NULL) {
		next = (int (*)(clockid_t, struct timespec *))
			real("clock_gettime");
	}
	return next(id, ts);
}

/* A wrapper: name of the symbol, of the call in $LOFT_FAULT, types. */
#define WRAP(type, symbol, call, hit_expr, params, args) \
	type symbol params; \
	type symbol params \
	{ \
		static type (*next) params; \
		enum when when = hit_expr; \
		type result; \
		if (when == FAULT_ERRNO) \
			return -1; \
		if (when == FAULT_SKIP) \
			return 0; \
		if (next == NULL) \
			next = (type (*) params)real(#symbol); \
		result = next args; \
		after(when); \
		if (when == FAULT_LOST) { \
			errno = EEXIST; \
			return -1; \
		} \
		return result; \
	}

#define WRAP_PATH(symbol, call, path, params, args) \
	WRAP(int, symbol, call, hit(call, path), params, args)
#define WRAP_FD(type, symbol, call, params, args) \
	WRAP(type, symbol, call, hit_fd(call, fd), params, args)

#define WRAP_OPEN(symbol) \
	int symbol(const char *path, int flags, ...); \
	int symbol(const char *path, int flags, ...) \
	{ \
		static int (*next)(const char *, int, ...); \
		enum when when = hit("open", path); \
		mode_t mode = 0; \
		va_list ap; \
		int fd; \
		va_start(ap, flags); \
		if ((flags & O_CREAT) != 0 || \
		    (flags & O_TMPFILE) == O_TMPFILE) \
			mode = va_arg(ap, mode_t); \
		va_end(ap); \
		if (when == FAULT_ERRNO) \
			return -1; \
		if (next == NULL) \
			next = (int (*)(const char *, int, ...))real(#symbol); \
		fd = next(path, flags, mode); \
		after(when); \
		return fd; \
	}

/* With a pointer: locks. */
int
fcntl64(int fd, int command, ...)
{
	static int (*next)(int, int, ...);
	enum when when = hit_fd("fcntl", fd);
	va_list ap;
	void *arg;
	int result;

	va_start(ap, command);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (when == FAULT_ERRNO)
		return -1;
	if (next == NULL)
		next = (int (*)(int, int, ...))real("fcntl64");
	result = next(fd, command, arg);
	after(when);
	return result;
}

WRAP_OPEN(open)
WRAP_OPEN(open64)
WRAP_PATH(__open_2, "open", path, (const char *path, int flags),
	  (path, flags))
WRAP_PATH(__open64_2, "open", path, (const char *path, int flags),
	  (path, flags))
WRAP_PATH(stat, "stat", path, (const char *path, struct stat *st), (path, st))
WRAP_PATH(stat64, "stat", path, (const char *path, struct stat64 *st),
	  (path, st))
WRAP_PATH(mkdir, "mkdir", path, (const char *path, mode_t mode), (path, mode))
WRAP_PATH(chmod, "chmod", path, (const char *path, mode_t mode), (path, mode))
WRAP_PATH(chown, "chown", path, (const char *path, uid_t uid, gid_t gid),
	  (path, uid, gid))
WRAP_PATH(unlink, "unlink", path, (const char *path), (path))
WRAP_PATH(rename, "rename", to, (const char *from, const char *to),
	  (from, to))
WRAP_PATH(renameat2, "renameat2", to,
	  (int fd1, const char *from, int fd2, const char *to, unsigned flags),
	  (fd1, from, fd2, to, flags))
WRAP_PATH(link, "link", to, (const char *from, const char *to), (from, to))
WRAP_PATH(linkat, "link", to,
	  (int fd1, const char *from, int fd2, const char *to, int flags),
	  (fd1, from, fd2, to, flags))
WRAP_PATH(mkostemp, "mkstemp", path, (char *path, int flags), (path, flags))
WRAP_PATH(mkostemp64, "mkstemp", path, (char *path, int flags), (path, flags))
WRAP_FD(int, close, "close", (int fd), (fd))
WRAP_FD(int, fsync, "fsync", (int fd), (fd))
WRAP_FD(int, fdatasync, "fdatasync", (int fd), (fd))
WRAP_FD(int, syncfs, "syncfs", (int fd), (fd))
WRAP_FD(int, fchmod, "fchmod", (int fd, mode_t mode), (fd, mode))
WRAP_FD(int, fchown, "fchown", (int fd, uid_t uid, gid_t gid), (fd, uid, gid))
WRAP_FD(int, ftruncate64, "ftruncate", (int fd, off64_t len), (fd, len))
WRAP_FD(int, futimens, "futimens", (int fd, const struct timespec times[2]),
	(fd, times))
WRAP_FD(int, fstat64, "fstat", (int fd, struct stat64 *st), (fd, st))
WRAP_PATH(lstat64, "lstat", path, (const char *path, struct stat64 *st),
	  (path, st))
WRAP_FD(ssize_t, read, "read", (int fd, void *buf, size_t len),
	(fd, buf, len))
WRAP_FD(ssize_t, pread64, "read", (int fd, void *buf, size_t len,
				   off64_t offset), (fd, buf, len, offset))

/* What writes may write less. */
#define WRAP_WRITE(symbol, call, fd, params, args, shorten) \
	ssize_t symbol params; \
	ssize_t symbol params \
	{ \
		static ssize_t (*next) params; \
		enum when when = hit_fd(call, fd); \
		ssize_t result; \
		if (when == FAULT_ERRNO) \
			return -1; \
		if (when == FAULT_SHORT) { \
			shorten; \
		} \
		if (next == NULL) \
			next = (ssize_t (*) params)real(#symbol); \
		result = next args; \
		after(when); \
		return result; \
	}

WRAP_WRITE(write, "write", fd, (int fd, const void *buf, size_t len),
	   (fd, buf, len), len = (len + 1) / 2)
WRAP_WRITE(pwrite64, "write", fd,
	   (int fd, const void *buf, size_t len, off64_t offset),
	   (fd, buf, len, offset), len = (len + 1) / 2)
WRAP_WRITE(copy_file_range, "copy_file_range", to,
	   (int from, off64_t *off_from, int to, off64_t *off_to, size_t len,
	    unsigned flags), (from, off_from, to, off_to, len, flags),
	   len = (len + 1) / 2)
WRAP_WRITE(sendfile64, "sendfile", to,
	   (int to, int from, off64_t *offset, size_t len),
	   (to, from, offset, len), len = (len + 1) / 2)
WRAP_WRITE(writev, "write", fd, (int fd, const struct iovec *iov, int count),
	   (fd, iov, count), return write(fd, iov->iov_base,
					  (iov->iov_len + 1) / 2))
