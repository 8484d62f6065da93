/*
 * Subscriptions; see subscriptions.h. The file's second version begins with
 * "V\t2" and an empty line, and divides levels by tabs; the first one is a
 * bare list. Whoever changes it writes the new text into FILE.lock, made with
 * O_EXCL, and renames that, so that IMAP servers and deliveries can do it at
 * the same time.
 */
#include "storage/subscriptions.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/err.h"
#include "core/pool.h"
#include "core/str.h"
#include "storage/dirs.h"
#include "storage/location.h"
#include "storage/perm.h"
#include "storage/text-file.h"

enum {
	LOCK_WAIT_MS = 5000,
	LOCK_STALE_SECS = 120,
	SUBSCRIPTIONS_MAX = 16 * 1024 * 1024,
};

#define VERSION_2 "V\t2\n\n"

/* A lock that its owner left behind. */
static bool
lock_is_stale(const char *lock)
{
	struct stat st;

	return stat(lock, &st) == 0 &&
		st.st_mtime + LOCK_STALE_SECS < time(NULL);
}

static int
lock_open(const char *lock, struct err *err)
{
	deadline_t deadline = deadline_in(LOCK_WAIT_MS);
	int fd;

	for (;;) {
		fd = open(lock, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd >= 0)
			return fd;
		if (errno != EEXIST)
			return err_path(err, "open", lock);
		if (deadline_left(deadline) == 0)
			return err_set(err, ERR_TEMP, "Timeout while waiting "
				       "for lock %s", lock);
		if (!lock_is_stale(lock) || unlink(lock) < 0)
			(void)poll(NULL, 0, 20);
	}
}

/* The name as a line of the file's version. */
static const char *
line_for(const struct str *text, const char *name, char sep, struct pool *pool)
{
	char *line = pool_strdup(pool, name);

	if (text->len == 0 || str_begins(str_c(text), VERSION_2)) {
		for (char *p = line; *p != '\0'; p++) {
			if (*p == sep)
				*p = '\t';
		}
	}
	return line;
}

static bool
has_line(const char *text, const char *line)
{
	size_t len = strlen(line);

	for (; *text != '\0'; text += strcspn(text, "\n"),
	     text += *text == '\n') {
		if (strncmp(text, line, len) == 0 &&
		    (text[len] == '\n' || text[len] == '\0'))
			return true;
	}
	return false;
}

static void
add_line(struct str *text, const char *line)
{
	if (text->len == 0)
		str_append(text, VERSION_2);
	else if (text->data[text->len - 1] != '\n')
		str_append_c(text, '\n');
	str_printf(text, "%s\n", line);
}

/* Under the lock: 1 when the lock became the file, 0 when nothing is to be
   done. */
static int
change(int fd, const char *path, const char *lock, const char *name, char sep,
       struct pool *pool, struct err *err)
{
	const char *dir = dir_parent(path, pool), *line;
	struct str text = STR_INIT;
	int result = text_file_read(path, SUBSCRIPTIONS_MAX, &text, err);

	if (result == 0) {
		line = line_for(&text, name, sep, pool);
		if (!has_line(str_c(&text), line)) {
			add_line(&text, line);
			result = text_file_write(fd, lock, dir, &text, err);
			if (result == 0 && rename(lock, path) < 0)
				result = err_path(err, "rename", path);
			if (result == 0)
				result = 1;
		}
	}
	str_free(&text);
	return result;
}

int
subscriptions_add(const struct location *loc, const char *name, char sep,
		  struct pool *pool, struct err *err)
{
	const char *path = pool_printf(pool, "%s/%s",
		*loc->control != '\0' ? loc->control : loc->root,
		loc->subscriptions);
	const char *lock = pool_printf(pool, "%s.lock", path);
	int fd, result;

	fd = lock_open(lock, err);
	/* CONTROL=, or a root in which no mail lies yet, isn't made so far. */
	if (fd < 0 && errno == ENOENT &&
	    dir_make_durable(dir_parent(path, pool), &perm_private, true, pool,
			     err) == 0)
		fd = lock_open(lock, err);
	if (fd < 0)
		return -1;
	result = change(fd, path, lock, name, sep, pool, err);
	if (result < 1)
		(void)unlink(lock);	/* ours; at worst it becomes stale */
	(void)close(fd);	/* synced before, or not wanted */
	return result == 1 ? dir_sync(dir_parent(path, pool), path, err) :
		result;
}
