/*
 * Drivers of Dovecot's that Loft doesn't have (pam, sql, ldap …). Such a
 * configuration must load, because deliveries may never ask them; who does is
 * told that we can't tell, never that the user is unknown.
 */
#include "auth/auth.h"
#include "auth/drivers.h"
#include "core/log.h"

static void *
absent_init(const struct auth_db_init *init, struct err *err)
{
	(void)err;		/* nothing can fail */
	log_warning(&log_process, "driver %s is not supported: who asks it "
		    "gets a temporary failure", init->driver);
	return init->pool;	/* no state: anything but NULL */
}

static enum auth_result
absent(struct auth_request *req, const char *what)
{
	auth_request_error(req, what, "its driver is not supported");
	return AUTH_TROUBLE;
}

static enum auth_result
passdb_lookup(void *db, struct auth_request *req, struct auth_secret *secret)
{
	(void)db;
	(void)secret;
	return absent(req, "passdb");
}

static enum auth_result
userdb_lookup(void *db, struct auth_request *req)
{
	(void)db;
	return absent(req, "userdb");
}

const struct passdb_driver passdb_absent = {
	.name = "passdb",
	.init = absent_init,
	.lookup = passdb_lookup,
};

const struct userdb_driver userdb_absent = {
	.name = "userdb",
	.init = absent_init,
	.lookup = userdb_lookup,
};
