/*
 * Files of users in the manner of passwd(5); see passwd-file.h.
 */
#include "auth/passwd-file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uthash.h>

#include "auth/auth.h"
#include "core/clock.h"
#include "core/err.h"
#include "core/log.h"
#include "core/pool.h"
#include "service/priv.h"
#include "user/user.h"

enum {
	TABLES_MAX = 1000,	/* files kept in memory */
	FILE_SIZE_MAX = 1 << 30,
	TICK_MS = 50,		/* more than a tick of a file system's clock */
	WRITING_MS = 1000,	/* a younger file may be half written */
};

struct entry {
	UT_hash_handle hh;
	struct passwd_line line;
};

/* One file, as it was read. */
struct table {
	UT_hash_handle hh;
	char *path;
	struct pool *pool;	/* of the entries */
	struct entry *entries;
	struct stat st;		/* of the file that was read */
	unsigned round;		/* when it was last looked at */
	bool read;		/* entries are what st says */
	bool racy;		/* it was written within the last tick */
	bool whole;		/* it isn't empty and ends in LF */
	bool lost_end;		/* it doesn't, but did before */
};

struct passwd_file {
	const char *path;	/* with variables */
	const char *format;	/* username_format */
	const char *scheme;
	bool has_vars;
};

/* All files, by path: a passdb and a userdb of the same file share it. */
static struct table *tables;

/* Questions that came together are answered of one state of the files. */
static unsigned current_round = 1;

static bool
take_option(const char **args, const char *name, struct pool *pool,
	    const char **value_r)
{
	size_t len = strlen(name), end;

	if (strncmp(*args, name, len) != 0)
		return false;
	end = strcspn(*args, " \t");
	*value_r = pool_memdup(pool, *args + len, end - len);
	*args += end;
	*args += strspn(*args, " \t");
	return true;
}

struct passwd_file *
passwd_file_new(const struct auth_db_init *init, struct err *err)
{
	struct passwd_file *file = pool_new_obj(init->pool,
						struct passwd_file);
	const char *args = init->args;

	file->format = "%u";
	file->scheme = "CRYPT";
	while (take_option(&args, "scheme=", init->pool, &file->scheme) ||
	       take_option(&args, "username_format=", init->pool,
			   &file->format))
		;
	file->path = pool_strdup(init->pool, args);
	file->has_vars = strchr(args, '%') != NULL;
	if (*file->path == '/')
		return file;
	(void)err_set(err, ERR_CONFIG, "args needs the absolute path of a "
		      "file, not \"%s\"", args);
	return NULL;
}

const char *
passwd_file_scheme(const struct passwd_file *file)
{
	return file->scheme;
}

/* --- reading --- */

/* The next field up to a ':'; NULL when the line has ended. */
static char *
next_field(char **rest)
{
	return *rest != NULL ? strsep(rest, ":") : NULL;
}

static void
parse_ids(struct passwd_line *line, const char *uid, const char *gid,
	  struct pool *pool)
{
	struct err err;
	uid_t uid_nr;
	gid_t gid_nr;

	if (uid != NULL && *uid != '\0') {
		if (user_id_parse(uid, &uid_nr, &err) < 0)
			line->trouble = pool_strdup(pool, err.text);
		else
			line->uid = pool_printf(pool, "%u", (unsigned)uid_nr);
	}
	if (gid != NULL && *gid != '\0') {
		if (user_gid_parse(gid, &gid_nr, &err) < 0)
			line->trouble = pool_strdup(pool, err.text);
		else
			line->gid = pool_printf(pool, "%u", (unsigned)gid_nr);
	}
}

static bool
is_uid_zero(const struct passwd_line *line)
{
	return line->uid != NULL && strcmp(line->uid, "0") == 0;
}

/* Take a line apart. NULL for one that names nobody. */
static struct entry *
parse_line(struct pool *pool, char *text)
{
	struct entry *entry = pool_new_obj(pool, struct entry);
	struct passwd_line *line = &entry->line;
	char *uid, *gid;

	line->user = next_field(&text);
	line->password = next_field(&text);
	if (line->password == NULL)
		line->password = "";
	uid = next_field(&text);
	gid = next_field(&text);
	(void)next_field(&text);	/* gecos */
	line->home = next_field(&text);
	(void)next_field(&text);	/* shell */
	line->extra = text;		/* the rest, with its colons */
	parse_ids(line, uid, gid, pool);
	return *line->user != '\0' ? entry : NULL;
}

