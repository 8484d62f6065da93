/*
 * Printing a configuration; see print.h. What is to be printed is gathered
 * as a list of paths and values (view.c) and written as nested sections here.
 * Blocks that filter come behind the rest, each with what is set inside of it.
 */
#include "conf/print.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sysexits.h>

#include "config.h"
#include "conf/conf-private.h"
#include "conf/conf.h"
#include "conf/names.h"
#include "conf/settings.h"
#include "conf/view.h"
#include "core/err.h"
#include "core/pool.h"
#include "core/str.h"

enum { EXIT_CONFIG = 89, LEVELS_MAX = 8, WORD_MAX = 64 };

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
	if (text == view_hidden || strstr(text, view_hidden_word) != NULL ||
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
		title = conf_unescape_name(
			pool_strndup(pool, path + from + word + 1,
				     end - from - word - 1), pool);
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

	view_sort(view);
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

/* One block that filters, with what is set in exactly this one. */
static void
print_filter(struct view *view, const struct conf_filter *filter, FILE *out)
{
	unsigned depth = 0;

	if (!conf_filter_may_match(filter, &view->how->scope))
		return;
	view_gather_filter(view, filter);
	if (view->count == 0)
		return;
	view_hide_secrets(view);
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
	view_gather(view);
	view_hide_secrets(view);
	print_items(view, 0, out);
	if (view->how->what != CONF_PRINT_DEFAULTS)
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
	if (view->how->what == CONF_PRINT_CHANGED && view_is_default(view, entry))
		return;
	view_add_setting(view, name, def);
	if (!view->how->values_only)
		(void)fprintf(out, "%s = ", name);
	(void)fprintf(out, "%s\n", view->items[0].value);
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
	view_gather(view);
	view_keep_below(view, name);
	view_hide_secrets(view);
	print_items(view, 0, out);
	(void)snprintf(word, sizeof(word), "%.*s", (int)strcspn(name, "/"),
		       name);
	if (view->count == 0 && section_kind_find(word) == NULL) {
		tell_unknown(name);
		view->unknown = true;
	}
}

static void
print_unused(const struct view *view, FILE *out)
{
	for (size_t i = 0; i < view->conf->count; i++) {
		const struct conf_entry *entry = view->conf->entries[i];

		if (!str_ends(entry->path, "/") &&
		    view_is_unused(view->conf, entry))
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
	return view.failed ? -1 : view.unknown;
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
		int printed = conf_print(conf, how, stdout, &err);

		if (printed < 0)
			(void)fprintf(stderr, "%s\n", err.text);
		status = printed < 0 ? EXIT_CONFIG : printed > 0 ? EX_USAGE : 0;
		conf_free(&conf);
	}
	tell_lines(str_c(&warnings), "Warning: ");
	tell_lines(str_c(&errors), "");
	str_free(&errors);
	str_free(&warnings);
	return fflush(stdout) == 0 ? status : EXIT_FAILURE;
}
