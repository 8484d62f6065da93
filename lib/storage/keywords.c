/*
 * Keywords of messages in a Maildir; see keywords.h. Who adds one holds
 * dovecot-uidlist.lock, as Dovecot does, and writes the file anew.
 */
#include "storage/keywords.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "core/err.h"
#include "core/pool.h"
#include "core/str.h"
#include "storage/dirs.h"
#include "storage/dotlock.h"
#include "storage/mail-settings.h"
#include "storage/storage-private.h"
#include "storage/text-file.h"

enum {
	NAME_MAX_LEN = 255,
	FILE_MAX = 64 * 1024,
	LOCK_WAIT_MS = 10000,
	LOCK_STALE_MS = 120000,
};

bool
keyword_valid(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > NAME_MAX_LEN || *name == '\\')
		return false;
	for (; *name != '\0'; name++) {
		if ((unsigned char)*name <= ' ' || *name == 0x7f ||
		    strchr("(){%*\"\\]", *name) != NULL)
			return false;
	}
	return true;
}

int
keywords_find(const struct keywords *kw, const char *name)
{
	for (int i = 0; i < KEYWORDS_MAX; i++) {
		if (kw->names[i] != NULL && strcasecmp(kw->names[i], name) == 0)
			return i;
	}
	return -1;
}

int
keywords_add(struct keywords *kw, const char *name, struct pool *pool)
{
	int i = keywords_find(kw, name);

	if (i >= 0)
		return i;
	for (i = 0; i < KEYWORDS_MAX; i++) {
		if (kw->names[i] == NULL) {
			kw->names[i] = pool_strdup(pool, name);
			return i;
		}
	}
	return -1;
}

/* "INDEX NAME"; name is changed. */
static void
parse_line(char *line, struct pool *pool, struct keywords *kw)
{
	size_t digits = strspn(line, "0123456789");
	unsigned long i;

	if (digits == 0 || digits > 2 || line[digits] != ' ')
		return;
	i = strtoul(line, NULL, 10);
	line += digits + 1;
	if (i < KEYWORDS_MAX && kw->names[i] == NULL && keyword_valid(line) &&
	    keywords_find(kw, line) < 0)
		kw->names[i] = pool_strdup(pool, line);
}

void
keywords_parse(const char *text, struct pool *pool, struct keywords *kw)
{
	char *rest = pool_strdup(pool, text), *line;

	while ((line = strsep(&rest, "\n")) != NULL)
		parse_line(line, pool, kw);
}

void
keywords_print(const struct keywords *kw, struct str *out)
{
	for (int i = 0; i < KEYWORDS_MAX; i++) {
		if (kw->names[i] != NULL)
			str_printf(out, "%d %s\n", i, kw->names[i]);
	}
}

/* --- of a mailbox --- */

static int
read_keywords(const char *path, struct pool *pool, struct keywords *kw,
	      struct err *err)
{
	struct str text = STR_INIT;
	int result = text_file_read(path, FILE_MAX, &text, err);

	*kw = (struct keywords){ { NULL } };
	if (result == 0)
		keywords_parse(str_c(&text), pool, kw);
	str_free(&text);
	return result;
}

static bool
has_all(const struct keywords *kw, const char *const *names)
{
	for (; *names != NULL; names++) {
		if (keyword_valid(*names) && keywords_find(kw, *names) < 0)
			return false;
	}
	return true;
}

/* What lies there under the lock's name is of somebody who died: the name is
   only used by the holder of the other lock. */
static int
write_keywords(const char *dir, const char *path, const struct keywords *kw,
	       bool sync, struct pool *pool, struct err *err)
{
	const char *lock = pool_printf(pool, "%s.lock", path);
	struct str text = STR_INIT;
	int fd, result;

	(void)unlink(lock);	/* open() tells */
	fd = open(lock, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_path(err, "open", lock);
	keywords_print(kw, &text);
	result = text_file_write(fd, lock, dir, &text, err);
	if (close(fd) < 0 && errno != EINTR && result == 0)
		result = err_path(err, "close", lock);
	if (result == 0 && rename(lock, path) < 0)
		result = err_path(err, "rename", path);
	if (result < 0)
		(void)unlink(lock);	/* the cause is in err already */
	else if (sync)
		result = dir_sync(dir, path, err);
	str_free(&text);
	return result;
}

/* Under the lock: what others added meanwhile counts. */
static int
add_new(const struct mailbox *box, const char *dir, const char *path,
	const char *const *names, struct keywords *kw, struct pool *pool,
	struct err *err)
{
	bool sync = strcmp(box->storage->set->mail_fsync, "never") != 0;
	bool changed = false;

	if (read_keywords(path, pool, kw, err) < 0)
		return -1;
	for (; *names != NULL; names++) {
		if (!keyword_valid(*names) || keywords_find(kw, *names) >= 0)
			continue;
		changed = keywords_add(kw, *names, pool) >= 0 || changed;
	}
	return changed ? write_keywords(dir, path, kw, sync, pool, err) : 0;
}

static int
add_locked(const struct mailbox *box, const char *dir, const char *path,
	   const char *const *names, struct keywords *kw, struct pool *pool,
	   struct err *err)
{
	struct dotlock_wait wait = {
		.path = pool_printf(pool, "%s/dovecot-uidlist.lock", dir),
		.deadline = deadline_in(LOCK_WAIT_MS),
		.stale_ms = LOCK_STALE_MS,
	};
	struct stat st;
	int result;

	if (dotlock_take(&wait, &st, err) < 0)
		return -1;
	result = add_new(box, dir, path, names, kw, pool, err);
	dotlock_drop(wait.path, st.st_dev, st.st_ino);
	return result;
}

/* Where the mailbox's control files lie. */
static int
control_dir(const struct mailbox *box, struct pool *pool, const char **dir_r,
	    struct err *err)
{
	const struct location *loc = &box->ns->loc;

	*dir_r = box->path;
	if (*loc->control == '\0')
		return 0;
	*dir_r = box->inbox ? loc->control :
		pool_printf(pool, "%s/%s%s", loc->control,
			    loc->layout == LAYOUT_FS ? "" : ".", box->disk);
	return dir_make_durable(*dir_r, &perm_private, true, pool, err);
}

static int
compare_letters(const void *a, const void *b)
{
	return *(const char *)a - *(const char *)b;
}

static void
put_letters(const struct keywords *kw, const char *const *names,
	    char letters[KEYWORDS_MAX + 1])
{
	size_t count = 0;

	letters[0] = '\0';
	for (; *names != NULL; names++) {
		int i = keywords_find(kw, *names);

		if (i < 0 || strchr(letters, 'a' + i) != NULL)
			continue;
		letters[count++] = (char)('a' + i);
		letters[count] = '\0';
	}
	qsort(letters, count, 1, compare_letters);
}

int
maildir_keywords(const struct mailbox *box, const char *const *names,
		 char letters[KEYWORDS_MAX + 1], struct pool *pool,
		 struct err *err)
{
	struct keywords *kw = pool_new_obj(pool, struct keywords);
	const char *dir, *path;

	if (control_dir(box, pool, &dir, err) < 0)
		return -1;
	path = pool_printf(pool, "%s/dovecot-keywords", dir);
	if (read_keywords(path, pool, kw, err) < 0)
		return -1;
	if (!has_all(kw, names) &&
	    add_locked(box, dir, path, names, kw, pool, err) < 0)
		return -1;
	put_letters(kw, names, letters);
	return 0;
}