static void
add_line(struct table *table, char *text, unsigned number)
{
	struct entry *entry, *older;

	text += strspn(text, " \t");
	if (*text == '\0' || *text == '#' || *text == '\r')
		return;
	text[strcspn(text, "\r")] = '\0';
	entry = parse_line(table->pool, text);
	if (entry == NULL) {
		log_error(&log_process, "passwd-file %s line %u: no user name",
			  table->path, number);
		return;
	}
	if (entry->line.trouble != NULL)
		log_error(&log_process, "passwd-file %s line %u: user %s: %s",
			  table->path, number, entry->line.user,
			  entry->line.trouble);
	if (is_uid_zero(&entry->line))
		log_error(&log_process, "passwd-file %s line %u: user %s has "
			  "uid 0, which is never permitted", table->path,
			  number, entry->line.user);
	HASH_FIND_STR(table->entries, entry->line.user, older);
	if (older != NULL) {
		log_error(&log_process, "passwd-file %s line %u: user %s "
			  "stands there twice, the first one counts",
			  table->path, number, entry->line.user);
		return;
	}
	HASH_ADD_KEYPTR(hh, table->entries, entry->line.user,
			strlen(entry->line.user), entry);
}

static void
forget(struct table *table)
{
	HASH_CLEAR(hh, table->entries);
	pool_free(&table->pool);
	table->read = false;
}

/* The whole file in memory, NUL-terminated; -1 with err. */
static int
read_all(int fd, const char *path, off_t size, struct pool *pool,
	 char **text_r, size_t *len_r, struct err *err)
{
	char *text;
	size_t len = 0;
	ssize_t n;

	if (size > FILE_SIZE_MAX)
		return err_set(err, ERR_TEMP, "%s is larger than 1 GB", path);
	text = pool_alloc(pool, (size_t)size + 1);
	while (len < (size_t)size) {
		n = read(fd, text + len, (size_t)size - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "read(%s)", path);
		if (n == 0)
			break;
		len += (size_t)n;
	}
	text[len] = '\0';
	*text_r = text;
	*len_r = len;
	return 0;
}

/* Was it written within the last ms milliseconds? (Not with a clock that is
   far from ours.) */
static bool
is_younger(const struct stat *st, int64_t ms)
{
	struct timeval now = clock_wall();
	int64_t age = ((int64_t)now.tv_sec - st->st_mtim.tv_sec) * 1000 +
		(now.tv_usec / 1000 - st->st_mtim.tv_nsec / 1000000);

	return age > -ms && age < ms;
}

static int
parse_file(struct table *table, int fd, struct err *err)
{
	struct pool *pool = pool_new();
	unsigned number = 0;
	char *text = NULL, *line;
	size_t len = 0;
	bool was_whole;

	if (read_all(fd, table->path, table->st.st_size, pool, &text, &len,
		     err) < 0) {
		pool_free(&pool);
		return -1;
	}
	forget(table);
	table->pool = pool;
	was_whole = table->whole || table->lost_end;
	table->whole = len > 0 && text[len - 1] == '\n';
	table->lost_end = was_whole && !table->whole;
	table->racy = is_younger(&table->st, TICK_MS);
	while ((line = strsep(&text, "\n")) != NULL)
		add_line(table, line, ++number);
	table->read = true;
	return 0;
}

static int
read_file(struct table *table, struct err *err)
{
	int fd = priv_read_open(table->path, O_NONBLOCK), ret;

	if (fd < 0)
		return err_path(err, "open", table->path);
	if (fstat(fd, &table->st) != 0)
		ret = err_sys(err, "fstat(%s)", table->path);
	else if (!S_ISREG(table->st.st_mode))
		ret = err_set(err, ERR_TEMP, "%s is not a regular file",
			      table->path);
	else
		ret = parse_file(table, fd, err);
	(void)close(fd);	/* only read from */
	if (ret == 0 && log_process.debug)
		log_debug(&log_process, "passwd-file %s: read %u users",
			  table->path, HASH_COUNT(table->entries));
	return ret;
}

static bool
same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev &&
		a->st_size == b->st_size &&
		a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
		a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
		a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
		a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Make the table what the file is now. A file that had just been written when
   it was read can change again within one tick of its clock, so it is read
   once more. -1 with err; errno is ENOENT when the file is missing. */
