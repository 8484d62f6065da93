/*
 * What the configuration says about mail and namespaces, read once for all
 * users; storage.c expands the variables for each of them.
 */
#include <string.h>

#include "conf/conf.h"
#include "conf/settings.h"
#include "core/err.h"
#include "core/pool.h"
#include "core/str.h"
#include "storage/mail-settings.h"
#include "storage/storage-private.h"

bool
storage_settings_concern(const char *override)
{
	char name[64];
	size_t len = strcspn(override, "=");

	if (str_begins(override, "namespace/"))
		return true;
	if (len >= sizeof(name))
		return false;
	memcpy(name, override, len);
	name[len] = '\0';
	return settings_find(&mail_settings_info, name) != NULL;
}

/* Those of `overrides` that begin with "section/", without that. */
static const char *const *
overrides_below(const char *const *overrides, const char *section,
		struct pool *pool)
{
	size_t len = strlen(section), count = 0;
	const char **below;

	if (overrides == NULL)
		return NULL;
	while (overrides[count] != NULL)
		count++;
	below = pool_new_array(pool, const char *, count + 1);
	count = 0;
	for (; *overrides != NULL; overrides++) {
		if (strncmp(*overrides, section, len) == 0 &&
		    (*overrides)[len] == '/')
			below[count++] = *overrides + len + 1;
	}
	return below;
}

static char *
unescape_name(const char *name, struct pool *pool)
{
	char *out = pool_strdup(pool, name), *to = out;

	for (; *name != '\0'; name++) {
		if (name[0] == '\\' && name[1] == 's') {
			*to++ = '/';
			name++;
		} else {
			*to++ = *name;
		}
	}
	*to = '\0';
	return out;
}

static const struct mailbox_auto *
read_autos(const struct conf *conf, const struct scope *scope,
	   const char *section, struct pool *pool)
{
	const char *path = pool_printf(pool, "%s/mailbox", section);
	const char **names = conf_names(conf, scope, path, pool);
	struct mailbox_auto *autos, *a;
	size_t count = 0;

	while (names[count] != NULL)
		count++;
	a = autos = pool_new_array(pool, struct mailbox_auto, count + 1);
	for (; *names != NULL; names++) {
		const char *value = conf_get(conf, scope,
			pool_printf(pool, "%s/%s/auto", path, *names));

		if (value == NULL || strcmp(value, "no") == 0)
			continue;
		a->name = unescape_name(*names, pool);
		a->create = true;
		a->subscribe = strcmp(value, "subscribe") == 0;
		a++;
	}
	return autos;
}

static int
read_namespace(const struct conf *conf, const struct scope *scope,
	       const char *name, const char *const *overrides,
	       struct pool *pool, struct ns_settings *ns, struct err *err)
{
	const char *section = pool_printf(pool, "namespace/%s", name);

	ns->name = unescape_name(name, pool);
	ns->set = settings_get(conf, scope, section, &namespace_settings_info,
			       overrides_below(overrides, section, pool),
			       pool, err);
	if (ns->set == NULL)
		return -1;
	if (ns->set->separator[0] != '\0' && ns->set->separator[1] != '\0') {
		return err_set(err, ERR_CONFIG, "Namespace '%s': Hierarchy "
			       "separator must be only one character long",
			       ns->set->prefix);
	}
	/* "" is the prefix of a namespace, too. */
	ns->is_alias = *ns->set->alias_for != '\0' ||
		conf_get(conf, scope, pool_printf(pool, "%s/alias_for",
						  section)) != NULL;
	ns->autos = read_autos(conf, scope, section, pool);
	return 0;
}

static int
check_aliases(const struct storage_settings *set, struct err *err)
{
	for (unsigned i = 0; i < set->namespace_count; i++) {
		const struct ns_settings *ns = &set->namespaces[i];
		bool found = !ns->is_alias;

		for (unsigned k = 0; k < set->namespace_count; k++) {
			const struct ns_settings *other = &set->namespaces[k];

			found = found || (other != ns && !other->is_alias &&
				strcmp(other->set->prefix,
				       ns->set->alias_for) == 0);
		}
		if (found)
			continue;
		return err_set(err, ERR_CONFIG, "Namespace '%s': alias_for "
			       "points to unknown namespace: %s",
			       ns->set->prefix, ns->set->alias_for);
	}
	return 0;
}

/* No namespace is configured: the one there always is. */
static void
default_namespace(struct storage_settings *set, struct pool *pool)
{
	struct namespace_settings *ns =
		pool_new_obj(pool, struct namespace_settings);

	*ns = (struct namespace_settings){
		.inbox = true, .subscriptions = true, .list = "yes",
		.location = "", .prefix = "", .separator = "",
		.alias_for = "", .type = "private",
	};
	set->namespaces = pool_new_obj(pool, struct ns_settings);
	set->namespaces->set = ns;
	set->namespaces->name = "";
	set->namespaces->autos = pool_new_obj(pool, struct mailbox_auto);
	set->namespace_count = 1;
}

static int
read_namespaces(const struct conf *conf, const struct scope *scope,
		const char *const *overrides, struct storage_settings *set,
		struct pool *pool, struct err *err)
{
	const char **names = conf_names(conf, scope, "namespace", pool);
	size_t count = 0;

	while (names[count] != NULL)
		count++;
	set->namespaces = pool_new_array(pool, struct ns_settings, count + 1);
	for (; *names != NULL; names++) {
		struct ns_settings *ns = &set->namespaces[set->namespace_count];

		if (read_namespace(conf, scope, *names, overrides, pool, ns,
				   err) < 0)
			return -1;
		if (!ns->set->disabled)
			set->namespace_count++;
	}
	if (set->namespace_count == 0)
		default_namespace(set, pool);
	return 0;
}

struct storage_settings *
storage_settings_get(const struct conf *conf, const struct scope *scope,
		     const char *const *overrides, struct pool *pool,
		     struct err *err)
{
	struct storage_settings *set =
		pool_new_obj(pool, struct storage_settings);

	set->mail = settings_get(conf, scope, "", &mail_settings_info,
				 overrides, pool, err);
	if (set->mail == NULL)
		return NULL;
	if (read_namespaces(conf, scope, overrides, set, pool, err) < 0 ||
	    check_aliases(set, err) < 0)
		return NULL;
	return set;
}

const struct mail_settings *
storage_settings_mail(const struct storage_settings *set)
{
	return set->mail;
}
