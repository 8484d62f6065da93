/*
 * `$name` in values: what the setting had before, looked for in the block
 * where it stands, then in those around it, then in the defaults. Unlike
 * %variables they are expanded once, when the text is read.
 */
#include <string.h>

#include "conf/conf-private.h"
#include "conf/load.h"
#include "conf/names.h"
#include "conf/settings.h"
#include "core/pool.h"

static const char word_chars[] =
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

/* These follow the system's users and are resolved where they are used. */
static bool
stays(const char *name)
{
	static const char *const names[] = {
		"default_internal_user", "default_internal_group",
		"default_login_user", NULL
	};

	for (int i = 0; names[i] != NULL; i++) {
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}

/* The value at path so far; NULL when there is no such setting. */
static const char *
value_so_far(const struct load *load, const struct load_section *section,
	     const char *path, bool raw)
{
	const struct conf_filter *filter = section->filter;
	const struct conf_entry *entry;
	const struct setting_def *def;
	const char *value;

	for (;; filter = filter->parent) {
		entry = conf_last(load->conf, filter, path);
		if (entry != NULL)
			return raw ? entry->raw : entry->value;
		if (filter == NULL)
			break;
	}
	value = builtin_get(path);
	if (value != NULL)
		return value;
	def = setting_by_path(path);
	return def != NULL && def->name[0] != '\0' ?
		setting_default(def, load->conf->pool) : NULL;
}

bool
expand_names(struct load *load, const struct load_section *section,
	     const char *path, const struct load_line *from,
	     const char *value, struct str *expanded, struct str *raw)
{
	const char *slash = strrchr(path, '/');
	const char *key = slash != NULL ? slash + 1 : path;
	const char *dollar;

	for (; (dollar = strchr(value, '$')) != NULL; ) {
		size_t len = strspn(dollar + 1, word_chars);
		char *name = pool_strndup(load->conf->pool, dollar + 1, len);
		bool itself = strcmp(name, key) == 0;
		const char *now;

		str_append_n(expanded, value, (size_t)(dollar - value));
		str_append_n(raw, value, (size_t)(dollar - value));
		value = dollar + 1 + len;
		if (len == 0 || stays(name)) {
			str_printf(expanded, "$%s", name);
			str_printf(raw, "$%s", name);
			continue;
		}
		now = value_so_far(load, section, itself ? path : name, false);
		if (now == NULL && !itself) {
			load_error(load, from->file, from->line,
				   "unknown variable $%s (put the value in "
				   "single quotes if it isn't one)", name);
			return false;
		}
		str_append(expanded, now != NULL ? now : "");
		if (!itself)
			str_printf(raw, "$%s", name);
		else if (now != NULL)
			str_append(raw, value_so_far(load, section, path,
						     true));
		if (expanded->len + raw->len > LOAD_STATEMENT_MAX) {
			load_error(load, from->file, from->line,
				   "invalid: the value grows beyond %u octets",
				   (unsigned)LOAD_STATEMENT_MAX / 2);
			return false;
		}
	}
	str_append(expanded, value);
	str_append(raw, value);
	return true;
}
