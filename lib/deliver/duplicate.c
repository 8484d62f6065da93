/*
 * Marks against doing things twice; see duplicate.h, and duplicate-file.h for
 * the file. A change writes it anew as FILE.lock, whose existence keeps other
 * writers away, and renames it; readers need no lock.
 */
#include "deliver/duplicate.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/err.h"
#include "core/log.h"
#include "core/pool.h"
#include "core/str.h"
#include "core/write.h"
#include "deliver/duplicate-file.h"

enum {
	WAIT_MS = 5000,		/* for others, at most */
	PAUSE_MS = 20,
	STALE_SECS = 65,	/* an older lock was left behind */
};

struct duplicates {
	const struct logctx *log;
	char *user;
	char path[PATH_MAX];	/* "": there is no home */
	struct str content;	/* of the file, once read */
	struct str added;	/* marks, as in the file */
	int claims;		/* whose ranges are locked, or -1 */
};

static struct duplicate_mark
mark_of(const struct duplicates *dups, const void *id, size_t len,
	time_t until)
{
	return (struct duplicate_mark){
		.until = until < UINT32_MAX ? (uint32_t)until : UINT32_MAX,
		.id = id, .id_len = (uint32_t)len,
		.user = dups->user, .user_len = (uint32_t)strlen(dups->user),
	};
}

/* --- reading --- */

struct duplicates *
duplicates_open(const char *home, const char *user, const struct logctx *log)
{
	struct duplicates *dups = mem_alloc(sizeof(*dups));
	int len;

	dups->log = log;
	dups->user = mem_strdup(user);
	dups->claims = -1;
	if (home == NULL || *home != '/')
		return dups;
	len = snprintf(dups->path, sizeof(dups->path), "%s/.dovecot.lda-dupes",
		       home);
	/* A name is added to it for locks. */
	if (len < 0 || (size_t)len >= sizeof(dups->path) - 16)
		dups->path[0] = '\0';
	return dups;
}

/* A user whose home isn't there simply has no marks. */
static void
warn(const struct duplicates *dups, const char *call, const char *path)
{
	bool no_home = errno == ENOENT;
	struct err err;

	(void)err_path(&err, call, path);
	if (no_home)
		log_debug(dups->log, "Duplicate marks: %s", err.text);
	else
		log_warning(dups->log, "Duplicate marks: %s", err.text);
}

static ssize_t
read_file(int fd, struct str *out)
{
	ssize_t n;

	do {
		char *buf = str_reserve(out, 65536);

		n = read(fd, buf, 65536);
		out->len += n > 0 ? (size_t)n : 0;
	} while ((n > 0 || (n < 0 && errno == EINTR)) &&
		 out->len <= DUPLICATE_FILE_MAX);
	return n;
}

/* Keep what is in order of what was read. */
static void
drop_damage(struct duplicates *dups)
{
	const char *p = str_c(&dups->content), *end = p + dups->content.len;
	struct duplicate_mark mark;
	size_t good;

	if (p == end)
		return;
	if (duplicate_file_begin(&p, end)) {
		while (duplicate_file_next(&p, end, &mark))
			;
	}
	if (p == end)
		return;
	good = (size_t)(p - str_c(&dups->content));
	log_warning(dups->log, "Duplicate marks: %s is damaged: what follows "
		    "octet %zu is dropped", dups->path, good);
	str_truncate(&dups->content, good);
}

/* Read it; no file is an empty one. False: there may be marks in it that we
   can't see. */
static bool
load(struct duplicates *dups)
{
	int fd = open(dups->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
		      O_CLOEXEC);
	bool ok;

	str_reset(&dups->content);
	if (fd < 0) {
		ok = errno == ENOENT;
		if (!ok)
			warn(dups, "open", dups->path);
		return ok;
	}
	ok = read_file(fd, &dups->content) >= 0;
	if (!ok) {
		warn(dups, "read", dups->path);
		str_reset(&dups->content);
	}
	(void)close(fd);	/* only read */
	drop_damage(dups);
	return ok;
}

/* --- waiting for each other --- */

static void
pause_a_while(void)
{
	struct timespec ts = { 0, PAUSE_MS * 1000000L };

	(void)nanosleep(&ts, NULL);
}

/* Where in the file of claims the octet of this name lies. */
static off_t
claim_offset(const struct duplicate_mark *mark)
{
	uint64_t hash = 14695981039346656037u;	/* FNV-1a */

	for (uint32_t i = 0; i < mark->id_len; i++) {
		hash ^= (unsigned char)mark->id[i];
		hash *= 1099511628211u;
	}
	return (off_t)(hash >> 2);
}

/* Of those who ask for the same thing at once, one does it: he holds a lock
   on an octet of a file that is otherwise empty. Somebody who doesn't get it
   in time goes on; twice is better than never. */
