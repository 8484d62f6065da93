/*
 * What an LMTP process has once and every session uses: settings, the
 * connection to auth, the delivery batch and the spool. Made in init() (in
 * the template, before any client), or by main() when run by hand.
 */
#ifndef LOFT_LMTP_ENV_H
#define LOFT_LMTP_ENV_H

#include <stdbool.h>
#include <stdint.h>

#include "conf/scope.h"

struct conf;
struct deliver_batch;
struct deliver_settings;
struct err;
struct lmtp_settings;
struct mail_settings;
struct pool;
struct process_settings;
struct service_client;
struct spool;
struct tls_context;
struct user_settings;
struct userdb_conn;

struct lmtp_env {
	const struct conf *conf;
	bool by_hand;		/* no master to listen to */
	bool by_address;	/* a local or remote block is there */

	/* These follow the client's addresses (lmtp_env_enter()). */
	struct scope scope;
	struct pool *pool;
	const struct lmtp_settings *set;
	const struct deliver_settings *deliver_set;
	const struct mail_settings *mail_set;
	const struct process_settings *process_set;
	const struct user_settings *user_set;
	struct deliver_batch *batch;
	struct spool *spool;
	struct userdb_conn *userdb;
	const char *auth_client;	/* auth's socket for logins */
	struct tls_context *tls;	/* NULL: no TLS. Not owned */
	const char *hostname;
	bool dsn;		/* delivery reports can be sent */
	uint64_t max_size;	/* of a message to anyone; 0: no limit */
};

/* Read the settings as they are for nobody in particular. */
int lmtp_env_init(struct lmtp_env *env, const struct conf *conf,
		  struct err *err);

/* Connect to one of auth's sockets, as who may ask for anyone. */
int lmtp_env_connect(const char *path, struct err *err);

/* Make the settings those of this client's addresses; nothing is done when
   they are the last client's, or the same for all. -1: a setting can't be
   used. */
int lmtp_env_enter(struct lmtp_env *env, const struct service_client *client,
		   struct err *err);

#endif
