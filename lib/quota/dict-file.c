/*
 * A dict in a file, as Dovecot's driver of that name has it: pairs of lines,
 * a name and its value. A change writes a new file under a lock and puts it
 * in the old one's place; other names in it stay as they are.
 *
 *	file:PATH[:lock=dotlock|fcntl|flock]
 */
#include "quota/dict.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/err.h"
#include "core/pool.h"
#include "core/str.h"
#include "core/write.h"
#include "quota/dict-text.h"
#include "quota/quota.h"
#include "storage/dirs.h"
#include "storage/perm.h"

enum {
	LOCK_MS = 10000,	/* the longest wait for others */
	STALE_S = 60,		/* a dotlock that old is nobody's, as Dovecot
				   has it */
};

enum lock_kind { LOCK_DOT, LOCK_FCNTL, LOCK_FLOCK };

struct state {
	const char *path;
	const char *new_path;	/* .lock of a dotlock, else .tmp */
	enum lock_kind kind;
};

/* --- settings ----------------------------------------------------------- */

static int
parse_lock(struct state *state, const char *word, struct err *err)
{
	if (strcmp(word, "lock=dotlock") == 0)
		state->kind = LOCK_DOT;
	else if (strcmp(word, "lock=fcntl") == 0)
		state->kind = LOCK_FCNTL;
	else if (strcmp(word, "lock=flock") == 0)
		state->kind = LOCK_FLOCK;
	else
		return err_set(err, ERR_CONFIG, "dict file: Invalid parameter "
			       "%s", word);
	return 0;
}

static int
open_dict(struct quota_dict *dict, const char *args, struct err *err)
{
	struct state *state = pool_new_obj(dict->pool, struct state);
	size_t len = strcspn(args, ":");
	const char *path = pool_strndup(dict->pool, args, len);

	if (args[len] == ':' && parse_lock(state, args + len + 1, err) < 0)
		return -1;
	if (str_begins(path, "~/"))
		path = pool_printf(dict->pool, "%s%s", dict->home, path + 1);
	if (*path != '/')
		return err_set(err, ERR_CONFIG, "dict file: path must be "
			       "absolute: %s", path);
	state->path = path;
	state->new_path = pool_printf(dict->pool, "%s.%s", path,
				      state->kind == LOCK_DOT ? "lock" :
				      "tmp");
	dict->state = state;
	return 0;
}

/* --- reading ------------------------------------------------------------ */

static int
read_all(int fd, const char *path, struct str *text, struct err *err)
{
	ssize_t n;

	do {
		n = read(fd, str_reserve(text, 4096), 4096);
		if (n > 0)
			text->len += (size_t)n;
		if (text->len > DICT_TEXT_MAX)
			return err_set(err, ERR_TEMP, "%s is larger than %d "
				       "octets", path, DICT_TEXT_MAX);
	} while (n > 0 || (n < 0 && errno == EINTR));
	return n == 0 ? 0 : err_path(err, "read", path);
}

/* A file that isn't there is an empty one. */
static int
load(const struct state *state, struct str *text, struct stat *st,
     struct err *err)
{
	int fd = open(state->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), result;

	memset(st, 0, sizeof(*st));
	if (fd < 0)
		return errno == ENOENT ? 0 :
			err_path(err, "open", state->path);
	if (fstat(fd, st) < 0)
		result = err_path(err, "fstat", state->path);
	else if (!S_ISREG(st->st_mode))
		result = err_set(err, ERR_TEMP, "%s isn't a file",
				 state->path);
	else
		result = read_all(fd, state->path, text, err);
	(void)close(fd);
	return result;
}

static int
get(struct quota_dict *dict, struct quota_usage *usage_r, struct err *err)
{
	struct str text = STR_INIT;
	struct quota_usage usage = { 0, 0 };
	struct stat st;
	int result = load(dict->state, &text, &st, err);

	if (result == 0)
		result = dict_text_get(text.data, text.len, &usage);
	if (result > 0)
		*usage_r = usage;
	str_free(&text);
	return result;
}

/* --- locking ------------------------------------------------------------ */

static void
pause_a_little(void)
{
	struct timespec pause = { 0, 5 * 1000 * 1000 };

	(void)nanosleep(&pause, NULL);	/* sooner does no harm */
}

static int
too_long(const char *path, struct err *err)
{
	return err_set(err, ERR_TEMP, "%s is locked for more than %d s", path,
		       LOCK_MS / 1000);
}

/* The dotlock of one who died. */
static void
remove_stale(const char *path)
{
	struct stat st;

	if (lstat(path, &st) == 0 &&
	    clock_wall().tv_sec - st.st_mtime > STALE_S)
		(void)unlink(path);
}

static int
make_parent(const struct state *state, struct pool *pool, struct err *err)
{
	return dir_make_durable(dir_parent(state->path, pool), &perm_private,
				false, pool, err);
}

/* What is locked by is also what will be the new file. */
static int
lock_dot(struct quota_dict *dict, deadline_t deadline, struct err *err)
{
	const struct state *state = dict->state;
	const char *path = state->new_path;
	bool made = false;
	int fd;

	for (;;) {
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd >= 0)
			return fd;
		if (errno == ENOENT && !made) {
			if (make_parent(state, dict->pool, err) < 0)
				return -1;
			made = true;
			continue;
		}
		if (errno != EEXIST)
			return err_path(err, "open", path);
		if (deadline_left(deadline) == 0)
			return too_long(path, err);
		remove_stale(path);
		pause_a_little();
	}
}

