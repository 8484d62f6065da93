/*
 * Passing a session on; see relay.h. What is said isn't looked at: whoever
 * calls us speaks with the server itself.
 */
#include "ctl/relay.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/err.h"

enum { BUFFER = 16384 };

/* One direction. */
struct flow {
	int from, to;
	char buf[BUFFER];
	size_t start, end;
	bool eof;		/* nothing more comes */
	bool done;		/* and the other side knows it */
};

static bool
would_wait(void)
{
	return errno == EAGAIN || errno == EINTR;
}

static int
flow_read(struct flow *f, struct err *err)
{
	ssize_t n = read(f->from, f->buf, sizeof(f->buf));

	if (n < 0)
		return would_wait() ? 0 : err_sys(err, "read()");
	f->start = 0;
	f->end = (size_t)n;
	f->eof = n == 0;
	return 0;
}

static int
flow_write(struct flow *f, struct err *err)
{
	ssize_t n = write(f->to, f->buf + f->start, f->end - f->start);

	if (n < 0)
		return would_wait() ? 0 : err_sys(err, "write()");
	f->start += (size_t)n;
	return 0;
}

/* What it waits for: to read when its buffer is empty, else to write. */
static struct pollfd
flow_wish(const struct flow *f)
{
	if (f->start < f->end)
		return (struct pollfd){ f->to, POLLOUT, 0 };
	return (struct pollfd){ f->eof ? -1 : f->from, POLLIN, 0 };
}

static int
flow_move(struct flow *f, struct err *err)
{
	if (f->start < f->end)
		return flow_write(f, err);
	return f->eof ? 0 : flow_read(f, err);
}

static int
wait_for(struct flow flows[2], int64_t timeout_ms, struct err *err)
{
	struct pollfd fds[2] = { flow_wish(&flows[0]), flow_wish(&flows[1]) };
	int n;

	do {
		n = poll(fds, 2, (int)timeout_ms);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(err, "poll()");
	if (n == 0)
		return err_set(err, ERR_TEMP, "Timed out");
	for (int i = 0; i < 2; i++) {
		if (fds[i].revents != 0 && flow_move(&flows[i], err) < 0)
			return -1;
	}
	return 0;
}

int
relay_run(int fd, int64_t timeout_ms, struct err *err)
{
	static struct flow flows[2];
	struct flow *up = &flows[0], *down = &flows[1];

	up->from = STDIN_FILENO;
	up->to = down->from = fd;
	down->to = STDOUT_FILENO;
	while (!down->eof) {
		if (wait_for(flows, timeout_ms, err) < 0)
			return -1;
		if (up->eof && up->start == up->end && !up->done) {
			up->done = true;
			/* It is gone where this fails: the read tells. */
			(void)shutdown(fd, SHUT_WR);
		}
	}
	return 0;
}
