/*
 * Making a user of a userdb answer or of the calling process; see user.h.
 * Whatever can't work is refused here, with the user and the value in the
 * text, so that neither lmtp nor loft-lda ever meets a half-valid user.
 */
#include "user/user.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/names.h"
#include "conf/vars.h"
#include "core/err.h"
#include "core/num.h"
#include "core/pool.h"
#include "core/str.h"
#include "user/user-settings.h"
#include "user/wire.h"

enum { GROUPS_MAX = 65536 };	/* NGROUPS_MAX of Linux */

/* What is being made, and of what. */
struct making {
	const char *const *fields;
	const struct user_settings *set;
	struct pool *pool;
	struct user *user;
	struct err *err;
};

/* Is a getpw*() or getgr*() that found nothing merely that? */
static bool
just_absent(int error)
{
	return error == 0 || error == ENOENT || error == ESRCH;
}

static bool
is_id(const char *text, uint32_t *id_r)
{
	return num_u32(text, id_r) && *id_r != UINT32_MAX;
}

int
user_id_parse(const char *text, uid_t *uid_r, struct err *err)
{
	uint32_t id;
	struct passwd *pw;

	if (is_id(text, &id)) {
		*uid_r = id;
		return 0;
	}
	errno = 0;
	pw = getpwnam(text);
	if (pw == NULL && !just_absent(errno))
		return err_sys(err, "getpwnam(%s)", text);
	if (pw == NULL)
		return err_set(err, ERR_TEMP,
			       "uid %s is neither a number nor a user of "
			       "this system", text);
	*uid_r = pw->pw_uid;
	return 0;
}

int
user_gid_parse(const char *text, gid_t *gid_r, struct err *err)
{
	uint32_t id;
	struct group *gr;

	if (is_id(text, &id)) {
		*gid_r = id;
		return 0;
	}
	errno = 0;
	gr = getgrnam(text);
	if (gr == NULL && !just_absent(errno))
		return err_sys(err, "getgrnam(%s)", text);
	if (gr == NULL)
		return err_set(err, ERR_TEMP,
			       "gid %s is neither a number nor a group of "
			       "this system", text);
	*gid_r = gr->gr_gid;
	return 0;
}

/* The field, else the setting, else NULL; *from_r says which. */
static const char *
field_or_setting(const struct making *m, const char *field,
		 const char *setting_name, const char *setting,
		 const char **from_r)
{
	const char *value = wire_find(m->fields, field);

	*from_r = "userdb lookup";
	if (value != NULL && *value != '\0')
		return value;
	*from_r = setting_name;
	return *setting != '\0' ? setting : NULL;
}

static int
check_range(const struct making *m, const char *what, uint32_t id,
	    const char *from, unsigned first, unsigned last)
{
	if (id < first)
		return err_set(m->err, ERR_TEMP, "user %s: mail access with "
			       "%s %u (from %s) is not permitted: it is below "
			       "first_valid_%s = %u", m->user->name, what,
			       (unsigned)id, from, what, first);
	if (last != 0 && id > last)
		return err_set(m->err, ERR_TEMP, "user %s: mail access with "
			       "%s %u (from %s) is not permitted: it is above "
			       "last_valid_%s = %u", m->user->name, what,
			       (unsigned)id, from, what, last);
	return 0;
}

/* Could this process become anyone, so that a missing id is dangerous? */
static bool
is_root(void)
{
	uid_t ruid, euid, suid;

	if (getresuid(&ruid, &euid, &suid) != 0)
		return true;
	return ruid == 0 || euid == 0 || suid == 0;
}

static int
set_uid(const struct making *m)
{
	const char *from, *text;

	text = field_or_setting(m, "uid", "mail_uid", m->set->mail_uid, &from);
	if (text == NULL && is_root())
		return err_set(m->err, ERR_TEMP, "user %s: the userdb gives "
			       "no uid (see mail_uid)", m->user->name);
	if (text == NULL) {
		m->user->uid = geteuid();
		from = "process";
	} else if (user_id_parse(text, &m->user->uid, m->err) < 0) {
		return err_prefix(m->err, "user %s (from %s)", m->user->name,
				  from);
	}
	if (m->user->uid == 0)
		return err_set(m->err, ERR_TEMP, "user %s: mail access with "
			       "uid 0 (from %s) is never permitted",
			       m->user->name, from);
	return check_range(m, "uid", m->user->uid, from,
			   m->set->first_valid_uid, m->set->last_valid_uid);
}

static int
set_gid(const struct making *m)
{
	const char *from, *text;

	text = field_or_setting(m, "gid", "mail_gid", m->set->mail_gid, &from);
	if (text == NULL && is_root())
		return err_set(m->err, ERR_TEMP, "user %s: the userdb gives "
			       "no gid (see mail_gid)", m->user->name);
	if (text == NULL) {
		m->user->gid = getegid();
		from = "process";
	} else if (user_gid_parse(text, &m->user->gid, m->err) < 0) {
		return err_prefix(m->err, "user %s (from %s)", m->user->name,
				  from);
	}
	return check_range(m, "gid", m->user->gid, from,
			   m->set->first_valid_gid, m->set->last_valid_gid);
}

