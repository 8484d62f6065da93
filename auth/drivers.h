/* Every driver that the tables in userdb.c and passdb.c name. */
#ifndef LOFT_AUTH_DRIVERS_H
#define LOFT_AUTH_DRIVERS_H

#include <stdbool.h>

struct passdb_driver;
struct userdb_driver;

extern const struct userdb_driver userdb_passwd, userdb_passwd_file,
	userdb_prefetch, userdb_static;
extern const struct passdb_driver passdb_passwd, passdb_passwd_file,
	passdb_shadow, passdb_static, passdb_absent;

/* Is it a passdb of Dovecot's that is not here? */
bool passdb_absent_named(const char *name);

#endif
