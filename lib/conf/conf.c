/*
 * The store of a configuration: entries, look-up by path and scope, names of
 * sections, overrides; see conf.h. Reading text is load.c.
 */
#include "conf/conf.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/conf-private.h"
#include "conf/names.h"
#include "conf/scope.h"
#include "conf/settings.h"
#include "core/err.h"
#include "core/pool.h"
#include "core/str.h"

enum { VALUE_FILE_MAX = 4 << 20 };	/* for `<path` */

struct conf *
conf_new(const char *file)
{
	struct pool *pool = pool_new();
	struct conf *conf = pool_new_obj(pool, struct conf);

	conf->pool = pool;
	conf->file = pool_strdup(pool, file);
	conf->filters_end = &conf->filters;
	return conf;
}

void
conf_free(struct conf **confp)
{
	struct conf *conf = *confp;
	struct pool *pool;

	if (conf == NULL)
		return;
	*confp = NULL;
	free(conf->entries);
	free(conf->sorted);
	HASH_CLEAR(hh, conf->filters_by_key);
	pool = conf->pool;
	pool_free(&pool);	/* and conf with it */
}

const char *
conf_file(const struct conf *conf)
{
	return conf->file;
}

struct conf_entry *
conf_add(struct conf *conf, const struct conf_filter *filter,
	 const char *path, const char *value, const char *file, unsigned line)
{
	struct conf_entry *entry = pool_new_obj(conf->pool, struct conf_entry);

	entry->path = path;
	entry->value = entry->raw = value;
	entry->filter = filter;
	entry->file = file;
	entry->line = line;
	entry->seq = (unsigned)conf->count;
	if (conf->count == conf->size) {
		conf->size = conf->size > 0 ? conf->size * 2 : 256;
		conf->entries = mem_realloc(conf->entries, conf->size *
					    sizeof(struct conf_entry *));
	}
	conf->entries[conf->count++] = entry;
	return entry;
}

static int
entry_cmp(const void *a, const void *b)
{
	const struct conf_entry *const *ea = a;
	const struct conf_entry *const *eb = b;
	int cmp = strcmp((*ea)->path, (*eb)->path);

	if (cmp != 0)
		return cmp;
	return (*ea)->seq < (*eb)->seq ? -1 : 1;
}

void
conf_sort(struct conf *conf)
{
	size_t size = conf->count * sizeof(struct conf_entry *);

	if (conf->count == 0)
		return;
	conf->sorted = mem_realloc(conf->sorted, size);
	memcpy(conf->sorted, conf->entries, size);
	qsort(conf->sorted, conf->count, sizeof(struct conf_entry *),
	      entry_cmp);
}

const struct conf_entry *
conf_last(const struct conf *conf, const struct conf_filter *filter,
	  const char *path)
{
	for (size_t i = conf->count; i-- > 0;) {
		const struct conf_entry *entry = conf->entries[i];

		if (entry->filter == filter && strcmp(entry->path, path) == 0)
			return entry;
	}
	return NULL;
}

