/*
 * One question about one user on its way through the chains of passdb and
 * userdb. It lives in its own pool, from the line that asked to the answer.
 */
#ifndef LOFT_AUTH_REQUEST_H
#define LOFT_AUTH_REQUEST_H

#include <stdbool.h>

#include "auth/fields.h"

struct auth;
struct err;
struct pool;
struct vars;

enum auth_result {
	AUTH_OK,		/* found; with a password: it was right */
	AUTH_UNKNOWN,		/* no such user */
	AUTH_MISMATCH,		/* wrong password */
	AUTH_REFUSED,		/* found, but not to be let in */
	AUTH_TROUBLE,		/* we can't tell; never the user's fault */
};

struct auth_request {
	struct pool *pool;
	const struct auth *auth;
	const char *asked;	/* the name as the client sent it */
	const char *user;	/* what it became; a database may rename */
	const char *const *params;	/* "service=lmtp", "rip=…" up to NULL */
	const char *mech;	/* "PLAIN", or NULL for a lookup */
	const char *password;	/* what the client gave, or NULL */
	struct fields passdb;	/* what the passdbs said, for the client */
	struct fields userdb;	/* what the userdbs (or userdb_*) said */
	const char *reason;	/* for the client, or NULL */
	bool verbose;		/* log lines at info level */
};

/* A request in its own pool; params must outlive it. */
struct auth_request *auth_request_new(const struct auth *auth,
				      const char *user,
				      const char *const *params);
void auth_request_free(struct auth_request **reqp);

/* The value of "rip", "service", …; NULL when the client didn't say. */
const char *auth_request_param(const struct auth_request *req,
			       const char *name);

/* %u %n %d %s %l %r … for settings of databases; made anew by each call. */
const struct vars *auth_request_vars(struct auth_request *req);

/* Expand into the request's pool; AUTH_TROUBLE's log line is written here
   and NULL returned when the text uses unknown variables. */
const char *auth_request_expand(struct auth_request *req, const char *text,
				const char *driver);

/* Translate, check and format the name (auth_username_*). false: it can
   belong to nobody (told with auth_verbose). */
bool auth_request_fix_user(struct auth_request *req);

/* Log lines "DRIVER(USER,IP): text". The first only with auth_verbose, the
   second only with auth_debug, the third always. */
void auth_request_info(const struct auth_request *req, const char *driver,
		       const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void auth_request_debug(const struct auth_request *req, const char *driver,
			const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void auth_request_error(const struct auth_request *req, const char *driver,
			const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* A field from a passdb: "user" renames, "userdb_x" goes to the userdb's
   fields, the rest to the client. */
void auth_request_passdb_field(struct auth_request *req, const char *name,
			       const char *value, bool replace);

/* A field from a userdb: "user" renames. */
void auth_request_userdb_field(struct auth_request *req, const char *name,
			       const char *value, bool replace);

/* Append the passdb's fields to an answer, but for those that are about the
   password itself. */
struct str;
void auth_request_append_passdb(const struct auth_request *req,
				struct str *line);

/* The chains (chain.c). With a password, passdb checks it. OK, UNKNOWN,
   MISMATCH, REFUSED or TROUBLE; every step is already logged. */
enum auth_result auth_passdb_run(struct auth_request *req);
enum auth_result auth_userdb_run(struct auth_request *req);

#endif
