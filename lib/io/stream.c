/*
 * Buffered streams with deadlines; see stream.h. All that knows about the
 * transport is in raw_read() and raw_write(): -1 with EAGAIN means "wait for
 * *want", which is what a layer says too.
 */
#include "io/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/log.h"
#include "core/pool.h"
#include "core/str.h"
#include "io/rawlog.h"

enum {
	IN_FIRST = 8192,	/* holds a small mail with its commands */
	IN_LARGE = 65536,	/* once a read has filled the buffer */
	OUT_MAX = 16384,	/* more than this is sent at once */
	SIGNALS_MS = 250,	/* let signals in at least this often */
	RECV_MS = 500,		/* a receive's wait, before the next look */
};

struct side {
	int fd;
	bool is_sock;		/* until a call says otherwise */
};

struct stream {
	struct side in, out;
	int watch_fd;
	const sigset_t *sigmask;
	bool recv_waits;	/* a receive does the waiting; see recv_more */
	bool mask_saved;
	sigset_t old_mask;	/* when mask_saved */
	struct rawlog *rawlog;
	const struct stream_layer *layer;	/* NULL: none */
	void *layer_ctx;

	char *buf;
	size_t start, end, cap;	/* unread: buf[start..end) */
	size_t scanned;		/* no LF in the first this many unread */
	bool eof;
	bool more_likely;	/* the last read got all it had room for */
	deadline_t signals_due;

	struct str pending;	/* output; the first `sent` octets are gone */
	size_t sent;
};

struct stream *
stream_new(int fd_in, int fd_out)
{
	struct stream *s = mem_alloc(sizeof(*s));

	s->in = (struct side){ fd_in, true };
	s->out = (struct side){ fd_out, true };
	s->watch_fd = -1;
	s->cap = IN_FIRST;
	s->buf = malloc(s->cap);
	if (s->buf == NULL)
		log_die_oom(s->cap);
	return s;
}

static void
drop_layer(struct stream *s)
{
	if (s->layer == NULL)
		return;
	s->layer->end(s->layer_ctx);
	s->layer->free(s->layer_ctx);
	s->layer = NULL;
}

/* Signals are let in by waits only, again. */
static void
restore_mask(struct stream *s)
{
	if (s->mask_saved)
		(void)sigprocmask(SIG_SETMASK, &s->old_mask, NULL);
	s->mask_saved = false;
}

void
stream_free(struct stream **sp)
{
	struct stream *s = *sp;

	if (s == NULL)
		return;
	drop_layer(s);
	restore_mask(s);
	/* What was to be sent has been flushed; a failing close tells
	   nothing that matters any more. */
	(void)close(s->in.fd);
	if (s->out.fd != s->in.fd)
		(void)close(s->out.fd);
	str_free(&s->pending);
	free(s->buf);
	free(s);
	*sp = NULL;
}

/* Can a receive on this socket end after RECV_MS? */
static bool
limit_receive(const struct stream *s)
{
	struct timeval tv = { RECV_MS / 1000, RECV_MS % 1000 * 1000 };

	return setsockopt(s->in.fd, SOL_SOCKET, SO_RCVTIMEO, &tv,
			  sizeof(tv)) == 0;
}

void
stream_watch(struct stream *s, int watch_fd, const sigset_t *sigmask)
{
	s->watch_fd = watch_fd;
	s->sigmask = sigmask;
	s->signals_due = clock_ms() + SIGNALS_MS;
	s->recv_waits = s->layer == NULL && watch_fd >= 0 &&
		sigmask != NULL && limit_receive(s);
	if (s->recv_waits && !s->mask_saved)
		s->mask_saved = sigprocmask(SIG_SETMASK, sigmask,
					    &s->old_mask) == 0;
	s->recv_waits = s->recv_waits && s->mask_saved;
}

void
stream_set_rawlog(struct stream *s, struct rawlog *rawlog)
{
	s->rawlog = rawlog;
}

static int
set_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

/* It isn't a socket, so MSG_DONTWAIT is not to be had. */
static int
side_is_file(struct side *side)
{
	side->is_sock = false;
	return set_nonblocking(side->fd);
}

void
stream_set_layer(struct stream *s, const struct stream_layer *layer,
		 void *ctx)
{
	ASSERT(s->layer == NULL);
	s->layer = layer;
	s->layer_ctx = ctx;
	s->start = s->end = s->scanned = 0;
	/* A receive can't do the waiting for a layer. */
	s->recv_waits = false;
	restore_mask(s);
	/* It doesn't fail for a descriptor that is open. */
	(void)set_nonblocking(s->in.fd);
	(void)set_nonblocking(s->out.fd);
}

static ssize_t
raw_read(struct stream *s, void *data, size_t size, short *want)
{
	ssize_t n;

	*want = POLLIN;
	if (s->layer != NULL)
		return s->layer->read(s->layer_ctx, data, size, want);
	if (s->in.is_sock) {
		n = recv(s->in.fd, data, size, MSG_DONTWAIT);
		if (n >= 0 || errno != ENOTSOCK)
			return n;
		if (side_is_file(&s->in) < 0)
			return -1;
	}
	return read(s->in.fd, data, size);
}

