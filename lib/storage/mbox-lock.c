/*
 * Opening and locking an mbox; see mbox-lock.h. Kernel locks are asked for
 * without waiting and asked for again, so that every wait has its deadline.
 */
#include "storage/mbox-lock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/err.h"
#include "core/pool.h"
#include "storage/dotlock.h"
#include "storage/mail-settings.h"
#include "storage/storage-private.h"

enum { WAIT_MAX_MS = 50 };

/* --- rights of a group --- */

static struct storage_groups groups;

void
storage_use_groups(const struct storage_groups *use)
{
	groups = *use;
}

/* Only INBOX may lie where the user himself can't write. 1: the group is
   ours now, until groups.leave(). */
static int
enter_group(const struct mailbox *box, struct err *err)
{
	const char *group = box->storage->set->mail_privileged_group;

	if (!box->inbox)
		return 0;
	if (*group == '\0') {
		struct err plain = *err;

		return err_set(err, plain.kind, "%.900s (set "
			       "mail_privileged_group to the group that may "
			       "write there)", plain.text);
	}
	if (groups.enter == NULL)
		return 0;
	return groups.enter(group, err) < 0 ? -1 : 1;
}

/* --- the file --- */

/* A link that others made in a common directory would lead our mail where
   they want it, with the user's own rights. */
static int
check_link(const char *path, const struct stat *link, struct err *err)
{
	if (!S_ISLNK(link->st_mode) || link->st_uid == 0 ||
	    link->st_uid == geteuid())
		return 0;
	return err_set(err, ERR_TEMP, "%s is a symbolic link of uid %u", path,
		       (unsigned)link->st_uid);
}

static int
check_file(const struct mbox_file *file, struct err *err)
{
	if (S_ISREG(file->st.st_mode))
		return 0;
	if (file->box->inbox)
		return err_set(err, ERR_TEMP, "%s is no regular file",
			       file->path);
	return err_set(err, ERR_NOTFOUND, "Mailbox isn't selectable");
}

/* 0, 1 when it isn't there, -1. */
static int
open_file(struct mbox_file *file, bool write, struct err *err)
{
	/* The owner may have put anything here; a fifo must not hold us. */
	file->fd = open(file->path, (write ? O_RDWR : O_RDONLY) | O_CLOEXEC |
			O_NONBLOCK | O_NOCTTY);
	if (file->fd < 0) {
		if (errno == EISDIR && !file->box->inbox)
			return err_set(err, ERR_NOTFOUND,
				       "Mailbox isn't selectable");
		return errno == ENOENT || errno == ENOTDIR ? 1 :
			err_path(err, "open", file->path);
	}
	if (fstat(file->fd, &file->st) < 0)
		return err_path(err, "fstat", file->path);
	return check_file(file, err);
}

int
mbox_make(const struct mailbox *box, mode_t mode, struct err *err)
{
	const int flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC;
	int fd = open(box->path, flags, mode);

	if (fd < 0 && errno == EACCES) {
		int entered;

		(void)err_path(err, "open", box->path);
		entered = enter_group(box, err);
		if (entered <= 0)
			return -1;
		fd = open(box->path, flags, mode);
		if (fd < 0 && errno != EEXIST)
			(void)err_path(err, "open", box->path);
		groups.leave();
		if (fd < 0 && errno != EEXIST)
			return -1;
	}
	if (fd < 0)
		return errno == EEXIST ? 0 : err_path(err, "open", box->path);
	if (close(fd) < 0 && errno != EINTR)
		return err_path(err, "close", box->path);
	return 0;
}

/* --- kernel locks --- */

/* 1: locked, 0: another has it, -1: errno. */
typedef int try_fn(int fd, bool write);

static int
try_fcntl(int fd, bool write)
{
	struct flock lock = {
		.l_type = write ? F_WRLCK : F_RDLCK, .l_whence = SEEK_SET,
	};

	if (fcntl(fd, F_SETLK, &lock) == 0)
		return 1;
	return errno == EAGAIN || errno == EACCES || errno == EINTR ? 0 : -1;
}

