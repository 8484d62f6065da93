/*
 * Making a Maildir and its folders, durably.
 */
#include "storage/maildir-create.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/err.h"
#include "core/pool.h"
#include "storage/dirs.h"
#include "storage/mail-settings.h"
#include "storage/storage-private.h"

static bool
has_tmp(const char *path, struct pool *pool)
{
	struct stat st;

	return stat(pool_printf(pool, "%s/tmp", path), &st) == 0;
}

/* mkdir(2) within a mailbox; its entry is synced with the mailbox's
   directory. */
static int
make_subdir(const struct mailbox *box, const char *name,
	    const struct perm *perm, struct pool *pool, struct err *err)
{
	const char *path = pool_printf(pool, "%s/%s", box->path, name);

	if (mkdir(path, 0700) == 0)
		return perm_apply_path(path, perm->dir, perm, err);
	return errno == EEXIST ? 0 : err_path(err, "mkdir", path);
}

/* The mark by which other software knows a Maildir++ folder. */
static int
make_mark(const struct mailbox *box, const struct perm *perm,
	  struct pool *pool, struct err *err)
{
	const char *path = pool_printf(pool, "%s/maildirfolder", box->path);
	int fd, result;

	if (box->inbox || box->ns->loc.layout != LAYOUT_MAILDIRPP)
		return 0;
	/* The owner may have put anything here; a fifo must not hold us. */
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW |
		  O_NONBLOCK, 0600);
	if (fd < 0)
		return err_path(err, "open", path);
	result = perm_apply_fd(fd, path, perm->file, perm, err);
	if (close(fd) < 0 && errno != EINTR && result == 0)
		result = err_path(err, "close", path);
	return result;
}

/* tmp/ comes last, when all else is synced: who finds tmp/ may rely on the
   rest, although its maker may have died at any step. */
static int
make_all(const struct mailbox *box, const struct perm *perm,
	 struct pool *pool, struct err *err)
{
	bool sync = strcmp(box->storage->set->mail_fsync, "never") != 0;
	const char *top;

	if (dir_make(box->path, perm, pool, &top, err) < 0 ||
	    make_subdir(box, "cur", perm, pool, err) < 0 ||
	    make_subdir(box, "new", perm, pool, err) < 0 ||
	    make_mark(box, perm, pool, err) < 0)
		return -1;
	if (sync && (dir_sync(box->path,
			      pool_printf(pool, "%s/new", box->path),
			      err) < 0 ||
		     dir_sync_entries(box->path, top, pool, err) < 0))
		return -1;
	return make_subdir(box, "tmp", perm, pool, err);
}

/* A folder in a root that is no Maildir yet: INBOX comes first, for readers
   that know a Maildir by its cur/, new/ and tmp/. */
static int
make_inbox_of(const struct mailbox *box, struct pool *pool, struct err *err)
{
	struct mailbox inbox = *box;
	struct perm perm;

	inbox.path = box->ns->loc.root;
	inbox.inbox = true;
	if (box->inbox ||
	    strcmp(box->storage->inbox->loc.inbox, inbox.path) != 0 ||
	    has_tmp(inbox.path, pool))
		return 0;
	if (mailbox_perm(&inbox, pool, &perm, err) < 0)
		return -1;
	return make_all(&inbox, &perm, pool, err);
}

int
maildir_create(const struct mailbox *box, struct err *err)
{
	struct pool *pool = pool_new();
	struct perm perm;
	struct stat st;
	int result = -1;

	/* A file in a folder's place: there can't be such a folder. */
	if (!box->inbox && stat(box->path, &st) == 0 && !S_ISDIR(st.st_mode))
		(void)mailbox_not_found(box, err);
	else if (make_inbox_of(box, pool, err) == 0 &&
		 mailbox_perm(box, pool, &perm, err) == 0)
		result = make_all(box, &perm, pool, err);
	pool_free(&pool);
	return result;
}
