/*
 * The Maildir++ quota: usage is kept in the file maildirsize, which Dovecot
 * and Courier share. Each change is a line appended to it; it is counted anew
 * when it isn't there or is broken, when the limits in it are others, when it
 * has grown to 5120 octets, and when the user seems to be over his quota
 * unless that was found out just now.
 */
#include "quota/roots.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
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
#include "quota/maildirsize.h"
#include "storage/perm.h"
#include "storage/storage.h"

enum { RECOUNTS_MAX = 3 };

struct state {
	const char *dir, *path;
	int fd;			/* for appending; -1: not open */
};

static struct state *
state_of(struct quota_root *root)
{
	struct state *state = root->state;

	if (state == NULL) {
		const struct quota *quota = root->quota;

		state = pool_new_obj(quota->pool, struct state);
		state->dir = root->dir;
		state->path = pool_printf(quota->pool, "%s/maildirsize",
					  state->dir);
		state->fd = -1;
		root->state = state;
	}
	return state;
}

static void
end(struct quota_root *root)
{
	struct state *state = root->state;

	if (state == NULL || state->fd < 0)
		return;
	(void)close(state->fd);	/* what was written is checked where it was */
	state->fd = -1;
}

static int
parse_rule(struct quota_limit *amount_r, const char *text, struct err *err)
{
	if (maildirsize_parse_limit(text, strlen(text), amount_r))
		return 0;
	return err_set(err, ERR_CONFIG, "quota-maildir: Invalid Maildir++ "
		       "quota rule \"%s\"", text);
}

/* --- reading --- */

/* 1 when it is open, 0 when it isn't there. */
static int
open_file(struct state *state, struct stat *st, struct err *err)
{
	state->fd = open(state->path, O_RDWR | O_APPEND | O_CLOEXEC |
			 O_NONBLOCK);
	if (state->fd < 0)
		return errno == ENOENT ? 0 :
			err_path(err, "open", state->path);
	if (fstat(state->fd, st) < 0)
		return err_path(err, "fstat", state->path);
	if (!S_ISREG(st->st_mode))
		return err_set(err, ERR_TEMP, "%s isn't a file", state->path);
	return 1;
}

