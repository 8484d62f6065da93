/*
 * Asking auth whether a password is right, in Dovecot's auth client protocol:
 * one connection for one login.
 */
#ifndef LOFT_USER_SASL_H
#define LOFT_USER_SASL_H

#include "user/lookup.h"

struct err;
struct pool;
struct sasl_client;

enum { SASL_TIMEOUT_MS = 10000 };	/* auth lets failures wait for 2 s */

enum sasl_result {
	SASL_TROUBLE = -1,	/* auth is away, slow or confused; err says */
	SASL_CONTINUE,		/* text is a challenge in base64 */
	SASL_OK,		/* text is the user's name */
	SASL_REFUSED,
	SASL_TEMPFAIL,		/* auth can't tell at present */
};

/* Connect by this function. NULL with err: auth is away. */
struct sasl_client *sasl_client_new(const char *path,
				    userdb_connect_fn *connect,
				    struct err *err);
void sasl_client_free(struct sasl_client **cp);

/* Begin; params are "name=value" up to NULL, response is base64, "=" for an
   empty one, or NULL for none. *text_r is in pool. */
enum sasl_result sasl_client_start(struct sasl_client *c, const char *mech,
				   const char *const *params,
				   const char *response, struct pool *pool,
				   const char **text_r, struct err *err);

/* The answer to a challenge, base64. */
enum sasl_result sasl_client_go_on(struct sasl_client *c,
				   const char *response, struct pool *pool,
				   const char **text_r, struct err *err);

#endif
