/*
 * What the files of vars share; for conf/ alone.
 */
#ifndef LOFT_CONF_VARS_PRIVATE_H
#define LOFT_CONF_VARS_PRIVATE_H

#include <stdbool.h>

struct err;
struct pool;
struct vars;

/* One expansion: whose variables, whose memory, and how deep in {if}. */
struct vars_run {
	const struct vars *vars;
	struct pool *pool;
	unsigned depth;
};

/* vars_expand(), also for the parts of an {if}. */
int vars_expand_run(const char *text, const struct vars_run *run,
		    const char **result_r, struct err *err);

/* "%d;ne;;yes;no": what stands behind "if;". */
int vars_if(const char *args, const struct vars_run *run,
	    const char **value_r, struct err *err);

/* Is it the name of a hash, with or without its arguments? */
bool vars_is_hash(const char *name);

/* "sha256;rounds=2,salt=x:user". */
int vars_hash_form(const char *form, const struct vars_run *run,
		   const char **value_r, struct err *err);

/* The digest of text in hexadecimal. */
int vars_hash(const char *algorithm, const char *text, struct pool *pool,
	      const char **hex_r, struct err *err);

#endif