static int
read_file(const struct state *state, off_t size, char buf[MAILDIRSIZE_MAX],
	  size_t *len_r, struct err *err)
{
	size_t len = 0;
	ssize_t n;

	while (len < MAILDIRSIZE_MAX) {
		n = pread(state->fd, buf + len, MAILDIRSIZE_MAX - len,
			  (off_t)len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_path(err, "read", state->path);
		if (n == 0)
			break;
		len += (size_t)n;
		if ((off_t)len >= size)
			break;
	}
	*len_r = len;
	return 0;
}

/* The limits in the file are those that are set, or they are what counts
   because none is set by force. */
static bool
take_limit(struct quota_root *root, const struct quota_limit *limit)
{
	if (root->limit.bytes == limit->bytes &&
	    root->limit.messages == limit->messages)
		return true;
	if (root->rules.forced)
		return false;
	root->limit = *limit;
	quota_rules_relate(&root->rules, limit);
	log_debug(root->quota->log, "Quota root %s: Recalculated relative "
		  "rules with bytes=%lld count=%lld. Now grace=%lld",
		  root->name, (long long)limit->bytes,
		  (long long)limit->messages,
		  (long long)root->rules.grace.amount.bytes);
	return true;
}

/* Over the limit? Then only what was found out just now is believed. */
static bool
is_doubtful(const struct quota_root *root, const struct maildirsize *m,
	    const struct stat *st)
{
	const struct quota_limit *limit = &root->limit;
	bool over = (limit->bytes > 0 &&
		     m->usage.bytes > (uint64_t)limit->bytes) ||
		(limit->messages > 0 &&
		 m->usage.messages > (uint64_t)limit->messages);

	return over && (m->lines > 1 || st->st_mtime <
			clock_wall().tv_sec - MAILDIRSIZE_STALE);
}

/* 1 when the file tells, 0 when it must be counted anew. */
static int
look(struct quota_root *root, struct quota_usage *usage_r, struct err *err)
{
	struct state *state = state_of(root);
	char buf[MAILDIRSIZE_MAX];
	struct maildirsize m;
	struct stat st;
	size_t len = 0;
	bool sound;
	int found;

	end(root);
	found = open_file(state, &st, err);
	if (found <= 0)
		return found;
	if (read_file(state, st.st_size, buf, &len, err) < 0)
		return -1;
	sound = maildirsize_parse(buf, len, &m);
	if (!take_limit(root, &m.limit) || !sound || len == MAILDIRSIZE_MAX ||
	    is_doubtful(root, &m, &st))
		return 0;
	*usage_r = m.usage;
	return 1;
}

/* --- counting anew --- */

/* A name for the new file before it is complete: in tmp/, where old files are
   cleaned away, if that is there. */
static int
open_new(const struct state *state, struct pool *pool, char **path_r,
	 struct err *err)
{
	int fd;

	*path_r = pool_printf(pool, "%s/tmp/maildirsize.XXXXXX", state->dir);
	fd = mkostemp(*path_r, O_APPEND | O_CLOEXEC);
	if (fd >= 0 || (errno != ENOENT && errno != ENOTDIR))
		return fd >= 0 ? fd : err_path(err, "mkostemp", *path_r);
	*path_r = pool_printf(pool, "%s.XXXXXX", state->path);
	fd = mkostemp(*path_r, O_APPEND | O_CLOEXEC);
	return fd >= 0 ? fd : err_path(err, "mkostemp", *path_r);
}

static int
fill_new(int fd, const char *path, const struct quota_root *root,
	 const struct quota_usage *usage, struct err *err)
{
	char limit[MAILDIRSIZE_LINE_MAX], text[2 * MAILDIRSIZE_LINE_MAX];
	int len;
	ssize_t n;

	maildirsize_format_limit(limit, &root->limit);
	len = snprintf(text, sizeof(text), "%s\n%" PRIu64 " %" PRIu64 "\n",
		       limit, usage->bytes, usage->messages);
	n = write(fd, text, (size_t)len);
	if (n == len)
		return 0;
	if (n >= 0)
		errno = ENOSPC;
	return err_path(err, "write", path);
}

static int
set_perm(int fd, const char *path, const char *dir, struct err *err)
{
	struct perm perm;
	struct stat st;

	if (stat(dir, &st) < 0)
		return err_path(err, "stat", dir);
	perm = perm_from_dir(&st);
	return perm_apply_fd(fd, path, perm.file, &perm, err);
}

/* The new file takes the old one's place, and is open for appending. */
static int
replace(struct quota_root *root, const struct quota_usage *usage,
	struct err *err)
{
	struct state *state = state_of(root);
	char *path;
	int fd;

	end(root);
	fd = open_new(state, root->quota->pool, &path, err);
	if (fd < 0)
		return -1;
	if (fill_new(fd, path, root, usage, err) == 0 &&
	    set_perm(fd, path, state->dir, err) == 0) {
		if (rename(path, state->path) == 0) {
			state->fd = fd;
			return 0;
		}
		(void)err_path(err, "rename", path);
	}
	(void)close(fd);
	(void)unlink(path);	/* else the cleaning of tmp/ finds it */
	return -1;
}

/* Has somebody (who doesn't take our lock) appended or replaced meanwhile? */
static bool
is_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev &&
		a->st_size == b->st_size;
}

static void
stat_or_clear(const char *path, struct stat *st)
{
	if (stat(path, st) < 0)
		memset(st, 0, sizeof(*st));
}

static int
count_anew(struct quota_root *root, struct quota_usage *usage_r,
	   struct err *err)
{
	struct state *state = state_of(root);
	struct stat before, after;

