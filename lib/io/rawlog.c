/*
 * Rawlogs; see rawlog.h.
 */
#include "io/rawlog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/pool.h"

struct side {
	int fd;
	bool in_line;	/* the last octet written was no line end */
};

struct rawlog {
	struct side in, out;
};

/* Rawlogs of this process so far; the next one's N is one more. */
static unsigned rawlog_count;

static int
open_side(const char *dir, const char *stamp, unsigned n, const char *suffix)
{
	char path[4096];
	int len;

	len = snprintf(path, sizeof(path), "%s/%s.%d.%u.%s", dir, stamp,
		       (int)getpid(), n, suffix);
	if (len < 0 || (size_t)len >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC |
		    O_NOFOLLOW, 0600);
}

struct rawlog *
rawlog_open(const char *dir)
{
	time_t now = clock_wall().tv_sec;
	unsigned n = rawlog_count + 1;
	struct rawlog *r;
	char stamp[32];
	struct tm tm;

	if (localtime_r(&now, &tm) == NULL ||
	    strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &tm) == 0)
		return NULL;
	r = mem_alloc(sizeof(*r));
	r->in.fd = open_side(dir, stamp, n, "in");
	r->out.fd = r->in.fd < 0 ? -1 : open_side(dir, stamp, n, "out");
	if (r->out.fd < 0)
		rawlog_close(&r);
	else
		rawlog_count++;
	return r;
}

void
rawlog_close(struct rawlog **rp)
{
	struct rawlog *r = *rp;

	if (r == NULL)
		return;
	if (r->in.fd >= 0)
		(void)close(r->in.fd);
	if (r->out.fd >= 0)
		(void)close(r->out.fd);
	free(r);
	*rp = NULL;
}

/* A line, or what there is of it. Where nothing can be written the log has a
   gap: a full disk must not stop mail. */
static void
side_write_line(struct side *side, const char *stamp, const char *line,
		size_t len)
{
	struct iovec iov[2] = {
		{ (void *)(uintptr_t)stamp, strlen(stamp) },
		{ (void *)(uintptr_t)line, len },
	};

	if (side->in_line)
		(void)!writev(side->fd, iov + 1, 1);
	else
		(void)!writev(side->fd, iov, 2);
	side->in_line = line[len - 1] != '\n';
}

static void
side_write(struct side *side, const char *data, size_t len)
{
	struct timeval now = clock_wall();
	char stamp[48];

	(void)snprintf(stamp, sizeof(stamp), "%lld.%06ld ",
		       (long long)now.tv_sec, (long)now.tv_usec);
	while (len > 0) {
		const char *lf = memchr(data, '\n', len);
		size_t n = lf != NULL ? (size_t)(lf - data) + 1 : len;

		side_write_line(side, stamp, data, n);
		data += n;
		len -= n;
	}
}

void
rawlog_in(struct rawlog *r, const char *data, size_t len)
{
	side_write(&r->in, data, len);
}

void
rawlog_out(struct rawlog *r, const char *data, size_t len)
{
	side_write(&r->out, data, len);
}