static ssize_t
raw_write(struct stream *s, const void *data, size_t len, short *want)
{
	ssize_t n;

	*want = POLLOUT;
	if (s->layer != NULL)
		return s->layer->write(s->layer_ctx, data, len, want);
	if (s->out.is_sock) {
		n = send(s->out.fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n >= 0 || errno != ENOTSOCK)
			return n;
		if (side_is_file(&s->out) < 0)
			return -1;
	}
	return write(s->out.fd, data, len);
}

ssize_t
stream_try_read(struct stream *s, void *buf, size_t size, short *want_r)
{
	return raw_read(s, buf, size, want_r);
}

ssize_t
stream_try_write(struct stream *s, const void *data, size_t len,
		 short *want_r)
{
	return raw_write(s, data, len, want_r);
}

/* When was the last time that a wait let signals in? A peer who is always
   ready keeps ppoll() from doing so, therefore ask without any fd. */
static bool
signals_overdue(struct stream *s)
{
	int64_t now;

	if (s->sigmask == NULL)
		return false;
	now = clock_ms();
	if (now < s->signals_due)
		return false;
	s->signals_due = now + SIGNALS_MS;
	return true;
}

/* Wait for input (POLLIN), or for room for output. */
static enum stream_status
wait_for(struct stream *s, short events, deadline_t deadline)
{
	struct pollfd pfds[2] = {
		{ events == POLLIN ? s->in.fd : s->out.fd, events, 0 },
		{ s->watch_fd, POLLIN, 0 },
	};
	struct timespec left, zero = { 0, 0 };
	int ms = deadline_left(deadline), n;

	left.tv_sec = ms / 1000;
	left.tv_nsec = (long)(ms % 1000) * 1000000;
	n = ppoll(pfds, s->watch_fd >= 0 ? 2 : 1, ms < 0 ? NULL : &left,
		  s->sigmask);
	if (n < 0)
		return errno == EINTR ? STREAM_WAKE : STREAM_ERROR;
	if (n == 0)
		return STREAM_TIMEOUT;
	if (pfds[1].revents != 0)
		return STREAM_WAKE;
	if (signals_overdue(s) && ppoll(NULL, 0, &zero, s->sigmask) < 0)
		return STREAM_WAKE;
	return STREAM_OK;
}

/*
 * Under a master one call does the waiting and the reading: a blocking
 * receive that ends after RECV_MS. That saves a system call for every line a
 * client sends. Signals are let in all the while and interrupt it; for one
 * that comes just before it, the handler makes it end at once (see
 * service_wakes()). The master's death is noticed when it ends.
 */
static enum stream_status
recv_more(struct stream *s, size_t room, ssize_t *n_r)
{
	int64_t now = clock_ms();

	/* A client who never pauses must not keep us from looking. */
	if (now >= s->signals_due) {
		s->signals_due = now + RECV_MS;
		return STREAM_WAKE;
	}
	*n_r = recv(s->in.fd, s->buf + s->end, room, 0);
	if (*n_r >= 0)
		return STREAM_OK;
	if (errno != EINTR && errno != EAGAIN)
		return STREAM_ERROR;
	s->recv_waits = limit_receive(s);
	return STREAM_WAKE;
}

/* A look, now and then, at what a wait would notice. */
static bool
asked_meanwhile(struct stream *s)
{
	struct pollfd pfd = { s->watch_fd, POLLIN, 0 };
	struct timespec zero = { 0, 0 };

	return signals_overdue(s) &&
		ppoll(&pfd, s->watch_fd >= 0 ? 1 : 0, &zero, s->sigmask) != 0;
}

static enum stream_status
poll_more(struct stream *s, size_t room, deadline_t deadline, ssize_t *n_r)
{
	/* What the layer holds already makes no descriptor readable. */
	bool ready = s->layer != NULL && s->layer->pending(s->layer_ctx);
	short want = POLLIN;

	if (ready && asked_meanwhile(s))
		return STREAM_WAKE;
	for (;; ready = false) {
		enum stream_status status = ready ? STREAM_OK :
			wait_for(s, want, deadline);

		if (status != STREAM_OK)
			return status;
		*n_r = raw_read(s, s->buf + s->end, room, &want);
		if (*n_r >= 0)
			return STREAM_OK;
		if (errno != EAGAIN && errno != EINTR)
			return STREAM_ERROR;
	}
}

enum stream_status
stream_handshake(struct stream *s, deadline_t deadline)
{
	enum stream_status status = STREAM_OK;
	short want = POLLIN;

	while (status == STREAM_OK) {
		if (s->layer->handshake(s->layer_ctx, &want) == 0)
			return STREAM_OK;
		if (errno != EAGAIN && errno != EINTR)
			return STREAM_ERROR;
		status = wait_for(s, want, deadline);
	}
	return status;
}

int
stream_end(struct stream *s)
{
	drop_layer(s);
	s->rawlog = NULL;
	return shutdown(s->out.fd, SHUT_WR);
}

