/*
 * Printing a configuration; see print.h. What is to be printed is gathered
 * as a list of paths and values (a view), sorted, and written as nested
 * sections. Blocks that filter come behind the rest, each with what is set
 * inside of it.
 */
#include "conf/print.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "config.h"
#include "conf/conf-private.h"
#include "conf/conf.h"
#include "conf/names.h"
#include "conf/settings.h"
#include "core/err.h"
#include "core/pool.h"
#include "core/str.h"

enum { EXIT_CONFIG = 89, LEVELS_MAX = 8, WORD_MAX = 64 };

static const char hidden[] = "# hidden, use -P to show it";
static const char hidden_word[] = "#hidden_use-P_to_show#";

struct item {
	const char *path;	/* ends in '/': only that there is one */
	const char *value;
};

struct view {
	const struct conf *conf;
	const struct conf_print *how;
	struct pool *pool;
	struct item *items;
	size_t count, size;
	struct err *err;
	bool failed;
};

static void
view_add(struct view *view, const char *path, const char *value)
{
	if (view->count == view->size) {
		view->size = view->size * 2 + 128;
		view->items = mem_realloc(view->items, view->size *
					  sizeof(*view->items));
	}
	view->items[view->count++] = (struct item){ path, value };
}

static bool
view_has(const struct view *view, const char *path)
{
	for (size_t i = 0; i < view->count; i++) {
		if (strcmp(view->items[i].path, path) == 0)
			return true;
	}
	return false;
}

/* Are both at the start of a word of digits, and which number is larger? */
static int
number_cmp(const char *a, const char *b)
{
	size_t la = strspn(a, "0123456789"), lb = strspn(b, "0123456789");

	if (la == 0 || lb == 0 || a[la] != '/' || b[lb] != '/')
		return 0;
	if (la != lb)
		return la < lb ? -1 : 1;
	return memcmp(a, b, la);
}

/* doveconf sorts a blank in a name behind '/' and most else. */
static int
sort_value(char c)
{
	return c == ' ' ? '\\' : (int)(unsigned char)c;
}

/* By path; unnamed sections by their numbers. */
static int
item_cmp(const void *a, const void *b)
{
	const char *pa = ((const struct item *)a)->path;
	const char *pb = ((const struct item *)b)->path;
	bool word = true;

	for (; *pa != '\0' && (*pa == *pb || word); pa++, pb++) {
		int cmp = word ? number_cmp(pa, pb) : 0;

		if (cmp != 0)
			return cmp;
		if (*pa != *pb)
			break;
		word = *pa == '/';
	}
	return sort_value(*pa) - sort_value(*pb);
}

static bool
must_quote(const char *text, bool title)
{
	size_t len = strlen(text);

	if (len == 0)
		return false;
	if (strchr(" \t", text[0]) != NULL ||
	    strchr(" \t", text[len - 1]) != NULL ||
	    strchr(text, '#') != NULL)
		return true;
	return title && strpbrk(text, " \t\"'{") != NULL;
}

/* As it may stand in a configuration file. */
static void
print_text(const char *text, bool title, FILE *out)
{
	if (text == hidden || strstr(text, hidden_word) != NULL ||
	    !must_quote(text, title)) {
		(void)fputs(text, out);
		return;
	}
	(void)putc('"', out);
	for (; *text != '\0'; text++) {
		if (strchr("\"'\\", *text) != NULL)
			(void)putc('\\', out);
		(void)putc(*text, out);
	}
	(void)putc('"', out);
}

static void
print_setting(const char *key, const char *value, unsigned depth, FILE *out)
{
	(void)fprintf(out, "%*s%s = ", (int)depth * 2, "", key);
	print_text(value, false, out);
	(void)putc('\n', out);
}