static bool
try_lock(const struct state *state, int fd)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return state->kind == LOCK_FLOCK ? flock(fd, LOCK_EX | LOCK_NB) == 0 :
		fcntl(fd, F_OFD_SETLK, &whole) == 0;
}

/* Is it still the file of that name? */
static bool
is_current(const struct state *state, int fd)
{
	struct stat st, now;

	return fstat(fd, &st) == 0 && stat(state->path, &now) == 0 &&
		st.st_dev == now.st_dev && st.st_ino == now.st_ino;
}

static int
open_for_lock(struct quota_dict *dict, struct err *err)
{
	const struct state *state = dict->state;
	const int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NONBLOCK;
	int fd = open(state->path, flags, 0600);

	if (fd < 0 && errno == ENOENT) {
		if (make_parent(state, dict->pool, err) < 0)
			return -1;
		fd = open(state->path, flags, 0600);
	}
	return fd >= 0 ? fd : err_path(err, "open", state->path);
}

/* The file itself is locked, by fcntl(2) or flock(2); whoever waits for it
   finds another one of its name afterwards. */
static int
lock_itself(struct quota_dict *dict, deadline_t deadline, struct err *err)
{
	const struct state *state = dict->state;

	for (;;) {
		int fd = open_for_lock(dict, err);

		if (fd < 0)
			return -1;
		if (try_lock(state, fd) && is_current(state, fd))
			return fd;
		(void)close(fd);
		if (deadline_left(deadline) == 0)
			return too_long(state->path, err);
		pause_a_little();
	}
}

/* --- writing ------------------------------------------------------------ */

/* No sync: what a crash loses is counted anew. */
static int
replace(const struct state *state, int fd, const struct str *text,
	const struct stat *before, struct err *err)
{
	if (write_all(fd, text->data, text->len) < 0)
		return err_path(err, "write", state->new_path);
	/* Who could read it shall go on reading it. */
	if (before->st_nlink > 0 &&
	    fchmod(fd, before->st_mode & 0777) != 0)
		return err_path(err, "fchmod", state->new_path);
	if (rename(state->new_path, state->path) != 0)
		return err_path(err, "rename", state->new_path);
	return 0;
}

typedef void change_fn(struct str *out, const struct str *text,
		       const void *arg);

static int
change_locked(struct quota_dict *dict, int fd, change_fn *change,
	      const void *arg, struct err *err)
{
	const struct state *state = dict->state;
	struct str text = STR_INIT, out = STR_INIT;
	struct stat st;
	int result = load(state, &text, &st, err);

	if (result == 0) {
		change(&out, &text, arg);
		result = replace(state, fd, &out, &st, err);
	}
	str_free(&text);
	str_free(&out);
	return result;
}

static int
change_by_dotlock(struct quota_dict *dict, change_fn *change, const void *arg,
		  struct err *err)
{
	const struct state *state = dict->state;
	int fd = lock_dot(dict, deadline_in(LOCK_MS), err), result;

	if (fd < 0)
		return -1;
	result = change_locked(dict, fd, change, arg, err);
	(void)close(fd);	/* it has been written, or is of no use */
	if (result < 0)
		(void)unlink(state->new_path);
	return result;
}

static int
change_by_lock(struct quota_dict *dict, change_fn *change, const void *arg,
	       struct err *err)
{
	const struct state *state = dict->state;
	int lock = lock_itself(dict, deadline_in(LOCK_MS), err), fd;
	int result = -1;

	if (lock < 0)
		return -1;
	fd = open(state->new_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
		  0600);
	if (fd < 0) {
		(void)err_path(err, "open", state->new_path);
	} else {
		result = change_locked(dict, fd, change, arg, err);
		(void)close(fd);
		if (result < 0)
			(void)unlink(state->new_path);
	}
	(void)close(lock);	/* which unlocks */
	return result;
}

static int
change_file(struct quota_dict *dict, change_fn *change, const void *arg,
	    struct err *err)
{
	const struct state *state = dict->state;

	return state->kind == LOCK_DOT ?
		change_by_dotlock(dict, change, arg, err) :
		change_by_lock(dict, change, arg, err);
}

struct change {
	int64_t bytes, messages;
};

static void
add_values(struct str *out, const struct str *text, const void *arg)
{
	const struct change *c = arg;

	dict_text_add(out, text->data, text->len, c->bytes, c->messages);
}

static void
set_values(struct str *out, const struct str *text, const void *arg)
{
	dict_text_set(out, text->data, text->len, arg);
}

static int
add(struct quota_dict *dict, int64_t bytes, int64_t messages, struct err *err)
{
	const struct change c = { bytes, messages };

	return change_file(dict, add_values, &c, err);
}

static int
set(struct quota_dict *dict, const struct quota_usage *usage, struct err *err)
{
	return change_file(dict, set_values, usage, err);
}

const struct quota_dict_driver quota_dict_file = {
	.name = "file",
	.open = open_dict,
	.get = get,
	.add = add,
	.set = set,
};
