/*
 * Errors as values; see err.h.
 */
#include "core/err.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/str.h"

int
err_vset(struct err *err, enum err_kind kind, const char *fmt, va_list ap)
{
	err->kind = kind;
	(void)vsnprintf(err->text, sizeof(err->text), fmt, ap);
	return -1;
}

int
err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)err_vset(err, kind, fmt, ap);
	va_end(ap);
	return -1;
}

int
err_sys(struct err *err, const char *fmt, ...)
{
	int saved_errno = errno;
	char call[sizeof(err->text) - 128];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(call, sizeof(call), fmt, ap);
	va_end(ap);
	return err_set(err, ERR_TEMP, "%s failed: %s", call,
		       strerror(saved_errno));
}

int
err_prefix(struct err *err, const char *fmt, ...)
{
	char text[sizeof(err->text)];
	char prefix[256];
	va_list ap;

	(void)str_copy(text, sizeof(text), err->text);
	va_start(ap, fmt);
	(void)vsnprintf(prefix, sizeof(prefix), fmt, ap);
	va_end(ap);
	return err_set(err, err->kind, "%s: %.*s", prefix,
		       (int)(sizeof(err->text) - sizeof(prefix) - 3), text);
}

static bool
in_groups(gid_t gid)
{
	gid_t groups[256];
	int n = getgroups(256, groups);

	for (int i = 0; i < n; i++) {
		if (groups[i] == gid)
			return true;
	}
	return gid == getegid();
}

/* Which of the permissions in `want` (rwx bits) do the effective ids lack? */
static mode_t
lacking(const struct stat *st, mode_t want)
{
	mode_t have;

	if (st->st_uid == geteuid())
		have = (st->st_mode >> 6) & 7;
	else if (in_groups(st->st_gid))
		have = (st->st_mode >> 3) & 7;
	else
		have = st->st_mode & 7;
	return want & ~have;
}

/* Who was refused; the caller appends why and ')'. */
static void
describe_ids(struct str *s)
{
	const struct passwd *pw = getpwuid(geteuid());
	const struct group *gr = getgrgid(getegid());

	str_printf(s, " (euid=%u(%s) egid=%u(%s)", (unsigned)geteuid(),
		   pw != NULL ? pw->pw_name : "<unknown>", (unsigned)getegid(),
		   gr != NULL ? gr->gr_name : "<unknown>");
}

static void
describe_lack(struct str *s, const char *path, const struct stat *st,
	      mode_t lack)
{
	str_printf(s, " missing +%s perm: %s, %s owned by %u:%u mode=0%o",
		   (lack & 1) != 0 ? "x" : (lack & 2) != 0 ? "w" : "r", path,
		   S_ISDIR(st->st_mode) ? "dir" : "file",
		   (unsigned)st->st_uid, (unsigned)st->st_gid,
		   (unsigned)st->st_mode & 07777);
}

/* Walk down the path as the kernel did and stop where the ids are refused.
   Explains a failure that has happened; decides nothing. */
static void
explain_eacces(struct str *s, const char *path)
{
	char dir[4096];
	struct stat st;
	const char *slash = path;

	while ((slash = strchr(slash + 1, '/')) != NULL) {
		(void)snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path),
			       path);
		if (stat(dir, &st) != 0)
			return;
		if (lacking(&st, 1) != 0) {
			describe_lack(s, dir, &st, 1);
			return;
		}
	}
	if (stat(path, &st) == 0) {
		mode_t lack = lacking(&st, S_ISDIR(st.st_mode) ? 7 : 6);

		if (lack != 0)
			describe_lack(s, path, &st, lack);
		return;
	}
	/* It isn't there: making it needs to write to its directory. */
	slash = strrchr(path, '/');
	if (slash == NULL)
		return;
	(void)snprintf(dir, sizeof(dir), "%.*s",
		       slash == path ? 1 : (int)(slash - path), path);
	if (stat(dir, &st) == 0 && lacking(&st, 2) != 0)
		describe_lack(s, dir, &st, 2);
}

int
err_path(struct err *err, const char *call, const char *path)
{
	int saved_errno = errno;
	struct str why = STR_INIT;

	if (saved_errno == EACCES || saved_errno == EPERM ||
	    saved_errno == EROFS) {
		describe_ids(&why);
		if (saved_errno == EACCES)
			explain_eacces(&why, path);
		str_append_c(&why, ')');
	}
	(void)err_set(err, ERR_TEMP, "%s(%s) failed: %s%s", call, path,
		      strerror(saved_errno), str_c(&why));
	str_free(&why);
	errno = saved_errno;
	return -1;
}