static int
refresh(struct table *table, struct err *err)
{
	struct stat st;
	int saved_errno;

	if (table->read && table->round == current_round)
		return 0;
	table->round = current_round;
	if (priv_read_stat(table->path, &st) != 0) {
		saved_errno = errno;
		(void)err_path(err, "stat", table->path);
		if (table->read)
			forget(table);
		errno = saved_errno;
		return -1;
	}
	if (table->read && same_file(&st, &table->st) && !table->racy)
		return 0;
	errno = 0;
	return read_file(table, err);
}

/* --- lookups --- */

static void
table_free(struct table *table)
{
	HASH_DEL(tables, table);
	forget(table);
	free(table->path);
	free(table);
}

static struct table *
find_table(const char *path)
{
	struct table *table;

	HASH_FIND_STR(tables, path, table);
	if (table != NULL)
		return table;
	/* uthash keeps the order of insertion: the oldest goes */
	if (HASH_COUNT(tables) >= TABLES_MAX)
		table_free(tables);
	table = mem_alloc(sizeof(*table));
	table->path = mem_strdup(path);
	HASH_ADD_KEYPTR(hh, tables, table->path, strlen(table->path), table);
	return table;
}

void
passwd_files_new_round(void)
{
	current_round++;
}

void
passwd_files_free(void)
{
	while (tables != NULL)
		table_free(tables);
}

/* The file is not to be had. Where the path has variables, a file that never
   was is a domain that isn't ours; anything else is our own trouble. */
static enum auth_result
missing(const struct passwd_file *file, struct table *table, bool was_there,
	struct auth_request *req, int error, const struct err *err)
{
	if (!file->has_vars || was_there || error != ENOENT) {
		auth_request_error(req, "passwd-file", "%s", err->text);
		return AUTH_TROUBLE;
	}
	auth_request_info(req, "passwd-file", "missing passwd file: %s",
			  table->path);
	table_free(table);
	return AUTH_UNKNOWN;
}

/* A file that was whole and has just lost its end is being written: who isn't
   in it yet may well exist. */
static enum auth_result
not_in(const struct table *table, struct auth_request *req)
{
	if (!table->lost_end || !is_younger(&table->st, WRITING_MS))
		return AUTH_UNKNOWN;
	auth_request_error(req, "passwd-file", "%s seems to be half written",
			   table->path);
	return AUTH_TROUBLE;
}

enum auth_result
passwd_file_lookup(struct passwd_file *file, struct auth_request *req,
		   const struct passwd_line **line_r)
{
	const char *path = auth_request_expand(req, file->path, "passwd-file");
	const char *key = auth_request_expand(req, file->format,
					      "passwd-file");
	struct table *table;
	struct entry *entry;
	struct err err;
	bool was_there;

	if (path == NULL || key == NULL)
		return AUTH_TROUBLE;
	if (path[strlen(path) - 1] == '/')
		return AUTH_UNKNOWN;	/* "/etc/users/%d" without a domain */
	table = find_table(path);
	was_there = table->st.st_ino != 0;
	if (refresh(table, &err) < 0)
		return missing(file, table, was_there, req, errno, &err);
	auth_request_debug(req, "passwd-file", "lookup: user=%s file=%s", key,
			   path);
	HASH_FIND_STR(table->entries, key, entry);
	if (entry == NULL)
		return not_in(table, req);
	/* as with Dovecot, who is root in the file is nobody */
	if (is_uid_zero(&entry->line))
		return AUTH_UNKNOWN;
	*line_r = &entry->line;
	return AUTH_OK;
}

int
passwd_file_list(struct passwd_file *file,
		 void (*each)(const char *name, void *arg), void *arg,
		 struct err *err)
{
	struct table *table;
	struct entry *entry, *next;

	if (file->has_vars)
		return err_set(err, ERR_TEMP, "users of %s can't be listed, "
			       "because the path has variables", file->path);
	table = find_table(file->path);
	if (refresh(table, err) < 0)
		return -1;
	HASH_ITER(hh, table->entries, entry, next)
		each(entry->line.user, arg);
	return 0;
}

void
passwd_line_extra(const struct passwd_line *line, struct auth_request *req,
		  bool userdb,
		  void (*add)(struct auth_request *req, const char *name,
			      const char *value, bool replace))
{
	char *rest = pool_strdup(req->pool, line->extra), *word;

	while (rest != NULL && (word = strsep(&rest, " \t")) != NULL) {
		bool prefixed = strncmp(word, "userdb_", 7) == 0;
		char *value;

		if (prefixed != userdb || *word == '\0')
			continue;
		if (prefixed)
			word += 7;
		value = strchr(word, '=');
		if (value != NULL)
			*value++ = '\0';
		if (*word != '\0')
			add(req, word, value, true);
	}
}