	for (int i = 0; i < RECOUNTS_MAX; i++) {
		stat_or_clear(state->path, &before);
		if (quota_root_sum(root, false, usage_r, err) < 0)
			return -1;
		stat_or_clear(state->path, &after);
		if (is_same(&before, &after))
			break;
	}
	log_debug(root->quota->log, "quota-maildir: Recalculated: bytes=%"
		  PRIu64 " messages=%" PRIu64, usage_r->bytes,
		  usage_r->messages);
	return replace(root, usage_r, err);
}

/* Before a user's first mail there is nowhere to keep anything. */
static bool
has_place(struct quota_root *root)
{
	struct stat st;

	return stat(state_of(root)->dir, &st) == 0;
}

/* --- the backend --- */

static bool
is_unlimited(const struct quota_root *root)
{
	return !root->rules.forced && root->limit.bytes == 0 &&
		root->limit.messages == 0;
}

/* Where the root's namespace isn't a Maildir, nothing is counted. */
static bool
is_maildir(const struct quota_root *root)
{
	const char *format = storage_ns_format(root->quota->storage, root->ns);

	return format != NULL && strcmp(format, "maildir") == 0;
}

static int
usage(struct quota_root *root, struct quota_usage *usage_r, struct err *err)
{
	struct quota_usage found = { 0, 0 };
	int result;

	*usage_r = found;
	if (!is_maildir(root)) {
		log_warning(root->quota->log, "quota: Namespace '%s' is not "
			    "Maildir, skipping for Maildir++ quota",
			    root->ns != NULL ? root->ns : "");
		return 0;
	}
	result = look(root, &found, err);
	if (result < 0)
		return -1;
	if (result == 0 && (is_unlimited(root) || !has_place(root)))
		end(root);
	else if (result == 0 && count_anew(root, &found, err) < 0)
		return -1;
	*usage_r = found;
	return 0;
}

/* A line that is there in part would spoil the next one: better none. */
static int
give_up(struct state *state, struct err *err)
{
	(void)err_path(err, "write", state->path);
	if (unlink(state->path) < 0 && errno != ENOENT)
		(void)err_prefix(err, "can't be removed either");
	return -1;
}

static int
append(struct state *state, int64_t bytes, int64_t messages, struct err *err)
{
	char line[MAILDIRSIZE_LINE_MAX];
	int len = snprintf(line, sizeof(line), "%" PRId64 " %" PRId64 "\n",
			   bytes, messages);
	ssize_t n;

	do {
		n = write(state->fd, line, (size_t)len);
	} while (n < 0 && errno == EINTR);
	if (n == len)
		return 0;
	if (n >= 0)
		errno = ENOSPC;
	return give_up(state, err);
}

/* Did our line go into a file that is no longer the one? */
static bool
was_replaced(const struct state *state)
{
	struct stat ours, now;

	return fstat(state->fd, &ours) == 0 &&
		(stat(state->path, &now) < 0 || now.st_ino != ours.st_ino ||
		 now.st_dev != ours.st_dev);
}

static int
update(struct quota_root *root, int64_t bytes, int64_t messages,
       struct err *err)
{
	struct state *state;

	if (!is_maildir(root))
		return 0;
	state = state_of(root);
	if (state->fd >= 0) {
		if (append(state, bytes, messages, err) < 0)
			return -1;
		if (!was_replaced(state))
			return 0;
	}
	return has_place(root) ? count_anew(root, &root->usage, err) : 0;
}

static int
recalc(struct quota_root *root, struct err *err)
{
	struct quota_usage found;

	if (!is_maildir(root))
		return 0;
	if (look(root, &found, err) < 0)
		return -1;
	if (!has_place(root))
		return 0;
	return count_anew(root, &root->usage, err);
}

const struct quota_backend quota_maildir = {
	.name = "maildir",
	.has_storage = true, .has_messages = true,
	.parse_rule = parse_rule,
	.usage = usage,
	.update = update,
	.recalc = recalc,
	.end = end,
	.close = end,
};
