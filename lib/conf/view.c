/*
 * What a print of the configuration shows, as paths and values; see view.h.
 */
#include "conf/view.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf-private.h"
#include "conf/conf.h"
#include "conf/names.h"
#include "conf/print.h"
#include "conf/settings.h"
#include "core/pool.h"
#include "core/str.h"

const char view_hidden[] = "# hidden, use -P to show it";
const char view_hidden_word[] = "#hidden_use-P_to_show#";

static void
view_add(struct view *view, const char *path, const char *value)
{
	if (view->count == view->size) {
		view->size = view->size * 2 + 128;
		view->items = mem_realloc(view->items, view->size *
					  sizeof(*view->items));
	}
	view->items[view->count++] = (struct view_item){ path, value };
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
	const char *pa = ((const struct view_item *)a)->path;
	const char *pb = ((const struct view_item *)b)->path;
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

void
view_sort(struct view *view)
{
	if (view->count > 0)
		qsort(view->items, view->count, sizeof(*view->items),
		      item_cmp);
}

/* The length of "key=" or the like at p, a word of its own; or of "://" that
   a name and password follow; 0 for what is no secret. */
static size_t
secret_begins(const char *value, const char *p)
{
	static const char *const words[] = { "key", "secret", "pass", NULL };
	size_t len = 0;

	if (str_begins(p, "://"))
		return p[3 + strcspn(p + 3, "@/ \t")] == '@' ? 3 : 0;
	if (p > value && isalnum((unsigned char)p[-1]))
		return 0;
	for (int i = 0; words[i] != NULL; i++) {
		if (!str_begins(p, words[i]))
			continue;
		while (isalnum((unsigned char)p[len]) || p[len] == '_')
			len++;
		return p[len] == '=' ? len + 1 : 0;
	}
	return 0;
}

/* doveconf hides what people paste into mailing lists. */
static const char *
hide_words(const char *value, struct pool *pool)
{
	struct str shown = STR_INIT;
	const char *result;

	for (const char *p = value; *p != '\0';) {
		size_t len = secret_begins(value, p);

		str_append_n(&shown, p, len > 0 ? len : 1);
		if (len == 0) {
			p++;
			continue;
		}
		str_append(&shown, view_hidden_word);
		p += len + strcspn(p + len, *p == ':' ? "@" : " \t");
	}
	result = strcmp(str_c(&shown), value) == 0 ? value :
		pool_strdup(pool, str_c(&shown));
	str_free(&shown);
	return result;
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

void
view_hide_secrets(struct view *view)
{
	for (size_t i = 0; i < view->count && !view->how->secrets; i++) {
		struct view_item *item = &view->items[i];

		if (item->value[0] == '\0')
			continue;
		item->value = setting_is_secret(item->path) ? view_hidden :
			hide_words(item->value, view->pool);
	}
}

static void
view_add_entry(struct view *view, const struct conf_entry *entry)
{
	const char *value = view->how->expand ? entry->value : entry->raw;

	view_add(view, entry->path, shown_value(view, entry->path, value));
}

bool
view_is_default(struct view *view, const struct conf_entry *entry)
{
	const struct setting_def *def;

	/* doveconf shows what stands in sections, but for these two */
	if (strchr(entry->path, '/') != NULL &&
	    !str_begins(entry->path, "passdb/") &&
	    !str_begins(entry->path, "userdb/"))
		return false;
	def = setting_by_path(entry->path);
	return def != NULL &&
		strcmp(shown_value(view, entry->path, entry->value),
		       setting_print(def, setting_default(def, view->pool),
				     view->pool)) == 0;
}

/* A namespace shows where it is, also an empty one. Its section's mark in the
   configuration is "namespace/NAME/". */
static void
complete_namespace(struct view *view, const char *mark)
{
	static const char *const keys[] = { "location", "prefix", NULL };

	if (!str_begins(mark, "namespace/") ||
	    strchr(mark + strlen("namespace/"), '/') != mark + strlen(mark) - 1)
		return;
	for (int i = 0; keys[i] != NULL; i++) {
		const char *path = pool_printf(view->pool, "%s%s", mark,
					       keys[i]);

		if (!view_has(view, path))
			view_add(view, path, "");
	}
}

/* All that stand in exactly this block; NULL: outside of any. */
static void
complete_namespaces(struct view *view, const struct conf_filter *filter)
{
	for (size_t i = 0; i < view->conf->count; i++) {
		const struct conf_entry *entry = view->conf->sorted[i];

		if (entry->filter == filter && str_ends(entry->path, "/"))
			complete_namespace(view, entry->path);
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
		    !view_is_default(view, entry))
			view_add_entry(view, entry);
	}
	complete_namespaces(view, NULL);
	for (const struct conf_filter *f = conf->filters; f != NULL;
	     f = f->next) {
		if (conf_filter_match(f, &view->how->scope))
			complete_namespaces(view, f);
	}
}

void
view_add_setting(struct view *view, const char *path,
	       const struct setting_def *def)
{
	const struct conf_entry *entry =
		view->how->what == CONF_PRINT_DEFAULTS ? NULL :
		conf_find(view->conf, &view->how->scope, path);
	const char *value;

	if (entry != NULL) {
		view_add_entry(view, entry);
		return;
	}
	value = builtin_get(path);
	if (value == NULL)
		value = setting_default(def, view->pool);
	view_add(view, path, shown_value(view, path, value));
}

/* Does doveconf leave it out of a section? What stands behind the section's
   word, and an alias_for that isn't set. */
static bool
is_silent(const struct view *view, const struct section_kind *kind,
	  const struct setting_def *def, const char *path)
{
	if (strcmp(def->name, "alias_for") == 0 &&
	    conf_find(view->conf, &view->how->scope, path) == NULL)
		return true;
	return kind->shape != SHAPE_LISTED &&
		(strcmp(def->name, "name") == 0 ||
		 strcmp(def->name, "path") == 0);
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

		if (slash[0] != '\0' ? !is_silent(view, kind, def, at) :
		    iter.ours ||
		    conf_find(view->conf, &view->how->scope, at) != NULL)
			view_add_setting(view, at, def);
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
				view_add_setting(view, below,
					       setting_by_path(below));
			else
				gather_section(view, child, below);
		}
	}
}

