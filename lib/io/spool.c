/*
 * A message while it is received; see spool.h. Octets gather in a buffer;
 * when that has grown to MEMORY_MAX it is written to an unnamed file and
 * serves as the file's write buffer from then on. A short message therefore
 * never touches a disk before it is delivered. There are several places for
 * that file: where one can't be used or has no room, the next one is taken,
 * with what the last one has got so far.
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
#include "core/write.h"
#include "io/unnamed.h"

enum {
	MEMORY_MIN = 16 * 1024,
	MEMORY_KEEP = 32 * 1024,	/* what an idle worker may hold */
	MEMORY_MAX = 128 * 1024,
	MOVE_CHUNK = 64 * 1024,
	AHEAD_MIN = 2 * 1024 * 1024,	/* what is worth the disk's while */
};

/* Where the content is, in the order in which places are tried. */
enum stage { IN_MEMORY, IN_PLACE, IN_TEMP_DIR, IN_SHELTER, NOWHERE };

struct spool {
	char *temp_dir;
	char *buf;
	size_t used, cap;	/* of buf */
	enum stage stage;
	int fd;			/* the unnamed file, or -1 */
	const struct spool_places *places;	/* NULL: temp_dir alone */
	void *places_ctx;
	uint64_t base;		/* octets of others before ours in it */
	uint64_t written;	/* octets in the file; the buffer comes after */
	bool may_write_ahead;
	uint64_t ahead;		/* of these, what the disk was told to store */
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
spool_set_places(struct spool *sp, const struct spool_places *places,
		 void *ctx)
{
	sp->places = places;
	sp->places_ctx = ctx;
}

void
spool_write_ahead(struct spool *sp)
{
	sp->may_write_ahead = true;
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
	sp->places = NULL;
	sp->may_write_ahead = false;
	sp->stage = IN_MEMORY;
	sp->used = 0;
	sp->base = sp->written = sp->ahead = sp->lines = 0;
	sp->pending_cr = false;
	sp->last = '\0';
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
	if (len < 0 || sp->stage == IN_TEMP_DIR) {
		return err_sys(err, "%s(unnamed file in mail_temp_dir %s)",
			       call, sp->temp_dir);
	}
	path[len] = '\0';
	return err_sys(err, "%s(%s)", call, path);
}

/* -1 with err and errno. */
static int
write_file(const struct spool *sp, const char *data, size_t len,
	   struct err *err)
{
	int cause;

	if (write_all(sp->fd, data, len) == 0)
		return 0;
	cause = errno;
	(void)file_error(sp, "write", err);
	errno = cause;
	return -1;
}

/* The file of this stage, or -1: with why for the temp dir, else with what it
   was. */
static int
open_stage(struct spool *sp, uint64_t *base_r, struct err *why)
{
	const struct spool_places *places = sp->places;
	struct err cause;
	int fd;

	*base_r = 0;
	if (sp->stage == IN_PLACE)
		return places == NULL || places->in_place == NULL ? -1 :
			places->in_place(sp->places_ctx, base_r);
	if (sp->stage == IN_SHELTER)
		return places == NULL || places->shelter == NULL ? -1 :
			places->shelter(sp->places_ctx, why);
	fd = unnamed_open(sp->temp_dir, true, &cause);
	return fd >= 0 ? fd :
		err_set(why, ERR_TEMP, "mail_temp_dir can't be used: %s",
			cause.text);
}

/* What the old file has got, into the new one. */
static int
move(const struct spool *sp, int from, uint64_t base, struct err *err)
{
	char *buf = mem_alloc(MOVE_CHUNK);
	uint64_t done = 0;
	int result = 0;

	while (result == 0 && done < sp->written) {
		uint64_t left = sp->written - done;
		size_t want = left < MOVE_CHUNK ? (size_t)left : MOVE_CHUNK;
		ssize_t n = pread(from, buf, want, (off_t)(base + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			result = err_sys(err, "pread(unnamed file)");
			break;
		}
		result = write_file(sp, buf, (size_t)n, err);
		done += (uint64_t)n;
	}
	free(buf);
	return result;
}

/* Go on to the next place that takes what there is. why says what was wrong
   with the last one, and then with all of them. */
static int
next_place(struct spool *sp, struct err *why)
{
	while (++sp->stage < NOWHERE) {
		int old = sp->fd, fd;
		uint64_t old_base = sp->base, base;

		fd = open_stage(sp, &base, why);
		if (fd < 0)
			continue;
		sp->fd = fd;
		sp->base = base;
		if (old < 0 || move(sp, old, old_base, why) == 0) {
			if (old >= 0)
				(void)close(old);	/* not wanted any more */
			return 0;
		}
		(void)close(fd);
		sp->fd = old;
		sp->base = old_base;
	}
	return -1;
}

/* Is it the place's trouble, so that another would do better? Not where it is
   the process that may not write so much. */
static bool
is_of_place(int errnum)
{
	return errnum == ENOSPC || errnum == EDQUOT || errnum == EIO ||
		errnum == EROFS;
}

/* The disk stores what has come while the rest comes, so that the sync at the
   end has less to wait for; it needn't know how to. Trouble ends the message,
   and doesn't move it: what the disk lost can't be read back. */
static int
write_ahead(struct spool *sp, struct err *err)
{
	if (!sp->may_write_ahead || sp->stage != IN_PLACE ||
	    sp->written - sp->ahead < AHEAD_MIN)
		return 0;
	if (sync_file_range(sp->fd, (off_t)(sp->base + sp->ahead),
			    (off_t)(sp->written - sp->ahead),
			    SYNC_FILE_RANGE_WRITE) < 0 && is_of_place(errno))
		return file_error(sp, "sync_file_range", err);
	sp->ahead = sp->written;
	return 0;
}

static int
flush(struct spool *sp, struct err *err)
{
	if (sp->fd < 0 && next_place(sp, err) < 0)
		return -1;
	while (write_file(sp, sp->buf, sp->used, err) < 0) {
		if (!is_of_place(errno) || next_place(sp, err) < 0)
			return -1;
	}
	sp->written += sp->used;
	sp->used = 0;
	return write_ahead(sp, err);
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
	return sp->stage == IN_PLACE && sp->fd >= 0;
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
