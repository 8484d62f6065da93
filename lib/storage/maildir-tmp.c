/*
 * Old files in tmp/; see maildir-tmp.h.
 */
#include "storage/maildir-tmp.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/log.h"
#include "core/pool.h"

enum {
	OLD_SECS = 36 * 60 * 60,
	ONE_OF = 32,
	ENTRIES_MAX = 10000,	/* of one look */
};

bool
maildir_tmp_due(void)
{
	return clock_wall().tv_usec % ONE_OF == 0;
}

/* A copy keeps its source's mtime, and a link or a rename sets ctime: only
   where both are old nobody is at it. */
static bool
is_old(const struct stat *st, time_t now)
{
	return S_ISREG(st->st_mode) && st->st_mtime < now - OLD_SECS &&
		st->st_ctime < now - OLD_SECS;
}

static unsigned
clean(DIR *d, time_t now)
{
	struct dirent *e;
	unsigned count = 0;

	for (int i = 0; i < ENTRIES_MAX && (e = readdir(d)) != NULL; i++) {
		struct stat st;

		if (fstatat(dirfd(d), e->d_name, &st,
			    AT_SYMLINK_NOFOLLOW) == 0 && is_old(&st, now) &&
		    unlinkat(dirfd(d), e->d_name, 0) == 0)
			count++;
	}
	return count;
}

unsigned
maildir_tmp_clean(const char *box_path, time_t interval, time_t now,
		  struct pool *pool)
{
	const char *path = pool_printf(pool, "%s/tmp", box_path);
	struct stat st;
	unsigned count;
	DIR *d;

	/* Read long after its last change: it was cleaned since. */
	if (stat(path, &st) < 0 || st.st_atime > st.st_ctime + OLD_SECS ||
	    st.st_atime > now - interval)
		return 0;
	d = opendir(path);
	if (d == NULL)
		return 0;
	count = clean(d, now);
	(void)closedir(d);	/* only read */
	if (count > 0) {
		log_debug(&log_process, "%u files older than 36 hours removed "
			  "from %s", count, path);
	}
	return count;
}
