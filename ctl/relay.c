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
#include "io/stream.h"

enum { BUFFER = 16384 };	/* no TLS record holds more */

/* One direction: from the client (standard input) to the server's stream, or
   from that to standard output. */
struct flow {
	bool up;
	int fd;			/* on the client's side */
	int server;		/* the stream's socket */
	struct stream *stream;
	char buf[BUFFER];
	size_t start, end;
	short want;		/* what the stream waits for */
	bool eof;		/* nothing more comes */
};

static bool
would_wait(void)
{
	return errno == EAGAIN || errno == EINTR;
}

static int
flow_read(struct flow *f, struct err *err)
{
	ssize_t n;

	f->want = POLLIN;
	n = f->up ? read(f->fd, f->buf, sizeof(f->buf)) :
		stream_try_read(f->stream, f->buf, sizeof(f->buf), &f->want);
	if (n < 0)
		return would_wait() ? 0 : err_sys(err, "read()");
	f->want = f->up ? POLLOUT : POLLIN;
	f->start = 0;
	f->end = (size_t)n;
	f->eof = n == 0;
	return 0;
}

static int
flow_write(struct flow *f, struct err *err)
{
	const char *data = f->buf + f->start;
	size_t len = f->end - f->start;
	ssize_t n;

	f->want = POLLOUT;
	n = f->up ? stream_try_write(f->stream, data, len, &f->want) :
		write(f->fd, data, len);
	if (n < 0)
		return would_wait() ? 0 : err_sys(err, "write()");
	f->start += (size_t)n;
	return 0;
}

/* What it waits for: to read when its buffer is empty, else to write. */
static struct pollfd
flow_wish(const struct flow *f)
{
	bool full = f->start < f->end;

	if (f->eof && !full)
		return (struct pollfd){ -1, 0, 0 };
	if (f->up != full)	/* the client's side */
		return (struct pollfd){ f->fd, full ? POLLOUT : POLLIN, 0 };
	return (struct pollfd){ f->server, f->want, 0 };
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
relay_run(struct stream *stream, int fd, int64_t timeout_ms, struct err *err)
{
	static struct flow flows[2];
	struct flow *up = &flows[0], *down = &flows[1];
	bool told = false;

	*up = (struct flow){ .up = true, .fd = STDIN_FILENO, .server = fd,
			     .stream = stream, .want = POLLOUT };
	*down = (struct flow){ .fd = STDOUT_FILENO, .server = fd,
			       .stream = stream, .want = POLLIN };
	while (!down->eof) {
		if (wait_for(flows, timeout_ms, err) < 0)
			return -1;
		if (up->eof && up->start == up->end && !told) {
			told = true;
			/* It is gone where this fails: the read tells. */
			(void)shutdown(fd, SHUT_WR);
		}
	}
	return 0;
}
