/*
 * $base_dir/master.pid: a lock says whether its writer lives, so that the
 * file of a dead master is no obstacle, whoever has its pid now.
 */
#ifndef LOFT_MASTER_PIDFILE_H
#define LOFT_MASTER_PIDFILE_H

#include <sys/types.h>

struct err;

/* -1 with err, naming the pid, when an instance runs. *dead_r is the pid of
   one that ended without removing its file; untouched when there is none. */
int pidfile_check(const char *path, pid_t *dead_r, struct err *err);

/* Lock and write it; the fd holds the lock (it survives exec, not fork). */
int pidfile_open(const char *path, struct err *err);

#endif
