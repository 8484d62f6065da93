/*
 * The list of recordings; see rawlog-list.h. A line is "user TAB name TAB
 * seconds" or "client TAB address TAB seconds"; others are passed over.
 */
#include "service/rawlog-list.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/err.h"
#include "core/ip.h"
#include "core/num.h"
#include "core/pool.h"
#include "core/str.h"

enum { FILE_MAX = 65536 };

const char *
rawlog_list_path(const char *base_dir, struct pool *pool)
{
	return pool_printf(pool, "%s/rawlog-list", base_dir);
}

const char *
rawlog_list_dir(const char *state_dir, struct pool *pool)
{
	return pool_printf(pool, "%s/rawlog", state_dir);
}

static bool
parse_line(char *line, struct rawlog_entry *entry_r)
{
	const char *kind = strsep(&line, "\t"), *name, *until;
	uint64_t secs;

	name = strsep(&line, "\t");
	until = strsep(&line, "\t");
	if (until == NULL || !num_u64(until, &secs) ||
	    (time_t)secs <= clock_wall().tv_sec)
		return false;
	entry_r->is_user = strcmp(kind, "user") == 0;
	entry_r->name = name;
	entry_r->until = (time_t)secs;
	return entry_r->is_user || strcmp(kind, "client") == 0;
}

static void
parse(char *text, struct pool *pool, struct rawlog_list *list)
{
	size_t lines = 1;
	char *line;

	for (const char *p = text; *p != '\0'; p++)
		lines += *p == '\n';
	list->entries = pool_new_array(pool, struct rawlog_entry, lines);
	list->count = 0;
	while ((line = strsep(&text, "\n")) != NULL) {
		if (parse_line(line, &list->entries[list->count]))
			list->count++;
	}
}

int
rawlog_list_read(const char *path, struct pool *pool,
		 struct rawlog_list *list_r, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char *text;
	ssize_t n;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return err_path(err, "open", path);
	text = pool_alloc(pool, FILE_MAX + 1);
	n = read(fd, text, FILE_MAX);
	(void)close(fd);
	if (n < 0)
		return err_path(err, "read", path);
	text[n] = '\0';
	parse(text, pool, list_r);
	return 1;
}

bool
rawlog_list_has_user(const struct rawlog_list *list, const char *user)
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->entries[i].is_user &&
		    strcmp(list->entries[i].name, user) == 0)
			return true;
	}
	return false;
}

bool
rawlog_list_has_client(const struct rawlog_list *list, const struct ip *ip)
{
	for (size_t i = 0; i < list->count; i++) {
		if (!list->entries[i].is_user && ip_is_set(ip) &&
		    ip_in_list(ip, list->entries[i].name))
			return true;
	}
	return false;
}

static int
write_file(const char *path, const struct str *text, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC |
		      O_NOFOLLOW, 0600);
	ssize_t n;

	if (fd < 0)
		return err_path(err, "open", path);
	n = write(fd, str_c(text), text->len);
	if (close(fd) != 0 || n != (ssize_t)text->len)
		return err_path(err, "write", path);
	return 0;
}

int
rawlog_list_write(const char *path, const struct rawlog_list *list,
		  struct err *err)
{
	struct str text = STR_INIT, temp = STR_INIT;
	int result;

	if (list->count == 0) {
		return unlink(path) == 0 || errno == ENOENT ? 0 :
			err_path(err, "unlink", path);
	}
	for (size_t i = 0; i < list->count; i++) {
		const struct rawlog_entry *entry = &list->entries[i];

		str_printf(&text, "%s\t%s\t%lld\n",
			   entry->is_user ? "user" : "client", entry->name,
			   (long long)entry->until);
	}
	str_printf(&temp, "%s.new", path);
	result = text.len > FILE_MAX ?
		err_set(err, ERR_USAGE, "too many entries") :
		write_file(str_c(&temp), &text, err);
	if (result == 0 && rename(str_c(&temp), path) != 0)
		result = err_path(err, "rename", path);
	str_free(&temp);
	str_free(&text);
	return result;
}
