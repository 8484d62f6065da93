/*
 * Directories that survive a crash: making them, and bringing their entries
 * to stable storage.
 */
#ifndef LOFT_STORAGE_DIRS_H
#define LOFT_STORAGE_DIRS_H

#include <stdbool.h>

struct err;
struct perm;
struct pool;

/* Open a directory for a later dir_sync_fd(). When it can't be read (mode
   0730), any object on the same file system stands in for it: `inside` is a
   file or directory that can be opened, and the sync will be syncfs(2).
   *whole_fs_r tells. The fd, or -1 with err. */
int dir_open_for_sync(const char *path, const char *inside, bool *whole_fs_r,
		      struct err *err);

/* fsync(2) or syncfs(2), once; EINVAL and ENOSYS mean that the file system
   offers none, which is logged once. After any other failure never try it
   again. */
int dir_sync_fd(int fd, bool whole_fs, const char *path, struct err *err);

/* Both, and close. */
int dir_sync(const char *path, const char *inside, struct err *err);

/* Make a directory and its missing parents, each with perm; one that is there
   already is success. Nothing is synced: first everything is made, so that
   the syncs that follow find most of their work done. *top_r is the topmost
   of those whose entries have to be synced, `path` or one above it. */
int dir_make(const char *path, const struct perm *perm, struct pool *pool,
	     const char **top_r, struct err *err);

/* Sync the entries of path and of those above it up to top. */
int dir_sync_entries(const char *path, const char *top, struct pool *pool,
		     struct err *err);

/* Both, the second unless !sync. */
int dir_make_durable(const char *path, const struct perm *perm, bool sync,
		     struct pool *pool, struct err *err);

/* Everything before the last slash, in pool; "/" for what lies there. */
const char *dir_parent(const char *path, struct pool *pool);

#endif
