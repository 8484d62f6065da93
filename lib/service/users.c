/*
 * The users that settings name; see users.h.
 */
#include "service/users.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf/conf.h"
#include "conf/scope.h"
#include "core/err.h"
#include "core/str.h"
#include "service/priv.h"
#include "service/service-settings.h"

/* The configured name, else the first of the fallbacks that exists. */
static int
find_default(const struct conf *conf, const char *setting,
	     const char *const *fallbacks, const char *group,
	     struct pool *pool, struct priv_ids *ids, const char **name_r,
	     struct err *err)
{
	const char *name = conf_get(conf, &scope_global, setting);

	if (name != NULL && *name != '\0') {
		if (priv_ids_by_name(name, group, pool, ids, err) < 0)
			return err_prefix(err, "%s", setting);
		*name_r = name;
		return 0;
	}
	for (; *fallbacks != NULL; fallbacks++) {
		if (priv_ids_by_name(*fallbacks, group, pool, ids,
				     err) == 0) {
			*name_r = *fallbacks;
			return 0;
		}
	}
	return err_prefix(err, "%s", setting);
}

int
users_login(const struct conf *conf, struct pool *pool, struct priv_ids *ids,
	    struct err *err)
{
	static const char *const fallbacks[] = { "dovenull", "nobody", NULL };
	const char *name;

	return find_default(conf, "default_login_user", fallbacks, NULL,
			    pool, ids, &name, err);
}

int
users_internal(const struct conf *conf, struct pool *pool,
	       struct priv_ids *ids, bool *fallback_r, struct err *err)
{
	static const char *const fallbacks[] = {
		"loft", "dovecot", "nobody", NULL
	};
	const char *group = conf_get(conf, &scope_global,
				     "default_internal_group");
	const char *name = NULL;

	if (group != NULL && *group == '\0')
		group = NULL;
	if (find_default(conf, "default_internal_user", fallbacks, group,
			 pool, ids, &name, err) < 0)
		return -1;
	if (fallback_r != NULL)
		*fallback_r = conf_get(conf, &scope_global,
				       "default_internal_user") == NULL &&
			strcmp(name, "nobody") == 0;
	return 0;
}

static int
find_user(const struct conf *conf, const char *user, const char *group,
	  struct pool *pool, struct priv_ids *ids, struct err *err)
{
	struct priv_ids own;

	if (strcmp(user, "$default_internal_user") == 0)
		return users_internal(conf, pool, ids, NULL, err);
	if (strcmp(user, "$default_login_user") == 0)
		return users_login(conf, pool, ids, err);
	if (*user != '\0')
		return priv_ids_by_name(user, *group != '\0' && *group != '$' ?
					group : NULL, pool, ids, err);
	own = (struct priv_ids){ geteuid(), getegid(), NULL, 0 };
	*ids = own;
	return 0;
}

int
users_find(const struct conf *conf, const char *user, const char *group,
	   struct pool *pool, struct priv_ids *ids, struct err *err)
{
	struct priv_ids found, internal;

	if (find_user(conf, user, group, pool, &found, err) < 0)
		return -1;
	if (strcmp(group, "$default_internal_group") == 0) {
		if (users_internal(conf, pool, &internal, NULL, err) < 0)
			return -1;
		found.gid = internal.gid;
	} else if (*group != '\0') {
		/* The user's groups are of no interest here. */
		if (priv_ids_by_name("0", group, pool, &internal, err) < 0)
			return -1;
		found.gid = internal.gid;
	}
	*ids = found;
	return 0;
}

void
users_tell(const char *where, const char *what, const char *name,
	   const struct err *err, struct str *errors)
{
	if (*name != '$')
		str_printf(errors, "%s%s: %s\n", where, what, err->text);
}

static int
add_groups(const struct conf *conf, const char *list, struct pool *pool,
	   struct priv_ids *ids, struct err *err)
{
	char name[256];
	struct priv_ids internal;

	while (*(list += strspn(list, ", \t")) != '\0') {
		size_t len = strcspn(list, ", \t");

		if (len >= sizeof(name))
			return err_set(err, ERR_CONFIG,
				       "group name is too long: %s", list);
		memcpy(name, list, len);
		name[len] = '\0';
		list += len;
		if (strcmp(name, "$default_internal_group") != 0) {
			if (priv_ids_add_group(ids, name, pool, err) < 0)
				return -1;
			continue;
		}
		if (users_internal(conf, pool, &internal, NULL, err) < 0)
			return -1;
		(void)snprintf(name, sizeof(name), "%u",
			       (unsigned)internal.gid);
		if (priv_ids_add_group(ids, name, pool, err) < 0)
			return -1;
	}
	return 0;
}

int
users_of_service(const struct conf *conf, const struct service_settings *set,
		 struct pool *pool, struct priv_ids *ids, bool *set_r,
		 struct err *err)
{
	struct priv_ids found;

	if (users_find(conf, set->user, set->group, pool, &found, err) < 0)
		return -1;
	if (add_groups(conf, set->privileged_group, pool, &found, err) < 0 ||
	    add_groups(conf, set->extra_groups, pool, &found, err) < 0)
		return -1;
	*ids = found;
	*set_r = *set->user != '\0' || *set->group != '\0';
	return 0;
}