/* The groups a system user is in; just gid without such a user. */
static int
system_groups(const struct making *m, const char *name, gid_t **groups_r,
	      int *count_r)
{
	int count = 32;
	gid_t *groups = pool_new_array(m->pool, gid_t, (size_t)count);

	if (name == NULL) {
		groups[0] = m->user->gid;
		count = 1;
	} else if (getgrouplist(name, m->user->gid, groups, &count) < 0) {
		if (count > GROUPS_MAX)
			count = GROUPS_MAX;
		groups = pool_new_array(m->pool, gid_t, (size_t)count);
		if (getgrouplist(name, m->user->gid, groups, &count) < 0)
			return err_set(m->err, ERR_TEMP, "user %s: "
				       "getgrouplist(%s) failed: too many "
				       "groups", m->user->name, name);
	}
	*groups_r = groups;
	*count_r = count;
	return 0;
}

/* system_groups_user's groups and mail_access_groups. */
static int
set_groups(const struct making *m)
{
	const char *name = wire_find(m->fields, "system_groups_user");
	char *rest = pool_strdup(m->pool, m->set->mail_access_groups), *word;
	gid_t *groups = NULL, *more;
	size_t extra = strlen(rest);	/* more than there can be words */
	int count = 0;

	if (system_groups(m, name, &groups, &count) < 0)
		return -1;
	if (extra > 0) {
		more = pool_new_array(m->pool, gid_t, (size_t)count + extra);
		if (count > 0)
			memcpy(more, groups, sizeof(*groups) * (size_t)count);
		groups = more;
	}
	while ((word = strsep(&rest, ", \t")) != NULL) {
		if (*word == '\0')
			continue;
		if (user_gid_parse(word, &groups[count], m->err) < 0)
			return err_prefix(m->err, "mail_access_groups");
		count++;
	}
	m->user->groups = groups;
	m->user->group_count = (unsigned)count;
	return 0;
}

/* %{userdb:NAME:DEFAULT} */
static const char *
userdb_var(const char *name, const char *arg, void *ctx)
{
	const char *const *fields = ctx;
	size_t len = strcspn(arg, ":");

	if (strcmp(name, "userdb") != 0)
		return NULL;
	for (; *fields != NULL; fields++)
		if (strncmp(*fields, arg, len) == 0 && (*fields)[len] == '=')
			return *fields + len + 1;
	return arg[len] == ':' ? arg + len + 1 : "";
}

/* The table for this user; the ids come once they are known. */
static void
set_vars(const struct making *m, const char *home)
{
	struct user *user = m->user;
	struct vars_entry *entries = pool_new_array(m->pool,
						    struct vars_entry, 3);
	struct vars *vars = pool_new_obj(m->pool, struct vars);

	entries[0] = (struct vars_entry){ 'i', "uid",
		pool_printf(m->pool, "%u", (unsigned)user->uid) };
	entries[1] = (struct vars_entry){ '\0', "gid",
		pool_printf(m->pool, "%u", (unsigned)user->gid) };
	vars->entries = entries;
	if (m->fields != NULL) {
		vars->func = userdb_var;
		vars->func_ctx = (void *)(uintptr_t)m->fields;
	}
	vars->parent = vars_user(user->name, home, m->pool);
	user->vars = vars;
}

/* Has the path ".." among its components? */
static bool
climbs(const char *path)
{
	for (const char *p = path; (p = strstr(p, "..")) != NULL; p++)
		if ((p == path || p[-1] == '/') &&
		    (p[2] == '\0' || p[2] == '/'))
			return true;
	return false;
}

static int
set_home(const struct making *m)
{
	struct user *user = m->user;
	const char *from, *home;

	home = field_or_setting(m, "home", "mail_home", m->set->mail_home,
				&from);
	if (home == NULL || strchr(home, '%') != NULL)
		set_vars(m, NULL);
	if (home == NULL)
		return 0;
	/* A '%' in the name could already be in the value: no second time. */
	if (strchr(user->name, '%') == NULL && strchr(home, '%') != NULL &&
	    vars_expand(home, user->vars, m->pool, &home, m->err) < 0)
		return err_prefix(m->err, "user %s: home (from %s)",
				  user->name, from);
	if (*home != '/')
		return err_set(m->err, ERR_TEMP, "user %s: home directory %s "
			       "(from %s) is not an absolute path",
			       user->name, home, from);
	if (climbs(home))
		return err_set(m->err, ERR_TEMP, "user %s: home directory %s "
			       "(from %s) has a .. in it", user->name, home,
			       from);
	user->home = home;
	set_vars(m, home);
	return 0;
}

