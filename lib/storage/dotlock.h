/*
 * Lock files: FILE.lock, made with O_EXCL, holding "pid:host" so that one
 * whose owner is gone can be told.
 */
#ifndef LOFT_STORAGE_DOTLOCK_H
#define LOFT_STORAGE_DOTLOCK_H

#include <stdint.h>
#include <sys/stat.h>

#include "core/clock.h"

struct err;

struct dotlock_wait {
	const char *path;	/* of the lock */
	const char *guarded;	/* what it guards: as long as that changes, the
				   lock's owner is alive; NULL: not looked at */
	deadline_t deadline;
	int64_t stale_ms;	/* unchanged for so long: left behind */
	int error;		/* errno of a failed call; 0: the deadline */
};

/* Take the lock, waiting for it until the deadline. *st_r is what
   dotlock_drop() wants to know. -1 with err. */
int dotlock_take(struct dotlock_wait *wait, struct stat *st_r,
		 struct err *err);

/* Remove it, if it is still ours. */
void dotlock_drop(const char *path, dev_t dev, ino_t ino);

#endif
