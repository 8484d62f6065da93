/*
 * Modes of what is created; see perm.h.
 */
#include "storage/perm.h"

#include <errno.h>
#include <unistd.h>

#include "core/err.h"

const struct perm perm_private = { 0600, 0700, PERM_GID_DEFAULT };

struct perm
perm_from_dir(const struct stat *st)
{
	mode_t group = (st->st_mode >> 3) & 7, other = st->st_mode & 7;
	struct perm perm = {
		.file = (st->st_mode & 0666) | 0600,
		.dir = (st->st_mode & 0777) | 0700,
		.gid = st->st_gid,
	};

	/* With setgid the kernel gives the group; with equal rights for
	   group and world it doesn't matter. */
	if ((st->st_mode & S_ISGID) != 0 || group == other ||
	    st->st_gid == getegid())
		perm.gid = PERM_GID_DEFAULT;
	return perm;
}

int
perm_apply_fd(int fd, const char *path, mode_t mode, const struct perm *perm,
	      struct err *err)
{
	if (perm->gid != PERM_GID_DEFAULT &&
	    fchown(fd, (uid_t)-1, perm->gid) < 0) {
		if (errno != EPERM)
			return err_path(err, "fchown", path);
		mode &= ~(mode_t)070;
	}
	/* Files are made private and directories 0700: nothing to widen? */
	if ((mode & 077) == 0)
		return 0;
	return fchmod(fd, mode) < 0 ? err_path(err, "fchmod", path) : 0;
}

int
perm_apply_path(const char *path, mode_t mode, const struct perm *perm,
		struct err *err)
{
	struct stat st;

	if (perm->gid != PERM_GID_DEFAULT &&
	    chown(path, (uid_t)-1, perm->gid) < 0) {
		if (errno != EPERM)
			return err_path(err, "chown", path);
		mode &= ~(mode_t)070;
	}
	if ((mode & 077) == 0)
		return 0;
	/* chmod(2) would take away a setgid bit that was inherited. */
	if (stat(path, &st) < 0)
		return err_path(err, "stat", path);
	mode |= st.st_mode & S_ISGID;
	return chmod(path, mode) < 0 ? err_path(err, "chmod", path) : 0;
}
