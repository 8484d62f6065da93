/*
 * mail_location; see location.h. Parameters that only matter to readers of
 * mail (INDEX=, VOLATILEDIR=, …) are accepted and passed over.
 */
#include "storage/location.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

static bool
is_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* Is it a directory of mboxes? */
static bool
has_mboxes(const char *path, struct pool *pool)
{
	return is_dir(pool_printf(pool, "%s/.imap", path)) ||
		is_file(pool_printf(pool, "%s/inbox", path)) ||
		is_file(pool_printf(pool, "%s/mbox", path));
}

/* Mail comes to the system's place where there is a file for the user. With
   the effective ids, not those that access(2) asks for. */
static const char *
find_spool(const char *user, struct pool *pool)
{
	static const char *const dirs[] = { "/var/mail", "/var/spool/mail" };

	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++) {
		const char *path = pool_printf(pool, "%s/%s", dirs[i], user);

		if (faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS) == 0)
			return path;
	}
	return NULL;
}

/* No format was named: what lies there? 1: found. */
static int
detect_at(const char *path, const struct location_user *user,
	  struct pool *pool, struct location *loc)
{
	if (is_dir(pool_printf(pool, "%s/cur", path))) {
		loc->format = storage_format_find("maildir");
	} else if (has_mboxes(path, pool)) {
		loc->format = storage_format_find("mbox");
		loc->inbox = find_spool(user->name, pool);
	} else {
		return 0;
	}
	loc->root = path;
	return 1;
}

static int
detect(const char *text, const struct location_user *user, struct pool *pool,
       struct location *loc, struct err *err)
{
	static const char *const places[] = { "Maildir", "mail", "Mail" };
	const char *path;

	if (*text != '\0') {
		if (fix_path(text, user->home, pool, &path, err) < 0)
			return -1;
		if (detect_at(path, user, pool, loc) > 0)
			return 0;
		return location_error(err, "Ambiguous mail location setting, "
				      "don't know what to do with it (try "
				      "prefixing it with mbox: or maildir:): ",
				      text);
	}
	if (user->home == NULL) {
		return err_set(err, ERR_TEMP, "mail_location not set and "
			       "autodetection failed: no home directory");
	}
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		path = pool_printf(pool, "%s/%s", user->home, places[i]);
		if (detect_at(path, user, pool, loc) > 0)
			return 0;
	}
	return err_set(err, ERR_TEMP, "mail_location not set and "
		       "autodetection failed: Mail storage autodetection "
		       "failed with home=%s", user->home);
}

/* The format's name in front of the first ':'. */
static int
find_format(const char **text, struct pool *pool, struct location *loc,
	    struct err *err)
{
	const char *colon = strchr(*text, ':');
	const char *name;

	if (**text == '/' || **text == '~' || colon == NULL) {
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
parse_root(const char **text, const struct location_user *user,
	   struct pool *pool, struct location *loc, struct err *err)
{
	int named = find_format(text, pool, loc, err);
	const char *root;

	if (named < 0)
		return -1;
	root = next_part(text, pool);
	if (named == 0)
		return detect(root, user, pool, loc, err);
	if (*root == '\0')
		return location_error(err, "Root mail directory not given", "");
	return fix_path(root, user->home, pool, &loc->root, err);
}

/* What a format in files has otherwise than one in directories. */
static void
set_defaults(struct location *loc)
{
	bool files = loc->format->in_files;

	loc->layout = files ? LAYOUT_FS : LAYOUT_MAILDIRPP;
	loc->subscriptions = files ? ".subscriptions" : "subscriptions";
}

int
location_parse(const char *text, const struct location_user *user,
	       struct pool *pool, struct location *loc_r, struct err *err)
{
	struct location loc = {
		.control = "", .index = "", .mailbox_dir = "", .dir_name = "",
	};
	char *part;

	if (parse_root(&text, user, pool, &loc, err) < 0)
		return -1;
	set_defaults(&loc);
	while ((part = next_part(&text, pool)) != NULL) {
		if (set_parameter(&loc, part, user->home, pool, err) < 0)
			return -1;
	}
	if (loc.format->in_files && is_file(loc.root)) {
		return location_error(err, "mbox: mbox root directory can't "
				      "be a file: ", loc.root);
	}
	if (loc.inbox == NULL) {
		loc.inbox_is_default = true;
		loc.inbox = !loc.format->in_files ? loc.root :
			pool_printf(pool, "%s/inbox", loc.root);
	}
	*loc_r = loc;
	return 0;
}
