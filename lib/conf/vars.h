/*
 * %-variables: %u, %{name}, modifiers (%Lu, %1.3Mu, %{sha256:user}), and
 * %{if;…}. The table is the caller's; values may be NULL (expand to "").
 */
#ifndef LOFT_CONF_VARS_H
#define LOFT_CONF_VARS_H

struct err;
struct pool;

struct vars_entry {
	char key;		/* 'u', or '\0' when there is only a name */
	const char *name;	/* "user", or NULL */
	const char *value;
};

struct vars {
	const struct vars_entry *entries;	/* key 0 and name NULL ends */
	/* Lookups with an argument, "userdb:quota" -> func("userdb",
	   "quota"); may be NULL. Returns NULL for "no such thing". */
	const char *(*func)(const char *name, const char *arg, void *ctx);
	void *func_ctx;
	const struct vars *parent;	/* asked next, or NULL */
};

/* Expand text; the result lives in pool. %%, %{hostname}, %{pid} and
   %{env:NAME} always work. An unknown variable expands to
   "UNSUPPORTED_VARIABLE_x" as in Dovecot and is told in err, with -1; the
   result is still usable then. */
int vars_expand(const char *text, const struct vars *vars, struct pool *pool,
		const char **result_r, struct err *err);

/* The table for a user: %u %n %d %h and their long names, cut out of
   `user`. Lives in pool. */
struct vars *vars_user(const char *user, const char *home, struct pool *pool);

#endif
