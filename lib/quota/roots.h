/*
 * Shared by the files of quota/, not by its callers: the backends.
 */
#ifndef LOFT_QUOTA_ROOTS_H
#define LOFT_QUOTA_ROOTS_H

#include "quota/quota.h"

/* NULL when there is none of that name. */
const struct quota_backend *quota_backend_find(const char *name);

extern const struct quota_backend quota_count_backend;
extern const struct quota_backend quota_dict;
extern const struct quota_backend quota_dirsize;
extern const struct quota_backend quota_fs;
extern const struct quota_backend quota_maildir;

#endif
