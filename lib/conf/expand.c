/*
 * `$name` in values: what the setting had before, looked for in the block
 * where it stands, then in those around it, then in the defaults;
 * `$ENV:NAME` is the environment's. Unlike %variables they are expanded once,
 * when the text is read. As in Dovecot a name is a whole word: `a$b` has
 * none, and only a blank ends it.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf-private.h"
#include "conf/load.h"
#include "conf/names.h"
#include "conf/settings.h"
#include "core/pool.h"

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

/* The next word that is a name; NULL for none. `$` alone and the like are
   what they are. */
static const char *
next_name(const char *from, const char *value)
{
	const char *p = from;

	for (; (p = strchr(p, '$')) != NULL; p++) {
		if ((p == value || p[-1] == ' ') &&
		    (isalnum((unsigned char)p[1]) || p[1] == '_'))
			return p;
	}
	return NULL;
}

/* In a value with a `$` several blanks are one. */
static const char *
squeeze(const char *value, struct pool *pool)
{
	char *copy = pool_strdup(pool, value), *to = copy;

	for (const char *p = value; *p != '\0'; p++) {
		if (p[0] != ' ' || p[1] != ' ')
			*to++ = *p;
	}
	*to = '\0';
	return copy;
}

static bool
expand_one(struct load *load, const struct load_section *section,
	   const char *path, const struct load_line *from, const char *name,
	   struct str *expanded, struct str *raw)
{
	const char *slash = strrchr(path, '/'), *now;
	bool itself = strcmp(name, slash != NULL ? slash + 1 : path) == 0;

	if (strncmp(name, "ENV:", 4) == 0)
		now = getenv(name + 4) != NULL ? getenv(name + 4) : "";
	else if (stays(name))
		now = pool_printf(load->conf->pool, "$%s", name);
	else
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
		str_append(raw, value_so_far(load, section, path, true));
	return true;
}

bool
expand_names(struct load *load, const struct load_section *section,
	     const char *path, const struct load_line *from,
	     const char *value, struct str *expanded, struct str *raw)
{
	const char *at = value = squeeze(value, load->conf->pool), *dollar;

	for (; (dollar = next_name(at, value)) != NULL; ) {
		size_t len = strcspn(dollar + 1, " ");
		const char *name = pool_strndup(load->conf->pool, dollar + 1,
						len);

		str_append_n(expanded, at, (size_t)(dollar - at));
		str_append_n(raw, at, (size_t)(dollar - at));
		at = dollar + 1 + len;
		if (!expand_one(load, section, path, from, name, expanded,
				raw))
			return false;
		if (expanded->len + raw->len > LOAD_STATEMENT_MAX) {
			load_error(load, from->file, from->line,
				   "invalid: the value grows beyond %u octets",
				   (unsigned)LOAD_STATEMENT_MAX / 2);
			return false;
		}
	}
	str_append(expanded, at);
	str_append(raw, at);
	return true;
}