static const char *
unescape_name(const char *name, size_t len, struct pool *pool)
{
	char *copy = pool_strndup(pool, name, len), *to = copy;

	for (const char *p = copy; *p != '\0'; p++) {
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

/* Where in a path the sections end: one end for each section ("service/lmtp",
   "service/lmtp/unix_listener/x"). */
struct levels {
	size_t ends[LEVELS_MAX];
	unsigned count;
};

static void
find_levels(const char *path, struct levels *levels)
{
	const struct section_kind *kind = section_kind_find("");
	const char *p = path;

	levels->count = 0;
	while (levels->count < LEVELS_MAX) {
		size_t len = strcspn(p, "/");
		char word[WORD_MAX];

		if (p[len] == '\0' || len >= sizeof(word))
			return;
		memcpy(word, p, len);
		word[len] = '\0';
		kind = section_kind_child(kind, word);
		if (kind == NULL)
			return;
		p += len;
		if (kind->shape != SHAPE_FREE)
			p += 1 + strcspn(p + 1, "/");
		levels->ends[levels->count++] = (size_t)(p - path);
		if (*p == '\0')
			return;
		p++;
	}
}

static bool
all_digits(const char *text)
{
	return *text != '\0' && text[strspn(text, "0123456789")] == '\0';
}

static void
print_opening(const char *path, size_t from, size_t end, unsigned depth,
	      FILE *out, struct pool *pool)
{
	size_t word = strcspn(path + from, "/");
	const char *title = "";

	if (from + word < end)
		title = unescape_name(path + from + word + 1,
				      end - from - word - 1, pool);
	(void)fprintf(out, "%*s%.*s ", (int)depth * 2, "", (int)word,
		      path + from);
	if (*title != '\0' && !all_digits(title)) {
		print_text(title, true, out);
		(void)putc(' ', out);
	}
	(void)fputs("{\n", out);
}

static void
close_down_to(unsigned *open, unsigned level, unsigned depth, FILE *out)
{
	while (*open > level)
		(void)fprintf(out, "%*s}\n", (int)(depth + --*open) * 2, "");
}

/* How many sections do the two paths share? */
static unsigned
shared_levels(const char *a, const struct levels *la, const char *b,
	      const struct levels *lb)
{
	unsigned n = 0;

	while (n < la->count && n < lb->count && la->ends[n] == lb->ends[n] &&
	       memcmp(a, b, la->ends[n]) == 0)
		n++;
	return n;
}

static void
print_items(struct view *view, unsigned depth, FILE *out)
{
	struct levels before = { .count = 0 }, now;
	const char *path_before = "";
	unsigned open = 0;

	if (view->count > 0)
		qsort(view->items, view->count, sizeof(*view->items),
		      item_cmp);
	for (size_t i = 0; i < view->count; i++) {
		const char *path = view->items[i].path;
		size_t start;

		find_levels(path, &now);
		close_down_to(&open, shared_levels(path_before, &before, path,
						   &now), depth, out);
		for (; open < now.count; open++) {
			start = open > 0 ? now.ends[open - 1] + 1 : 0;
			print_opening(path, start, now.ends[open],
				      depth + open, out, view->pool);
		}
		start = open > 0 ? now.ends[open - 1] + 1 : 0;
		if (path[start] != '\0')
			print_setting(path + start, view->items[i].value,
				      depth + open, out);
		before = now;
		path_before = path;
	}
	close_down_to(&open, 0, depth, out);
}

/* doveconf hides what people paste into mailing lists. */
static const char *
hide_words(const char *value, struct pool *pool)
{
	static const char *const words[] = { "password=", "pass=", NULL };

	for (int i = 0; words[i] != NULL; i++) {
		const char *found = strstr(value, words[i]);
		const char *rest;

		if (found == NULL)
			continue;
		found += strlen(words[i]);
		rest = found + strcspn(found, " \t");
		return pool_printf(pool, "%.*s%s%s", (int)(found - value),
				   value, hidden_word, rest);
	}
	return value;
}

static const char *
shown_value(struct view *view, const char *path, const char *value)
{
	const struct setting_def *def = setting_by_path(path);

	if (view->how->expand) {
		value = conf_read_value(value, view->pool, view->err);
		if (value == NULL) {
			view->failed = true;
			return "";
		}
	}
	return def == NULL || value[0] == '<' ? value :
		setting_print(def, value, view->pool);
}

static void
hide_secrets(struct view *view)
{
	for (size_t i = 0; i < view->count && !view->how->secrets; i++) {
		struct item *item = &view->items[i];

		if (item->value[0] == '\0')
			continue;
		item->value = setting_is_secret(item->path) ? hidden :
			hide_words(item->value, view->pool);
	}
}

static void
add_entry(struct view *view, const struct conf_entry *entry)
{
	const char *value = view->how->expand ? entry->value : entry->raw;

	view_add(view, entry->path, shown_value(view, entry->path, value));
}

/* Is the value what the setting has anyway? Only outside of sections: what
   stands inside of one is part of it. */
static bool
is_default(struct view *view, const struct conf_entry *entry)
{
	const struct setting_def *def;

	if (strchr(entry->path, '/') != NULL)
		return false;
	def = setting_by_path(entry->path);
	return def != NULL &&
		strcmp(shown_value(view, entry->path, entry->value),
		       setting_print(def, setting_default(def, view->pool),
				     view->pool)) == 0;
}

/* A namespace always shows where it is. */
static void
complete_namespaces(struct view *view)
{
	static const char *const keys[] = { "location", "prefix", NULL };
	const char **names = conf_names(view->conf, &view->how->scope,
					"namespace", view->pool);

	for (; *names != NULL; names++) {
		for (int i = 0; keys[i] != NULL; i++) {
			const char *path = pool_printf(view->pool,
						       "namespace/%s/%s",
						       *names, keys[i]);

			if (!view_has(view, path))
				view_add(view, path, "");
		}
	}
}

/* What stands in the files and counts in this scope. */
static void
gather_set(struct view *view)
{
	const struct conf *conf = view->conf;

	for (size_t i = 0; i < conf->count; i++) {
		const struct conf_entry *entry = conf->sorted[i];

		if (str_ends(entry->path, "/") ||
		    conf_find(conf, &view->how->scope, entry->path) != entry)
			continue;
		if (view->how->what != CONF_PRINT_CHANGED ||
		    !is_default(view, entry))
			add_entry(view, entry);
	}
	complete_namespaces(view);
}

static void
gather_setting(struct view *view, const char *path,
	       const struct setting_def *def)
{
	const struct conf_entry *entry =
		view->how->what == CONF_PRINT_DEFAULTS ? NULL :
		conf_find(view->conf, &view->how->scope, path);
	const char *value;

	if (entry != NULL) {
		add_entry(view, entry);
		return;
	}
	value = builtin_get(path);
	if (value == NULL)
		value = setting_default(def, view->pool);
	view_add(view, path, shown_value(view, path, value));
}

/* What stands behind the section's word anyway. */
static bool
is_title(const char *key)
{
	return strcmp(key, "name") == 0 || strcmp(key, "path") == 0;
}

/* All settings of the section at path ("" for the file), and below it. */
static void
gather_section(struct view *view, const struct section_kind *kind,
	       const char *path)
{
	const char *slash = path[0] != '\0' ? "/" : "";
	const struct section_kind *child;
	struct setting_iter iter = { .kind = kind };
	const struct setting_def *def;

	while ((def = setting_iter_next(&iter)) != NULL) {
		const char *at = pool_printf(view->pool, "%s%s%s", path, slash,
					     def->name);

		if (slash[0] != '\0' ? !is_title(def->name) : iter.ours ||
		    conf_find(view->conf, &view->how->scope, at) != NULL)
			gather_setting(view, at, def);
	}
	for (size_t n = 0; (child = section_kind_at(kind, n)) != NULL; n++) {
		const char *at = pool_printf(view->pool, "%s%s%s", path, slash,
					     section_kind_name(child));
		const char **names = conf_names(view->conf, &view->how->scope,
						at, view->pool);

		for (; *names != NULL; names++) {
			const char *below = pool_printf(view->pool, "%s/%s",
							at, *names);

			if (child->shape == SHAPE_FREE)
				gather_setting(view, below,
					       setting_by_path(below));
			else
				gather_section(view, child, below);
		}
	}
}

/* Remove what isn't below the path, so that one section is left. */
static void
keep_below(struct view *view, const char *path)
{
	size_t len = strlen(path), kept = 0;

	for (size_t i = 0; i < view->count; i++) {
		if (strncmp(view->items[i].path, path, len) == 0 &&
		    view->items[i].path[len] == '/')
			view->items[kept++] = view->items[i];
	}
	view->count = kept;
}

static void
gather(struct view *view)
{
	if (view->how->what == CONF_PRINT_CHANGED ||
	    view->how->what == CONF_PRINT_SET)
		gather_set(view);
	else
		gather_section(view, section_kind_find(""), "");
}

static void
print_filter_opening(const struct conf_filter *filter, unsigned *depth,
		     FILE *out)
{
	if (filter->parent != NULL)
		print_filter_opening(filter->parent, depth, out);
	(void)fprintf(out, "%*s%s ", (int)(*depth)++ * 2, "",
		      conf_filter_word(filter->kind));
	print_text(filter->value, true, out);
	(void)fputs(" {\n", out);
}

/* Is a later value for the same path and filter there? Equal paths lie side
   by side. */
static bool
is_replaced(const struct conf *conf, size_t at)
{
	const struct conf_entry *entry = conf->sorted[at];

	while (++at < conf->count &&
	       strcmp(conf->sorted[at]->path, entry->path) == 0) {
		if (conf->sorted[at]->filter == entry->filter)
			return true;
	}
	return false;
}

/* One block that filters, with what is set in exactly this one. */
static void
print_filter(struct view *view, const struct conf_filter *filter, FILE *out)
{
	unsigned depth = 0;

	view->count = 0;
	for (size_t i = 0; i < view->conf->count; i++) {
		const struct conf_entry *entry = view->conf->sorted[i];

		if (entry->filter == filter && !str_ends(entry->path, "/") &&
		    !is_replaced(view->conf, i))
			add_entry(view, entry);
	}
	if (view->count == 0)
		return;
	hide_secrets(view);
	print_filter_opening(filter, &depth, out);
	print_items(view, depth, out);
	while (depth > 0)
		(void)fprintf(out, "%*s}\n", (int)--depth * 2, "");
}

/* All blocks, the less specific ones first. */
static void
print_filters(struct view *view, FILE *out)
{
	const struct conf_filter **sorted;
	size_t count = 0;

	for (const struct conf_filter *f = view->conf->filters; f != NULL;
	     f = f->next)
		count++;
	sorted = pool_new_array(view->pool, const struct conf_filter *,
				count + 1);
	count = 0;
	for (const struct conf_filter *f = view->conf->filters; f != NULL;
	     f = f->next) {
		size_t at = count++;

		for (; at > 0 && conf_filter_cmp(sorted[at - 1], f) > 0; at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = f;
	}
	for (size_t i = 0; i < count; i++)
		print_filter(view, sorted[i], out);
}

static void
system_name(struct pool *pool, const char **name_r)
{
	FILE *file = fopen("/etc/os-release", "re");
	char line[256];

	*name_r = "";
	if (file == NULL)
		return;
	while (fgets(line, sizeof(line), file) != NULL) {
		if (!str_begins(line, "PRETTY_NAME=\""))
			continue;
		*name_r = pool_strndup(pool, line + 13,
				       strcspn(line + 13, "\""));
	}
	(void)fclose(file);	/* it was only read */
}

static void
print_heading(struct view *view, FILE *out)
{
	const char *system;
	struct utsname uts;

	(void)fprintf(out, "# %s: %s\n", PACKAGE_VERSION, view->conf->file);
	system_name(view->pool, &system);
	if (uname(&uts) == 0)
		(void)fprintf(out, "# OS: %s %s %s %s\n# Hostname: %s\n",
			      uts.sysname, uts.release, uts.machine, system,
			      uts.nodename);
}

static void
print_whole(struct view *view, FILE *out)
{
	print_heading(view, out);
	gather(view);
	hide_secrets(view);
	print_items(view, 0, out);
	if (!view->how->scoped && view->how->what != CONF_PRINT_DEFAULTS)
		print_filters(view, out);
}

/* One setting. What isn't set prints nothing where only that is asked for,
   and neither does a free key that isn't there. */
static void
print_leaf(struct view *view, const char *name,
	   const struct setting_def *def, FILE *out)
{
	const struct conf_entry *entry =
		conf_find(view->conf, &view->how->scope, name);
	bool only_set = view->how->what == CONF_PRINT_CHANGED ||
		view->how->what == CONF_PRINT_SET || def->name[0] == '\0';

	if (entry == NULL && only_set)
		return;
	if (view->how->what == CONF_PRINT_CHANGED && is_default(view, entry))
		return;
	gather_setting(view, name, def);
	if (!view->how->values_only)
		(void)fprintf(out, "%s = ", name);
	print_text(view->items[0].value, false, out);
	(void)putc('\n', out);
}

static void
tell_unknown(const char *name)
{
	struct str hint = STR_INIT;

	names_hint(section_kind_find(""), name, &hint);
	(void)fprintf(stderr, "unknown setting '%s'%s\n", name, str_c(&hint));
	str_free(&hint);
}

static void
print_named(struct view *view, const char *name, FILE *out)
{
	const struct setting_def *def = setting_by_path(name);
	char word[WORD_MAX];

	view->count = 0;
	if (def != NULL) {
		print_leaf(view, name, def, out);
		return;
	}
	gather(view);
	keep_below(view, name);
	hide_secrets(view);
	print_items(view, 0, out);
	(void)snprintf(word, sizeof(word), "%.*s", (int)strcspn(name, "/"),
		       name);
	if (view->count == 0 && section_kind_find(word) == NULL)
		tell_unknown(name);
}

/* Settings of Dovecot's that no module of Loft reads, blocks for protocols
   that Loft doesn't speak, and services it doesn't run. */
static bool
is_unused(const struct conf *conf, const struct conf_entry *entry)
{
	const char *path = entry->path;
	char word[WORD_MAX];

	for (const struct conf_filter *f = entry->filter; f != NULL;
	     f = f->parent) {
		if (f->kind == FILTER_PROTOCOL && f->value[0] != '!' &&
		    strcmp(f->value, "lmtp") != 0 &&
		    strcmp(f->value, "lda") != 0)
			return true;
	}
	if (str_begins(path, "service/")) {
		size_t len = 8 + strcspn(path + 8, "/");
		const char *program;

		(void)snprintf(word, sizeof(word), "%.*s/executable",
			       (int)len, path);
		program = conf_get(conf, &scope_global, word);
		return program == NULL ||
			(builtin_get(word) == NULL &&
			 strncmp(program, "script", 6) != 0);
	}
	return !setting_is_ours(path);
}

static void
print_unused(const struct view *view, FILE *out)
{
	for (size_t i = 0; i < view->conf->count; i++) {
		const struct conf_entry *entry = view->conf->entries[i];

		if (!str_ends(entry->path, "/") &&
		    is_unused(view->conf, entry))
			(void)fprintf(out, "%s line %u: %s\n", entry->file,
				      entry->line, entry->path);
	}
}

int
conf_print(const struct conf *conf, const struct conf_print *how, FILE *out,
	   struct err *err)
{
	struct view view = {
		.conf = conf, .how = how, .pool = pool_new(), .err = err,
	};

	if (how->what == CONF_PRINT_UNUSED) {
		print_unused(&view, out);
	} else if (how->names == NULL || how->names[0] == NULL) {
		print_whole(&view, out);
	} else {
		for (size_t i = 0; how->names[i] != NULL; i++)
			print_named(&view, how->names[i], out);
	}
	free(view.items);
	pool_free(&view.pool);
	return view.failed ? -1 : 0;
}

/* Say "Error: " in front of each line, as a program's log would. */
static void
tell_lines(const char *lines, const char *level)
{
	while (*lines != '\0') {
		size_t len = strcspn(lines, "\n");

		(void)fprintf(stderr, "%s%.*s\n", level, (int)len, lines);
		lines += len + (lines[len] == '\n');
	}
}

int
conf_print_main(const char *file, const struct conf_print *how)
{
	struct str errors = STR_INIT, warnings = STR_INIT;
	struct conf *conf;
	struct err err;
	int status = EXIT_CONFIG;

	if (conf_load(file, &conf, &errors, &warnings) == 0) {
		status = 0;
		if (conf_print(conf, how, stdout, &err) < 0) {
			(void)fprintf(stderr, "%s\n", err.text);
			status = EXIT_CONFIG;
		}
		conf_free(&conf);
	}
	tell_lines(str_c(&warnings), "Warning: ");
	tell_lines(str_c(&errors), "");
	str_free(&errors);
	str_free(&warnings);
	return fflush(stdout) == 0 ? status : EXIT_FAILURE;
}
