/*
 * Changes of uid; see priv.h. Only effective ids change here (but for
 * priv_drop), and every step is checked: a process that can't say who it is
 * must not touch mail.
 */
#include "service/priv.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/err.h"
#include "core/log.h"
#include "core/num.h"
#include "core/pool.h"

enum { GROUPS_MAX = 65536 };	/* NGROUPS_MAX of Linux */

static struct {
	struct priv_ids rest;	/* where priv_leave() goes */
	gid_t *learned;		/* groups of rest that are ours to free */
	bool rest_known;
	bool inside;		/* between enter and leave */
	bool changed;		/* the bracket changed ids */
	bool as_root;		/* to euid 0 */
	bool direct;		/* see keep_id_caps() */
	bool no_groups;		/* the last list set was empty */
	bool asked, root;	/* what priv_is_root() found out */
	bool in_group;		/* between group_enter and group_leave */
	gid_t group_before;
} priv;

bool
priv_is_root(void)
{
	uid_t real, effective, saved;

	/* Only priv_drop() changes the answer. */
	if (priv.asked)
		return priv.root;
	priv.asked = true;
	if (getresuid(&real, &effective, &saved) != 0)
		priv.root = geteuid() == 0;
	else
		priv.root = real == 0 || effective == 0 || saved == 0;
	return priv.root;
}

static int
find_user(const char *name, struct passwd **pw_r, uid_t *uid_r,
	  struct err *err)
{
	uint32_t number;
	struct passwd *pw;
	bool numeric = num_u32(name, &number) && number != UINT32_MAX;

	errno = 0;
	pw = numeric ? getpwuid(number) : getpwnam(name);
	if (pw == NULL && errno != 0 && errno != ENOENT && errno != ESRCH)
		return err_sys(err, "getpwnam(%s)", name);
	if (pw == NULL && !numeric)
		return err_set(err, ERR_CONFIG, "user doesn't exist: %s",
			       name);
	*uid_r = pw != NULL ? pw->pw_uid : number;
	*pw_r = pw;
	return 0;
}

static int
find_group(const char *name, gid_t *gid_r, struct err *err)
{
	uint32_t number;
	struct group *gr;

	if (num_u32(name, &number) && number != UINT32_MAX) {
		*gid_r = number;
		return 0;
	}
	errno = 0;
	gr = getgrnam(name);
	if (gr == NULL && errno != 0 && errno != ENOENT && errno != ESRCH)
		return err_sys(err, "getgrnam(%s)", name);
	if (gr == NULL)
		return err_set(err, ERR_CONFIG, "group doesn't exist: %s",
			       name);
	*gid_r = gr->gr_gid;
	return 0;
}

/* The user's groups with gid among them; just gid for an unnamed uid. */
static void
find_groups(const struct passwd *pw, gid_t gid, struct pool *pool,
	    struct priv_ids *ids)
{
	int count = 64;
	gid_t *groups = pool_new_array(pool, gid_t, (size_t)count);

	groups[0] = gid;
	if (pw == NULL) {
		count = 1;
	} else if (getgrouplist(pw->pw_name, gid, groups, &count) < 0) {
		if (count > GROUPS_MAX)
			count = GROUPS_MAX;
		groups = pool_new_array(pool, gid_t, (size_t)count);
		groups[0] = gid;
		if (getgrouplist(pw->pw_name, gid, groups, &count) < 0)
			count = 1;	/* it grew again: gid stands first */
	}
	ids->groups = groups;
	ids->group_count = (unsigned)count;
}

int
priv_ids_by_name(const char *user, const char *group, struct pool *pool,
		 struct priv_ids *ids, struct err *err)
{
	struct passwd *pw = NULL;
	uid_t uid = 0;
	gid_t gid = 0;

	if (find_user(user, &pw, &uid, err) < 0)
		return -1;
	if (group != NULL) {
		if (find_group(group, &gid, err) < 0)
			return -1;
	} else if (pw != NULL) {
		gid = pw->pw_gid;
	} else {
		return err_set(err, ERR_CONFIG, "uid %s has no name and so no "
			       "primary group: name a group", user);
	}
	find_groups(pw, gid, pool, ids);
	ids->uid = uid;
	ids->gid = gid;
	return 0;
}

int
priv_ids_add_group(struct priv_ids *ids, const char *group, struct pool *pool,
		   struct err *err)
{
	gid_t gid = 0, *groups;

	if (find_group(group, &gid, err) < 0)
		return -1;
	groups = pool_new_array(pool, gid_t, ids->group_count + 1);
	if (ids->group_count > 0)
		memcpy(groups, ids->groups,
		       sizeof(*groups) * ids->group_count);
	groups[ids->group_count++] = gid;
	ids->groups = groups;
	return 0;
}

