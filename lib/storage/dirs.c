/*
 * Directories that survive a crash; see dirs.h.
 */
#include "storage/dirs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/err.h"
#include "core/log.h"
#include "core/pool.h"
#include "storage/perm.h"

int
dir_open_for_sync(const char *path, const char *inside, bool *whole_fs_r,
		  struct err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	*whole_fs_r = false;
	if (fd >= 0)
		return fd;
	if (errno != EACCES || inside == NULL)
		return err_path(err, "open", path);
	fd = open(inside, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return err_path(err, "open", inside);
	*whole_fs_r = true;
	return fd;
}

int
dir_sync_fd(int fd, bool whole_fs, const char *path, struct err *err)
{
	static bool told;
	int result;

	do {
		result = whole_fs ? syncfs(fd) : fsync(fd);
	} while (result < 0 && errno == EINTR);
	if (result == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return err_path(err, whole_fs ? "syncfs" : "fsync", path);
	if (!told) {
		log_warning(&log_process, "%s: the file system can't sync "
			    "directories; going on without", path);
		told = true;
	}
	return 0;
}

int
dir_sync(const char *path, const char *inside, struct err *err)
{
	bool whole_fs;
	int fd = dir_open_for_sync(path, inside, &whole_fs, err);
	int result;

	if (fd < 0)
		return -1;
	result = dir_sync_fd(fd, whole_fs, path, err);
	if (close(fd) < 0 && errno != EINTR && result == 0)
		result = err_path(err, "close", path);
	return result;
}

const char *
dir_parent(const char *path, struct pool *pool)
{
	const char *slash = strrchr(path, '/');

	ASSERT(slash != NULL);
	if (slash == path)
		return "/";
	return pool_strndup(pool, path, (size_t)(slash - path));
}

/* A directory that was there although what should be in it isn't: whoever
   made it may have died before any sync, and have made those above it that
   are his, too. */
static const char *
topmost_own(const char *path, struct pool *pool)
{
	const char *top = path, *parent;
	struct stat st;

	for (;; top = parent) {
		parent = dir_parent(top, pool);
		if (strcmp(parent, "/") == 0 || stat(parent, &st) < 0 ||
		    st.st_uid != geteuid())
			return top;
	}
}

int
dir_make(const char *path, const struct perm *perm, struct pool *pool,
	 const char **top_r, struct err *err)
{
	const char *top = path;
	int made = mkdir(path, 0700);

	if (made < 0 && errno == ENOENT && strcmp(path, "/") != 0) {
		if (dir_make(dir_parent(path, pool), perm, pool, &top,
			     err) < 0)
			return -1;
		made = mkdir(path, 0700);
	} else if (made < 0 && errno == EEXIST) {
		*top_r = topmost_own(path, pool);
		return 0;
	}
	if (made < 0 && errno != EEXIST)
		return err_path(err, "mkdir", path);
	if (made == 0 && perm_apply_path(path, perm->dir, perm, err) < 0)
		return -1;
	*top_r = top;
	return 0;
}

int
dir_sync_entries(const char *path, const char *top, struct pool *pool,
		 struct err *err)
{
	size_t top_len = strlen(top);

	while (strlen(path) >= top_len && strcmp(path, "/") != 0) {
		const char *parent = dir_parent(path, pool);

		if (dir_sync(parent, path, err) < 0)
			return -1;
		path = parent;
	}
	return 0;
}

int
dir_make_durable(const char *path, const struct perm *perm, bool sync,
		 struct pool *pool, struct err *err)
{
	const char *top;

	if (dir_make(path, perm, pool, &top, err) < 0)
		return -1;
	return sync ? dir_sync_entries(path, top, pool, err) : 0;
}
