/*
 * passdbs of Dovecot's that Loft doesn't have (pam, sql, ldap …). Deliveries
 * rarely need a passdb, so that such a configuration must load; who asks one
 * is told that it can't be answered, never that the user is unknown.
 */
#include <string.h>

#include "auth/auth.h"
#include "auth/drivers.h"
#include "core/log.h"

static void *
absent_init(const struct auth_db_init *init, struct err *err)
{
	(void)err;		/* nothing can fail */
	log_warning(&log_process, "passdb driver %s is not supported: "
		    "passwords can't be checked there", init->driver);
	return init->pool;	/* no state: anything but NULL */
}

static enum auth_result
absent_lookup(void *db, struct auth_request *req, struct auth_secret *secret)
{
	(void)db;
	(void)secret;
	auth_request_error(req, "passdb", "its driver is not supported");
	return AUTH_TROUBLE;
}

const struct passdb_driver passdb_absent = {
	.name = "",
	.init = absent_init,
	.lookup = absent_lookup,
};

bool
passdb_absent_named(const char *name)
{
	static const char *const names[] = {
		"pam", "sql", "ldap", "dict", "checkpassword", "lua",
		"oauth2", "imap", "bsdauth", "vpopmail", "prefetch",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}
