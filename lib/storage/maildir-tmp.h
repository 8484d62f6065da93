/*
 * Files that deliveries left behind in tmp/ when they were killed.
 */
#ifndef LOFT_STORAGE_MAILDIR_TMP_H
#define LOFT_STORAGE_MAILDIR_TMP_H

#include <stdbool.h>
#include <time.h>

struct pool;

/* Is it this delivery's turn to look? One of 32 at random, so that the others
   pay nothing for it, in a worker or in loft-lda alike. */
bool maildir_tmp_due(void);

/* Remove what is older than 36 hours from box_path/tmp, unless it was looked
   at within `interval` seconds, or can't hold anything old: both by the times
   of the directory, as Dovecot does. Trouble is nobody's. How many went. */
unsigned maildir_tmp_clean(const char *box_path, time_t interval, time_t now,
			   struct pool *pool);

#endif
