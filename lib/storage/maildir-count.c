/*
 * What lies in a Maildir; see maildir-count.h. A reader may move and remove
 * files meanwhile: one that has gone isn't counted.
 */
#include "storage/maildir-count.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/err.h"
#include "core/pool.h"
#include "storage/storage-private.h"

enum { SIZE_DIGITS = 18 };	/* more is no size */

bool
maildir_name_size(const char *name, char key, uint64_t *size_r)
{
	const char mark[] = { ',', key, '=', '\0' };
	const char *end = name + strcspn(name, ":");
	const char *p = strstr(name, mark);
	size_t len;

	if (p == NULL || p >= end)
		return false;
	p += strlen(mark);
	len = strspn(p, "0123456789");
	if (len == 0 || len > SIZE_DIGITS ||
	    (p[len] != '\0' && p[len] != ',' && p[len] != ':'))
		return false;
	*size_r = strtoull(p, NULL, 10);
	return true;
}

bool
maildir_is_mailbox(const char *path, const struct stat *st)
{
	struct stat cur;
	bool is = false;
	struct pool *pool;

	if (!S_ISDIR(st->st_mode))
		return false;
	pool = pool_new();
	is = stat(pool_printf(pool, "%s/cur", path), &cur) == 0 &&
		S_ISDIR(cur.st_mode);
	pool_free(&pool);
	return is;
}

/* Octets of a file with each LF counted twice, unless a CR is before it. */
static int
count_vsize(int dir, const char *name, uint64_t *size_r)
{
	static char buf[32 * 1024];
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	uint64_t size = 0;
	char last = '\0';
	ssize_t n;

	if (fd < 0)
		return -1;
	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		size += (uint64_t)n;
		for (ssize_t i = 0; i < n; i++) {
			size += buf[i] == '\n' && last != '\r';
			last = buf[i];
		}
	}
	(void)close(fd);	/* only read */
	*size_r = size;
	return n < 0 ? -1 : 0;
}

/* 1: counted, 0: it has gone or is no message. */
static int
size_of(int dir, const char *name, bool vsize, uint64_t *size_r)
{
	struct stat st;

	if (maildir_name_size(name, vsize ? 'W' : 'S', size_r))
		return 1;
	if (fstatat(dir, name, &st, 0) < 0)
		return errno == ENOENT ? 0 : -1;
	if (!S_ISREG(st.st_mode))
		return 0;
	*size_r = (uint64_t)st.st_size;
	if (vsize && count_vsize(dir, name, size_r) < 0)
		return errno == ENOENT ? 0 : -1;
	return 1;
}

static int
count_dir(DIR *d, bool vsize, struct mailbox_usage *usage)
{
	struct dirent *e;
	uint64_t size = 0;

	while (errno = 0, (e = readdir(d)) != NULL) {
		int is = *e->d_name == '.' ? 0 :
			size_of(dirfd(d), e->d_name, vsize, &size);

		if (is < 0)
			return -1;
		usage->bytes += is != 0 ? size : 0;
		usage->messages += is != 0;
	}
	return errno == 0 ? 0 : -1;
}

static int
count_path(const char *path, bool vsize, struct mailbox_usage *usage,
	   struct err *err)
{
	DIR *d = opendir(path);
	int result;

	if (d == NULL) {
		return errno == ENOENT || errno == ENOTDIR ? 0 :
			err_path(err, "opendir", path);
	}
	result = count_dir(d, vsize, usage);
	if (result < 0)
		(void)err_path(err, "readdir", path);
	(void)closedir(d);	/* only read */
	return result;
}

/* new/ first: what a reader moves to cur/ is seen twice at worst */
static const char *const part_dirs[] = { "new", "cur" };

int
maildir_part_usage(const struct mailbox *box, unsigned part, bool vsize,
		   struct mailbox_usage *usage, struct err *err)
{
	struct pool *pool = pool_new();
	int result = count_path(pool_printf(pool, "%s/%s", box->path,
					    part_dirs[part]), vsize, usage,
				err);

	pool_free(&pool);
	return result;
}

int
maildir_usage(const struct mailbox *box, bool vsize,
	      struct mailbox_usage *usage, struct err *err)
{
	return maildir_part_usage(box, 0, vsize, usage, err) < 0 ||
		maildir_part_usage(box, 1, vsize, usage, err) < 0 ? -1 : 0;
}

/* When new/ and cur/ were changed. */
int
maildir_stamp(const struct mailbox *box, struct mailbox_stamp *stamp,
	      struct err *err)
{
	const int64_t second = 1000000000;
	struct pool *pool = pool_new();
	int result = 0;

	for (size_t i = 0; i < 2 && result == 0; i++) {
		const char *path = pool_printf(pool, "%s/%s", box->path,
					       part_dirs[i]);
		struct stat st;

		if (stat(path, &st) == 0)
			stamp->at[i] = st.st_mtim.tv_sec * second +
				st.st_mtim.tv_nsec;
		else if (errno != ENOENT && errno != ENOTDIR)
			result = err_path(err, "stat", path);
	}
	pool_free(&pool);
	return result;
}
