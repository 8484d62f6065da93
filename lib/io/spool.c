/*
 * A message while it is received; see spool.h. Octets gather in a buffer;
 * when that has grown to MEMORY_MAX it is written to an unnamed file and
 * serves as the file's write buffer from then on. A short message therefore
 * never touches a disk before it is delivered.
 */
#include "io/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/err.h"
#include "core/pool.h"
#include "core/str.h"

enum {
	MEMORY_MIN = 16 * 1024,
	MEMORY_KEEP = 32 * 1024,	/* what an idle worker may hold */
	MEMORY_MAX = 128 * 1024,
};

struct spool {
	char *temp_dir;
	char *buf;
	size_t used, cap;	/* of buf */
	int fd;			/* the unnamed file, or -1 */
	spool_place_fn *place;	/* gives it; NULL: temp_dir does */
	void *place_ctx;
	bool placed;		/* it did */
	uint64_t base;		/* octets of others before ours in it */
	uint64_t written;	/* octets in the file; the buffer comes after */
	uint64_t lines;
	bool pending_cr;	/* the last octet given was a CR */
	char last;		/* the last octet kept */
};

struct spool *
spool_new(const char *temp_dir)
{
	struct spool *sp = mem_alloc(sizeof(*sp));

	sp->temp_dir = mem_strdup(temp_dir);
	sp->fd = -1;
	return sp;
}

void
spool_free(struct spool **spp)
{
	struct spool *sp = *spp;

	if (sp == NULL)
		return;
	spool_reset(sp);
	free(sp->buf);
	free(sp->temp_dir);
	free(sp);
	*spp = NULL;
}

void
spool_set_place(struct spool *sp, spool_place_fn *place, void *ctx)
{
	sp->place = place;
	sp->place_ctx = ctx;
}

void
spool_reset(struct spool *sp)
{
	if (sp->fd >= 0)
		(void)close(sp->fd);	/* its content is not wanted any more */
	sp->fd = -1;
	if (sp->cap > MEMORY_KEEP) {
		free(sp->buf);
		sp->buf = NULL;
		sp->cap = 0;
	}
	sp->place = NULL;
	sp->placed = false;
	sp->used = 0;
	sp->base = sp->written = sp->lines = 0;
	sp->pending_cr = false;
	sp->last = '\0';
}

/* For file systems without O_TMPFILE: a name for an instant. */
static int
open_unlinked(const char *dir, struct err *err)
{
	struct str path = STR_INIT;
	int fd;

	str_printf(&path, "%s/loft-spool.XXXXXX", dir);
	fd = mkostemp(path.data, O_CLOEXEC);
	if (fd < 0) {
		(void)err_path(err, "mkstemp", path.data);
	} else if (unlink(path.data) < 0) {
		(void)err_path(err, "unlink", path.data);
		(void)close(fd);
		fd = -1;
	}
	str_free(&path);
	return fd;
}

static int
open_unnamed(const char *dir, struct err *err)
{
	int fd = open(dir, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);

	if (fd >= 0)
		return fd;
	/* EISDIR and EINVAL: kernels or file systems that don't know the
	   flag. */
	if (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)
		return open_unlinked(dir, err);
	return err_path(err, "open", dir);
}

static int
file_error(const struct spool *sp, const char *call, struct err *err)
{
	char self[64], path[256];
	int saved_errno = errno;
	ssize_t len;

	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", sp->fd);
	len = readlink(self, path, sizeof(path) - 1);
	errno = saved_errno;
	if (len < 0 || !sp->placed) {
		return err_sys(err, "%s(unnamed file in mail_temp_dir %s)",
			       call, sp->temp_dir);
	}
	path[len] = '\0';
	return err_sys(err, "%s(%s)", call, path);
}

