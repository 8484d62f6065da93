/*
 * Whose sessions are to be recorded, switched on and off without a restart:
 * a small file below base_dir that loftctl writes and workers look at for each
 * connection. Each entry ends by itself.
 */
#ifndef LOFT_SERVICE_RAWLOG_LIST_H
#define LOFT_SERVICE_RAWLOG_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

struct err;
struct ip;
struct pool;

struct rawlog_entry {
	bool is_user;
	const char *name;	/* a user, or an address or network */
	time_t until;
};

struct rawlog_list {
	struct rawlog_entry *entries;
	size_t count;
};

/* The file's path, and the directory the recordings go to. In pool. */
const char *rawlog_list_path(const char *base_dir, struct pool *pool);
const char *rawlog_list_dir(const char *state_dir, struct pool *pool);

/* Read it: entries whose time is over are left out. 1, 0 where there is no
   file, -1 with err. Lives in pool. */
int rawlog_list_read(const char *path, struct pool *pool,
		     struct rawlog_list *list_r, struct err *err);

bool rawlog_list_has_user(const struct rawlog_list *list, const char *user);
bool rawlog_list_has_client(const struct rawlog_list *list,
			    const struct ip *ip);

/* Put it in place, readable by its owner alone; an empty list is no file. */
int rawlog_list_write(const char *path, const struct rawlog_list *list,
		      struct err *err);

#endif
