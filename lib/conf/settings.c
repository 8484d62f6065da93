/*
 * Settings tables at work: values by type, and the struct of a module filled
 * from defaults, configuration and overrides; see settings.h.
 */
#include "conf/settings.h"

#include <string.h>
#include <strings.h>

#include "conf/conf.h"
#include "conf/conf-private.h"
#include "core/err.h"
#include "core/num.h"
#include "core/pool.h"
#include "core/str.h"

struct unit {
	const char *name;	/* any prefix of it will do */
	uint64_t factor;
};

bool
setting_parse_bool(const char *value, bool *b_r)
{
	static const char *const yes[] = { "yes", "y", "1", NULL };
	static const char *const no[] = { "no", "n", "0", NULL };

	for (int i = 0; yes[i] != NULL; i++) {
		if (strcasecmp(value, yes[i]) == 0 ||
		    strcasecmp(value, no[i]) == 0) {
			*b_r = strcasecmp(value, yes[i]) == 0;
			return true;
		}
	}
	return false;
}

/* "12 unit", "12unit" or a bare number, which counts `bare` each. */
static bool
parse_with_unit(const char *value, const struct unit *units, uint64_t bare,
		uint64_t *n_r)
{
	size_t digits = strspn(value, "0123456789");
	const char *name = value + digits;
	uint64_t n, factor = bare;

	if (!num_u64_n(value, digits, &n))
		return false;
	name += strspn(name, " \t");
	if (*name != '\0') {
		while (units->name != NULL &&
		       strncasecmp(units->name, name, strlen(name)) != 0)
			units++;
		if (units->name == NULL)
			return false;
		factor = units->factor;
	}
	if (__builtin_mul_overflow(n, factor, &n))
		return false;
	*n_r = n;
	return true;
}

static bool
parse_ms(const char *value, uint64_t *ms_r)
{
	/* "m" and "mi" are minutes: the order decides */
	static const struct unit units[] = {
		{ "secs", 1000 }, { "seconds", 1000 },
		{ "mins", 60000 }, { "minutes", 60000 },
		{ "msecs", 1 }, { "millisecs", 1 }, { "milliseconds", 1 },
		{ "hours", 3600000 }, { "days", 86400000 },
		{ "weeks", 604800000 }, { NULL, 0 }
	};

	return parse_with_unit(value, units, 1000, ms_r);
}

bool
setting_parse_time(const char *value, unsigned *secs_r)
{
	uint64_t ms;

	if (!parse_ms(value, &ms) || ms % 1000 != 0 ||
	    ms / 1000 > UINT32_MAX)
		return false;
	*secs_r = (unsigned)(ms / 1000);
	return true;
}

bool
setting_parse_time_ms(const char *value, unsigned *msecs_r)
{
	uint64_t ms;

	if (!parse_ms(value, &ms) || ms > UINT32_MAX)
		return false;
	*msecs_r = (unsigned)ms;
	return true;
}

bool
setting_parse_size(const char *value, uint64_t *octets_r)
{
	static const struct unit units[] = {
		{ "b", 1 },
		{ "kb", 1ull << 10 }, { "kib", 1ull << 10 },
		{ "mb", 1ull << 20 }, { "mib", 1ull << 20 },
		{ "gb", 1ull << 30 }, { "gib", 1ull << 30 },
		{ "tb", 1ull << 40 }, { "tib", 1ull << 40 }, { NULL, 0 }
	};

	return parse_with_unit(value, units, 1, octets_r);
}

bool
setting_parse_mode(const char *value, unsigned *mode_r)
{
	uint32_t mode;

	if (!num_octal(value, &mode) || mode > 07777)
		return false;
	*mode_r = mode;
	return true;
}

static bool
parse_port(const char *value, unsigned *port_r)
{
	uint32_t port;

	if (!num_u32(value, &port) || port > 65535)
		return false;
	*port_r = port;
	return true;
}

/* Is value one of the words of "first:second:third"? */
static bool
in_enum(const char *choices, const char *value)
{
	size_t len = strlen(value);

	for (const char *p = choices;; p++) {
		size_t word = strcspn(p, ":");

		if (word == len && memcmp(p, value, len) == 0)
			return true;
		p += word;
		if (*p == '\0')
			return false;
	}
}

/* Store the value in the field; false when it is none of the type. A field
   of NULL only checks. */
