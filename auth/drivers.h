/* Every driver that the tables in userdb.c and passdb.c name. */
#ifndef LOFT_AUTH_DRIVERS_H
#define LOFT_AUTH_DRIVERS_H

struct passdb_driver;
struct userdb_driver;

extern const struct userdb_driver userdb_passwd, userdb_passwd_file,
	userdb_prefetch, userdb_static;
extern const struct passdb_driver passdb_passwd, passdb_passwd_file,
	passdb_shadow, passdb_static;

/* Those of Dovecot's that are not here. */
extern const struct userdb_driver userdb_absent;
extern const struct passdb_driver passdb_absent;

#endif
