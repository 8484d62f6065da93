/*
 * What an LMTP process has once; see env.h.
 */
#include "lmtp/env.h"

#include <string.h>

#include "core/hostname.h"
#include "core/ip.h"
#include "core/pool.h"
#include "deliver/deliver-settings.h"
#include "deliver/deliver.h"
#include "deliver/submit.h"
#include "io/spool.h"
#include "lmtp/certs.h"
#include "lmtp/lmtp-settings.h"
#include "service/priv.h"
#include "service/process-settings.h"
#include "service/service.h"
#include "storage/mail-settings.h"
#include "user/lookup.h"
#include "user/user-settings.h"

/* auth answers for anyone when it sees root; a worker rests as somebody
   else. */
int
lmtp_env_connect(const char *path, struct err *err)
{
	int fd;

	if (priv_enter_root("connect to auth", err) < 0)
		return -1;
	fd = userdb_connect(path, err);
	priv_leave();
	return fd;
}

static const void *
get(struct lmtp_env *env, const struct settings_info *info, struct err *err)
{
	return settings_get(env->conf, &env->scope, "", info, NULL, env->pool,
			    err);
}

static int
read_settings(struct lmtp_env *env, struct err *err)
{
	env->set = get(env, &lmtp_settings_info, err);
	if (env->set == NULL)
		return -1;
	env->process_set = get(env, &process_settings_info, err);
	if (env->process_set == NULL)
		return -1;
	env->user_set = get(env, &user_settings_info, err);
	return env->user_set == NULL ? -1 : 0;
}

static void
env_clear(struct lmtp_env *env)
{
	deliver_batch_free(&env->batch);
	spool_free(&env->spool);
	userdb_conn_free(&env->userdb);
	pool_free(&env->pool);
}

/* What lmtp_max_message_size and plugins allow. */
static uint64_t
max_size(const struct lmtp_env *env)
{
	uint64_t ours = env->set->lmtp_max_message_size;
	uint64_t theirs = deliver_batch_max_size(env->batch);

	return ours == 0 || (theirs > 0 && theirs < ours) ? theirs : ours;
}

static int
env_load(struct lmtp_env *env, struct err *err)
{
	const char *socket_path;

	env->pool = pool_new();
	if (read_settings(env, err) < 0)
		return -1;
	if (lmtp_certs_get(env->conf, &env->scope, &env->tls, err) < 0)
		return -1;
	env->batch = deliver_batch_new(env->conf, &env->scope, err);
	if (env->batch == NULL)
		return -1;
	env->deliver_set = deliver_batch_settings(env->batch);
	env->mail_set = deliver_batch_mail_settings(env->batch);
	env->spool = spool_new(env->mail_set->mail_temp_dir);
	env->hostname = *env->deliver_set->hostname != '\0' ?
		env->deliver_set->hostname : hostname_system();
	env->max_size = max_size(env);
	env->dsn = env->set->lmtp_dsn && submit_possible(env->deliver_set);
	socket_path = env->user_set->auth_socket_path;
	if (*socket_path != '/')
		socket_path = pool_printf(env->pool, "%s/%s",
					  env->process_set->base_dir,
					  socket_path);
	env->auth_client = pool_printf(env->pool, "%s/auth-client",
				       env->process_set->base_dir);
	env->userdb = userdb_conn_new(socket_path);
	userdb_conn_set_connect(env->userdb, lmtp_env_connect);
	return 0;
}

/* Do the settings depend on who connects, and to where? */
static bool
has_address_blocks(const struct conf *conf)
{
	struct pool *pool = pool_new();
	size_t count;
	const struct scope *scopes = conf_scopes(conf, pool, &count);
	bool found = false;

	for (size_t i = 0; i < count; i++)
		found = found || ip_is_set(&scopes[i].local) ||
			ip_is_set(&scopes[i].remote);
	pool_free(&pool);
	return found;
}

int
lmtp_env_init(struct lmtp_env *env, const struct conf *conf, struct err *err)
{
	memset(env, 0, sizeof(*env));
	env->conf = conf;
	env->scope.protocol = "lmtp";
	env->by_address = has_address_blocks(conf);
	return env_load(env, err);
}

int
lmtp_env_enter(struct lmtp_env *env, const struct service_client *client,
	       struct err *err)
{
	if (env->batch != NULL && !env->by_address)
		return 0;
	if (env->batch != NULL &&
	    ip_equal(&env->scope.local, &client->local) &&
	    ip_equal(&env->scope.remote, &client->remote))
		return 0;
	env_clear(env);
	env->scope.local = client->local;
	env->scope.remote = client->remote;
	return env_load(env, err);
}