static bool
setting_store(const struct setting_def *def, const char *value, void *field)
{
	union {
		bool b;
		uint32_t u;
		uint64_t size;
		const char *s;
	} v;
	size_t size = sizeof(v.u);
	bool ok = true;

	switch (def->type) {
	case SETTING_BOOL:
		size = sizeof(v.b);
		ok = setting_parse_bool(value, &v.b);
		break;
	case SETTING_UINT:
		ok = num_u32(value, &v.u);
		break;
	case SETTING_MODE:
		ok = setting_parse_mode(value, &v.u);
		break;
	case SETTING_PORT:
		ok = parse_port(value, &v.u);
		break;
	case SETTING_TIME:
		ok = setting_parse_time(value, &v.u);
		break;
	case SETTING_TIME_MS:
		ok = setting_parse_time_ms(value, &v.u);
		break;
	case SETTING_SIZE:
		size = sizeof(v.size);
		ok = setting_parse_size(value, &v.size);
		break;
	case SETTING_ENUM:
		ok = in_enum(def->def, value);
		/* fall through */
	case SETTING_STR:
	case SETTING_VARS:
		size = sizeof(v.s);
		v.s = value;
		break;
	}
	if (ok && field != NULL)
		memcpy(field, &v, size);
	return ok;
}

/* "yes:no" becomes "yes, no)". */
static void
append_choices(struct err *err, const char *choices)
{
	size_t len = strlen(err->text);

	choices += *choices == ':';	/* an empty default */
	for (; *choices != '\0' && len + 4 < sizeof(err->text); choices++) {
		err->text[len++] = *choices == ':' ? ',' : *choices;
		if (*choices == ':')
			err->text[len++] = ' ';
	}
	err->text[len++] = ')';
	err->text[len] = '\0';
}

bool
setting_check(const struct setting_def *def, const char *value,
	      struct err *err)
{
	static const char *const what[][2] = {
		[SETTING_BOOL] = { "boolean value", "yes:no" },
		[SETTING_UINT] = { "number", "decimal digits" },
		[SETTING_MODE] = { "number", "an octal mode such as 0600" },
		[SETTING_PORT] = { "port number", "at most 65535" },
		[SETTING_TIME] = { "time", "30 secs:5 mins:1 hours:2 days" },
		[SETTING_TIME_MS] = { "time", "250 ms:30 secs:5 mins" },
		[SETTING_SIZE] = { "size", "a number with B, k, M, G or T" },
		[SETTING_ENUM] = { "value", "" },
	};

	if (setting_store(def, value, NULL))
		return true;
	(void)err_set(err, ERR_CONFIG, "invalid %s '%.200s' for %s (",
		      what[def->type][0], value, def->name);
	append_choices(err, def->type == SETTING_ENUM ? def->def :
		       what[def->type][1]);
	return false;
}

static const char *
print_in_units(uint64_t n, const struct unit *units, struct pool *pool)
{
	if (n == 0)
		return "0";
	while (n % units->factor != 0)
		units++;
	return pool_printf(pool, "%llu %s",
			   (unsigned long long)(n / units->factor),
			   units->name);
}

const char *
setting_print(const struct setting_def *def, const char *value,
	      struct pool *pool)
{
	static const struct unit times[] = {
		{ "weeks", 604800000 }, { "days", 86400000 },
		{ "hours", 3600000 }, { "mins", 60000 }, { "secs", 1000 },
		{ "ms", 1 }
	};
	static const struct unit sizes[] = {
		{ "T", 1ull << 40 }, { "G", 1ull << 30 }, { "M", 1ull << 20 },
		{ "k", 1ull << 10 }, { "B", 1 }
	};
	uint64_t n;
	unsigned u;
	bool b;

	switch (def->type) {
	case SETTING_BOOL:
		if (setting_parse_bool(value, &b))
			return b ? "yes" : "no";
		break;
	case SETTING_UINT:
	case SETTING_PORT:
		if (num_u64(value, &n))
			return pool_printf(pool, "%llu", (unsigned long long)n);
		break;
	case SETTING_MODE:
		if (setting_parse_mode(value, &u))
			return pool_printf(pool, "0%o", u);
		break;
	case SETTING_TIME:
	case SETTING_TIME_MS:
		if (parse_ms(value, &n))
			return print_in_units(n, times, pool);
		break;
	case SETTING_SIZE:
		if (setting_parse_size(value, &n))
			return print_in_units(n, sizes, pool);
		break;
	case SETTING_STR:
	case SETTING_VARS:
	case SETTING_ENUM:
		break;
	}
	return value;
}

