/*
 * The file system's own quota, which the kernel counts and enforces: asking
 * first lets a message be refused with words instead of by a failing write.
 * Limits come from it unless a rule for "*" sets others.
 */
#include "quota/roots.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/quota.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/err.h"
#include "core/log.h"
#include "core/pool.h"
#include "core/str.h"
#include "storage/dirs.h"
#include "storage/storage.h"

enum { BLOCK = 1024 };	/* the unit of limits */

struct state {
	bool user, group;	/* whose quota is asked for */
	const char *mount;	/* mount=; NULL: where the mail is */
};

static const struct quota_backend with_messages;

/* --- settings ----------------------------------------------------------- */

static bool
take_word(const char **args, const char *word)
{
	size_t len = strlen(word);

	if (!str_begins(*args, word) ||
	    ((*args)[len] != '\0' && (*args)[len] != ':'))
		return false;
	*args += len;
	*args += **args == ':';
	return true;
}

static bool
take_mount(const char **args, struct state *state, struct pool *pool)
{
	const char *path = *args + strlen("mount=");
	size_t len;

	if (!str_begins(*args, "mount="))
		return false;
	len = strcspn(path, ":");
	state->mount = pool_strndup(pool, path, len);
	*args = path + len + (path[len] == ':');
	return true;
}

static int
open_root(struct quota_root *root, const char *args, struct err *err)
{
	struct pool *pool = root->quota->pool;
	struct state *state = pool_new_obj(pool, struct state);

	while (*args != '\0') {
		if (take_word(&args, "user"))
			state->user = true;
		else if (take_word(&args, "group"))
			state->group = true;
		else if (take_word(&args, "inode_per_mail"))
			root->backend = &with_messages;
		else if (!take_mount(&args, state, pool) &&
			 !quota_root_param(root, &args))
			return err_set(err, ERR_CONFIG, "Unknown parameter "
				       "for backend fs: %s", args);
	}
	/* Neither word: the user's, else the group's. */
	if (!state->user && !state->group)
		state->user = state->group = true;
	root->state = state;
	return 0;
}

/* --- where -------------------------------------------------------------- */

/* The nearest directory above that is there. */
static int
find_existing(const char *path, struct pool *pool, const char **path_r,
	      struct stat *st, struct err *err)
{
	while (stat(path, st) != 0) {
		if (errno != ENOENT || strcmp(path, "/") == 0)
			return err_path(err, "stat", path);
		path = dir_parent(path, pool);
	}
	*path_r = path;
	return 0;
}

/* "\040" and the like, as mountinfo has them. */
static void
unescape(char *text)
{
	char *to = text;

	for (; *text != '\0'; text++) {
		if (text[0] == '\\' && strspn(text + 1, "01234567") >= 3) {
			*to++ = (char)((text[1] - '0') << 6 |
				       (text[2] - '0') << 3 | (text[3] - '0'));
			text += 3;
		} else {
			*to++ = *text;
		}
	}
	*to = '\0';
}

/* "ID PARENT MAJOR:MINOR ROOT POINT OPTIONS … - TYPE SOURCE OPTIONS" */
static bool
is_device(char *line, dev_t dev, char **type_r, char **source_r)
{
	unsigned major_of, minor_of;
	char *rest = strstr(line, " - ");

	if (sscanf(line, "%*u %*u %u:%u ", &major_of, &minor_of) != 2 ||
	    makedev(major_of, minor_of) != dev || rest == NULL)
		return false;
	rest += strlen(" - ");
	*type_r = strsep(&rest, " ");
	*source_r = strsep(&rest, " ");
	if (*source_r == NULL)
		return false;
	unescape(*source_r);
	return true;
}

/* The device of the file system, which quotactl(2) wants to know. */
static int
find_device(dev_t dev, struct pool *pool, const char **device_r,
	    struct err *err)
{
	static const char path[] = "/proc/self/mountinfo";
	FILE *f = fopen(path, "re");
	char *line = NULL, *type, *source;
	bool found = false, nfs = false;
	size_t size = 0;

	if (f == NULL)
		return err_path(err, "open", path);
	while (!found && getline(&line, &size, f) > 0) {
		line[strcspn(line, "\n")] = '\0';
		found = is_device(line, dev, &type, &source);
	}
	if (found) {
		nfs = str_begins(type, "nfs");
		*device_r = pool_strdup(pool, source);
	}
	free(line);
	(void)fclose(f);	/* it was only read */
	if (nfs)
		return err_set(err, ERR_TEMP, "%s is mounted over NFS, whose "
			       "quota can't be asked for", *device_r);
	return found ? 0 : err_set(err, ERR_TEMP, "Mount point unknown");
}

