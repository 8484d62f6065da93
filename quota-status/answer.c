/*
 * Answers; see answer.h. A user's quota is looked at with his ids; whatever
 * goes wrong with it means "later".
 */
#include "quota-status/answer.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/conf.h"
#include "conf/scope.h"
#include "core/err.h"
#include "core/log.h"
#include "core/pool.h"
#include "core/session-id.h"
#include "deliver/deliver-settings.h"
#include "deliver/deliver.h"
#include "quota-status/policy.h"
#include "quota/quota.h"
#include "service/priv.h"
#include "service/process-settings.h"
#include "storage/mail-settings.h"
#include "storage/storage.h"
#include "user/lookup.h"
#include "user/user-settings.h"
#include "user/user.h"

#define SERVICE "quota-status"

static const char later[] = "DEFER_IF_PERMIT Temporary internal error";
static const char unknown_usage[] =
	"DEFER_IF_PERMIT Internal quota calculation error";
static const char too_large[] =
	"Mail size is larger than the maximum size allowed by server "
	"configuration";

static struct {
	struct pool *pool;
	const struct conf *conf;
	struct scope scope;
	const struct deliver_settings *deliver_set;
	const struct user_settings *user_set;
	const struct storage_settings *storage_set;
	const struct quota_conf *quota_conf;
	struct userdb_conn *userdb;
	const char *nouser;
} env;

/* --- settings ----------------------------------------------------------- */

static const void *
get(const struct settings_info *info, struct err *err)
{
	return settings_get(env.conf, &env.scope, "", info, NULL, env.pool,
			    err);
}

/* auth answers for anyone when it sees root; a worker rests as somebody
   else. */
static int
connect_as_root(const char *path, struct err *err)
{
	int fd;

	if (priv_enter_root("connect to auth", err) < 0)
		return -1;
	fd = userdb_connect(path, err);
	priv_leave();
	return fd;
}

static void
open_userdb(const struct process_settings *process)
{
	const char *path = env.user_set->auth_socket_path;

	if (*path != '/')
		path = pool_printf(env.pool, "%s/%s", process->base_dir, path);
	env.userdb = userdb_conn_new(path);
	userdb_conn_set_connect(env.userdb, connect_as_root);
}

/* Nobody's setting: there is no user. */
static int
read_nouser(struct err *err)
{
	const char *value = conf_get(env.conf, &env.scope,
				     "plugin/quota_status_nouser");

	env.nouser = "REJECT Unknown user";
	if (value == NULL)
		return 0;
	env.nouser = conf_read_line(value, env.pool, err);
	return env.nouser != NULL ? 0 :
		err_prefix(err, "quota_status_nouser");
}

int
answer_init(const struct conf *conf, struct err *err)
{
	const struct process_settings *process;

	/* What is made for a user is his alone. */
	(void)umask(0077);
	deliver_use_groups();
	env.pool = pool_new();
	env.conf = conf;
	env.scope.protocol = SERVICE;
	env.deliver_set = get(&deliver_settings_info, err);
	env.user_set = get(&user_settings_info, err);
	process = get(&process_settings_info, err);
	if (env.deliver_set == NULL || env.user_set == NULL ||
	    process == NULL)
		return -1;
	env.storage_set = storage_settings_get(conf, &env.scope, NULL,
					       env.pool, err);
	env.quota_conf = quota_conf_get(conf, &env.scope, env.pool, err);
	if (env.storage_set == NULL || env.quota_conf == NULL)
		return -1;
	open_userdb(process);
	return read_nouser(err);
}

/* --- one user ----------------------------------------------------------- */

struct asked {
	struct pool *pool;
	struct logctx log;
	const struct user *user;
	uint64_t size;
};

static bool
has_quota_plugin(const char *plugins)
{
	while (*(plugins += strspn(plugins, " ,\t")) != '\0') {
		size_t len = strcspn(plugins, " ,\t");

		if (len == strlen("quota") &&
		    strncmp(plugins, "quota", len) == 0)
			return true;
		plugins += len;
	}
	return false;
}

/* A reply that the user's settings name; NULL when they don't. */
static int
reply_setting(const struct quota *quota, const char *name, const char **reply,
	      struct err *err)
{
	if (*reply != NULL)
		return 0;
	if (quota_setting(quota, name, reply, err) < 0)
		return -1;
	if (*reply != NULL && **reply == '\0')
		*reply = NULL;
	return 0;
}

static int
reply_success(const struct quota *quota, const char **reply, struct err *err)
{
	if (reply_setting(quota, "quota_status_success", reply, err) < 0)
		return -1;
	if (*reply == NULL)
		*reply = "OK";
	return 0;
}