/*
 * At rest the right to change ids stays in effect, and no other. A recipient
 * is then entered from the resting place directly: the process is never root
 * for a delivery, and there are two system calls less. Neither right opens a
 * file; that they could lead back to root holds for the saved uid too. The
 * kernel takes all effective rights away when euid leaves 0, hence again
 * after each time as root. Where it can't be had, root stands in between.
 */
static bool
keep_id_caps(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];
	uint32_t caps = 1U << CAP_SETUID | 1U << CAP_SETGID;

	if (syscall(SYS_capget, &header, data) != 0)
		return false;
	data[0].effective = caps;
	data[1].effective = 0;
	return syscall(SYS_capset, &header, data) == 0;
}

/* A list with nothing but the gid itself gives no right that the effective
   gid doesn't give. */
static bool
needs_no_groups(const struct priv_ids *ids)
{
	unsigned i = 0;

	while (i < ids->group_count && ids->groups[i] == ids->gid)
		i++;
	return i == ids->group_count;
}

/* From no groups to no groups, which is most recipients' case, costs no
   system call. */
static int
set_groups(const struct priv_ids *ids, struct err *err)
{
	bool none = needs_no_groups(ids);

	if (none && priv.no_groups)
		return 0;
	if (setgroups(none ? 0 : ids->group_count, ids->groups) != 0)
		return err_sys(err, "setgroups(%u groups of gid %u)",
			       ids->group_count, (unsigned)ids->gid);
	priv.no_groups = none;
	return 0;
}

/* With root's rights, or those of keep_id_caps(), to these effective ids. */
static int
set_effective(const struct priv_ids *ids, struct err *err)
{
	if (set_groups(ids, err) < 0)
		return -1;
	if (setegid(ids->gid) != 0)
		return err_sys(err, "setegid(%u)", (unsigned)ids->gid);
	if (seteuid(ids->uid) != 0)
		return err_sys(err, "seteuid(%u)", (unsigned)ids->uid);
	return 0;
}

/* Until told otherwise a process rests as what it was started as. */
static void
learn_rest(void)
{
	int count = getgroups(0, NULL);
	gid_t *groups = mem_alloc(sizeof(*groups) *
				  (size_t)(count > 0 ? count : 1));

	if (count > 0)
		count = getgroups(count, groups);
	free(priv.learned);
	priv.learned = groups;
	priv.rest = (struct priv_ids){ geteuid(), getegid(), groups,
		count > 0 ? (unsigned)count : 0 };
	priv.rest_known = true;
}

static void
back_to_rest(void)
{
	struct err err;

	if ((priv.direct && !priv.as_root) || seteuid(0) == 0) {
		if (set_effective(&priv.rest, &err) == 0) {
			if (priv.as_root && priv.direct)
				priv.direct = keep_id_caps();
			priv.as_root = false;
			return;
		}
	}
	log_write(&log_process, LOG_LEVEL_PANIC,
		  "can't return from euid %u to %u: %s", (unsigned)geteuid(),
		  (unsigned)priv.rest.uid, strerror(errno));
	abort();
}

int
priv_rest(const struct priv_ids *rest, struct err *err)
{
	ASSERT(!priv.inside);
	if (!priv_is_root())
		return 0;
	if (seteuid(0) != 0)
		return err_sys(err, "seteuid(0)");
	if (set_effective(rest, err) < 0)
		return -1;
	free(priv.learned);
	priv.learned = NULL;
	priv.rest = *rest;
	priv.rest_known = true;
	priv.direct = rest->uid != 0 && keep_id_caps();
	return 0;
}

/* Without root there is nothing to become; are we that already? */
static int
enter_as_self(const struct priv_ids *ids, struct err *err)
{
	if (ids->uid != geteuid())
		return err_set(err, ERR_TEMP, "seteuid(%u) is not possible: "
			       "process is not root (euid=%u)",
			       (unsigned)ids->uid, (unsigned)geteuid());
	if (ids->gid != getegid())
		return err_set(err, ERR_TEMP, "setegid(%u) is not possible: "
			       "process is not root (euid=%u egid=%u)",
			       (unsigned)ids->gid, (unsigned)geteuid(),
			       (unsigned)getegid());
	return 0;
}

int
priv_enter(const struct priv_ids *ids, struct err *err)
{
	ASSERT(!priv.inside);
	if (ids->uid == 0)
		return err_set(err, ERR_TEMP, "becoming root is not allowed");
	if (!priv_is_root()) {
		if (enter_as_self(ids, err) < 0)
			return -1;
		priv.inside = true;
		priv.changed = false;
		return 0;
	}
	if (!priv.rest_known)
		learn_rest();
	if (!priv.direct && seteuid(0) != 0)
		return err_sys(err, "seteuid(0)");
	if (set_effective(ids, err) < 0) {
		back_to_rest();
		return -1;
	}
	priv.inside = true;
	priv.changed = true;
	return 0;
}

