/*
 * Cached answers; see cache.h. An entry keeps the fields as they were after
 * the driver's lookup. They may depend on more than the user (%s, %l, %r in
 * args), so that these words are part of the key.
 */
#include "auth/cache.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "auth/auth-settings.h"
#include "core/clock.h"
#include "core/pool.h"
#include "core/str.h"

struct entry {
	UT_hash_handle hh;
	struct pool *pool;
	const char *key, *asked;
	int64_t expires;
	size_t size;
	enum auth_result result;
	const char *user;
	struct fields passdb, userdb;
	struct auth_secret secret;
};

struct auth_cache {
	struct entry *entries;	/* in the order of insertion */
	size_t used, size;
	unsigned ttl, negative_ttl;	/* seconds */
};

struct auth_cache *
auth_cache_new(const struct auth_settings *set)
{
	struct auth_cache *cache;

	if (set->auth_cache_size == 0)
		return NULL;
	cache = mem_alloc(sizeof(*cache));
	cache->size = set->auth_cache_size;
	cache->ttl = set->auth_cache_ttl;
	cache->negative_ttl = set->auth_cache_negative_ttl;
	return cache;
}

static void
entry_free(struct auth_cache *cache, struct entry *entry)
{
	struct pool *pool = entry->pool;

	HASH_DEL(cache->entries, entry);
	cache->used -= entry->size;
	pool_free(&pool);
}

unsigned
auth_cache_flush(struct auth_cache *cache, const char *user)
{
	struct entry *entry, *next;
	unsigned count = 0;

	if (cache == NULL)
		return 0;
	HASH_ITER(hh, cache->entries, entry, next) {
		if (user != NULL && strcmp(entry->asked, user) != 0)
			continue;
		entry_free(cache, entry);
		count++;
	}
	return count;
}

void
auth_cache_free(struct auth_cache **cachep)
{
	struct auth_cache *cache = *cachep;

	*cachep = NULL;
	if (cache == NULL)
		return;
	(void)auth_cache_flush(cache, NULL);	/* the count is no matter */
	free(cache);
}

static const char *
make_key(struct auth_request *req, char kind, unsigned number)
{
	static const char *const params[] = {
		"service", "lip", "rip", "lport", "local_name",
		"forward_fields",
	};
	struct str key = STR_INIT;
	const char *copy;

	str_printf(&key, "%c%u\t%s\t%s", kind, number, req->user, req->asked);
	for (size_t i = 0; i < sizeof(params) / sizeof(*params); i++) {
		const char *value = auth_request_param(req, params[i]);

		str_printf(&key, "\t%s", value != NULL ? value : "");
	}
	copy = pool_strdup(req->pool, str_c(&key));
	str_free(&key);
	return copy;
}

static struct entry *
find(struct auth_cache *cache, const char *key)
{
	struct entry *entry;

	HASH_FIND_STR(cache->entries, key, entry);
	if (entry != NULL && entry->expires <= clock_ms()) {
		entry_free(cache, entry);
		entry = NULL;
	}
	return entry;
}

static size_t
fields_size(const struct fields *fields)
{
	size_t size = 0;

	for (size_t i = 0; i < fields->count; i++)
		size += sizeof(struct field) + strlen(fields->list[i].name) +
			(fields->list[i].value != NULL ?
			 strlen(fields->list[i].value) : 0);
	return size;
}

static void
add(struct auth_cache *cache, const char *key, const struct auth_request *req,
    enum auth_result result, const struct auth_secret *secret)
{
	unsigned ttl = result == AUTH_OK ? cache->ttl : cache->negative_ttl;
	struct pool *pool;
	struct entry *entry;

	if (result == AUTH_TROUBLE || ttl == 0)
		return;
	pool = pool_new();
	entry = pool_new_obj(pool, struct entry);
	entry->pool = pool;
	entry->key = pool_strdup(pool, key);
	entry->asked = pool_strdup(pool, req->asked);
	entry->user = pool_strdup(pool, req->user);
	entry->expires = clock_ms() + (int64_t)ttl * 1000;
	entry->result = result;
	fields_init(&entry->passdb, pool);
	fields_init(&entry->userdb, pool);
	fields_copy(&entry->passdb, &req->passdb);
	fields_copy(&entry->userdb, &req->userdb);
	if (secret != NULL) {
		entry->secret.stored = pool_strdup(pool, secret->stored);
		entry->secret.scheme = pool_strdup(pool, secret->scheme);
	}
	entry->size = sizeof(*entry) + 2 * strlen(key) +
		fields_size(&entry->passdb) + fields_size(&entry->userdb);
	cache->used += entry->size;
	HASH_ADD_KEYPTR(hh, cache->entries, entry->key, strlen(entry->key),
			entry);
	while (cache->used > cache->size && cache->entries != NULL)
		entry_free(cache, cache->entries);
}

static void
use(const struct entry *entry, struct auth_request *req)
{
	req->user = pool_strdup(req->pool, entry->user);
	fields_copy(&req->passdb, &entry->passdb);
	fields_copy(&req->userdb, &entry->userdb);
}

/* Only a first database's answer depends on nothing but the question. */
static bool
usable(const struct auth_request *req, bool cached)
{
	return req->auth->cache != NULL && cached && req->passdb.count == 0 &&
		req->userdb.count == 0;
}

enum auth_result
auth_cache_userdb_lookup(const struct userdb *userdb, struct auth_request *req)
{
	struct auth_cache *cache = req->auth->cache;
	enum auth_result result;
	struct entry *entry;
	const char *key;

	if (!usable(req, userdb->driver->cached))
		return userdb->driver->lookup(userdb->db, req);
	key = make_key(req, 'u', userdb->number);
	entry = find(cache, key);
	if (entry != NULL) {
		use(entry, req);
		return entry->result;
	}
	result = userdb->driver->lookup(userdb->db, req);
	add(cache, key, req, result, NULL);
	return result;
}

enum auth_result
auth_cache_passdb_lookup(const struct passdb *passdb, struct auth_request *req,
			 struct auth_secret *secret)
{
	struct auth_cache *cache = req->auth->cache;
	enum auth_result result;
	struct entry *entry;
	const char *key;

	if (!usable(req, passdb->driver->cached))
		return passdb->driver->lookup(passdb->db, req, secret);
	key = make_key(req, 'p', passdb->number);
	entry = find(cache, key);
	if (entry != NULL) {
		use(entry, req);
		secret->stored = pool_strdup(req->pool, entry->secret.stored);
		secret->scheme = pool_strdup(req->pool, entry->secret.scheme);
		return entry->result;
	}
	result = passdb->driver->lookup(passdb->db, req, secret);
	add(cache, key, req, result, secret);
	return result;
}
