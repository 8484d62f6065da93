/*
 * userdb passwd: the system's users, by getpwnam(3), so also those of NSS.
 * Args may hold fields that replace the system's: "home=/srv/mail/%u".
 */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "auth/auth.h"
#include "auth/drivers.h"
#include "auth/template.h"
#include "core/err.h"
#include "core/pool.h"

struct passwd_userdb {
	struct template template;
	const struct auth *auth;
};

static void *
passwd_init(const struct auth_db_init *init, struct err *err)
{
	struct passwd_userdb *db = pool_new_obj(init->pool,
						struct passwd_userdb);

	db->auth = init->auth;
	if (template_parse(init->args, init->pool, &db->template, err) < 0)
		return NULL;
	(void)template_take(&db->template, "blocking");
	return db;
}

static void
add_number(struct auth_request *req, const char *name, unsigned number)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%u", number);
	auth_request_userdb_field(req, name, text, true);
}

static enum auth_result
passwd_lookup(void *ctx, struct auth_request *req)
{
	const struct passwd_userdb *db = ctx;
	struct passwd *pw;

	errno = 0;
	pw = getpwnam(req->user);
	if (pw == NULL && (errno == 0 || errno == ENOENT || errno == ESRCH))
		return AUTH_UNKNOWN;
	if (pw == NULL) {
		auth_request_error(req, "passwd", "getpwnam() failed: %s",
				   strerror(errno));
		return AUTH_TROUBLE;
	}
	auth_request_userdb_field(req, "system_groups_user", pw->pw_name,
				  true);
	add_number(req, "uid", pw->pw_uid);
	add_number(req, "gid", pw->pw_gid);
	auth_request_userdb_field(req, "home", pw->pw_dir, true);
	return template_apply(&db->template, req, "passwd",
			      auth_request_userdb_field);
}

/* Those whose uid may have mail. */
static int
passwd_list(void *ctx, void (*each)(const char *name, void *arg), void *arg,
	    struct err *err)
{
	const struct passwd_userdb *db = ctx;
	unsigned last = db->auth->last_valid_uid;
	struct passwd *pw;

	setpwent();
	errno = 0;
	while ((pw = getpwent()) != NULL) {
		if (pw->pw_uid != 0 &&
		    pw->pw_uid >= db->auth->first_valid_uid &&
		    (last == 0 || pw->pw_uid <= last))
			each(pw->pw_name, arg);
		errno = 0;
	}
	if (errno != 0 && errno != ENOENT) {
		(void)err_sys(err, "getpwent()");
		endpwent();
		return -1;
	}
	endpwent();
	return 0;
}

const struct userdb_driver userdb_passwd = {
	.name = "passwd",
	.cached = true,
	.init = passwd_init,
	.lookup = passwd_lookup,
	.list = passwd_list,
};
