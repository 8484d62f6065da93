/* Directories that the master makes. */
#ifndef LOFT_MASTER_DIRS_H
#define LOFT_MASTER_DIRS_H

struct err;

/* Make a directory (0755) and its missing parents. */
int dirs_make(const char *path, struct err *err);

/* Make the missing parents of a path that lies below `base`; leave others
   alone, because a missing one there is a mistake to be told. */
int dirs_make_parents(const char *path, const char *base, struct err *err);

#endif
