/*
 * Opening and locking an mbox: the locks of mbox_write_locks or
 * mbox_read_locks in their order, so that all who deliver to it and read it
 * take turns. Called with the ids of the mailbox's owner.
 */
#ifndef LOFT_STORAGE_MBOX_LOCK_H
#define LOFT_STORAGE_MBOX_LOCK_H

#include <stdbool.h>
#include <sys/stat.h>

#include "core/clock.h"

struct err;
struct mailbox;
struct pool;

/* An mbox that is open and locked. */
struct mbox_file {
	const struct mailbox *box;
	struct pool *pool;	/* the caller's */
	const char *path;
	int fd;			/* -1: not open */
	struct stat st;		/* after the locks were taken */
	deadline_t deadline;
	struct {
		const char *path;
		bool held, as_group;
		dev_t dev;
		ino_t ino;
	} dotlock;
};

/* Open and lock. 0; 1 when there is no such file (*err untouched); -1 with
   err, also when the locks can't be had within mbox_lock_timeout. The file is
   the one that has the name now: who waits for a lock may find it replaced. */
int mbox_lock(struct mbox_file *file, const struct mailbox *box, bool write,
	      struct pool *pool, struct err *err);

/* Make the file, when it isn't there; with mail_privileged_group where an
   INBOX lies in a directory that only the group may change. */
int mbox_make(const struct mailbox *box, mode_t mode, struct err *err);

/* Release all locks and close. -1 with err when closing failed: on some file
   systems only that tells that data was lost. */
int mbox_unlock(struct mbox_file *file, struct err *err);

#endif
