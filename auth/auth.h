/*
 * The databases and rules of one auth process, built once from the settings.
 */
#ifndef LOFT_AUTH_AUTH_H
#define LOFT_AUTH_AUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/request.h"

struct auth_cache;
struct auth_settings;
struct auth_passdb_settings;
struct auth_userdb_settings;
struct conf;
struct err;
struct pool;

/* What a driver is told when it is set up. */
struct auth_db_init {
	const struct auth *auth;
	const char *driver;
	const char *args;
	struct pool *pool;	/* as long as the process */
};

/* A database of users: auth/userdb-*.c, one row in auth/userdb.c each. */
struct userdb_driver {
	const char *name;
	bool cached;		/* worth auth_cache_size */
	/* NULL with err when args can't be used. */
	void *(*init)(const struct auth_db_init *init, struct err *err);
	/* Adds fields by auth_request_userdb_field(). */
	enum auth_result (*lookup)(void *db, struct auth_request *req);
	/* Calls each(name) for every user; NULL: can't. */
	int (*list)(void *db, void (*each)(const char *name, void *arg),
		    void *arg, struct err *err);
};

/* What a passdb found about the password itself. */
struct auth_secret {
	const char *stored;	/* "{SCHEME}hash" or hash; NULL: none needed */
	const char *scheme;	/* where stored names none */
};

/* A database of passwords: auth/passdb-*.c, one row in auth/passdb.c each. */
struct passdb_driver {
	const char *name;
	bool cached;
	void *(*init)(const struct auth_db_init *init, struct err *err);
	/* Adds fields by auth_request_passdb_field(). */
	enum auth_result (*lookup)(void *db, struct auth_request *req,
				   struct auth_secret *secret);
};

struct userdb {
	const struct userdb_driver *driver;
	const struct auth_userdb_settings *set;
	void *db;
	const char *protocol;	/* of the block it stands in; NULL: none */
	unsigned number;	/* for cache keys */
};

struct passdb {
	const struct passdb_driver *driver;
	const struct auth_passdb_settings *set;
	void *db;
	const char *protocol;
	unsigned number;
};

struct auth {
	struct pool *pool;
	const struct auth_settings *set;
	struct passdb *passdbs;
	size_t passdb_count;
	struct userdb *userdbs;
	size_t userdb_count;
	struct auth_cache *cache;	/* NULL: off */
	unsigned first_valid_uid, last_valid_uid;	/* for lists */
};

/* Set up everything the configuration names. -1 with ERR_CONFIG. */
int auth_init(const struct conf *conf, struct auth **auth_r, struct err *err);
void auth_deinit(struct auth **authp);

/* The row of that name; one that only fails for what isn't there. */
const struct userdb_driver *userdb_driver_find(const char *name);
const struct passdb_driver *passdb_driver_find(const char *name);

#endif
