/*
 * Sockets of clients; see sock.h.
 */
#include "io/sock.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/err.h"

enum { FLAGS = SOCK_CLOEXEC | SOCK_NONBLOCK };

int
sock_connect_unix(const char *path, struct err *err)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof(sa.sun_path))
		return err_set(err, ERR_TEMP, "connect(%s) failed: Path is too "
			       "long for a socket", path);
	memcpy(sa.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | FLAGS, 0);
	if (fd < 0)
		return err_sys(err, "socket()");
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) != 0) {
		(void)err_path(err, "connect", path);
		(void)close(fd);
		return -1;
	}
	return fd;
}

/* Wait for the end of a connect() that goes on; 0, or -1 with errno. */
static int
finish_connect(int fd, deadline_t deadline)
{
	struct pollfd pfd = { fd, POLLOUT, 0 };
	socklen_t len = sizeof(int);
	int result, cause;

	do {
		result = poll(&pfd, 1, deadline_left(deadline));
	} while (result < 0 && errno == EINTR);
	if (result == 0)
		errno = ETIMEDOUT;
	if (result <= 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_ERROR, &cause, &len) != 0)
		return -1;
	errno = cause;
	return cause == 0 ? 0 : -1;
}

static int
connect_address(const struct addrinfo *ai, deadline_t deadline)
{
	int fd = socket(ai->ai_family, SOCK_STREAM | FLAGS, 0), saved_errno;
	const int on = 1;

	if (fd < 0)
		return -1;
	/* The last piece of a message shall not wait for an ACK. Without
	   this it is merely slower. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, ai->ai_addr, ai->ai_addrlen) == 0 ||
	    (errno == EINPROGRESS && finish_connect(fd, deadline) == 0))
		return fd;
	saved_errno = errno;
	(void)close(fd);
	errno = saved_errno;
	return -1;
}

int
sock_connect_inet(const char *host, const char *port, deadline_t deadline,
		  struct err *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list, *ai;
	int fd = -1, result = getaddrinfo(host, port, &hints, &list);

	if (result != 0)
		return err_set(err, ERR_TEMP, "%s:%s: %s", host, port,
			       gai_strerror(result));
	for (ai = list; ai != NULL && fd < 0; ai = ai->ai_next) {
		fd = connect_address(ai, deadline);
		if (fd < 0)
			(void)err_sys(err, "connect(%s:%s)", host, port);
	}
	freeaddrinfo(list);
	return fd;
}

static void __attribute__((noreturn))
exec_command(const char *command, int fd)
{
	/* 127 is what the shell says when it can't start something. */
	if (dup2(fd, STDIN_FILENO) < 0 || dup2(fd, STDOUT_FILENO) < 0)
		_exit(127);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)signal(SIGXFSZ, SIG_DFL);
	(void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

int
sock_connect_command(const char *command, pid_t *pid_r, struct err *err)
{
	int fds[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
		return err_sys(err, "socketpair()");
	pid = fork();
	if (pid == 0)
		exec_command(command, fds[1]);
	(void)close(fds[1]);
	if (pid < 0) {
		(void)err_sys(err, "fork()");
		(void)close(fds[0]);
		return -1;
	}
	*pid_r = pid;
	return fds[0];
}
