/*
 * Maildir: one file a message, durable before it is answered for. The
 * sequence and what each step guards against are in doc/durability.md.
 * Everything here runs with the ids of the mailbox's owner.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/err.h"
#include "core/log.h"
#include "core/pool.h"
#include "io/spool.h"
#include "storage/keywords.h"
#include "storage/mail-settings.h"
#include "storage/maildir-count.h"
#include "storage/maildir-create.h"
#include "storage/maildir-name.h"
#include "storage/maildir-tmp.h"
#include "storage/maildir-write.h"
#include "storage/storage-private.h"

enum { NAME_TRIES = 20 };

/* One message on its way. */
struct maildir_save {
	struct save_batch *batch;
	struct pool *pool;		/* the batch's */
	const struct mailbox *box;
	const struct save_source *source;
	struct save *save;
	struct err *err;
	struct stat st;			/* of the mailbox's directory */
	struct perm perm;
	bool sync, crlf;
	char name[MAILDIR_NAME_MAX];
	const char *tmp;		/* the file in tmp/, or NULL */
	const char *info;		/* ":2,FS" in cur/, or "" in new/ */
};

/* Is there no such directory (rather than trouble to look)? */
static bool
is_absent(int error)
{
	return error == ENOENT || error == ENOTDIR;
}

/* --- names --- */

static const char *
new_path(const struct maildir_save *ms)
{
	char final[MAILDIR_NAME_MAX];

	maildir_name_final(final, ms->name, ms->save->size, ms->save->vsize);
	return pool_printf(ms->pool, "%s/%s/%s%s", ms->box->path,
			   *ms->info != '\0' ? "cur" : "new", final,
			   ms->info);
}

static void
count_sizes(struct maildir_save *ms)
{
	const char *headers = ms->source->headers;
	uint64_t lines = spool_lines(ms->source->spool);

	for (const char *p = headers; (p = strchr(p, '\n')) != NULL; p++)
		lines++;
	ms->save->size = strlen(headers) + spool_size(ms->source->spool);
	ms->save->vsize = ms->save->size + lines;
	if (ms->crlf)
		ms->save->size = ms->save->vsize;
}

/* --- a file of its own --- */

/* Open a new file in tmp/; a taken name is another delivery's, take the
   next. 1 when tmp/ isn't there. */
static int
open_tmp(struct maildir_save *ms, int *fd_r)
{
	const char *path = NULL;

	for (int i = 0; i < NAME_TRIES; i++) {
		maildir_name_new(ms->name);
		path = pool_printf(ms->pool, "%s/tmp/%s", ms->box->path,
				   ms->name);
		*fd_r = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC |
			     O_NOFOLLOW, 0600);
		if (*fd_r >= 0) {
			ms->tmp = path;
			return 0;
		}
		if (is_absent(errno))
			return 1;
		if (errno != EEXIST)
			break;
		maildir_name_taken();
	}
	return err_path(ms->err, "open", path);
}

/* tmp/ wasn't there: INBOX is made as needed, so is the inside of a Maildir++
   folder; with LAYOUT=fs a directory without tmp/ is no mailbox. */
static int
open_tmp_or_create(struct maildir_save *ms, int *fd_r)
{
	int result = open_tmp(ms, fd_r);

	if (result <= 0)
		return result;
	if (!ms->box->inbox && ms->box->ns->loc.layout == LAYOUT_FS)
		return mailbox_not_found(ms->box, ms->err);
	if (maildir_create(ms->box, ms->err) < 0)
		return -1;
	result = open_tmp(ms, fd_r);
	if (result > 0) {
		return err_path(ms->err, "open", pool_printf(ms->pool,
				"%s/tmp", ms->box->path));
	}
	return result;
}

/* After a failed fdatasync() the data may be gone although a second call
   would succeed: it is never tried again. */
static int
sync_file(const struct maildir_save *ms, int fd)
{
	int result;

	if (!ms->sync)
		return 0;
	do {
		result = fdatasync(fd);
	} while (result < 0 && errno == EINTR);
	return result < 0 ? err_path(ms->err, "fdatasync", ms->tmp) : 0;
}

static int
fill_tmp(struct maildir_save *ms, int fd)
{
	int result = -1;

	if (perm_apply_fd(fd, ms->tmp, ms->perm.file, &ms->perm,
			  ms->err) == 0 &&
	    maildir_write(fd, ms->tmp, ms->source, ms->crlf, ms->err) == 0)
		result = sync_file(ms, fd);
	/* NFS tells a full disk here. */
	if (close(fd) < 0 && errno != EINTR && result == 0)
		result = err_path(ms->err, "close", ms->tmp);
	return result;
}

/* Over NFS the answer to a link that was made may be lost, and the question,
   asked again, meets that link. */
static bool
is_linked(const char *tmp, const char *path)
{
	struct stat a, b;
	bool is = stat(tmp, &a) == 0 && a.st_nlink == 2 &&
		stat(path, &b) == 0 && a.st_dev == b.st_dev &&
		a.st_ino == b.st_ino;

	errno = EEXIST;	/* what link() said */
	return is;
}