static int
write_all(const struct spool *sp, const char *data, size_t len,
	  struct err *err)
{
	while (len > 0) {
		ssize_t n = write(sp->fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			errno = ENOSPC;
		if (n <= 0) {
			return file_error(sp, "write", err);
		}
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

static int
open_file(struct spool *sp, struct err *err)
{
	struct err cause;

	if (sp->place != NULL)
		sp->fd = sp->place(sp->place_ctx, &sp->base);
	sp->placed = sp->fd >= 0;
	if (sp->placed)
		return 0;
	sp->base = 0;
	sp->fd = open_unnamed(sp->temp_dir, &cause);
	if (sp->fd >= 0)
		return 0;
	return err_set(err, ERR_TEMP, "mail_temp_dir can't be used: %s",
		       cause.text);
}

static int
flush(struct spool *sp, struct err *err)
{
	if (sp->fd < 0 && open_file(sp, err) < 0)
		return -1;
	if (write_all(sp, sp->buf, sp->used, err) < 0)
		return -1;
	sp->written += sp->used;
	sp->used = 0;
	return 0;
}

/* The buffer is full: grow it or empty it. */
static int
make_room(struct spool *sp, struct err *err)
{
	if (sp->cap >= MEMORY_MAX)
		return flush(sp, err);
	sp->cap = sp->cap == 0 ? MEMORY_MIN : sp->cap * 2;
	sp->buf = mem_realloc(sp->buf, sp->cap);
	return 0;
}

/* Keep octets as they are. */
static int
keep(struct spool *sp, const char *data, size_t len, struct err *err)
{
	if (len == 0)
		return 0;
	sp->last = data[len - 1];
	while (len > 0) {
		size_t n = sp->cap - sp->used;

		if (n == 0) {
			if (make_room(sp, err) < 0)
				return -1;
			continue;
		}
		if (n > len)
			n = len;
		memcpy(sp->buf + sp->used, data, n);
		sp->used += n;
		data += n;
		len -= n;
	}
	return 0;
}

/* Keep a line, whose end came as LF or CR LF; mostly there is room. */
static int
keep_line(struct spool *sp, const char *text, size_t len, struct err *err)
{
	char before = len > 0 ? text[len - 1] : sp->last;

	if (before != '\r')
		sp->lines++;
	if (len >= sp->cap - sp->used)
		return keep(sp, text, len, err) < 0 ? -1 :
			keep(sp, "\n", 1, err);
	memcpy(sp->buf + sp->used, text, len);
	sp->used += len;
	sp->buf[sp->used++] = sp->last = '\n';
	return 0;
}

/* A CR at the end of the last call: was it half of a line end? */
static int
settle_cr(struct spool *sp, bool line_end_follows, struct err *err)
{
	if (!sp->pending_cr)
		return 0;
	sp->pending_cr = false;
	return line_end_follows ? 0 : keep(sp, "\r", 1, err);
}

int
spool_write(struct spool *sp, const void *data, size_t len, struct err *err)
{
	const char *p = data, *end = p + len, *lf;

	if (len == 0)
		return 0;
	if (settle_cr(sp, *p == '\n', err) < 0)
		return -1;
	while ((lf = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		size_t text = (size_t)(lf - p);

		if (text > 0 && lf[-1] == '\r')
			text--;
		if (keep_line(sp, p, text, err) < 0)
			return -1;
		p = lf + 1;
	}
	if (p < end && end[-1] == '\r') {
		sp->pending_cr = true;
		end--;
	}
	return keep(sp, p, (size_t)(end - p), err);
}

int
spool_finish(struct spool *sp, struct err *err)
{
	if (settle_cr(sp, false, err) < 0)
		return -1;
	return sp->fd >= 0 && sp->used > 0 ? flush(sp, err) : 0;
}

uint64_t
spool_size(const struct spool *sp)
{
	return sp->written + sp->used;
}

uint64_t
spool_lines(const struct spool *sp)
{
	return sp->lines;
}

const char *
spool_memory(const struct spool *sp)
{
	if (sp->fd >= 0)
		return NULL;
	return sp->used > 0 ? sp->buf : "";
}

int
spool_fd(const struct spool *sp)
{
	return sp->fd;
}

uint64_t
spool_base(const struct spool *sp)
{
	return sp->base;
}

bool
spool_is_placed(const struct spool *sp)
{
	return sp->placed;
}

ssize_t
spool_read(const struct spool *sp, uint64_t offset, void *buf, size_t size,
	   struct err *err)
{
	ssize_t n;

	if (sp->fd < 0) {
		if (offset >= sp->used)
			return 0;
		if (size > sp->used - offset)
			size = sp->used - offset;
		memcpy(buf, sp->buf + offset, size);
		return (ssize_t)size;
	}
	do {
		n = pread(sp->fd, buf, size, (off_t)(sp->base + offset));
	} while (n < 0 && errno == EINTR);
	return n < 0 ? file_error(sp, "pread", err) : n;
}
