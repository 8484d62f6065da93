/*
 * Starting a script service; see warning.h. The dialogue, as Dovecot's script
 * services read it: a line with the version, "noreply", a line for each
 * argument (tabs and the like escaped), an empty line, the end.
 */
#include "quota/warning.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/err.h"
#include "core/pool.h"
#include "core/str.h"
#include "io/sock.h"

enum { TIMEOUT_MS = 1000 };

static const char greeting[] = "VERSION\tscript\t4\t0\nnoreply\n";

/* The socket of a service that is busy refuses with EAGAIN for a while. */
static int
connect_to(const char *path, deadline_t deadline, struct err *err)
{
	for (;;) {
		int fd = sock_connect_unix(path, err);

		if (fd >= 0 || errno != EAGAIN || deadline_left(deadline) == 0)
			return fd;
		(void)poll(NULL, 0, 10);	/* a pause */
	}
}

static int
send_all(int fd, const struct str *text, const char *path, deadline_t deadline,
	 struct err *err)
{
	size_t done = 0;

	while (done < text->len) {
		struct pollfd pfd = { fd, POLLOUT, 0 };
		ssize_t n = send(fd, text->data + done, text->len - done,
				 MSG_NOSIGNAL);

		if (n > 0) {
			done += (size_t)n;
			continue;
		}
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return err_path(err, "send", path);
		if (deadline_left(deadline) == 0) {
			errno = ETIMEDOUT;
			return err_path(err, "send", path);
		}
		(void)poll(&pfd, 1, deadline_left(deadline));	/* see above */
	}
	return 0;
}

/* Escaped so that an argument stays one line (octet 1 leads). */
static void
append_argument(struct str *out, const char *arg)
{
	for (; *arg != '\0'; arg++) {
		switch (*arg) {
		case '\001':
			str_append(out, "\0011");
			break;
		case '\t':
			str_append(out, "\001t");
			break;
		case '\n':
			str_append(out, "\001n");
			break;
		case '\r':
			str_append(out, "\001r");
			break;
		default:
			str_append_c(out, *arg);
		}
	}
	str_append_c(out, '\n');
}

static void
append_request(struct str *out, char *args, const char *last)
{
	char *word;

	str_append(out, greeting);
	while ((word = strsep(&args, " ")) != NULL) {
		if (*word != '\0')
			append_argument(out, word);
	}
	if (last != NULL)
		append_argument(out, last);
	str_append_c(out, '\n');
}

int
script_start(const char *command, const char *last, const char *base_dir,
	     struct pool *pool, struct err *err)
{
	char *args = pool_strdup(pool, command), *path = strsep(&args, " ");
	deadline_t deadline = deadline_in(TIMEOUT_MS);
	struct str request = STR_INIT;
	int fd, result;

	if (str_begins(path, "unix:"))
		path += strlen("unix:");
	if (*path != '/')
		path = pool_printf(pool, "%s/%s", base_dir, path);
	fd = connect_to(path, deadline, err);
	if (fd < 0)
		return -1;
	append_request(&request, args, last);
	result = send_all(fd, &request, path, deadline, err);
	str_free(&request);
	(void)close(fd);	/* nothing is waited for */
	return result;
}