/* For file systems without RENAME_NOREPLACE. */
static int
link_and_unlink(const struct maildir_save *ms, const char *path)
{
	if (link(ms->tmp, path) < 0) {
		if (errno != EEXIST || !is_linked(ms->tmp, path))
			return -1;
	}
	if (unlink(ms->tmp) < 0) {
		int saved_errno = errno;

		(void)unlink(path);	/* told below */
		errno = saved_errno;
		return -1;
	}
	return 0;
}

static int
rename_noreplace(const struct maildir_save *ms, const char *path)
{
	/* NFS has no such rename: it isn't even asked for. */
	if (ms->box->storage->set->mail_nfs_storage)
		return link_and_unlink(ms, path);
	if (renameat2(AT_FDCWD, ms->tmp, AT_FDCWD, path,
		      RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	return link_and_unlink(ms, path);
}

/* Into new/, never over another message. */
static int
place_tmp(struct maildir_save *ms)
{
	bool created = false;

	for (int i = 0; i < NAME_TRIES; i++) {
		ms->save->path = new_path(ms);
		if (rename_noreplace(ms, ms->save->path) == 0)
			return 0;
		if (errno == ENOENT && !created) {
			created = true;		/* new/ isn't there */
			if (maildir_create(ms->box, ms->err) < 0)
				return -1;
		} else if (errno == EEXIST) {
			maildir_name_taken();
			maildir_name_new(ms->name);
		} else {
			break;
		}
	}
	return err_path(ms->err, "rename", ms->save->path);
}

static int
save_own(struct maildir_save *ms, const struct source_key *key)
{
	int fd;

	if (open_tmp_or_create(ms, &fd) < 0)
		return -1;
	if (fill_tmp(ms, fd) < 0 || place_tmp(ms) < 0) {
		(void)unlink(ms->tmp);	/* the cause is in err already */
		return -1;
	}
	save_batch_add_source(ms->batch, key, ms->save->path);
	return 0;
}

/* --- the file into which the message was received --- */

/* Not O_EXCL: that would forbid the link. With mail_save_crlf the spool's
   content isn't what is stored. */
static int
maildir_open_unnamed(const struct mailbox *box, const char *headers)
{
	char path[PATH_MAX];
	size_t len = strlen(headers);
	int fd;

	if (box->storage->set->mail_save_crlf)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/tmp", box->path);
	fd = open(path, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd >= 0 && write(fd, headers, len) != (ssize_t)len) {
		(void)close(fd);	/* a copy will meet the trouble */
		return -1;
	}
	return fd;
}

static int
link_unnamed(struct maildir_save *ms, int fd)
{
	char self[64];

	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	for (int i = 0; i < NAME_TRIES; i++) {
		maildir_name_new(ms->name);
		ms->save->path = new_path(ms);
		if (linkat(AT_FDCWD, self, AT_FDCWD, ms->save->path,
			   AT_SYMLINK_FOLLOW) == 0)
			return 0;
		if (errno != EEXIST)
			break;
		maildir_name_taken();
	}
	return -1;
}

/* Without a journal the link count of a file that had no name isn't stored
   with its directory: such a message was seen to be lost. So the file is
   synced again after the link; elsewhere that costs next to nothing. */
static int
sync_linked(struct maildir_save *ms, int fd)
{
	if (!ms->sync || fsync(fd) == 0)
		return 0;
	(void)err_path(ms->err, "fsync", ms->save->path);
	(void)unlink(ms->save->path);	/* the cause is in err already */
	return -1;
}

/* 1 when it is linked, 0 when the message needs a file of its own. */
static int
save_in_place(struct maildir_save *ms, const struct source_key *key)
{
	int fd = spool_fd(ms->source->spool);
	struct stat st;

	if (!ms->source->in_place || ms->crlf || fstat(fd, &st) < 0 ||
	    st.st_dev != ms->st.st_dev)
		return 0;
	ms->tmp = "unnamed file";
	if (perm_apply_fd(fd, ms->tmp, ms->perm.file, &ms->perm,
			  ms->err) < 0 || sync_file(ms, fd) < 0)
		return -1;
	if (link_unnamed(ms, fd) < 0)
		return 0;
	if (sync_linked(ms, fd) < 0)
		return -1;
	save_batch_add_source(ms->batch, key, ms->save->path);
	return 1;
}

/* --- a link to another recipient's file --- */

static struct source_key
source_key(const struct maildir_save *ms)
{
	return (struct source_key){
		.uid = ms->save->uid,
		.setgid = (ms->st.st_mode & S_ISGID) != 0,
		.gid = (ms->st.st_mode & S_ISGID) != 0 ? ms->st.st_gid :
			ms->perm.gid != PERM_GID_DEFAULT ? ms->perm.gid :
			ms->save->gid,
		.mode = ms->perm.file,
		.dev = ms->st.st_dev,
		.spool = ms->source->spool,
		.headers = ms->source->headers,
		.crlf = ms->crlf,
	};
}

/* 1 when it is linked, 0 when the message needs a file of its own. */
static int
save_link(struct maildir_save *ms, const struct source_key *key)
{
	const char *source = save_batch_source(ms->batch, key);

	if (source == NULL || !ms->box->storage->set->maildir_copy_with_hardlinks)
		return 0;
	for (int i = 0; i < NAME_TRIES; i++) {
		maildir_name_new(ms->name);
		ms->save->path = new_path(ms);
		if (link(source, ms->save->path) == 0)
			return 1;
		if (errno != EEXIST)
			break;
		maildir_name_taken();
	}
	/* ENOENT: a reader moved the file, or new/ isn't there; either way
	   save_own() knows what to do, as with EXDEV, EMLINK, EPERM. */
	if (errno == ENOENT || errno == EMLINK)
		save_batch_drop_source(ms->batch, source);
	return 0;
}

/* --- both --- */

static int
look_at_mailbox(struct maildir_save *ms)
{
	const char *path = ms->box->path;

	if (stat(path, &ms->st) == 0)
		return 0;	/* a file shows itself at open_tmp() */
	if (!is_absent(errno))
		return err_path(ms->err, "stat", path);
	if (!ms->box->inbox)
		return mailbox_not_found(ms->box, ms->err);
	if (maildir_create(ms->box, ms->err) < 0)
		return -1;
	return stat(path, &ms->st) < 0 ? err_path(ms->err, "stat", path) : 0;
}

static int
wait_for_sync(struct maildir_save *ms)
{
	bool flagged = *ms->info != '\0';
	const char *dir = pool_printf(ms->pool, "%s/%s", ms->box->path,
				      flagged ? "cur" : "new");

	if (!ms->sync || save_batch_add_dir(ms->batch, dir, &ms->st, flagged,
					    ms->save) == 0)
		return 0;
	save_batch_drop_source(ms->batch, ms->save->path);
	(void)unlink(ms->save->path);	/* the cause is in err already */
	return -1;
}

/* Flags and keywords stand in the names of files in cur/. */
static const char *
info_of(const struct maildir_save *ms)
{
	static const struct { unsigned flag; char letter; } flags[] = {
		{ MAIL_DRAFT, 'D' }, { MAIL_FLAGGED, 'F' },
		{ MAIL_ANSWERED, 'R' }, { MAIL_SEEN, 'S' },
		{ MAIL_DELETED, 'T' },
	};
	const struct save *save = ms->save;
	char letters[8] = "", keywords[KEYWORDS_MAX + 1] = "";
	size_t count = 0;
	struct err err;

	if (save->flags == 0 && save->keywords == NULL)
		return "";
	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++) {
		if ((save->flags & flags[i].flag) != 0)
			letters[count++] = flags[i].letter;
	}
	if (save->keywords != NULL &&
	    maildir_keywords(ms->box, save->keywords, keywords, ms->pool,
			     &err) < 0) {
		*keywords = '\0';
		log_error(&log_process, "A message goes without its keywords: "
			  "%s", err.text);
	}
	return pool_printf(ms->pool, ":2,%s%s", letters, keywords);
}

static int
maildir_save(struct save_batch *batch, const struct save_source *source,
	     struct save *save)
{
	const struct mail_settings *set = save->box->storage->set;
	struct maildir_save ms = {
		.batch = batch, .pool = save_batch_pool(batch),
		.box = save->box, .source = source, .save = save,
		.err = save->err, .crlf = set->mail_save_crlf,
		.sync = strcmp(set->mail_fsync, "never") != 0,
	};
	struct source_key key;
	int placed;

	if (look_at_mailbox(&ms) < 0)
		return -1;
	ms.perm = perm_from_dir(&ms.st);
	ms.info = info_of(&ms);
	count_sizes(&ms);
	key = source_key(&ms);
	placed = save_link(&ms, &key);
	if (placed == 0)
		placed = save_in_place(&ms, &key);
	if (placed < 0 || (placed == 0 && save_own(&ms, &key) < 0))
		return -1;
	save->id = strrchr(save->path, '/') + 1;
	if (set->mail_temp_scan_interval != 0 && maildir_tmp_due()) {
		(void)maildir_tmp_clean(ms.box->path,
					set->mail_temp_scan_interval,
					(time_t)clock_wall().tv_sec, ms.pool);
	}
	return wait_for_sync(&ms);
}

static int
maildir_undo(const struct save *save, struct err *err)
{
	if (unlink(save->path) == 0 || errno == ENOENT)
		return 0;
	return err_path(err, "unlink", save->path);
}

const struct storage_format storage_maildir = {
	.name = "maildir",
	.is_mailbox = maildir_is_mailbox,
	.create = maildir_create,
	.save = maildir_save,
	.undo = maildir_undo,
	.open_unnamed = maildir_open_unnamed,
	.usage = maildir_usage,
	.part_usage = maildir_part_usage,
	.stamp = maildir_stamp,
};