static int
reply_over(const struct quota *quota, enum quota_result result,
	   const char **reply, struct err *err)
{
	if (result != QUOTA_OVER &&
	    reply_setting(quota, "quota_status_toolarge", reply, err) < 0)
		return -1;
	if (reply_setting(quota, "quota_status_overquota", reply, err) < 0)
		return -1;
	if (*reply == NULL)
		*reply = pool_printf(quota->pool, "554 5.2.2 %s",
				     result == QUOTA_OVER_MAX_SIZE ?
				     too_large : quota->exceeded);
	return 0;
}

static bool
usage_known(const struct quota *quota)
{
	for (unsigned i = 0; i < quota->root_count; i++) {
		if (!quota->roots[i].known)
			return false;
	}
	return true;
}

/* A message is at least one octet. */
static int
check(const struct asked *a, struct storage *storage, struct quota *quota,
      const char **reply, struct err *err)
{
	enum quota_result result;
	struct mailbox *box;

	if (storage_mailbox(storage, "INBOX", &box, err) < 0)
		return -1;
	quota_begin(quota);
	if (!usage_known(quota)) {
		*reply = unknown_usage;
		return 0;
	}
	result = quota_check(quota, box, a->size > 0 ? a->size : 1, true);
	return result == QUOTA_OK ? reply_success(quota, reply, err) :
		reply_over(quota, result, reply, err);
}

static int
answer_with(const struct asked *a, const struct storage_settings *set,
	    const char **reply, struct err *err)
{
	const struct user *user = a->user;
	struct quota_user who = {
		.name = user->name, .overrides = user->overrides,
		.vars = user->vars, .log = &a->log,
	};
	/* For the settings of one who has no quota. */
	const struct quota none = { .pool = a->pool, .conf = env.quota_conf,
		.overrides = user->overrides, .vars = user->vars };
	struct storage *storage;
	struct quota *quota;
	int result;

	if (!has_quota_plugin(storage_settings_mail(set)->mail_plugins))
		return reply_success(&none, reply, err);
	if (storage_open(set, user->name, user->home, user->vars, &a->log,
			 a->pool, &storage, err) < 0)
		return -1;
	who.storage = storage;
	if (quota_open(env.quota_conf, &who, a->pool, &quota, err) < 0)
		return -1;
	if (quota == NULL)
		return reply_success(&none, reply, err);
	result = check(a, storage, quota, reply, err);
	quota_close(&quota);
	return result;
}

static int
answer_as_user(const struct asked *a, const char **reply, struct err *err)
{
	const struct user *user = a->user;
	const struct priv_ids ids = { user->uid, user->gid, user->groups,
		user->group_count };
	const struct storage_settings *set = storage_settings_get(env.conf,
		&env.scope, user->overrides, a->pool, err);
	int result;

	if (set == NULL || priv_enter(&ids, err) < 0)
		return -1;
	result = answer_with(a, set, reply, err);
	priv_leave();
	return result;
}

/* --- a request ---------------------------------------------------------- */

static const char *
failed(const char *name, const struct err *err)
{
	log_error(&log_process, "Failed to lookup user %s: %s", name,
		  err->text);
	return later;
}

static const char *
answer_user(const struct user *user, uint64_t size, struct pool *pool)
{
	const struct asked a = {
		.pool = pool, .user = user, .size = size,
		.log = { .prefix = pool_printf(pool, SERVICE "(%s)<%d><%s>: ",
					       user->name, (int)getpid(),
					       session_id_new(pool)) },
	};
	const char *reply = NULL;
	struct err err;

	return answer_as_user(&a, &reply, &err) < 0 ?
		failed(user->name, &err) : reply;
}

static const char *
answer_name(const char *name, uint64_t size, struct pool *pool)
{
	const struct user_request req = { .name = name, .service = SERVICE };
	struct user *user;
	struct err err;
	int found = *name == '\0' ? 0 :
		userdb_lookup(env.userdb, &req, env.user_set, pool, &user,
			      &err);

	if (found < 0)
		return failed(name, &err);
	return found == 0 ? env.nouser : answer_user(user, size, pool);
}

const char *
answer_request(const struct policy_request *req, struct pool *pool)
{
	const char *name;
	struct err err;

	/* As when several recipients are asked about at once. */
	if (req->recipient == NULL)
		return "DUNNO";
	if (policy_user(req->recipient, env.deliver_set->recipient_delimiter,
			pool, &name, &err) < 0) {
		log_error(&log_process, "Client sent invalid recipient "
			  "address <%s>: %s", req->recipient, err.text);
		return "DUNNO";
	}
	return answer_name(name, req->size, pool);
}
