/* SASL mechanisms: auth/mech-*.c, one row in auth/mech.c each. */
#ifndef LOFT_AUTH_MECH_H
#define LOFT_AUTH_MECH_H

#include <stdbool.h>
#include <stddef.h>

struct pool;

enum mech_step {
	MECH_MORE,	/* send the challenge and wait for the response */
	MECH_DONE,	/* user and password are there */
	MECH_BROKEN,	/* the client's response makes no sense */
};

/* What a mechanism knows of one login. */
struct mech_state {
	struct pool *pool;
	unsigned round;		/* responses so far */
	const char *user, *password;
	const char *challenge;	/* to be sent, not yet encoded */
};

struct mech {
	const char *name;
	const char *flags;	/* what the MECH line says of it */
	/* One response (NUL-terminated, may hold NULs); NULL for "there was
	   no initial one". */
	enum mech_step (*step)(struct mech_state *state, const char *data,
			       size_t len);
};

extern const struct mech mech_plain, mech_login;

/* The row of that name (any case), or NULL. */
const struct mech *mech_find(const char *name);

#endif
