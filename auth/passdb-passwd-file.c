/*
 * passdb passwd-file: passwords and extra fields from a file.
 */
#include "auth/auth.h"
#include "auth/drivers.h"
#include "auth/passwd-file.h"
#include "core/pool.h"

static void *
file_init(const struct auth_db_init *init, struct err *err)
{
	return passwd_file_new(init, err);
}

static enum auth_result
file_lookup(void *ctx, struct auth_request *req, struct auth_secret *secret)
{
	const struct passwd_line *line;
	enum auth_result result = passwd_file_lookup(ctx, req, &line);

	if (result != AUTH_OK)
		return result;
	secret->stored = pool_strdup(req->pool, line->password);
	secret->scheme = passwd_file_scheme(ctx);
	/* userdb_* fields are the userdb's: prefetch and static use them */
	passwd_line_extra(line, req, true, auth_request_userdb_field);
	passwd_line_extra(line, req, false, auth_request_passdb_field);
	return AUTH_OK;
}

const struct passdb_driver passdb_passwd_file = {
	.name = "passwd-file",
	.init = file_init,
	.lookup = file_lookup,
};
