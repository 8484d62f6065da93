/*
 * Building the databases out of the settings; see auth.h.
 */
#include "auth/auth.h"

#include <string.h>

#include "auth/auth-settings.h"
#include "auth/cache.h"
#include "auth/passwd-file.h"
#include "conf/conf.h"
#include "conf/scope.h"
#include "conf/settings.h"
#include "core/err.h"
#include "core/pool.h"
#include "user/user-settings.h"

/* Who stands in a block is asked for with its protocol. */
static struct scope
scope_of(const struct conf_listed *listed)
{
	struct scope scope = { 0 };

	if (listed->protocol != NULL)
		scope.protocol = *listed->protocol == '!' ? "" :
			listed->protocol;
	return scope;
}

static size_t
count_listed(const struct conf_listed *list)
{
	size_t count = 0;

	while (list[count].name != NULL)
		count++;
	return count;
}

static int
passdb_open(const struct conf *conf, struct auth *auth,
	    const struct conf_listed *listed, struct passdb *passdb,
	    struct err *err)
{
	struct auth_db_init init = { .auth = auth, .pool = auth->pool };
	const char *section = pool_printf(auth->pool, "passdb/%s", listed->name);
	const struct scope scope = scope_of(listed);

	passdb->protocol = listed->protocol;
	passdb->set = settings_get(conf, &scope, section,
				   &auth_passdb_settings_info, NULL,
				   auth->pool, err);
	if (passdb->set == NULL)
		return -1;
	if (*passdb->set->driver == '\0')
		return err_set(err, ERR_CONFIG, "passdb without a driver");
	passdb->driver = passdb_driver_find(passdb->set->driver);
	init.driver = passdb->set->driver;
	init.args = passdb->set->args;
	passdb->db = passdb->driver->init(&init, err);
	if (passdb->db == NULL)
		return err_prefix(err, "passdb %s", passdb->set->driver);
	return 0;
}

static int
userdb_open(const struct conf *conf, struct auth *auth,
	    const struct conf_listed *listed, struct userdb *userdb,
	    struct err *err)
{
	struct auth_db_init init = { .auth = auth, .pool = auth->pool };
	const char *section = pool_printf(auth->pool, "userdb/%s", listed->name);
	const struct scope scope = scope_of(listed);

	userdb->protocol = listed->protocol;
	userdb->set = settings_get(conf, &scope, section,
				   &auth_userdb_settings_info, NULL,
				   auth->pool, err);
	if (userdb->set == NULL)
		return -1;
	if (*userdb->set->driver == '\0')
		return err_set(err, ERR_CONFIG, "userdb without a driver");
	userdb->driver = userdb_driver_find(userdb->set->driver);
	init.driver = userdb->set->driver;
	init.args = userdb->set->args;
	userdb->db = userdb->driver->init(&init, err);
	if (userdb->db == NULL)
		return err_prefix(err, "userdb %s", userdb->set->driver);
	return 0;
}

static int
passdbs_open(const struct conf *conf, struct auth *auth, struct err *err)
{
	const struct conf_listed *list = conf_listed(conf, "passdb", auth->pool);
	size_t count = count_listed(list);

	auth->passdbs = pool_new_array(auth->pool, struct passdb, count + 1);
	for (size_t i = 0; i < count; i++) {
		auth->passdbs[i].number = (unsigned)i;
		if (passdb_open(conf, auth, &list[i], &auth->passdbs[i],
				err) < 0)
			return -1;
		auth->passdb_count++;
	}
	return 0;
}

/* Without a userdb the passdb says who exists and mail_uid and the like say
   the rest, as with Dovecot: a static userdb that knows nothing. */
static void
userdb_default(struct auth *auth, struct userdb *userdb)
{
	struct auth_db_init init = {
		.auth = auth, .args = "", .pool = auth->pool,
	};
	struct auth_userdb_settings *set =
		pool_new_obj(auth->pool, struct auth_userdb_settings);
	struct err err;

	*set = (struct auth_userdb_settings){
		.name = "", .driver = "static", .args = "",
		.default_fields = "", .override_fields = "", .skip = "never",
		.result_success = "return-ok", .result_failure = "continue",
		.result_internalfail = "continue", .auth_verbose = "default",
	};
	userdb->set = set;
	userdb->driver = userdb_driver_find("static");
	userdb->db = userdb->driver->init(&init, &err);
	auth->userdb_count = 1;
}

static int
userdbs_open(const struct conf *conf, struct auth *auth, struct err *err)
{
	const struct conf_listed *list = conf_listed(conf, "userdb", auth->pool);
	size_t count = count_listed(list);

	auth->userdbs = pool_new_array(auth->pool, struct userdb, count + 1);
	for (size_t i = 0; i < count; i++) {
		auth->userdbs[i].number = (unsigned)i;
		if (userdb_open(conf, auth, &list[i], &auth->userdbs[i],
				err) < 0)
			return -1;
		auth->userdb_count++;
	}
	if (count == 0)
		userdb_default(auth, &auth->userdbs[0]);
	return 0;
}

static int
read_settings(const struct conf *conf, struct auth *auth, struct err *err)
{
	const struct user_settings *users;

	auth->set = settings_get(conf, &scope_global, "", &auth_settings_info,
				 NULL, auth->pool, err);
	users = settings_get(conf, &scope_global, "", &user_settings_info,
			     NULL, auth->pool, err);
	if (auth->set == NULL || users == NULL)
		return -1;
	auth->first_valid_uid = users->first_valid_uid;
	auth->last_valid_uid = users->last_valid_uid;
	auth->cache = auth_cache_new(auth->set);
	return 0;
}

int
auth_init(const struct conf *conf, struct auth **auth_r, struct err *err)
{
	struct pool *pool = pool_new();
	struct auth *auth = pool_new_obj(pool, struct auth);

	auth->pool = pool;
	if (read_settings(conf, auth, err) < 0 ||
	    passdbs_open(conf, auth, err) < 0 ||
	    userdbs_open(conf, auth, err) < 0) {
		auth_deinit(&auth);
		return -1;
	}
	*auth_r = auth;
	return 0;
}

void
auth_deinit(struct auth **authp)
{
	struct auth *auth = *authp;
	struct pool *pool;

	*authp = NULL;
	if (auth == NULL)
		return;
	auth_cache_free(&auth->cache);
	passwd_files_free();
	pool = auth->pool;
	pool_free(&pool);
}
