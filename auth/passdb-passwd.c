/*
 * passdb passwd and shadow: the system's users. For lookups without a
 * password it only counts that they exist. shadow needs root, so auth stays
 * root where it is configured.
 */
#include <errno.h>
#include <pwd.h>
#include <shadow.h>
#include <string.h>

#include "auth/auth.h"
#include "auth/drivers.h"
#include "auth/template.h"
#include "core/pool.h"
#include "service/daemon.h"

struct passwd_passdb {
	struct template template;
};

static void *
passwd_init(const struct auth_db_init *init, struct err *err)
{
	struct passwd_passdb *db = pool_new_obj(init->pool,
						struct passwd_passdb);

	if (template_parse(init->args, init->pool, &db->template, err) < 0)
		return NULL;
	(void)template_take(&db->template, "blocking");
	return db;
}

static void *
shadow_init(const struct auth_db_init *init, struct err *err)
{
	void *db = passwd_init(init, err);

	if (db != NULL)
		service_daemon_keep_ids();
	return db;
}

static enum auth_result
not_there(struct auth_request *req, const char *driver, const char *call)
{
	if (errno == 0 || errno == ENOENT || errno == ESRCH)
		return AUTH_UNKNOWN;
	auth_request_error(req, driver, "%s() failed: %s", call,
			   strerror(errno));
	return AUTH_TROUBLE;
}

static enum auth_result
passwd_lookup(void *ctx, struct auth_request *req, struct auth_secret *secret)
{
	const struct passwd_passdb *db = ctx;
	struct passwd *pw;

	errno = 0;
	pw = getpwnam(req->user);
	if (pw == NULL)
		return not_there(req, "passwd", "getpwnam");
	secret->stored = pool_strdup(req->pool, pw->pw_passwd);
	return template_apply(&db->template, req, "passwd",
			      auth_request_passdb_field);
}

static enum auth_result
shadow_lookup(void *ctx, struct auth_request *req, struct auth_secret *secret)
{
	const struct passwd_passdb *db = ctx;
	struct spwd *sp;

	errno = 0;
	sp = getspnam(req->user);
	if (sp == NULL)
		return not_there(req, "shadow", "getspnam");
	secret->stored = pool_strdup(req->pool, sp->sp_pwdp);
	return template_apply(&db->template, req, "shadow",
			      auth_request_passdb_field);
}

const struct passdb_driver passdb_passwd = {
	.name = "passwd",
	.cached = true,
	.init = passwd_init,
	.lookup = passwd_lookup,
};

const struct passdb_driver passdb_shadow = {
	.name = "shadow",
	.cached = true,
	.init = shadow_init,
	.lookup = shadow_lookup,
};