static int
try_flock(int fd, bool write)
{
	if (flock(fd, (write ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0)
		return 1;
	return errno == EWOULDBLOCK || errno == EINTR ? 0 : -1;
}

/* It knows no lock for readers, and asks for a descriptor to write. */
static int
try_lockf(int fd, bool write)
{
	if (!write)
		return try_fcntl(fd, write);
	if (lockf(fd, F_TLOCK, 0) == 0)
		return 1;
	return errno == EAGAIN || errno == EACCES || errno == EINTR ? 0 : -1;
}

static int
wait_for(struct mbox_file *file, const char *name, try_fn *try, bool write,
	 struct err *err)
{
	for (int ms = 1;; ms = ms < WAIT_MAX_MS ? ms * 2 : WAIT_MAX_MS) {
		int got = try(file->fd, write);

		if (got > 0)
			return 0;
		if (got < 0)
			return err_path(err, name, file->path);
		if (deadline_left(file->deadline) == 0) {
			return err_set(err, ERR_TEMP, "Timeout while waiting "
				       "for lock (%s) of %s", name,
				       file->path);
		}
		(void)poll(NULL, 0, ms);
	}
}

/* --- the dotlock --- */

/* Trouble that dotlock_try passes over: the lock can't be made. */
static bool
may_be_skipped(int error)
{
	return error == EACCES || error == EPERM || error == EROFS ||
		error == ENOSPC || error == EDQUOT;
}

static int
take_dotlock(struct mbox_file *file, bool must, struct err *err)
{
	const struct mail_settings *set = file->box->storage->set;
	struct dotlock_wait wait = {
		.path = pool_printf(file->pool, "%s.lock", file->path),
		.guarded = file->path, .deadline = file->deadline,
		.stale_ms = 1000 * (int64_t)set->mbox_dotlock_change_timeout,
	};
	struct stat st;
	int entered, got = dotlock_take(&wait, &st, err);

	if (got < 0 && wait.error == EACCES) {
		entered = enter_group(file->box, err);
		if (entered > 0) {
			got = dotlock_take(&wait, &st, err);
			groups.leave();
			file->dotlock.as_group = got == 0;
		}
	}
	if (got < 0)
		return !must && may_be_skipped(wait.error) ? 0 : -1;
	file->dotlock.path = wait.path;
	file->dotlock.held = true;
	file->dotlock.dev = st.st_dev;
	file->dotlock.ino = st.st_ino;
	return 0;
}

static void
drop_dotlock(struct mbox_file *file)
{
	struct err err;
	bool entered;

	if (!file->dotlock.held)
		return;
	file->dotlock.held = false;
	entered = file->dotlock.as_group && enter_group(file->box, &err) > 0;
	dotlock_drop(file->dotlock.path, file->dotlock.dev,
		     file->dotlock.ino);
	if (entered)
		groups.leave();
}

/* --- all of them --- */

static int
take_lock(struct mbox_file *file, const char *name, bool write,
	  struct err *err)
{
	static const struct { const char *name; try_fn *try; } kernel[] = {
		{ "fcntl", try_fcntl }, { "flock", try_flock },
		{ "lockf", try_lockf },
	};

	if (strcmp(name, "dotlock") == 0)
		return take_dotlock(file, true, err);
	if (strcmp(name, "dotlock_try") == 0)
		return take_dotlock(file, false, err);
	for (size_t i = 0; i < sizeof(kernel) / sizeof(*kernel); i++) {
		if (strcmp(name, kernel[i].name) == 0)
			return wait_for(file, name, kernel[i].try, write, err);
	}
	return err_set(err, ERR_CONFIG, "mbox_%s_locks: Invalid lock method: "
		       "%s", write ? "write" : "read", name);
}

static int
take_locks(struct mbox_file *file, bool write, struct err *err)
{
	const struct mail_settings *set = file->box->storage->set;
	char *rest = pool_strdup(file->pool, write ? set->mbox_write_locks :
				 set->mbox_read_locks);
	char *name;

	while ((name = strsep(&rest, " ,\t")) != NULL) {
		if (*name != '\0' && take_lock(file, name, write, err) < 0)
			return -1;
	}
	return 0;
}

/* With nothing but dotlocks NFS would believe the size that it saw before:
   opening again asks the server. */
static int
open_again(struct mbox_file *file, bool write, struct err *err)
{
	const struct mail_settings *set = file->box->storage->set;
	const char *locks = write ? set->mbox_write_locks :
		set->mbox_read_locks;

	if (!set->mail_nfs_storage)
		return 0;
	/* These ask the server, and would be lost by closing. */
	if (strstr(locks, "fcntl") != NULL || strstr(locks, "flock") != NULL ||
	    strstr(locks, "lockf") != NULL)
		return 0;
	(void)close(file->fd);	/* nothing was written to it */
	return open_file(file, write, err);
}

/* 1 when the name leads to this file, 0 when it was replaced. */
static int
is_current(struct mbox_file *file, struct err *err)
{
	struct stat st, link;

	if (fstat(file->fd, &file->st) < 0)
		return err_path(err, "fstat", file->path);
	if (lstat(file->path, &link) < 0)
		return errno == ENOENT ? 0 : err_path(err, "lstat",
						      file->path);
	if (check_link(file->path, &link, err) < 0)
		return -1;
	st = link;
	if (S_ISLNK(link.st_mode) && stat(file->path, &st) < 0)
		return errno == ENOENT ? 0 : err_path(err, "stat", file->path);
	return st.st_dev == file->st.st_dev && st.st_ino == file->st.st_ino;
}

/* mail_max_lock_timeout bounds them all; 0: it doesn't. */
static deadline_t
lock_deadline(const struct mail_settings *set)
{
	int64_t secs = set->mbox_lock_timeout;

	if (set->mail_max_lock_timeout != 0 &&
	    set->mail_max_lock_timeout < secs)
		secs = set->mail_max_lock_timeout;
	return deadline_in(secs > 0 ? secs * 1000 : 1);
}

/* 0 when all is well, 1 when there is no file, 2 to begin anew, -1. */
static int
try_once(struct mbox_file *file, bool write, struct err *err)
{
	int result = open_file(file, write, err);

	if (result == 0)
		result = take_locks(file, write, err);
	if (result == 0)
		result = open_again(file, write, err);
	if (result != 0)
		return result;
	result = is_current(file, err);
	return result < 0 ? -1 : result == 0 ? 2 : 0;
}

int
mbox_lock(struct mbox_file *file, const struct mailbox *box, bool write,
	  struct pool *pool, struct err *err)
{
	struct err ignored;
	int result;

	*file = (struct mbox_file){
		.box = box, .pool = pool, .path = box->path, .fd = -1,
		.deadline = lock_deadline(box->storage->set),
	};
	while ((result = try_once(file, write, err)) != 0) {
		(void)mbox_unlock(file, &ignored);	/* nothing written */
		if (result != 2)
			return result;
		if (deadline_left(file->deadline) == 0)
			return err_set(err, ERR_TEMP, "%s is replaced again "
				       "and again", file->path);
	}
	return 0;
}

int
mbox_unlock(struct mbox_file *file, struct err *err)
{
	int fd = file->fd;

	drop_dotlock(file);
	file->fd = -1;
	if (fd >= 0 && close(fd) < 0 && errno != EINTR)
		return err_path(err, "close", file->path);
	return 0;
}