void
view_keep_below(struct view *view, const char *path)
{
	size_t len = strlen(path), kept = 0;

	for (size_t i = 0; i < view->count; i++) {
		if (strncmp(view->items[i].path, path, len) == 0 &&
		    view->items[i].path[len] == '/')
			view->items[kept++] = view->items[i];
	}
	view->count = kept;
}

void
view_gather(struct view *view)
{
	if (view->how->what == CONF_PRINT_CHANGED ||
	    view->how->what == CONF_PRINT_SET)
		gather_set(view);
	else
		gather_section(view, section_kind_find(""), "");
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

void
view_gather_filter(struct view *view, const struct conf_filter *filter)
{
	view->count = 0;
	for (size_t i = 0; i < view->conf->count; i++) {
		const struct conf_entry *entry = view->conf->sorted[i];

		if (entry->filter == filter && !str_ends(entry->path, "/") &&
		    !is_replaced(view->conf, i))
			view_add_entry(view, entry);
	}
	complete_namespaces(view, filter);
}

/* Does the master run such a service, or a script that it names? */
static bool
is_our_service(const struct conf *conf, const char *path)
{
	static const char *const names[] = {
		"auth", "lmtp", "log", "quota-status", "stats", NULL
	};
	size_t len = strcspn(path, "/");
	const char *program;
	char word[64];

	for (int i = 0; names[i] != NULL; i++) {
		if (strlen(names[i]) == len &&
		    strncmp(names[i], path, len) == 0)
			return true;
	}
	(void)snprintf(word, sizeof(word), "service/%.*s/executable",
		       (int)len, path);
	program = conf_get(conf, &scope_global, word);
	return program != NULL && (str_begins(program, "script ") ||
				   strstr(program, "/script ") != NULL);
}

/* Plugins' keys begin with the name of the plugin. */
static bool
is_our_plugin_key(const char *key)
{
	size_t len = 0;

	while (islower((unsigned char)key[len]))
		len++;
	return names_mail_plugin(key, len);
}

bool
view_is_unused(const struct conf *conf, const struct conf_entry *entry)
{
	const char *path = entry->path;

	for (const struct conf_filter *f = entry->filter; f != NULL;
	     f = f->parent) {
		if (f->kind == FILTER_PROTOCOL && f->value[0] != '!' &&
		    strcmp(f->value, "lmtp") != 0 &&
		    strcmp(f->value, "lda") != 0)
			return true;
	}
	if (str_begins(path, "service/"))
		return !is_our_service(conf, path + strlen("service/"));
	if (str_begins(path, "plugin/"))
		return !is_our_plugin_key(path + strlen("plugin/"));
	/* `auto` can't be a field of a struct, so no table has it */
	if (str_begins(path, "namespace/") && str_ends(path, "/auto"))
		return false;
	return !setting_is_ours(path);
}
