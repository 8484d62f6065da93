/*
 * The list of subscribed mailboxes, as Dovecot keeps it.
 */
#ifndef LOFT_STORAGE_SUBSCRIPTIONS_H
#define LOFT_STORAGE_SUBSCRIPTIONS_H

struct err;
struct location;
struct pool;

/* Add a mailbox by its name on disk, whose levels sep divides. One that is
   listed already is success. */
int subscriptions_add(const struct location *loc, const char *name, char sep,
		      struct pool *pool, struct err *err);

#endif
