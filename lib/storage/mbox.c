/*
 * mbox: all messages of a mailbox in one file. Mail is only ever added at its
 * end, under the locks that all others take; what fails half-way is cut off
 * again before they are released. The sequence and what each step guards
 * against are in doc/durability.md. Everything here runs with the ids of the
 * mailbox's owner.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/err.h"
#include "core/log.h"
#include "core/pool.h"
#include "io/spool.h"
#include "storage/dirs.h"
#include "storage/mail-settings.h"
#include "storage/mbox-count.h"
#include "storage/mbox-lock.h"
#include "storage/mbox-text.h"
#include "storage/storage-private.h"

enum {
	READ = 32 * 1024,
	WRITE = 256 * 1024,	/* at once; smaller messages are one call */
};

/* One message on its way. */
struct mbox_save {
	const struct save_source *source;
	struct save *save;
	struct err *err;
	struct mbox_file file;
	struct mbox_text text;
	uint64_t lines;
	bool sync;
	bool touched;		/* the file isn't as it was */
};

static bool
does_sync(const struct mailbox *box)
{
	return strcmp(box->storage->set->mail_fsync, "never") != 0;
}

static bool
mbox_is_mailbox(const char *path, const struct stat *st)
{
	(void)path;
	return S_ISREG(st->st_mode);
}

/* --- creating --- */

/* Another mailbox may lie where a directory would have to be. */
static int
make_parents(const struct mailbox *box, const struct perm *perm,
	     struct pool *pool, struct err *err)
{
	const char *dir = dir_parent(box->path, pool);
	struct stat st;

	if (stat(dir, &st) == 0 && S_ISDIR(st.st_mode))
		return 0;
	if (!box->inbox && stat(box->path, &st) < 0 && errno == ENOTDIR)
		return err_set(err, ERR_NOTFOUND, "Mailbox doesn't allow "
			       "inferior mailboxes");
	return dir_make_durable(dir, perm, does_sync(box), pool, err);
}

/* INBOX in a common directory is its owner's alone. */
static int
perm_of(const struct mailbox *box, struct pool *pool, struct perm *perm_r,
	struct err *err)
{
	const char *root = box->ns->loc.root;
	size_t len = strlen(root);

	if (box->inbox && (strncmp(box->path, root, len) != 0 ||
			   box->path[len] != '/')) {
		*perm_r = perm_private;
		return 0;
	}
	return mailbox_perm(box, pool, perm_r, err);
}