/* Make room behind the unread input. */
static void
make_room(struct stream *s)
{
	size_t unread = s->end - s->start;

	if (s->start > 0) {
		memmove(s->buf, s->buf + s->start, unread);
		s->start = 0;
		s->end = unread;
	}
	if ((s->more_likely || unread == s->cap) && s->cap < IN_LARGE)
		s->cap = IN_LARGE;
	else if (unread == s->cap)
		s->cap *= 2;	/* bounded by stream_read_line()'s max */
	else
		return;
	s->buf = mem_realloc(s->buf, s->cap);
}

/* Read what there is, waiting until there is something. */
static enum stream_status
read_more(struct stream *s, deadline_t deadline)
{
	enum stream_status status;
	size_t room;
	ssize_t n = 0;

	if (s->eof)
		return STREAM_EOF;
	status = stream_flush(s, deadline);
	if (status != STREAM_OK)
		return status;
	make_room(s);
	room = s->cap - s->end;
	if (s->recv_waits && deadline - clock_ms() > RECV_MS)
		status = recv_more(s, room, &n);
	else
		status = poll_more(s, room, deadline, &n);
	if (status != STREAM_OK)
		return status;
	if (n == 0) {
		s->eof = true;
		return STREAM_EOF;
	}
	if (s->rawlog != NULL)
		rawlog_in(s->rawlog, s->buf + s->end, (size_t)n);
	s->end += (size_t)n;
	s->more_likely = (size_t)n == room;
	return STREAM_OK;
}

enum stream_status
stream_fill(struct stream *s, deadline_t deadline)
{
	if (s->end > s->start)
		return STREAM_OK;
	return read_more(s, deadline);
}

size_t
stream_buffered(const struct stream *s)
{
	return s->end - s->start;
}

const char *
stream_data(const struct stream *s, size_t *len_r)
{
	*len_r = s->end - s->start;
	return s->buf + s->start;
}

void
stream_skip(struct stream *s, size_t len)
{
	ASSERT(len <= s->end - s->start);
	s->start += len;
	s->scanned = 0;
	if (s->start == s->end)
		s->start = s->end = 0;
}

bool
stream_has_line(const struct stream *s)
{
	return memchr(s->buf + s->start + s->scanned, '\n',
		      s->end - s->start - s->scanned) != NULL;
}

/* Where is the next LF? Reads on until there is one, or `max` octets. */
static enum stream_status
find_line_end(struct stream *s, size_t max, deadline_t deadline, char **lf_r)
{
	enum stream_status status;
	char *lf;

	for (;;) {
		lf = memchr(s->buf + s->start + s->scanned, '\n',
			    s->end - s->start - s->scanned);
		if (lf != NULL)
			break;
		s->scanned = s->end - s->start;
		if (s->scanned > max + 1)	/* + 1: a CR may end it */
			return STREAM_TOOLONG;
		status = read_more(s, deadline);
		if (status != STREAM_OK)
			return status;
	}
	*lf_r = lf;
	return STREAM_OK;
}

enum stream_status
stream_read_line(struct stream *s, size_t max, deadline_t deadline,
		 char **line_r, size_t *len_r)
{
	enum stream_status status;
	char *line, *lf;
	size_t len;

	status = find_line_end(s, max, deadline, &lf);
	if (status != STREAM_OK)
		return status;
	line = s->buf + s->start;
	len = (size_t)(lf - line);
	if (len > 0 && line[len - 1] == '\r')
		len--;
	if (len > max)
		return STREAM_TOOLONG;
	line[len] = '\0';
	*line_r = line;
	*len_r = len;
	/* Not stream_skip(): the line stays where it is until a read. */
	s->start += (size_t)(lf - line) + 1;
	s->scanned = 0;
	return STREAM_OK;
}

enum stream_status
stream_skip_line(struct stream *s, deadline_t deadline)
{
	enum stream_status status;
	char *lf;

	for (;;) {
		lf = memchr(s->buf + s->start, '\n', s->end - s->start);
		if (lf != NULL)
			break;
		stream_skip(s, s->end - s->start);
		status = read_more(s, deadline);
		if (status != STREAM_OK)
			return status;
	}
	stream_skip(s, (size_t)(lf - (s->buf + s->start)) + 1);
	return STREAM_OK;
}

enum stream_status
stream_write(struct stream *s, const void *data, size_t len,
	     deadline_t deadline)
{
	str_append_n(&s->pending, data, len);
	if (s->pending.len - s->sent < OUT_MAX)
		return STREAM_OK;
	return stream_flush(s, deadline);
}

enum stream_status
stream_flush(struct stream *s, deadline_t deadline)
{
	while (s->sent < s->pending.len) {
		const char *data = s->pending.data + s->sent;
		short want;
		ssize_t n = raw_write(s, data, s->pending.len - s->sent,
				      &want);
		enum stream_status status;

		if (n >= 0) {
			if (s->rawlog != NULL)
				rawlog_out(s->rawlog, data, (size_t)n);
			s->sent += (size_t)n;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return STREAM_ERROR;
		status = wait_for(s, want, deadline);
		if (status != STREAM_OK)
			return status;
	}
	s->sent = 0;
	str_reset(&s->pending);
	return STREAM_OK;
}
