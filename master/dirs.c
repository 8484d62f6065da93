/*
 * Directories that the master makes; see dirs.h.
 */
#include "master/dirs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/err.h"
#include "core/pool.h"
#include "core/str.h"

enum { DIR_MODE = 0755 };

static int
make_one(const char *path, struct err *err)
{
	struct stat st;

	if (mkdir(path, DIR_MODE) == 0) {
		/* The umask may have cut it. */
		if (chmod(path, DIR_MODE) != 0)
			return err_path(err, "chmod", path);
		return 0;
	}
	if (errno == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return 0;
	return err_path(err, "mkdir", path);
}

int
dirs_make(const char *path, struct err *err)
{
	char *copy = mem_strdup(path);
	struct stat st;
	int result = 0;

	for (char *p = strchr(copy + 1, '/'); p != NULL && result == 0;
	     p = strchr(p + 1, '/')) {
		*p = '\0';
		if (stat(copy, &st) != 0)
			result = make_one(copy, err);
		*p = '/';
	}
	if (result == 0)
		result = make_one(copy, err);
	free(copy);
	return result;
}

int
dirs_make_parents(const char *path, const char *base, struct err *err)
{
	size_t len = strlen(base);
	char *dir;
	int result;

	if (!str_begins(path, base) || path[len] != '/')
		return 0;
	dir = mem_strdup(path);
	*strrchr(dir, '/') = '\0';
	result = dirs_make(dir, err);
	free(dir);
	return result;
}
