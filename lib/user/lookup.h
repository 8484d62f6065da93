/*
 * Asking the userdb, in Dovecot's auth master protocol, over one kept
 * connection. Nothing is cached here. Questions can be sent ahead, so that
 * all RCPTs of a pipelined group cost one round trip.
 */
#ifndef LOFT_USER_LOOKUP_H
#define LOFT_USER_LOOKUP_H

struct err;
struct pool;
struct user;
struct user_request;
struct user_settings;
struct userdb_conn;

enum { USERDB_TIMEOUT_MS = 5000 };	/* from a question to its answer */

/* Nothing is opened yet; path is absolute. Owned by the caller. */
struct userdb_conn *userdb_conn_new(const char *path);
void userdb_conn_free(struct userdb_conn **connp);

/* Connect to the socket; the fd, or -1 with err. */
int userdb_connect(const char *path, struct err *err);

/* Connect by this function from now on: a root worker puts userdb_connect()
   between priv_enter_root() and priv_leave(), so that auth knows it for
   root. */
typedef int userdb_connect_fn(const char *path, struct err *err);
void userdb_conn_set_connect(struct userdb_conn *conn, userdb_connect_fn *fn);

/* Queue a question; the number in *id_r names its answer. Each must be taken
   by userdb_lookup_answer(), or given up by userdb_lookup_drop(). */
void userdb_lookup_queue(struct userdb_conn *conn,
			 const struct user_request *req, unsigned *id_r);

/* Send what is queued (connecting first where needed) and read the answer to
   `id`, within 5 s; after a broken connection everything unanswered is asked
   once more. 1 found, *user_r in pool; 0 no such user; -1 trouble: auth is
   away or slow, it said FAIL, or the answer can't work (err says which). */
int userdb_lookup_answer(struct userdb_conn *conn, unsigned id,
			 const struct user_settings *set, struct pool *pool,
			 struct user **user_r, struct err *err);

/* Forget every question that is still open. */
void userdb_lookup_drop(struct userdb_conn *conn);

/* Both in one, for a single question. */
int userdb_lookup(struct userdb_conn *conn, const struct user_request *req,
		  const struct user_settings *set, struct pool *pool,
		  struct user **user_r, struct err *err);

/* The raw fields of an answer ("uid=…" up to NULL, in pool), for loftctl
   user; *name_r is the name the userdb answered with. */
int userdb_lookup_fields(struct userdb_conn *conn,
			 const struct user_request *req, struct pool *pool,
			 const char **name_r, const char *const **fields_r,
			 struct err *err);

/* The same of the passdb ("user=…" first); without a password. */
int passdb_lookup_fields(struct userdb_conn *conn,
			 const struct user_request *req, struct pool *pool,
			 const char *const **fields_r, struct err *err);

/* Every user name that matches the mask ("*"), in pool, up to NULL. -1 when
   the userdb can't tell. */
int userdb_list(struct userdb_conn *conn, const char *mask,
		const char *service, struct pool *pool,
		const char *const **names_r, struct err *err);

#endif
