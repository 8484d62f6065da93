/*
 * Changes of uid, all of them. A root worker rests as an unprivileged user
 * and becomes a recipient only between priv_enter() and priv_leave(); the
 * saved uid stays 0. In a process that isn't root, entering succeeds when the
 * ids are its own, and nothing is called.
 */
#ifndef LOFT_SERVICE_PRIV_H
#define LOFT_SERVICE_PRIV_H

#include <stdbool.h>
#include <sys/types.h>

struct err;
struct stat;
struct pool;

struct priv_ids {
	uid_t uid;
	gid_t gid;
	const gid_t *groups;	/* for setgroups(2), with gid among them */
	unsigned group_count;
};

/* Fill ids from names or numbers: user "vmail", group NULL = the user's
   primary one; supplementary groups from the group database. The groups
   array lives in pool. -1 names who is missing. */
int priv_ids_by_name(const char *user, const char *group, struct pool *pool,
		     struct priv_ids *ids, struct err *err);

/* Add a group (name or number) to the supplementary ones. */
int priv_ids_add_group(struct priv_ids *ids, const char *group,
		       struct pool *pool, struct err *err);

/* Take up the resting place of a worker: effective ids only, when the
   process is root; otherwise nothing. The groups array is kept. */
int priv_rest(const struct priv_ids *rest, struct err *err);

/* Become a recipient (setgroups, setegid, seteuid, each checked). uid 0 is
   refused. On failure the process is back at rest. Brackets don't nest. */
int priv_enter(const struct priv_ids *ids, struct err *err);

/* Become root for a named purpose, inside a worker that rests. Succeeds
   without effect where the process isn't root. */
int priv_enter_root(const char *purpose, struct err *err);

/* Back to rest. Failure to get back is no state to live in: Panic. */
void priv_leave(void);

/* Take up a group (name or number) as the effective one, and put it down
   again, with or without a bracket around it: for mail_privileged_group. -1
   where the process has no right to it. Doesn't nest. */
int priv_group_enter(const char *group, struct err *err);
void priv_group_leave(void);

/* Between enter and leave? */
bool priv_inside(void);

/* For good: setgroups, setresgid, setresuid, then try to climb back and
   refuse to go on if that works. */
int priv_drop(const struct priv_ids *ids, struct err *err);

/* Can this process become others? (real, effective or saved uid 0) */
bool priv_is_root(void);

/* The right to read any file after the drop, for password files that only
   root may read. prepare: as root, before priv_drop(). keep: after it; gives
   up every other right. Both do nothing in a process that isn't root. */
void priv_read_prepare(void);
int priv_read_keep(struct err *err);

/* open(2) for reading and stat(2) that take this right up where the plain
   attempt is refused, and put it down at once. errno tells as usual. */
int priv_read_open(const char *path, int more_flags);
int priv_read_stat(const char *path, struct stat *st);

#endif
