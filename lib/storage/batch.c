/*
 * What the deliveries of one transaction share: files to link to, and the
 * directories that wait for their sync. Each directory is synced once,
 * however many messages went into it. Descriptors stay bounded: when DIRS_MAX
 * directories are open they are synced and closed before the next one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/pool.h"
#include "storage/dirs.h"
#include "storage/storage-private.h"

enum { DIRS_MAX = 64, SOURCES_MAX = 8 };

struct batch_dir {
	const char *path;
	dev_t dev;	/* of the mailbox's directory, not of new/: */
	ino_t ino;	/* that one needs no stat of its own */
	bool flagged;	/* it is cur/ */
	int fd;
	bool whole_fs;
	bool failed;
	struct err err;
};

struct batch_source {
	struct source_key key;
	const char *path;
};

struct save_batch {
	struct pool *pool;
	struct batch_dir dirs[DIRS_MAX];
	unsigned dir_count, dir_max;
	struct save *waiting;	/* for their directory's sync */
	struct batch_source sources[SOURCES_MAX];
	unsigned source_count, source_next;
};

/* Descriptors are wanted for other things, too. */
static unsigned
dir_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 ||
	    limit.rlim_cur / 4 > DIRS_MAX)
		return DIRS_MAX;
	return limit.rlim_cur < 8 ? 1 : (unsigned)(limit.rlim_cur / 4);
}

struct save_batch *
save_batch_new(void)
{
	struct save_batch *batch = mem_alloc(sizeof(*batch));

	batch->pool = pool_new();
	batch->dir_max = dir_limit();
	return batch;
}

void
save_batch_free(struct save_batch **bp)
{
	struct save_batch *batch = *bp;

	if (batch == NULL)
		return;
	save_batch_clear(batch);
	pool_free(&batch->pool);
	free(batch);
	*bp = NULL;
}

void
save_batch_clear(struct save_batch *batch)
{
	for (unsigned i = 0; i < batch->dir_count; i++)
		(void)close(batch->dirs[i].fd);	/* nothing depends on it */
	batch->dir_count = 0;
	batch->waiting = NULL;
	batch->source_count = batch->source_next = 0;
	pool_clear(batch->pool);
}

struct pool *
save_batch_pool(struct save_batch *batch)
{
	return batch->pool;
}

static bool
key_equal(const struct source_key *a, const struct source_key *b)
{
	return a->uid == b->uid && a->gid == b->gid &&
		a->setgid == b->setgid && a->mode == b->mode &&
		a->dev == b->dev && a->spool == b->spool &&
		a->crlf == b->crlf && (a->headers == b->headers ||
				       strcmp(a->headers, b->headers) == 0);
}

const char *
save_batch_source(const struct save_batch *batch, const struct source_key *key)
{
	for (unsigned i = 0; i < batch->source_count; i++) {
		const struct batch_source *source = &batch->sources[i];

		if (source->path != NULL && key_equal(&source->key, key))
			return source->path;
	}
	return NULL;
}

void
save_batch_drop_source(struct save_batch *batch, const char *path)
{
	for (unsigned i = 0; i < batch->source_count; i++) {
		if (batch->sources[i].path == path)
			batch->sources[i].path = NULL;
	}
}

void
save_batch_add_source(struct save_batch *batch, const struct source_key *key,
		      const char *path)
{
	struct batch_source *source = &batch->sources[batch->source_next];

	source->key = *key;
	source->path = path;
	batch->source_next = (batch->source_next + 1) % SOURCES_MAX;
	if (batch->source_count < SOURCES_MAX)
		batch->source_count++;
}

static void
dir_settle(struct batch_dir *dir)
{
	dir->failed = dir_sync_fd(dir->fd, dir->whole_fs, dir->path,
				  &dir->err) < 0;
	if (close(dir->fd) < 0 && errno != EINTR && !dir->failed) {
		(void)err_path(&dir->err, "close", dir->path);
		dir->failed = true;
	}
}

void
save_batch_sync(struct save_batch *batch)
{
	for (unsigned i = 0; i < batch->dir_count; i++)
		dir_settle(&batch->dirs[i]);
	for (struct save *s = batch->waiting; s != NULL; s = s->next) {
		const struct batch_dir *dir = &batch->dirs[s->dir];

		s->failed = dir->failed;
		if (dir->failed)
			*s->err = dir->err;
	}
	batch->waiting = NULL;
	batch->dir_count = 0;
}

static struct batch_dir *
find_dir(struct save_batch *batch, const struct stat *st, bool flagged)
{
	for (unsigned i = 0; i < batch->dir_count; i++) {
		if (batch->dirs[i].dev == st->st_dev &&
		    batch->dirs[i].ino == st->st_ino &&
		    batch->dirs[i].flagged == flagged)
			return &batch->dirs[i];
	}
	return NULL;
}

static int
open_dir(struct save_batch *batch, const char *path, const char *inside,
	 bool *whole_fs_r, struct err *err)
{
	int fd = dir_open_for_sync(path, inside, whole_fs_r, err);

	if (fd >= 0 || (errno != EMFILE && errno != ENFILE) ||
	    batch->dir_count == 0)
		return fd;
	save_batch_sync(batch);
	return dir_open_for_sync(path, inside, whole_fs_r, err);
}

int
save_batch_add_dir(struct save_batch *batch, const char *path,
		   const struct stat *box_st, bool flagged, struct save *save)
{
	struct batch_dir *dir = find_dir(batch, box_st, flagged);
	bool whole_fs;
	int fd;

	if (dir == NULL) {
		if (batch->dir_count == batch->dir_max)
			save_batch_sync(batch);
		fd = open_dir(batch, path, save->path, &whole_fs, save->err);
		if (fd < 0)
			return -1;
		dir = &batch->dirs[batch->dir_count++];
		*dir = (struct batch_dir){
			.path = pool_strdup(batch->pool, path),
			.dev = box_st->st_dev, .ino = box_st->st_ino,
			.flagged = flagged, .fd = fd, .whole_fs = whole_fs,
		};
	}
	save->dir = (unsigned)(dir - batch->dirs);
	save->next = batch->waiting;
	batch->waiting = save;
	return 0;
}
