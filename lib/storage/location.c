/*
 * mail_location; see location.h. Parameters that only matter to readers of
 * mail (INDEX=, VOLATILEDIR=, …) are accepted and passed over.
 */
#include "storage/location.h"

#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>

#include "core/err.h"
#include "core/pool.h"
#include "core/str.h"
#include "storage/storage.h"

static int
location_error(struct err *err, const char *what, const char *value)
{
	return err_set(err, ERR_TEMP, "Initializing mail storage from "
		       "mail_location setting failed: %s%s", what, value);
}

static int
expand_home(const char *path, const char *home, struct pool *pool,
	    const char **path_r, struct err *err)
{
	const char *rest = path + strcspn(path, "/");
	struct passwd *pw;

	if (*path != '~' && home == NULL) {
		return location_error(err, "Relative path and no home "
				      "directory: ", path);
	}
	if (*path != '~') {
		*path_r = pool_printf(pool, "%s/%s", home, path);
		return 0;
	}
	if (rest > path + 1) {
		pw = getpwnam(pool_strndup(pool, path + 1,
					   (size_t)(rest - path - 1)));
		home = pw != NULL ? pw->pw_dir : NULL;
	}
	if (home == NULL) {
		return location_error(err, "Home directory not set for user. "
				      "Can't expand ~/ for mail root dir in: ",
				      path);
	}
	*path_r = pool_printf(pool, "%s%s", home, rest);
	return 0;
}

/* Make a path absolute and free of slashes at its end. */
static int
fix_path(const char *path, const char *home, struct pool *pool,
	 const char **path_r, struct err *err)
{
	size_t len;

	if (*path != '/' && expand_home(path, home, pool, &path, err) < 0)
		return -1;
	if (*path != '/')
		return location_error(err, "Path isn't absolute: ", path);
	len = strlen(path);
	while (len > 1 && path[len - 1] == '/')
		len--;
	*path_r = pool_strndup(pool, path, len);
	return 0;
}

/* The next part up to a ':' ("::" stands for a ':' in it); NULL at the
   end. */
static char *
next_part(const char **text, struct pool *pool)
{
	const char *p = *text;
	char *part, *to;
	bool more = false;

	if (p == NULL)
		return NULL;
	to = part = pool_alloc(pool, strlen(p) + 1);
	for (; *p != '\0'; p++) {
		more = *p == ':' && *++p != ':';
		if (more)
			break;
		*to++ = *p;
	}
	*text = more ? p : NULL;
	return part;
}

static int
set_layout(struct location *loc, const char *name, struct err *err)
{
	if (strcasecmp(name, "maildir++") == 0)
		loc->layout = LAYOUT_MAILDIRPP;
	else if (strcasecmp(name, "fs") == 0)
		loc->layout = LAYOUT_FS;
	else
		return location_error(err, "LAYOUT isn't supported: ", name);
	return 0;
}

static bool
is_reader_only(const char *key)
{
	static const char *const keys[] = {
		"INDEX", "INDEXPVT", "INDEXCACHE", "VOLATILEDIR", "ALT",
		"NOALT", "LISTINDEX", "ITERINDEX", "BROKENCHAR",
		"NO-NOSELECT", "FULLDIRNAME", "VNAMESTORAGE",
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		if (strcmp(key, keys[i]) == 0)
			return true;
	}
	return false;
}

static int
set_parameter(struct location *loc, char *part, const char *home,
	      struct pool *pool, struct err *err)
{
	char *value = part + strcspn(part, "=");

	if (*value != '\0')
		*value++ = '\0';
	if (strcmp(part, "LAYOUT") == 0)
		return set_layout(loc, value, err);
	if (strcmp(part, "INBOX") == 0)
		return fix_path(value, home, pool, &loc->inbox, err);
	if (strcmp(part, "CONTROL") == 0)
		return fix_path(value, home, pool, &loc->control, err);
	if (strcmp(part, "UTF-8") == 0)
		loc->utf8 = true;
	else if (strcmp(part, "SUBSCRIPTIONS") == 0)
		loc->subscriptions = value;
	else if (strcmp(part, "MAILBOXDIR") == 0)
		loc->mailbox_dir = value;
	else if (strcmp(part, "DIRNAME") == 0)
		loc->dir_name = value;
	else if (strcmp(part, "INDEX") == 0)
		loc->index = value;
	else if (*part != '\0' && !is_reader_only(part))
		return location_error(err, "Unknown setting: ", part);
	return 0;
}

static bool
is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* No format was named: what lies there? */
static int
detect(const char *text, const char *home, struct pool *pool,
       const char **path_r, struct err *err)
{
	const char *path;

	if (*text == '\0' && home == NULL) {
		return err_set(err, ERR_TEMP, "mail_location not set and "
			       "autodetection failed: no home directory");
	}
	if (fix_path(*text != '\0' ? text : "~/Maildir", home, pool, &path,
		     err) < 0)
		return -1;
	if (is_dir(pool_printf(pool, "%s/cur", path))) {
		*path_r = path;
		return 0;
	}
	if (*text == '\0') {
		return err_set(err, ERR_TEMP, "mail_location not set and "
			       "autodetection failed: Mail storage "
			       "autodetection failed with home=%s", home);
	}
	return location_error(err, "Ambiguous mail location setting, don't "
			      "know what to do with it (try prefixing it with "
			      "maildir:): ", text);
}

/* The format's name in front of the first ':'. */
static int
find_format(const char **text, struct pool *pool, struct location *loc,
	    struct err *err)
{
	const char *colon = strchr(*text, ':');
	const char *name;

	if (**text == '/' || **text == '~' || colon == NULL) {
		loc->format = storage_format_find("maildir");
		return 0;
	}
	name = pool_strndup(pool, *text, (size_t)(colon - *text));
	loc->format = storage_format_find(name);
	if (loc->format == NULL) {
		return location_error(err, "Unknown mail storage driver ",
				      name);
	}
	*text = colon + 1;
	return 1;
}

static int
parse_root(const char **text, const char *home, struct pool *pool,
	   struct location *loc, struct err *err)
{
	int named = find_format(text, pool, loc, err);
	const char *root;

	if (named < 0)
		return -1;
	root = next_part(text, pool);
	if (named == 0)
		return detect(root, home, pool, &loc->root, err);
	if (*root == '\0')
		return location_error(err, "Root mail directory not given", "");
	return fix_path(root, home, pool, &loc->root, err);
}

int
location_parse(const char *text, const char *home, struct pool *pool,
	       struct location *loc_r, struct err *err)
{
	struct location loc = {
		.control = "", .index = "", .subscriptions = "subscriptions",
		.mailbox_dir = "", .dir_name = "",
	};
	char *part;

	if (parse_root(&text, home, pool, &loc, err) < 0)
		return -1;
	while ((part = next_part(&text, pool)) != NULL) {
		if (set_parameter(&loc, part, home, pool, err) < 0)
			return -1;
	}
	if (loc.inbox == NULL)
		loc.inbox = loc.root;
	*loc_r = loc;
	return 0;
}