/* The first of the sorted entries that isn't before path. */
static size_t
lower_bound(const struct conf *conf, const char *path)
{
	size_t low = 0, high = conf->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(conf->sorted[mid]->path, path) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool
wins(const struct conf_entry *entry, const struct conf_entry *best)
{
	if (best == NULL || entry->override)
		return true;
	return !best->override &&
		conf_filter_cmp(entry->filter, best->filter) >= 0;
}

const struct conf_entry *
conf_find(const struct conf *conf, const struct scope *scope,
	  const char *path)
{
	const struct conf_entry *best = NULL;

	for (size_t i = lower_bound(conf, path); i < conf->count; i++) {
		const struct conf_entry *entry = conf->sorted[i];

		if (strcmp(entry->path, path) != 0)
			break;
		if (conf_filter_match(entry->filter, scope) &&
		    wins(entry, best))
			best = entry;
	}
	return best;
}

const char *
conf_get(const struct conf *conf, const struct scope *scope, const char *path)
{
	const struct conf_entry *entry = conf_find(conf, scope, path);

	return entry != NULL ? entry->value : builtin_get(path);
}

const char *
conf_where(const struct conf *conf, const struct scope *scope,
	   const char *path, struct pool *pool)
{
	const struct conf_entry *entry = conf_find(conf, scope, path);

	return entry == NULL || entry->line == 0 ? "" :
		pool_printf(pool, "%s line %u: ", entry->file, entry->line);
}

struct name_list {
	struct pool *pool;
	const char **names;
	size_t count, size;
};

static void
name_list_add(struct name_list *list, const char *name, size_t len)
{
	for (size_t i = 0; i < list->count; i++) {
		if (strncmp(list->names[i], name, len) == 0 &&
		    list->names[i][len] == '\0')
			return;
	}
	if (list->count + 1 >= list->size) {
		size_t size = list->size > 0 ? list->size * 2 : 16;
		const char **names = pool_new_array(list->pool, const char *,
						    size);

		if (list->count > 0)
			memcpy(names, list->names,
			       list->count * sizeof(*names));
		list->names = names;
		list->size = size;
	}
	list->names[list->count++] = pool_strndup(list->pool, name, len);
}

/* Add what stands after the first len octets and the '/' of a path. */
static void
name_list_consider(struct name_list *list, const char *path, size_t len)
{
	const char *name = path + len + 1;

	if (path[len + 1] != '\0')	/* else: path is what we are below */
		name_list_add(list, name, strcspn(name, "/"));
}

static bool
is_below(const char *path, const char *below, size_t len)
{
	return strncmp(path, below, len) == 0 && path[len] == '/';
}

const char **
conf_names(const struct conf *conf, const struct scope *scope,
	   const char *path, struct pool *pool)
{
	struct name_list list = { .pool = pool };
	size_t len = strlen(path);

	for (size_t i = 0; i < builtin_count; i++) {
		if (is_below(builtin_entries[i].path, path, len))
			name_list_consider(&list, builtin_entries[i].path, len);
	}
	for (size_t i = 0; i < conf->count; i++) {
		const struct conf_entry *entry = conf->entries[i];

		if (is_below(entry->path, path, len) &&
		    conf_filter_match(entry->filter, scope))
			name_list_consider(&list, entry->path, len);
	}
	return list.names != NULL ? list.names :
		pool_new_array(pool, const char *, 1);
}

/* Is this the mark of a section right below path, outside of any block or in
   no other than a protocol's? */
static bool
is_listed_mark(const struct conf_entry *entry, const char *path)
{
	size_t len = strlen(path);

	if (!is_below(entry->path, path, len) ||
	    strchr(entry->path + len + 1, '/') !=
	    entry->path + strlen(entry->path) - 1)
		return false;
	return entry->filter == NULL ||
		(entry->filter->kind == FILTER_PROTOCOL &&
		 entry->filter->parent == NULL);
}

struct conf_listed *
conf_listed(const struct conf *conf, const char *path, struct pool *pool)
{
	struct conf_listed *list = pool_new_array(pool, struct conf_listed,
						  conf->count + 1);
	size_t count = 0;

	for (int in_block = 1; in_block >= 0; in_block--) {
		for (size_t i = 0; i < conf->count; i++) {
			const struct conf_entry *entry = conf->entries[i];
			const char *name = entry->path + strlen(path) + 1;

			if (!is_listed_mark(entry, path) ||
			    (entry->filter != NULL) != in_block)
				continue;
			list[count++] = (struct conf_listed){
				pool_strndup(pool, name, strcspn(name, "/")),
				in_block ? entry->filter->value : NULL,
			};
		}
	}
	return list;
}

const char *
conf_unescape_name(const char *name, struct pool *pool)
{
	char *copy = pool_strdup(pool, name), *to = copy;

	for (const char *p = name; *p != '\0'; p++) {
		if (*p == '\\' && p[1] != '\0') {
			p++;
			*to++ = *p == 's' ? '/' : *p;
		} else {
			*to++ = *p;
		}
	}
	*to = '\0';
	return copy;
}

const char *
conf_escape_name(const char *name, struct pool *pool)
{
	struct str s = STR_INIT;
	const char *escaped;

	if (strpbrk(name, "/\\") == NULL)
		return pool_strdup(pool, name);
	for (; *name != '\0'; name++) {
		if (*name == '/')
			str_append(&s, "\\s");
		else if (*name == '\\')
			str_append(&s, "\\\\");
		else
			str_append_c(&s, *name);
	}
	escaped = pool_strdup(pool, str_c(&s));
	str_free(&s);
	return escaped;
}

/* A namespace that isn't configured doesn't begin to be one. */
static bool
is_missing_section(const struct conf *conf, const char *path)
{
	static const char kind[] = "namespace/";
	size_t len;

	if (!str_begins(path, kind))
		return false;
	len = strlen(kind) + strcspn(path + strlen(kind), "/") + 1;
	for (size_t i = 0; i < conf->count; i++) {
		if (strncmp(conf->entries[i]->path, path, len) == 0)
			return false;
	}
	return true;
}

int
conf_override(struct conf *conf, const char *name_value, struct err *err)
{
	const char *eq = strchr(name_value, '=');
	const struct setting_def *def;
	struct conf_entry *entry;
	const char *path, *value;

	if (eq == NULL || eq == name_value)
		return err_set(err, ERR_CONFIG, "invalid setting '%s': "
			       "missing %s", name_value,
			       eq == NULL ? "'='" : "name");
	path = pool_strndup(conf->pool, name_value, (size_t)(eq - name_value));
	value = pool_strdup(conf->pool, eq + 1);
	def = setting_by_path(path);
	if (def == NULL || is_missing_section(conf, path)) {
		struct str hint = STR_INIT;

		names_hint(section_kind_find(""), path, &hint);
		(void)err_set(err, ERR_NOTFOUND, "unknown setting '%s'%s",
			      path, str_c(&hint));
		str_free(&hint);
		return -1;
	}
	if (!setting_check(def, value, err))
		return -1;
	entry = conf_add(conf, NULL, path, value, "command line", 1);
	entry->override = true;
	conf_sort(conf);
	return 0;
}

static int
read_whole(int fd, const char *path, struct str *text, struct err *err)
{
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) != 0)
		return err_path(err, "fstat", path);
	if (S_ISDIR(st.st_mode))
		return err_set(err, ERR_CONFIG, "%s is a directory", path);
	while ((n = read(fd, str_reserve(text, 16384), 16384)) > 0) {
		text->len += (size_t)n;
		if (text->len > VALUE_FILE_MAX)
			return err_set(err, ERR_CONFIG, "%s is too large",
				       path);
	}
	return n == 0 ? 0 : err_path(err, "read", path);
}