static int
apply_perm(const struct mailbox *box, const struct perm *perm, struct err *err)
{
	int fd, result;

	if (perm->gid == PERM_GID_DEFAULT && (perm->file & 077) == 0)
		return 0;
	fd = open(box->path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return err_path(err, "open", box->path);
	result = perm_apply_fd(fd, box->path, perm->file, perm, err);
	(void)close(fd);	/* nothing was written */
	return result;
}

static int
create_file(const struct mailbox *box, struct pool *pool, struct err *err)
{
	struct perm perm;
	struct stat st;

	if (stat(box->path, &st) == 0) {
		if (S_ISREG(st.st_mode) || box->inbox)
			return 0;
		return err_set(err, ERR_NOTFOUND, "Mailbox isn't selectable");
	}
	if (perm_of(box, pool, &perm, err) < 0 ||
	    make_parents(box, &perm, pool, err) < 0 ||
	    mbox_make(box, 0600, err) < 0 ||
	    apply_perm(box, &perm, err) < 0)
		return -1;
	return does_sync(box) ? dir_sync(dir_parent(box->path, pool),
					 box->path, err) : 0;
}

static int
mbox_create(const struct mailbox *box, struct err *err)
{
	struct pool *pool = pool_new();
	int result = create_file(box, pool, err);

	pool_free(&pool);
	return result;
}

/* --- adding --- */

static int
write_at(const struct mbox_file *file, const char *data, size_t len,
	 uint64_t offset, struct err *err)
{
	while (len > 0) {
		ssize_t n = pwrite(file->fd, data, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			errno = ENOSPC;
		if (n <= 0)
			return err_path(err, "write", file->path);
		data += n;
		len -= (size_t)n;
		offset += (uint64_t)n;
	}
	return 0;
}

/* Write out what has gathered. */
static int
flush(struct mbox_save *ms)
{
	struct str *out = &ms->text.out;

	ms->touched = true;
	if (write_at(&ms->file, out->data, out->len, ms->save->end,
		     ms->err) < 0)
		return -1;
	ms->save->end += out->len;
	for (size_t i = 0; i < out->len; i++)
		ms->lines += out->data[i] == '\n';
	str_reset(out);
	return 0;
}

static int
add_text(struct mbox_save *ms, const char *data, size_t len)
{
	while (len > 0) {
		size_t n = len < READ ? len : READ;

		mbox_text_add(&ms->text, data, n);
		if (ms->text.out.len >= WRITE && flush(ms) < 0)
			return -1;
		data += n;
		len -= n;
	}
	return 0;
}

static int
add_spool(struct mbox_save *ms)
{
	const struct spool *spool = ms->source->spool;
	const char *memory = spool_memory(spool);
	uint64_t offset = 0;
	char buf[READ];

	if (memory != NULL)
		return add_text(ms, memory, (size_t)spool_size(spool));
	while (offset < spool_size(spool)) {
		ssize_t n = spool_read(spool, offset, buf, sizeof(buf),
				       ms->err);

		if (n < 0)
			return -1;
		if (n == 0)
			return err_set(ms->err, ERR_TEMP, "the spooled "
				       "message got shorter");
		if (add_text(ms, buf, (size_t)n) < 0)
			return -1;
		offset += (uint64_t)n;
	}
	return 0;
}

static int
read_at(const struct mbox_file *file, char *buf, size_t len, off_t offset,
	struct err *err)
{
	ssize_t n;

	do {
		n = pread(file->fd, buf, len, offset);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_path(err, "read", file->path);
	if ((size_t)n < len) {
		return err_set(err, ERR_TEMP, "%s got shorter in spite of "
			       "its locks", file->path);
	}
	return 0;
}

/* Is it an mbox at all? Mail added to anything else would not be found. */
static int
check_begin(const struct mbox_save *ms)
{
	enum err_kind kind = ms->file.box->inbox ? ERR_TEMP : ERR_NOTFOUND;
	char begin[5];
	size_t len = ms->file.st.st_size < 5 ? (size_t)ms->file.st.st_size : 5;

	if (read_at(&ms->file, begin, len, 0, ms->err) < 0)
		return -1;
	if (memcmp(begin, "From ", len) == 0 || *begin == '\n' ||
	    *begin == '\r')
		return 0;
	return err_set(ms->err, kind, "Mailbox isn't a valid mbox file");
}

/* Messages are divided by an empty line; the last one may lack it, or even
   the end of its last line. */
static int
begin_after_last(struct mbox_save *ms)
{
	off_t size = ms->file.st.st_size;
	char end[2] = "\n\n";
	size_t len = size < 2 ? (size_t)size : 2;

	if (size == 0)
		return 0;
	if (check_begin(ms) < 0 ||
	    read_at(&ms->file, end + 2 - len, len, size - (off_t)len,
		    ms->err) < 0)
		return -1;
	if (end[1] != '\n')
		str_append(&ms->text.out, "\n\n");
	else if (end[0] != '\n')
		str_append_c(&ms->text.out, '\n');
	return 0;
}

static int
write_message(struct mbox_save *ms)
{
	struct save *save = ms->save;
	size_t before, from;

	if (begin_after_last(ms) < 0)
		return -1;
	before = ms->text.out.len;
	mbox_text_begin(&ms->text, ms->source->sender,
			(time_t)clock_wall().tv_sec);
	from = ms->text.out.len - before;
	mbox_text_flags(&ms->text, save->flags, save->keywords);
	if (add_text(ms, ms->source->headers,
		     strlen(ms->source->headers)) < 0 ||
	    add_spool(ms) < 0)
		return -1;
	mbox_text_end(&ms->text);
	if (flush(ms) < 0)
		return -1;
	/* Neither the From_ line nor the empty one is the message's. */
	save->size = save->end - save->start - before - from - 1;
	save->vsize = save->size + ms->lines - before - 2;
	return 0;
}

static int
sync_fd(int fd)
{
	int result;

	do {
		result = fdatasync(fd);
	} while (result < 0 && errno == EINTR);
	return result;
}

/* The first message of a file makes its name durable, too: whoever made the
   file may have died before that. */
static int
sync_message(struct mbox_save *ms)
{
	const struct mbox_file *file = &ms->file;

	if (!ms->sync)
		return 0;
	if (sync_fd(file->fd) < 0)
		return err_path(ms->err, "fdatasync", file->path);
	if (ms->save->start > 0)
		return 0;
	return dir_sync(dir_parent(file->path, file->pool), file->path,
			ms->err);
}

/* Cut a message off again; the file is ours as long as the locks are. */
static int
cut(const struct mbox_file *file, uint64_t size, bool sync, struct err *err)
{
	int result;

	do {
		result = ftruncate(file->fd, (off_t)size);
	} while (result < 0 && errno == EINTR);
	if (result < 0)
		return err_path(err, "ftruncate", file->path);
	if (sync && sync_fd(file->fd) < 0)
		return err_path(err, "fdatasync", file->path);
	return 0;
}

static void
roll_back(const struct mbox_save *ms)
{
	struct err err;

	if (cut(&ms->file, ms->save->start, ms->sync, &err) < 0) {
		log_error(&log_process, "A part of a message that couldn't be "
			  "stored may stand at the end of %s: %s",
			  ms->file.path, err.text);
	}
}

/* That we looked at the file's end is not that its owner read his mail. */
static void
keep_atime(const struct mbox_file *file)
{
	const struct timespec times[2] = {
		file->st.st_atim, { .tv_nsec = UTIME_OMIT },
	};

	if (futimens(file->fd, times) < 0)
		log_debug(&log_process, "%s: can't keep its atime",
			  file->path);
}

static int
add_message(struct mbox_save *ms)
{
	struct save *save = ms->save;
	int result;

	save->start = save->end = (uint64_t)ms->file.st.st_size;
	result = write_message(ms);
	if (result == 0)
		result = sync_message(ms);
	if (result < 0 && ms->touched)
		roll_back(ms);
	keep_atime(&ms->file);
	str_free(&ms->text.out);
	return result;
}

/* The file is made when it is an INBOX that isn't there. */
static int
lock_or_create(struct mbox_save *ms, struct pool *pool)
{
	const struct mailbox *box = ms->save->box;

	for (int i = 0; i < 2; i++) {
		int result = mbox_lock(&ms->file, box, true, pool, ms->err);

		if (result <= 0)
			return result;
		if (!box->inbox)
			return mailbox_not_found(box, ms->err);
		if (i == 0 && mbox_create(box, ms->err) < 0)
			return -1;
	}
	return err_set(ms->err, ERR_TEMP, "%s vanished", box->path);
}

static int
mbox_undo(const struct save *save, struct err *err)
{
	struct pool *pool = pool_new();
	struct err unlock_err;
	struct mbox_file file;
	int result = mbox_lock(&file, save->box, true, pool, err);

	if (result > 0) {
		result = 0;	/* all has gone */
	} else if (result == 0) {
		if ((uint64_t)file.st.st_size == save->end)
			result = cut(&file, save->start,
				     does_sync(save->box), err);
		else
			result = err_set(err, ERR_TEMP, "%s was changed "
					 "meanwhile", file.path);
		(void)mbox_unlock(&file, &unlock_err);	/* synced, or not
							   wanted */
	}
	pool_free(&pool);
	return result;
}

static int
mbox_save(struct save_batch *batch, const struct save_source *source,
	  struct save *save)
{
	struct mbox_save ms = {
		.source = source, .save = save, .err = save->err,
		.sync = does_sync(save->box),
	};
	struct err ignored;

	if (lock_or_create(&ms, save_batch_pool(batch)) < 0)
		return -1;
	save->path = save->box->path;
	save->id = "";
	if (add_message(&ms) < 0) {
		(void)mbox_unlock(&ms.file, &ignored);	/* it failed already */
		return -1;
	}
	if (mbox_unlock(&ms.file, save->err) == 0)
		return 0;
	(void)mbox_undo(save, &ignored);	/* what failed is in err */
	return -1;
}

const struct storage_format storage_mbox = {
	.name = "mbox",
	.in_files = true,
	.is_mailbox = mbox_is_mailbox,
	.create = mbox_create,
	.save = mbox_save,
	.undo = mbox_undo,
	.usage = mbox_usage,
};
