/*
 * userdb static: the same fields for everybody, made of args such as
 * "uid=vmail gid=vmail home=/srv/mail/%d/%n". Whether the user exists is for
 * the passdb to say, unless allow_all_users=yes.
 */
#include <string.h>

#include "auth/auth.h"
#include "auth/drivers.h"
#include "auth/template.h"
#include "conf/settings.h"
#include "core/err.h"
#include "core/pool.h"

struct static_userdb {
	struct template template;
	bool allow_all_users;
};

static void *
static_init(const struct auth_db_init *init, struct err *err)
{
	struct static_userdb *db = pool_new_obj(init->pool,
						struct static_userdb);
	const char *all;

	if (template_parse(init->args, init->pool, &db->template, err) < 0)
		return NULL;
	all = template_take(&db->template, "allow_all_users");
	if (all != NULL && *all != '\0' &&
	    !setting_parse_bool(all, &db->allow_all_users)) {
		(void)err_set(err, ERR_CONFIG, "allow_all_users=%s is neither "
			      "yes nor no", all);
		return NULL;
	}
	(void)template_take(&db->template, "blocking");
	return db;
}

/* What the passdb has in userdb_* fields comes along, below ours. */
static enum auth_result
ask_passdb(struct auth_request *req)
{
	enum auth_result result;

	if (req->auth->passdb_count == 0) {
		auth_request_error(req, "static", "who exists is for a passdb "
				   "to say, and there is none (see "
				   "allow_all_users)");
		return AUTH_TROUBLE;
	}
	result = auth_passdb_run(req);
	return result == AUTH_OK || result == AUTH_TROUBLE ? result :
		AUTH_UNKNOWN;
}

static enum auth_result
static_lookup(void *ctx, struct auth_request *req)
{
	const struct static_userdb *db = ctx;
	enum auth_result result = AUTH_OK;

	/* after a login the passdb has already spoken */
	if (!db->allow_all_users && req->mech == NULL)
		result = ask_passdb(req);
	if (result != AUTH_OK)
		return result;
	return template_apply(&db->template, req, "static",
			      auth_request_userdb_field);
}

const struct userdb_driver userdb_static = {
	.name = "static",
	.init = static_init,
	.lookup = static_lookup,
};
