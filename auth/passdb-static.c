/*
 * passdb static: everybody exists, with the same password (password=…) or
 * none at all (nopassword=y).
 */
#include "auth/auth.h"
#include "auth/drivers.h"
#include "auth/template.h"
#include "core/pool.h"

struct static_passdb {
	struct template template;
	const char *password;	/* with variables; NULL: none */
};

static void *
static_init(const struct auth_db_init *init, struct err *err)
{
	struct static_passdb *db = pool_new_obj(init->pool,
						struct static_passdb);

	if (template_parse(init->args, init->pool, &db->template, err) < 0)
		return NULL;
	db->password = template_take(&db->template, "password");
	return db;
}

static enum auth_result
static_lookup(void *ctx, struct auth_request *req, struct auth_secret *secret)
{
	const struct static_passdb *db = ctx;

	secret->scheme = "PLAIN";
	if (db->password != NULL) {
		secret->stored = auth_request_expand(req, db->password,
						     "static");
		if (secret->stored == NULL)
			return AUTH_TROUBLE;
	}
	return template_apply(&db->template, req, "static",
			      auth_request_passdb_field);
}

const struct passdb_driver passdb_static = {
	.name = "static",
	.init = static_init,
	.lookup = static_lookup,
};
