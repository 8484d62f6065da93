/*
 * Modes of what is created, taken from the directory above as Dovecot does,
 * so that shared mailboxes stay shared.
 */
#ifndef LOFT_STORAGE_PERM_H
#define LOFT_STORAGE_PERM_H

#include <sys/stat.h>

struct err;

#define PERM_GID_DEFAULT ((gid_t)-1)

struct perm {
	mode_t file, dir;
	gid_t gid;	/* to chown to, or PERM_GID_DEFAULT: leave it */
};

/* For a user's first directory: nobody else may look. */
extern const struct perm perm_private;

/* What a directory says about files and directories in it. */
struct perm perm_from_dir(const struct stat *st);

/* Give a new file or directory its mode and group; fd is open on it.
   `mode` is perm's file or dir. A group that can't be given costs the group
   its rights, not the mail. */
int perm_apply_fd(int fd, const char *path, mode_t mode,
		  const struct perm *perm, struct err *err);

/* The same by name, for directories. */
int perm_apply_path(const char *path, mode_t mode, const struct perm *perm,
		    struct err *err);

#endif