const char **
conf_value_files(const struct conf *conf, const char *prefix,
		 struct pool *pool)
{
	const char **paths = pool_new_array(pool, const char *,
					    conf->count + 1);
	size_t count = 0;

	for (size_t i = 0; i < conf->count; i++) {
		const char *value = conf->entries[i]->value;

		if (str_begins(conf->entries[i]->path, prefix) &&
		    value[0] == '<')
			paths[count++] = pool_strdup(pool, value + 1 +
				strspn(value + 1, " \t"));
	}
	return paths;
}

const char *
conf_read_value(const char *value, struct pool *pool, struct err *err)
{
	struct str text = STR_INIT;
	const char *result = NULL;
	int fd;

	if (value[0] != '<')
		return value;
	value += 1 + strspn(value + 1, " \t");
	fd = open(value, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0) {
		(void)err_path(err, "open", value);
		return NULL;
	}
	if (read_whole(fd, value, &text, err) == 0)
		result = pool_memdup(pool, str_c(&text), text.len);
	(void)close(fd);	/* nothing was written */
	str_free(&text);
	return result;
}

const char *
conf_read_line(const char *value, struct pool *pool, struct err *err)
{
	const char *text = conf_read_value(value, pool, err);
	size_t len;

	if (text == NULL || text == value)
		return text;
	len = strlen(text);
	while (len > 0 && strchr("\r\n", text[len - 1]) != NULL)
		len--;
	return pool_strndup(pool, text, len);
}
