/*
 * userdb prefetch: what the passdb said in userdb_* fields. Only a login has
 * asked the passdb before; for a delivery's lookup the next userdb decides.
 */
#include "auth/auth.h"
#include "auth/drivers.h"

static void *
prefetch_init(const struct auth_db_init *init, struct err *err)
{
	(void)err;		/* nothing can fail */
	return init->pool;	/* no state: anything but NULL */
}

static enum auth_result
prefetch_lookup(void *db, struct auth_request *req)
{
	(void)db;
	if (req->userdb.count == 0) {
		auth_request_debug(req, "prefetch", "passdb gave no userdb "
				   "fields");
		return AUTH_UNKNOWN;
	}
	return AUTH_OK;
}

const struct userdb_driver userdb_prefetch = {
	.name = "prefetch",
	.init = prefetch_init,
	.lookup = prefetch_lookup,
};
