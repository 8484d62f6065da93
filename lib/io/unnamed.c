/*
 * Files without a name; see unnamed.h.
 */
#include "io/unnamed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/err.h"
#include "core/str.h"

static int
open_unlinked(const char *dir, struct err *err)
{
	struct str path = STR_INIT;
	int fd;

	str_printf(&path, "%s/loft-spool.XXXXXX", dir);
	fd = mkostemp(path.data, O_CLOEXEC);
	if (fd < 0) {
		(void)err_path(err, "mkstemp", path.data);
	} else if (unlink(path.data) < 0) {
		(void)err_path(err, "unlink", path.data);
		(void)close(fd);
		fd = -1;
	}
	str_free(&path);
	return fd;
}

int
unnamed_open(const char *dir, bool may_have_name, struct err *err)
{
	int fd = open(dir, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);

	if (fd >= 0)
		return fd;
	/* EISDIR and EINVAL: kernels or file systems that don't know the
	   flag. */
	if (may_have_name &&
	    (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL))
		return open_unlinked(dir, err);
	return err_path(err, "open", dir);
}
