/*
 * How a configuration is kept: for conf/ alone. Everything lives in the
 * conf's pool. Entries stand in the order of the text; `sorted` has them by
 * path, so that a look-up is a binary search.
 */
#ifndef LOFT_CONF_CONF_PRIVATE_H
#define LOFT_CONF_CONF_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <uthash.h>

#include "core/ip.h"

struct scope;
struct str;

enum conf_filter_kind {
	FILTER_PROTOCOL,
	FILTER_LOCAL,
	FILTER_REMOTE,
	FILTER_LOCAL_NAME,
};

/* One `protocol lmtp { }` or the like; those around it are its parents. The
   same block written twice is one filter. */
struct conf_filter {
	const struct conf_filter *parent;
	enum conf_filter_kind kind;
	const char *value;	/* as written */
	const struct ip_net *nets;	/* local, remote: what value means */
	unsigned net_count;
	struct conf_filter *next;	/* in the list of all */
	unsigned number;	/* its place there, from 1 */
	const char *key;	/* all that makes it this one */
	UT_hash_handle hh;	/* in the conf's filters_by_key */
};

struct conf_entry {
	const char *path;	/* ends in '/': "there is such a section" */
	const char *value;	/* $names expanded */
	const char *raw;	/* as it is printed: only $itself expanded */
	const struct conf_filter *filter;	/* NULL: for everybody */
	const char *file;
	unsigned line;
	unsigned seq;		/* place in the text */
	bool override;		/* from the command line: above filters */
	bool appended;		/* its value used $itself */
};

struct conf {
	struct pool *pool;
	const char *file;
	struct conf_entry **entries;
	struct conf_entry **sorted;
	size_t count, size;
	struct conf_filter *filters, **filters_end;
	struct conf_filter *filters_by_key;
	bool files_read;	/* a snapshot: `<path` is no more */
};

struct conf *conf_new(const char *file);

/* Add an entry; strings must live as long as the conf. */
struct conf_entry *conf_add(struct conf *conf, const struct conf_filter *filter,
			    const char *path, const char *value,
			    const char *file, unsigned line);

/* To be called once the last entry is there. */
void conf_sort(struct conf *conf);

/* The newest entry for path in exactly this filter, in the order of the
   text; NULL when there is none. Needs no conf_sort(). */
const struct conf_entry *conf_last(const struct conf *conf,
				   const struct conf_filter *filter,
				   const char *path);

/* The entry that counts for path in this scope, or NULL. */
const struct conf_entry *conf_find(const struct conf *conf,
				   const struct scope *scope,
				   const char *path);

/* The filter of this kind and value inside of parent; made when new. NULL
   when value can't be used ("invalid …" appended to why). */
const struct conf_filter *conf_filter_get(struct conf *conf,
					  const struct conf_filter *parent,
					  enum conf_filter_kind kind,
					  const char *value, struct str *why);

/* Does the filter (NULL: none) let this scope pass? */
bool conf_filter_match(const struct conf_filter *filter,
		       const struct scope *scope);

/* Might it, as far as the scope knows its addresses and names? */
bool conf_filter_may_match(const struct conf_filter *filter,
			   const struct scope *scope);

/* Above 0 when a is more specific than b. */
int conf_filter_cmp(const struct conf_filter *a, const struct conf_filter *b);

/* "protocol", "local", … */
const char *conf_filter_word(enum conf_filter_kind kind);

/* What the built-in text says at a path (conf/builtin.c); NULL for nothing. */
const char *builtin_get(const char *path);

struct builtin_entry {
	const char *path, *value;
};

extern const struct builtin_entry builtin_entries[];	/* sorted by path */
extern const size_t builtin_count;

#endif
