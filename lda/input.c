/*
 * The message that loft-lda was given; see input.h.
 */
#include "lda/input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/err.h"
#include "core/pool.h"
#include "io/spool.h"
#include "storage/mbox-text.h"

enum {
	CHUNK = 64 * 1024,
	FROM_LINE_MAX = 8192,
	WRITER_MS = 60000,	/* for the writer of a FIFO to come */
};

#define FROM_LINE "From "

/* Until there is something to read; nobody may ever write. */
static int
wait_for_writer(int fd, const char *path, struct err *err)
{
	struct pollfd pfd = { fd, POLLIN, 0 };
	int n;

	do {
		n = poll(&pfd, 1, WRITER_MS);
	} while (n < 0 && errno == EINTR);
	if (n == 0)
		return err_set(err, ERR_TEMP, "%s: Nobody writes to this "
			       "FIFO", path);
	return n < 0 ? err_path(err, "poll", path) : 0;
}

int
input_open(const char *path, struct err *err)
{
	/* The open of a FIFO would wait for its writer for ever. */
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC), flags;
	struct stat st;

	if (fd < 0)
		return err_path(err, "open", path);
	flags = fcntl(fd, F_GETFL);
	if (fstat(fd, &st) < 0 || flags < 0 ||
	    fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0)
		(void)err_path(err, "fcntl", path);
	else if (!S_ISFIFO(st.st_mode) || wait_for_writer(fd, path, err) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

/* Octets read, 0 at the end, -1 with err. */
static ssize_t
read_some(int fd, char *buf, size_t size, struct err *err)
{
	ssize_t n;

	do {
		n = read(fd, buf, size);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? err_sys(err, "read(message)") : n;
}

/* Could what is there be the beginning of an mbox line that isn't complete
   yet? */
static bool
is_unfinished_from(const char *buf, size_t len)
{
	size_t n = len < strlen(FROM_LINE) ? len : strlen(FROM_LINE);

	return memcmp(buf, FROM_LINE, n) == 0 && len < FROM_LINE_MAX &&
		memchr(buf, '\n', len) == NULL;
}

/* Does a date begin here, "Fri Nov 20 …"? What stands behind is judged by
   mbox_is_from_line(). */
static bool
is_weekday(const char *p)
{
	static const char days[] = "MonTueWedThuFriSatSun";

	for (const char *day = days; *day != '\0'; day += 3) {
		if (strncasecmp(p, day, 3) == 0)
			return p[3] == ' ' || p[3] == ',';
	}
	return false;
}

/* The sender in an mbox line: what stands before the first blank that isn't
   quoted, if a date follows. NULL: none can be told. */
static const char *
from_sender(const char *line, size_t len, struct pool *pool)
{
	char *sender = pool_strndup(pool, line + strlen(FROM_LINE),
				    len - strlen(FROM_LINE));
	bool quoted = false;
	char *p, *end;

	if (!mbox_is_from_line(line, len))
		return NULL;

	for (p = sender; *p != '\0' && *p != '\r' && *p != '\n'; p++) {
		if (*p == '"')
			quoted = !quoted;
		else if (*p == ' ' && !quoted)
			break;
	}
	end = p;
	while (*p == ' ')
		p++;
	if (!is_weekday(p))
		return NULL;
	*end = '\0';
	return sender;
}

/* How much of what was read at first is an mbox line. */
static size_t
from_line_len(const char *buf, size_t len)
{
	const char *lf;

	if (len < strlen(FROM_LINE) ||
	    memcmp(buf, FROM_LINE, strlen(FROM_LINE)) != 0)
		return 0;
	lf = memchr(buf, '\n', len);
	return lf != NULL ? (size_t)(lf + 1 - buf) : len;
}

int
input_read(int fd, struct spool *spool, struct pool *pool,
	   const char **from_r, struct err *err)
{
	char buf[CHUNK];
	size_t len = 0, skip = 0;
	ssize_t n;

	do {
		n = read_some(fd, buf + len, sizeof(buf) - len, err);
		len += n > 0 ? (size_t)n : 0;
	} while (n > 0 && is_unfinished_from(buf, len));
	if (n < 0)
		return -1;
	if (from_r != NULL) {
		skip = from_line_len(buf, len);
		*from_r = skip > 0 ? from_sender(buf, skip, pool) : NULL;
	}
	if (spool_write(spool, buf + skip, len - skip, err) < 0)
		return -1;
	while (n > 0) {
		n = read_some(fd, buf, sizeof(buf), err);
		if (n < 0 || spool_write(spool, buf, (size_t)n, err) < 0)
			return -1;
	}
	return spool_finish(spool, err);
}
