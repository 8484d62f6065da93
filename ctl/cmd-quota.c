/*
 * loftctl quota get, quota recalc: a user's usage and limits as a delivery
 * sees them, looked at with his ids.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "conf/scope.h"
#include "conf/settings.h"
#include "core/err.h"
#include "core/log.h"
#include "core/pool.h"
#include "ctl/auth-info.h"
#include "ctl/commands.h"
#include "ctl/loftctl.h"
#include "deliver/deliver.h"
#include "quota/quota.h"
#include "service/priv.h"
#include "storage/mail-settings.h"
#include "storage/storage.h"
#include "user/lookup.h"
#include "user/user-settings.h"
#include "user/user.h"

static int run_get(struct ctl *ctl, int argc, char **argv);
static int run_recalc(struct ctl *ctl, int argc, char **argv);

const struct ctl_command cmd_quota_get = {
	"quota get", "[-f FORMAT] [-a SOCKET] [-u USER|MASK | -A]",
	"Show how much mail users have and may have.", run_get,
};

const struct ctl_command cmd_quota_recalc = {
	"quota recalc", "[-a SOCKET] -u USER|MASK | -A",
	"Count users' mail anew.", run_recalc,
};

/* One run of a command. */
struct asking {
	struct ctl *ctl;
	const struct ctl_command *command;
	struct pool *pool;
	struct scope scope;
	struct quota_conf *conf;
	const struct user_settings *user_set;
	struct userdb_conn *conn;
	const char *socket_path;	/* -a */
	const char *mask;		/* -u, "*" for -A, NULL: myself */
	bool many;			/* a column for the name is wanted */
	struct output *out;		/* quota get */
};

/* --- quota get --- */

static void
show(struct asking *a, const char *user, const struct quota_root *root,
     const char *type, uint64_t value, uint64_t limit)
{
	struct pool *pool = a->pool;
	const char *columns[] = {
		user, root->name, type,
		pool_printf(pool, "%" PRIu64, value),
		limit == 0 ? "-" : pool_printf(pool, "%" PRIu64, limit),
		limit == 0 ? "0" :
			pool_printf(pool, "%" PRIu64, value * 100 / limit),
	};
	const char *const unknown[] = {
		user, root->name, type, "error", "error", "error",
	};

	output_row(a->out, (root->known ? columns : unknown) + !a->many);
}

static uint64_t
kilobytes(uint64_t octets)
{
	return octets / 1024 + (octets % 1024 != 0);
}

static int
get(struct asking *a, struct quota *quota, struct err *err)
{
	int result = 0;

	quota_begin(quota);
	for (unsigned i = 0; i < quota->root_count; i++) {
		const struct quota_root *root = &quota->roots[i];
		struct quota_limit limit;

		quota_root_limit(root, "", &limit);
		if (root->backend->has_storage)
			show(a, quota->user, root, "STORAGE",
			     kilobytes(root->usage.bytes),
			     kilobytes((uint64_t)limit.bytes));
		if (root->backend->has_messages)
			show(a, quota->user, root, "MESSAGE",
			     root->usage.messages, (uint64_t)limit.messages);
		if (!root->known)
			result = err_set(err, ERR_TEMP, "%s: the usage isn't "
					 "known", root->name);
	}
	quota_end(quota);
	return result;
}

/* --- a user --- */

static int
with_quota(struct asking *a, const struct user *user,
	   const struct logctx *log, struct err *err)
{
	const struct storage_settings *set =
		storage_settings_get(a->ctl->conf, &a->scope, user->overrides,
				     a->pool, err);
	struct quota_user who = {
		.name = user->name, .overrides = user->overrides,
		.vars = user->vars, .log = log,
	};
	struct quota *quota;
	int result;

	if (set == NULL ||
	    storage_open(set, user->name, user->home, user->vars, log,
			 a->pool, &who.storage, err) < 0 ||
	    quota_open(a->conf, &who, a->pool, &quota, err) < 0)
		return -1;
	if (quota == NULL)
		return 0;
	result = a->command == &cmd_quota_get ? get(a, quota, err) :
		quota_recalc(quota, err);
	quota_close(&quota);
	return result;
}

static int
do_user(struct asking *a, const struct user *user)
{
	const struct priv_ids ids = { user->uid, user->gid, user->groups,
		user->group_count };
	const struct logctx log = {
		.prefix = pool_printf(a->pool, "loftctl(%s): ", user->name),
	};
	struct err err;
	int result = priv_enter(&ids, &err);

	if (result == 0) {
		result = with_quota(a, user, &log, &err);
		priv_leave();
	}
	if (result == 0)
		return CTL_OK;
	return ctl_fail(err.kind == ERR_CONFIG ? CTL_CONFIG : CTL_TEMPFAIL,
			"%s: %s", user->name, err.text);
}