/* --- asking ------------------------------------------------------------- */

/* By the device, or where it can't be seen (a container) by a directory. */
static int
ask(const char *device, const char *dir, int type, unsigned id,
    struct dqblk *blk)
{
	int fd, result, cause;

	if (quotactl(QCMD(Q_GETQUOTA, type), device, (int)id,
		     (caddr_t)blk) == 0)
		return 0;
	if (errno != ENOENT && errno != ENOTBLK && errno != EACCES &&
	    errno != ENODEV)
		return -1;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	result = (int)syscall(SYS_quotactl_fd, fd, QCMD(Q_GETQUOTA, type), id,
			      blk);
	cause = errno;
	(void)close(fd);
	errno = cause;
	return result;
}

struct answer {
	struct quota_usage usage;
	struct quota_limit limit;
};

/* The soft limit, for mail that comes later finds the hard one. */
static int64_t
limit_of(uint64_t soft, uint64_t hard, uint64_t unit)
{
	uint64_t limit = soft != 0 ? soft : hard;

	return limit > INT64_MAX / unit ? 0 : (int64_t)(limit * unit);
}

/* A file system without quota has no limit. */
static int
query(const char *device, const char *dir, bool group, struct answer *answer,
      struct err *err)
{
	unsigned id = group ? getegid() : geteuid();
	struct dqblk blk;

	memset(&blk, 0, sizeof(blk));
	memset(answer, 0, sizeof(*answer));
	if (ask(device, dir, group ? GRPQUOTA : USRQUOTA, id, &blk) < 0) {
		if (errno == ESRCH || errno == ENOSYS || errno == EOPNOTSUPP)
			return 0;
		return err_sys(err, "quotactl(Q_GETQUOTA, %s, %s %u)", device,
			       group ? "group" : "user", id);
	}
	answer->usage = (struct quota_usage){ blk.dqb_curspace,
		blk.dqb_curinodes };
	answer->limit = (struct quota_limit){
		limit_of(blk.dqb_bsoftlimit, blk.dqb_bhardlimit, BLOCK),
		limit_of(blk.dqb_isoftlimit, blk.dqb_ihardlimit, 1),
	};
	return 0;
}

static bool
is_limited(const struct quota_root *root, const struct answer *answer)
{
	return answer->limit.bytes != 0 ||
		(root->backend->has_messages && answer->limit.messages != 0);
}

static int
query_both(const struct quota_root *root, const char *device, const char *dir,
	   struct answer *answer, struct err *err)
{
	const struct state *state = root->state;
	struct answer of_group;

	if (!state->user)
		return query(device, dir, true, answer, err);
	if (query(device, dir, false, answer, err) < 0)
		return -1;
	if (!state->group || is_limited(root, answer))
		return 0;
	if (query(device, dir, true, &of_group, err) < 0)
		return -1;
	if (is_limited(root, &of_group))
		*answer = of_group;
	return 0;
}

static int
usage(struct quota_root *root, struct quota_usage *usage_r, struct err *err)
{
	const struct state *state = root->state;
	struct pool *pool = root->quota->pool;
	const char *dir = state->mount != NULL ? state->mount :
		storage_root(root->quota->storage), *device = NULL;
	struct answer answer;
	struct stat st;

	if (find_existing(dir, pool, &dir, &st, err) < 0 ||
	    find_device(st.st_dev, pool, &device, err) < 0 ||
	    query_both(root, device, dir, &answer, err) < 0)
		return -1;
	log_debug(root->quota->log, "quota-fs: %s: bytes=%llu/%lld "
		  "inodes=%llu/%lld", device,
		  (unsigned long long)answer.usage.bytes,
		  (long long)answer.limit.bytes,
		  (unsigned long long)answer.usage.messages,
		  (long long)answer.limit.messages);
	if (!root->backend->has_messages)
		answer.usage.messages = answer.limit.messages = 0;
	if (!root->rules.forced) {
		root->limit = answer.limit;
		quota_rules_relate(&root->rules, &root->limit);
	}
	*usage_r = answer.usage;
	return 0;
}

const struct quota_backend quota_fs = {
	.name = "fs",
	.has_storage = true,
	.open = open_root,
	.usage = usage,
};

/* inode_per_mail: each message is a file. */
static const struct quota_backend with_messages = {
	.name = "fs",
	.has_storage = true,
	.has_messages = true,
	.open = open_root,
	.usage = usage,
};
