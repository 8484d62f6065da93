/*
 * Asking the master; see control.h.
 */
#include "service/control.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/err.h"
#include "core/str.h"

enum { ANSWER_MAX = 16 << 20 };

static int
connect_master(const char *base_dir, struct err *err)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int len = snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/master",
			   base_dir);
	int fd;

	if (len < 0 || (size_t)len >= sizeof(sa.sun_path))
		return err_set(err, ERR_CONFIG, "base_dir is too long: %s",
			       base_dir);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_sys(err, "socket()");
	if (connect(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0)
		return fd;
	if (errno == ENOENT || errno == ECONNREFUSED)
		(void)err_set(err, ERR_TEMP, "Loft is not running (nobody "
			      "listens on %s)", sa.sun_path);
	else
		(void)err_path(err, "connect", sa.sun_path);
	(void)close(fd);
	return -1;
}

static int
read_answer(int fd, deadline_t deadline, struct str *text, struct err *err)
{
	for (;;) {
		struct pollfd pfd = { fd, POLLIN, 0 };
		int ready = poll(&pfd, 1, deadline_left(deadline));
		ssize_t n;

		if (ready < 0 && errno == EINTR)
			continue;
		if (ready <= 0)
			return err_set(err, ERR_TEMP,
				       "the master doesn't answer");
		n = read(fd, str_reserve(text, 4096), 4096);
		if (n < 0 && errno != ECONNRESET)
			return err_sys(err, "read(master)");
		if (n <= 0)
			return 0;
		text->len += (size_t)n;
		text->data[text->len] = '\0';
		if (text->len > ANSWER_MAX)
			return err_set(err, ERR_TEMP,
				       "the master's answer is too long");
	}
}

/* "OK\n…" or "FAIL\n…" */
static int
split_answer(const struct str *text, struct str *answer, struct err *err)
{
	const char *line = str_c(text);
	const char *end = strchr(line, '\n');

	if (end == NULL)
		return err_set(err, ERR_TEMP,
			       "the master ended before it answered");
	str_append(answer, end + 1);
	return str_begins(line, "OK\n") ? 1 : 0;
}

int
control_ask(const char *base_dir, const char *command, unsigned timeout_secs,
	    struct str *answer, struct err *err)
{
	struct str text = STR_INIT;
	int fd = connect_master(base_dir, err);
	int result;

	if (fd < 0)
		return -1;
	str_printf(&text, "%s\n", command);
	if (send(fd, str_c(&text), text.len, MSG_NOSIGNAL) !=
	    (ssize_t)text.len) {
		result = err_sys(err, "send(master)");
	} else {
		str_reset(&text);
		result = read_answer(fd, deadline_in(timeout_secs * 1000L),
				     &text, err);
		if (result == 0)
			result = split_answer(&text, answer, err);
	}
	(void)close(fd);
	str_free(&text);
	return result;
}