const char *
setting_default(const struct setting_def *def, struct pool *pool)
{
	if (def->type != SETTING_ENUM)
		return def->def;
	return pool_strndup(pool, def->def, strcspn(def->def, ":"));
}

const struct setting_def *
settings_find(const struct settings_info *info, const char *name)
{
	for (const struct setting_def *def = info->defs(); def->name != NULL;
	     def++) {
		if (def->name[0] == name[0] && strcmp(def->name, name) == 0)
			return def;
	}
	return NULL;
}

static int
override_apply(const struct settings_info *info, const char *override,
	       char *set, struct pool *pool, struct err *err)
{
	const char *eq = strchr(override, '=');
	const struct setting_def *def;
	const char *name, *value;

	if (eq == NULL)
		return err_set(err, ERR_CONFIG, "invalid override '%s': "
			       "missing '='", override);
	name = pool_strndup(pool, override, (size_t)(eq - override));
	def = settings_find(info, name);
	if (def == NULL)
		return 0;
	value = pool_strdup(pool, eq + 1);
	if (!setting_check(def, value, err))
		return -1;
	(void)setting_store(def, value, set + def->offset);
	return 0;
}

/* What the file holds that the operator named instead of a value. */
static int
value_from_file(const struct setting_def *def, const struct conf_entry *entry,
		struct pool *pool, const char **value, struct err *err)
{
	const char *text = conf_read_line(entry->value, pool, err);

	if (text == NULL || !setting_check(def, text, err))
		return err_prefix(err, "%s line %u: %s", entry->file,
				  entry->line, def->name);
	*value = text;
	return 0;
}

/* The value at path; NULL for none. Keys and certificates aren't read here:
   nobody but the master needs to be able to. */
static int
value_at(const struct conf *conf, const struct scope *scope, const char *path,
	 const struct setting_def *def, struct pool *pool,
	 const char **value, struct err *err)
{
	const struct conf_entry *entry = conf_find(conf, scope, path);

	*value = entry != NULL ? entry->value : builtin_get(path);
	if (entry == NULL || entry->value[0] != '<' || conf->files_read ||
	    entry->override || strncmp(path, "ssl_", 4) == 0)
		return 0;
	return value_from_file(def, entry, pool, value, err);
}

/* The rows of the table whose values stand in the configuration. Entries are
   sorted by path, so one section's settings lie side by side, but a row is
   looked up by itself: tables are short, configurations needn't be. */
static int
settings_apply(const struct conf *conf, const struct scope *scope,
	       const char *section, const struct settings_info *info,
	       char *set, struct pool *pool, struct err *err)
{
	struct str path = STR_INIT;
	size_t len;
	int ret = 0;

	if (section[0] != '\0') {
		str_append(&path, section);
		str_append_c(&path, '/');
	}
	len = path.len;
	for (const struct setting_def *def = info->defs();
	     def->name != NULL && ret == 0; def++) {
		const char *value;

		str_truncate(&path, len);
		str_append(&path, def->name);
		ret = value_at(conf, scope, str_c(&path), def, pool, &value,
			       err);
		/* a snapshot may come from another version: what doesn't fit
		   the type counts as unset */
		if (ret == 0 && value != NULL &&
		    setting_store(def, value, NULL))
			(void)setting_store(def, pool_strdup(pool, value),
					    set + def->offset);
	}
	str_free(&path);
	return ret;
}

const void *
settings_get(const struct conf *conf, const struct scope *scope,
	     const char *section, const struct settings_info *info,
	     const char *const *overrides, struct pool *pool, struct err *err)
{
	char *set = pool_alloc(pool, info->size);

	for (const struct setting_def *def = info->defs(); def->name != NULL;
	     def++)
		(void)setting_store(def, setting_default(def, pool),
				    set + def->offset);
	if (settings_apply(conf, scope, section, info, set, pool, err) < 0)
		return NULL;
	for (; overrides != NULL && *overrides != NULL; overrides++) {
		if (override_apply(info, *overrides, set, pool, err) < 0)
			return NULL;
	}
	return set;
}