/* Fields that are about the user himself or the login, no settings. */
static bool
is_override(const char *field, size_t len)
{
	static const char *const others[] = {
		"uid", "gid", "home", "chroot", "system_groups_user", "user",
		"login_user", "master_user", "auth_user", "original_user",
		"auth_mech", "auth_token", "nice", "proxy", "nologin",
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (strlen(others[i]) == len &&
		    strncmp(field, others[i], len) == 0)
			return false;
	return len > 0;
}

/* The field as an override: "mail" means mail_location, a name that is no
   setting is a plugin's. Values go through vars_expand() later; where the
   user's name has a '%' in it, that must not happen. */
static const char *
override(const struct making *m, const char *field, size_t len)
{
	bool literal = strchr(m->user->name, '%') != NULL;
	const char *value = field[len] == '=' ? field + len + 1 : "yes";
	const char *name = pool_strndup(m->pool, field, len), *text;
	struct str s = STR_INIT;

	if (strcmp(name, "mail") == 0)
		name = "mail_location";
	if (strchr(name, '/') == NULL && setting_by_path(name) == NULL)
		str_append(&s, "plugin/");
	str_append(&s, name);
	str_append_c(&s, '=');
	for (; *value != '\0'; value++) {
		if (*value == '%' && literal)
			str_append_c(&s, '%');
		str_append_c(&s, *value);
	}
	text = pool_strdup(m->pool, str_c(&s));
	str_free(&s);
	return text;
}

static void
set_overrides(const struct making *m)
{
	size_t count = 0, n = 0;
	const char **list;

	while (m->fields[count] != NULL)
		count++;
	list = pool_new_array(m->pool, const char *, count + 1);
	for (size_t i = 0; i < count; i++) {
		size_t len = strcspn(m->fields[i], "=");

		if (is_override(m->fields[i], len))
			list[n++] = override(m, m->fields[i], len);
	}
	m->user->overrides = list;
}

static int
refuse_chroot(const struct making *m)
{
	const char *dir = wire_find(m->fields, "chroot");

	if (dir == NULL || *dir == '\0')
		return 0;
	return err_set(m->err, ERR_TEMP, "user %s: the userdb asks for "
		       "chroot=%s, which is not supported", m->user->name,
		       dir);
}

int
user_from_fields(const char *name, const char *const *fields,
		 const struct user_settings *set, struct pool *pool,
		 struct user **user_r, struct err *err)
{
	struct making m = { fields, set, pool, NULL, err };
	const char *renamed = wire_find(fields, "user");

	if (renamed != NULL && *renamed != '\0')
		name = renamed;
	if (!wire_user_ok(name))
		return err_set(err, ERR_TEMP,
			       "user %s: such a name can't be used", name);
	m.user = pool_new_obj(pool, struct user);
	m.user->name = pool_strdup(pool, name);
	if (refuse_chroot(&m) < 0 || set_uid(&m) < 0 || set_gid(&m) < 0 ||
	    set_groups(&m) < 0 || set_home(&m) < 0) {
		err->kind = ERR_TEMP;	/* whoever's fault it is */
		return -1;
	}
	set_overrides(&m);
	*user_r = m.user;
	return 0;
}

/* The process's own groups, with its gid first. */
static int
own_groups(const struct making *m)
{
	int count = getgroups(0, NULL);
	gid_t *groups;

	if (count < 0)
		return err_sys(m->err, "getgroups()");
	groups = pool_new_array(m->pool, gid_t, (size_t)count + 1);
	groups[0] = m->user->gid;
	count = getgroups(count, groups + 1);
	if (count < 0)
		return err_sys(m->err, "getgroups()");
	m->user->groups = groups;
	m->user->group_count = (unsigned)count + 1;
	return 0;
}

int
user_from_process(struct pool *pool, struct user **user_r, struct err *err)
{
	static const char *const no_overrides[] = { NULL };
	struct making m = { NULL, NULL, pool, NULL, err };
	const char *name = getenv("USER"), *home = getenv("HOME");
	struct passwd *pw = NULL;

	if (getuid() == 0)
		return err_set(err, ERR_USAGE, "root has no mail of its own: "
			       "say for whom this is");
	if (name == NULL || *name == '\0' || home == NULL || *home == '\0')
		pw = getpwuid(getuid());
	if ((name == NULL || *name == '\0') && pw == NULL)
		return err_set(err, ERR_TEMP, "uid %u has no name: set $USER",
			       (unsigned)getuid());
	m.user = pool_new_obj(pool, struct user);
	if (name == NULL || *name == '\0')
		name = pw->pw_name;
	if ((home == NULL || *home == '\0') && pw != NULL)
		home = pw->pw_dir;
	m.user->name = pool_strdup(pool, name);
	m.user->home = home != NULL && *home == '/' ?
		pool_strdup(pool, home) : NULL;
	m.user->uid = getuid();
	m.user->gid = getgid();
	if (own_groups(&m) < 0)
		return -1;
	m.user->overrides = no_overrides;
	set_vars(&m, m.user->home);
	*user_r = m.user;
	return 0;
}
