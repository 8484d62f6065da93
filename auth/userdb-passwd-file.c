/*
 * userdb passwd-file: uid, gid, home and userdb_* fields from a file.
 */
#include "auth/auth.h"
#include "auth/drivers.h"
#include "auth/passwd-file.h"

static void *
file_init(const struct auth_db_init *init, struct err *err)
{
	return passwd_file_new(init, err);
}

static void
add(struct auth_request *req, const char *name, const char *value)
{
	if (value != NULL && *value != '\0')
		auth_request_userdb_field(req, name, value, true);
}

static enum auth_result
file_lookup(void *ctx, struct auth_request *req)
{
	const struct passwd_line *line;
	enum auth_result result = passwd_file_lookup(ctx, req, &line);

	if (result != AUTH_OK)
		return result;
	if (line->trouble != NULL) {
		auth_request_error(req, "passwd-file", "%s", line->trouble);
		return AUTH_TROUBLE;
	}
	add(req, "uid", line->uid);
	add(req, "gid", line->gid);
	add(req, "home", line->home);
	passwd_line_extra(line, req, true, auth_request_userdb_field);
	return AUTH_OK;
}

static int
file_list(void *ctx, void (*each)(const char *name, void *arg), void *arg,
	  struct err *err)
{
	return passwd_file_list(ctx, each, arg, err);
}

const struct userdb_driver userdb_passwd_file = {
	.name = "passwd-file",
	.init = file_init,
	.lookup = file_lookup,
	.list = file_list,
};