static void
claim(struct duplicates *dups, const struct duplicate_mark *mark)
{
	struct flock lock = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET,
		.l_start = claim_offset(mark), .l_len = 1,
	};
	deadline_t deadline = deadline_in(WAIT_MS);
	char path[PATH_MAX + 16];

	(void)snprintf(path, sizeof(path), "%s.claims", dups->path);
	if (dups->claims < 0)
		dups->claims = open(path, O_RDWR | O_CREAT | O_NOFOLLOW |
				    O_CLOEXEC, 0600);
	if (dups->claims < 0) {
		warn(dups, "open", path);
		return;
	}
	while (fcntl(dups->claims, F_OFD_SETLK, &lock) < 0) {
		if ((errno != EAGAIN && errno != EACCES && errno != EINTR) ||
		    deadline_left(deadline) == 0) {
			warn(dups, "lock", path);
			return;
		}
		pause_a_while();
	}
}

bool
duplicates_has(struct duplicates *dups, const void *id, size_t len)
{
	struct duplicate_mark mark =
		mark_of(dups, id, len, clock_wall().tv_sec);
	const char *p;

	if (dups->path[0] == '\0' || len > DUPLICATE_ID_MAX)
		return false;
	if (duplicate_file_find(str_c(&dups->added),
		      str_c(&dups->added) + dups->added.len, &mark))
		return true;
	claim(dups, &mark);
	/* Who held the claim before may have written. */
	if (!load(dups))
		return false;
	p = str_c(&dups->content);
	return duplicate_file_begin(&p, p + dups->content.len) &&
		duplicate_file_find(p, str_c(&dups->content) + dups->content.len, &mark);
}

void
duplicates_add(struct duplicates *dups, const void *id, size_t len,
	       time_t until)
{
	const struct duplicate_mark mark = mark_of(dups, id, len, until);

	if (len <= DUPLICATE_ID_MAX)
		duplicate_file_add(&dups->added, &mark);
}

/* --- writing --- */

/* A lock that was left behind goes, if it is still the one we looked at. */
static void
remove_stale(const struct duplicates *dups, const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0 ||
	    st.st_mtime > clock_wall().tv_sec - STALE_SECS)
		return;
	log_warning(dups->log, "Duplicate marks: Removing %s, which was left "
		    "behind", path);
	(void)unlink(path);	/* the next open() tells */
}

static int
lock_file(const struct duplicates *dups, const char *path)
{
	deadline_t deadline = deadline_in(WAIT_MS);
	int fd;

	while ((fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
			  0600)) < 0) {
		if (errno == EEXIST)
			remove_stale(dups, path);
		else if (errno != EINTR)
			break;
		if (deadline_left(deadline) == 0)
			break;
		pause_a_while();
	}
	return fd;
}

/* The marks of the file that still count and weren't made anew, and the new
   ones. */
static void
merge(const struct duplicates *dups, struct str *out)
{
	const char *p = str_c(&dups->content), *end = p + dups->content.len;
	const char *added = str_c(&dups->added);
	uint32_t now = (uint32_t)clock_wall().tv_sec;
	struct duplicate_mark mark;

	duplicate_file_start(out);
	if (!duplicate_file_begin(&p, end))
		p = end;
	while (duplicate_file_next(&p, end, &mark)) {
		struct duplicate_mark want = mark;

		want.until = 0;
		if (mark.until > now &&
		    !duplicate_file_find(added, added + dups->added.len, &want) &&
		    out->len < DUPLICATE_FILE_MAX / 2)
			duplicate_file_add(out, &mark);
	}
	str_append_n(out, added, dups->added.len);
}

/* Write the whole file anew. Not synced: after a crash a mark may be gone,
   which does little harm. The call that failed, or NULL. */
static const char *
rewrite(const struct duplicates *dups, int fd, const char *lock)
{
	struct str out = STR_INIT;
	const char *failed = NULL;

	merge(dups, &out);
	if (write_all(fd, str_c(&out), out.len) < 0)
		failed = "write";
	str_free(&out);
	if (close(fd) < 0 && failed == NULL)
		failed = "close";
	if (failed == NULL && rename(lock, dups->path) < 0)
		failed = "rename";
	return failed;
}

static void
flush(struct duplicates *dups)
{
	char lock[PATH_MAX + 16];
	const char *failed;
	int fd;

	(void)snprintf(lock, sizeof(lock), "%s.lock", dups->path);
	fd = lock_file(dups, lock);
	if (fd < 0) {
		warn(dups, "open", lock);
		return;
	}
	if (load(dups)) {
		failed = rewrite(dups, fd, lock);
		if (failed == NULL)
			return;
		warn(dups, failed, lock);
	} else {
		(void)close(fd);	/* nothing was written */
	}
	(void)unlink(lock);	/* else it is found to be stale */
}

void
duplicates_close(struct duplicates **dupsp)
{
	struct duplicates *dups = *dupsp;

	if (dups == NULL)
		return;
	if (dups->added.len > 0 && dups->path[0] != '\0')
		flush(dups);
	if (dups->claims >= 0)
		(void)close(dups->claims);	/* and the locks are gone */
	str_free(&dups->content);
	str_free(&dups->added);
	free(dups->user);
	free(dups);
	*dupsp = NULL;
}
