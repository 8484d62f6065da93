/*
 * What mailboxes held when they were last listed, in a file of Loft's beside
 * the mail (.loft-quota), so that a delivery need not list them all again. An
 * entry counts as long as the mailbox's stamp is the same. Call it under the
 * quota's lock.
 */
#ifndef LOFT_QUOTA_COUNT_CACHE_H
#define LOFT_QUOTA_COUNT_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "quota/rules.h"
#include "storage/storage.h"

struct count_cache;
struct err;
struct pool;

struct count_entry {
	const char *name;	/* of the mailbox; no line end in it */
	struct mailbox_stamp stamp;
	struct quota_usage usage;
	int64_t listed;		/* seconds: when it was really listed */
	unsigned added;		/* messages of ours that came since */
	bool seen, fresh;	/* for whoever uses the cache; not stored */
};

/* Read the file; whatever is wrong with it, or that it isn't there, makes the
   cache empty. vsize: entries count with CR LF; others don't belong. Lives in
   pool. */
struct count_cache *count_cache_read(const char *path, bool vsize,
				     struct pool *pool);

/* The same of text, for tests. */
struct count_cache *count_cache_parse(const char *text, size_t len, bool vsize,
				      struct pool *pool);

/* Forget what wasn't written; *cachep becomes NULL. */
void count_cache_close(struct count_cache **cachep);

/* The entry of that name, or NULL; quickest when asked in the same order each
   time. It is there until one is made. */
struct count_entry *count_cache_find(struct count_cache *cache,
				     const char *name);

/* The same, made if it isn't there. NULL for a name that can't be kept. */
struct count_entry *count_cache_need(struct count_cache *cache,
				     const char *name);

/* The entry was changed: write it with the next count_cache_write(). */
void count_cache_changed(struct count_cache *cache, struct count_entry *entry);

/* Append what was changed, or write the file anew when it has grown. */
int count_cache_write(struct count_cache *cache, const char *path,
		      struct err *err);

#endif
