/*
 * One delivery at a time to a user with a quota: flock(2) on the directory
 * where his quota is kept. Only processes of Loft take it; Dovecot and Courier
 * go on without.
 */
#ifndef LOFT_QUOTA_LOCK_H
#define LOFT_QUOTA_LOCK_H

/* The lock, to be given up with close(2); or -1 when there is no such
   directory, the file system can't lock it, or nobody gave it up for
   timeout_ms. errno tells: ETIMEDOUT in the last case. */
int quota_lock(const char *dir, int timeout_ms);

#endif