static int
do_name(struct asking *a, const char *name)
{
	const struct user_request req = { .name = name,
		.service = "loftctl" };
	struct user *user;
	struct err err;
	int found = userdb_lookup(a->conn, &req, a->user_set, a->pool, &user,
				  &err);

	if (found == 0)
		return ctl_fail(CTL_NOUSER,
				"userdb lookup: user %s doesn't exist", name);
	if (found < 0)
		return ctl_fail(CTL_TEMPFAIL, "%s", err.text);
	return do_user(a, user);
}

static int
do_myself(struct asking *a)
{
	struct user *user;
	struct err err;

	if (user_from_process(a->pool, &user, &err) < 0)
		return ctl_fail(CTL_USAGE, "%s (-u USER)", err.text);
	return do_user(a, user);
}

static int
do_all(struct asking *a)
{
	struct pool *all = a->pool;	/* there may be many of them */
	const char *const *names;
	int status = CTL_OK, one;
	struct err err;

	if (userdb_list(a->conn, a->mask, "loftctl", a->pool, &names,
			&err) < 0)
		return ctl_fail(CTL_TEMPFAIL, "%s", err.text);
	for (; *names != NULL; names++) {
		a->pool = pool_new();
		one = do_name(a, *names);
		if (one != CTL_OK)
			status = one;
		pool_free(&a->pool);
	}
	a->pool = all;
	return status;
}

/* --- the commands --- */

static int
parse(struct asking *a, int argc, char **argv)
{
	int opt;

	while ((opt = getopt(argc, argv, "a:f:u:A")) != -1) {
		switch (opt) {
		case 'a':
			a->socket_path = optarg;
			break;
		case 'f':
			if (output_format_parse(optarg, &a->ctl->format))
				break;
			return ctl_fail(CTL_USAGE, "unknown format: %s",
					optarg);
		case 'u':
			a->mask = optarg;
			break;
		case 'A':
			a->mask = "*";
			break;
		default:
			return ctl_usage(a->command);
		}
	}
	a->many = a->mask != NULL && strpbrk(a->mask, "*?") != NULL;
	return optind == argc ? CTL_OK : ctl_usage(a->command);
}

static int
load(struct asking *a)
{
	struct err err;

	if (ctl_conf(a->ctl) == NULL)
		return CTL_CONFIG;
	a->scope.protocol = "lmtp";	/* what holds for deliveries */
	a->user_set = settings_get(a->ctl->conf, &a->scope, "",
				   &user_settings_info, NULL, a->pool, &err);
	a->conf = quota_conf_get(a->ctl->conf, &a->scope, a->pool, &err);
	if (a->user_set == NULL || a->conf == NULL)
		return ctl_fail(CTL_CONFIG, "%s", err.text);
	return CTL_OK;
}

static void
open_output(struct asking *a)
{
	static const char *const titles[] = {
		"Username", "Quota name", "Type", "Value", "Limit", "%", NULL
	};
	static const char *const keys[] = {
		"username", "root", "type", "value", "limit", "percent", NULL
	};
	enum output_format format = a->ctl->format;

	if (format == OUTPUT_UNSET)
		format = OUTPUT_TABLE;
	a->out = output_new(format, (format == OUTPUT_JSON ? keys : titles) +
			    !a->many);
}

static int
ask(struct asking *a)
{
	int status = load(a);

	if (status != CTL_OK)
		return status;
	deliver_use_groups();
	a->conn = userdb_conn_new(auth_socket(a->ctl->conf, a->socket_path,
					      a->user_set->auth_socket_path,
					      a->pool));
	if (a->command == &cmd_quota_get)
		open_output(a);
	status = a->mask == NULL ? do_myself(a) :
		a->many ? do_all(a) : do_name(a, a->mask);
	userdb_conn_free(&a->conn);
	if (a->out != NULL && output_finish(&a->out) < 0)
		status = CTL_TEMPFAIL;
	return status;
}

static int
run(const struct ctl_command *command, struct ctl *ctl, int argc, char **argv)
{
	struct asking a = { .ctl = ctl, .command = command };
	int status = parse(&a, argc, argv);

	if (status != CTL_OK)
		return status;
	a.pool = pool_new();
	status = ask(&a);
	pool_free(&a.pool);
	return status;
}

static int
run_get(struct ctl *ctl, int argc, char **argv)
{
	return run(&cmd_quota_get, ctl, argc, argv);
}

static int
run_recalc(struct ctl *ctl, int argc, char **argv)
{
	return run(&cmd_quota_recalc, ctl, argc, argv);
}
