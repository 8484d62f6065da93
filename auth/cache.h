/*
 * Cached answers of drivers that ask the system (auth_cache_size): by user
 * and database, dropped by age, or the oldest first when there is no room.
 * Trouble is never cached, passwords only as databases store them.
 */
#ifndef LOFT_AUTH_CACHE_H
#define LOFT_AUTH_CACHE_H

#include "auth/auth.h"

/* NULL when auth_cache_size is 0. */
struct auth_cache *auth_cache_new(const struct auth_settings *set);
void auth_cache_free(struct auth_cache **cachep);

/* The driver's lookup, or what it said before. */
enum auth_result auth_cache_userdb_lookup(const struct userdb *userdb,
					  struct auth_request *req);
enum auth_result auth_cache_passdb_lookup(const struct passdb *passdb,
					  struct auth_request *req,
					  struct auth_secret *secret);

/* Forget a user, or everybody (NULL); how many entries there were. */
unsigned auth_cache_flush(struct auth_cache *cache, const char *user);

#endif