int
priv_enter_root(const char *purpose, struct err *err)
{
	ASSERT(!priv.inside);
	if (priv_is_root()) {
		if (!priv.rest_known)
			learn_rest();
		if (seteuid(0) != 0)
			return err_sys(err, "seteuid(0) to %s", purpose);
		priv.as_root = true;
		if (setegid(0) != 0) {
			(void)err_sys(err, "setegid(0) to %s", purpose);
			back_to_rest();
			return -1;
		}
		priv.changed = true;
	} else {
		priv.changed = false;
	}
	priv.inside = true;
	return 0;
}

void
priv_leave(void)
{
	int saved_errno = errno;

	ASSERT(priv.inside);
	if (priv.changed)
		back_to_rest();
	priv.inside = false;
	errno = saved_errno;
}

/* Directly where the rights allow it; else through root. After that the
   kernel has taken keep_id_caps() away, so that the way back leads through
   root as well. */
static int
set_group(gid_t gid)
{
	uid_t uid = geteuid();
	int result, saved_errno;

	if (setegid(gid) == 0)
		return 0;
	if (errno != EPERM || !priv_is_root() || seteuid(0) != 0)
		return -1;
	priv.as_root = true;
	result = setegid(gid);
	saved_errno = errno;
	if (seteuid(uid) != 0) {
		log_write(&log_process, LOG_LEVEL_PANIC, "can't return from "
			  "euid 0 to %u: %s", (unsigned)uid, strerror(errno));
		abort();
	}
	errno = saved_errno;
	return result;
}

int
priv_group_enter(const char *group, struct err *err)
{
	gid_t gid;

	ASSERT(!priv.in_group);
	if (find_group(group, &gid, err) < 0)
		return -1;
	priv.group_before = getegid();
	if (gid != priv.group_before && set_group(gid) != 0) {
		return err_set(err, ERR_TEMP, "Can't take up the group %s: "
			       "setegid(%u) failed: %s (euid=%u egid=%u; the "
			       "service must be root, or in that group)",
			       group, (unsigned)gid, strerror(errno),
			       (unsigned)geteuid(), (unsigned)getegid());
	}
	priv.in_group = true;
	return 0;
}

void
priv_group_leave(void)
{
	int saved_errno = errno;

	ASSERT(priv.in_group);
	if (getegid() != priv.group_before &&
	    set_group(priv.group_before) != 0) {
		log_write(&log_process, LOG_LEVEL_PANIC, "can't return from "
			  "egid %u to %u: %s", (unsigned)getegid(),
			  (unsigned)priv.group_before, strerror(errno));
		abort();
	}
	priv.in_group = false;
	errno = saved_errno;
}

bool
priv_inside(void)
{
	return priv.inside;
}

/* OpenSSH's habit: after the drop try to climb back, and refuse to live
   where that works. */
static int
check_dropped(const struct priv_ids *ids, struct err *err)
{
	uid_t ruid, euid, suid;
	gid_t rgid, egid, sgid;

	if (getresuid(&ruid, &euid, &suid) != 0 ||
	    getresgid(&rgid, &egid, &sgid) != 0)
		return err_sys(err, "getresuid()");
	if (ruid != ids->uid || euid != ids->uid || suid != ids->uid ||
	    rgid != ids->gid || egid != ids->gid || sgid != ids->gid)
		return err_set(err, ERR_TEMP, "ids are not %u:%u after the "
			       "drop", (unsigned)ids->uid,
			       (unsigned)ids->gid);
	if (ids->uid != 0 && (setuid(0) == 0 || seteuid(0) == 0))
		return err_set(err, ERR_TEMP, "root could be regained after "
			       "the drop to uid %u", (unsigned)ids->uid);
	return 0;
}

int
priv_drop(const struct priv_ids *ids, struct err *err)
{
	ASSERT(!priv.inside);
	if (priv_is_root()) {
		if (geteuid() != 0 && seteuid(0) != 0)
			return err_sys(err, "seteuid(0)");
		priv.no_groups = false;
		if (setgroups(ids->group_count, ids->groups) != 0)
			return err_sys(err, "setgroups(%u groups)",
				       ids->group_count);
		if (setresgid(ids->gid, ids->gid, ids->gid) != 0)
			return err_sys(err, "setresgid(%u)",
				       (unsigned)ids->gid);
		if (setresuid(ids->uid, ids->uid, ids->uid) != 0)
			return err_sys(err, "setresuid(%u)",
				       (unsigned)ids->uid);
	}
	if (check_dropped(ids, err) < 0)
		return -1;
	priv.rest_known = false;
	priv.asked = false;
	return 0;
}
