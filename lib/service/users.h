/*
 * The users that settings name: `user = $default_internal_user`, and the
 * defaults with their fallbacks. A default that is unset and missing falls
 * back; a configured one that is missing is an error. Groups live in pool.
 */
#ifndef LOFT_SERVICE_USERS_H
#define LOFT_SERVICE_USERS_H

#include <stdbool.h>

struct conf;
struct err;
struct pool;
struct priv_ids;
struct service_settings;
struct str;

/* default_login_user: where a root worker rests. */
int users_login(const struct conf *conf, struct pool *pool,
		struct priv_ids *ids, struct err *err);

/* default_internal_user and its group; *fallback_r tells that it came down
   to nobody. May be NULL. */
int users_internal(const struct conf *conf, struct pool *pool,
		   struct priv_ids *ids, bool *fallback_r, struct err *err);

/* A user and group as settings write them ("$default_internal_user",
   "vmail", "1000"; group "" = the user's own). Both "": ids of the process
   itself. */
int users_find(const struct conf *conf, const char *user, const char *group,
	       struct pool *pool, struct priv_ids *ids, struct err *err);

/* Append "WHEREWHAT: what is wrong" with this name. What is wrong with a
   default ("$default_internal_user") was told once and for all. */
void users_tell(const char *where, const char *what, const char *name,
		const struct err *err, struct str *errors);

/* What the service runs as; false in *set_r when that is the master's user
   (no `user` named). */
int users_of_service(const struct conf *conf,
		     const struct service_settings *set,
		     struct pool *pool, struct priv_ids *ids, bool *set_r, struct err *err);

#endif
