/* Changes of uid. As root each case runs in a child of libcheck's own; an
   ordinary user only sees that he can't become others. */
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "core/err.h"
#include "core/pool.h"
#include "service/priv.h"

static gid_t alice_groups[] = { 61001, 61009 };
static gid_t bob_groups[] = { 61002 };
static gid_t rest_groups[] = { 61000 };
static const struct priv_ids alice = { 61001, 61001, alice_groups, 2 };
static const struct priv_ids bob = { 61003, 61002, bob_groups, 1 };
static const struct priv_ids rest = { 61000, 61000, rest_groups, 1 };

static void
assert_effective(uid_t uid, gid_t gid, int group_count)
{
	uid_t ruid, euid, suid;
	gid_t groups[64];

	ck_assert_int_eq(getresuid(&ruid, &euid, &suid), 0);
	ck_assert_uint_eq(euid, uid);
	ck_assert_uint_eq(suid, 0);
	ck_assert_uint_eq(getegid(), gid);
	ck_assert_int_eq(getgroups(64, groups), group_count);
}

/* At exit the leak checker wants to look into its own process. */
static void
be_root_again(void)
{
	ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(setegid(0), 0);
}

START_TEST(root_enters_and_leaves)
{
	struct err err;

	if (geteuid() != 0)
		return;
	ck_assert(priv_is_root());
	ck_assert_int_eq(priv_rest(&rest, &err), 0);
	assert_effective(61000, 61000, 0);
	ck_assert(priv_is_root());
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(priv_enter(&alice, &err), 0);
		assert_effective(61001, 61001, 2);
		priv_leave();
		assert_effective(61000, 61000, 0);
		/* A list of just the gid is as good as none. */
		ck_assert_int_eq(priv_enter(&bob, &err), 0);
		assert_effective(61003, 61002, 0);
		priv_leave();
		assert_effective(61000, 61000, 0);
	}
	ck_assert_int_eq(priv_enter_root("test", &err), 0);
	ck_assert_uint_eq(geteuid(), 0);
	ck_assert_uint_eq(getegid(), 0);
	priv_leave();
	assert_effective(61000, 61000, 0);
	ck_assert_int_eq(priv_enter(&alice, &err), 0);
	assert_effective(61001, 61001, 2);
	priv_leave();
	assert_effective(61000, 61000, 0);
	be_root_again();
}
END_TEST

/* Neither at rest nor as a user does a root process open root's files. */
START_TEST(rights_of_root_do_not_linger)
{
	char path[] = "/tmp/loft-unit.XXXXXX";
	struct err err;
	int fd;

	if (geteuid() != 0)
		return;
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(priv_rest(&rest, &err), 0);
	ck_assert_int_eq(open(path, O_RDONLY), -1);
	ck_assert_int_eq(priv_enter(&alice, &err), 0);
	ck_assert_int_eq(open(path, O_RDONLY), -1);
	ck_assert_int_eq(chown(path, 61001, 61001), -1);
	priv_leave();
	ck_assert_int_eq(priv_enter_root("test", &err), 0);
	ck_assert_int_ge(open(path, O_RDONLY), 0);
	ck_assert_int_eq(unlink(path), 0);
	priv_leave();
	ck_assert_int_eq(open("/etc/shadow", O_RDONLY), -1);
	be_root_again();
}
END_TEST

START_TEST(root_without_rest_returns_to_root)
{
	struct err err;
	gid_t groups[64];
	int before = getgroups(64, groups);

	if (geteuid() != 0)
		return;
	if (before == 1 && groups[0] == getegid())
		before = 0;	/* as good as none */
	ck_assert_int_eq(priv_enter(&alice, &err), 0);
	assert_effective(61001, 61001, 2);
	priv_leave();
	assert_effective(0, getgid(), before);
}
END_TEST

START_TEST(a_group_for_a_moment)
{
	struct err err;

	if (geteuid() != 0)
		return;
	/* resting as root and as nobody: two ways to change */
	for (int i = 0; i < 2; i++) {
		if (i == 1)
			ck_assert_int_eq(priv_rest(&rest, &err), 0);
		ck_assert_int_eq(priv_enter(&alice, &err), 0);
		ck_assert_int_eq(priv_group_enter("61005", &err), 0);
		assert_effective(61001, 61005, 2);
		priv_group_leave();
		assert_effective(61001, 61001, 2);
		priv_leave();
		ck_assert_uint_eq(geteuid(), i == 0 ? 0 : 61000);
		ck_assert_int_eq(priv_enter(&alice, &err), 0);
		ck_assert_int_eq(priv_group_enter("no-such-group", &err), -1);
		assert_effective(61001, 61001, 2);
		priv_leave();
	}
	be_root_again();
	ck_assert_int_eq(priv_drop(&alice, &err), 0);
	ck_assert_int_eq(priv_group_enter("61005", &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "must be root"));
}
END_TEST

START_TEST(uid_zero_is_refused)
{
	static const struct priv_ids zero = { 0, 0, NULL, 0 };
	struct err err;

	ck_assert_int_eq(priv_enter(&zero, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "root"));
}
END_TEST

START_TEST(drop_is_for_good)
{
	struct err err;

	if (geteuid() != 0)
		return;
	ck_assert_int_eq(priv_rest(&rest, &err), 0);
	ck_assert_int_eq(priv_drop(&alice, &err), 0);
	ck_assert(!priv_is_root());
	ck_assert_int_eq(seteuid(0), -1);
	/* Now an ordinary user: his own ids are fine, others are not. */
	ck_assert_int_eq(priv_enter(&alice, &err), 0);
	priv_leave();
	ck_assert_int_eq(priv_enter(&rest, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "61000"));
	ck_assert_int_eq(priv_enter_root("test", &err), 0);
	ck_assert_uint_eq(geteuid(), 61001);
	priv_leave();
	ck_assert_int_eq(priv_drop(&alice, &err), 0);
	ck_assert_int_eq(priv_drop(&rest, &err), -1);
}
END_TEST

START_TEST(names_are_found_or_named)
{
	struct pool *pool = pool_new();
	struct priv_ids ids;
	struct err err;

	ck_assert_int_eq(priv_ids_by_name("root", NULL, pool, &ids, &err), 0);
	ck_assert_uint_eq(ids.uid, 0);
	ck_assert_uint_ge(ids.group_count, 1);
	ck_assert_int_eq(priv_ids_by_name("61001", "61002", pool, &ids, &err), 0);
	ck_assert_uint_eq(ids.uid, 61001);
	ck_assert_uint_eq(ids.gid, 61002);
	ck_assert_uint_eq(ids.groups[0], 61002);
	ck_assert_int_eq(priv_ids_add_group(&ids, "61003", pool, &err), 0);
	ck_assert_uint_eq(ids.groups[1], 61003);
	ck_assert_int_eq(priv_ids_by_name("no-such-user", NULL, pool, &ids, &err),
			 -1);
	ck_assert_ptr_nonnull(strstr(err.text, "no-such-user"));
	ck_assert_int_eq(priv_ids_by_name("root", "no-such-group", pool,
					  &ids, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "no-such-group"));
	ck_assert_int_eq(priv_ids_by_name("61001", NULL, pool, &ids, &err), -1);
	ck_assert_uint_eq(ids.uid, 61001);
	pool_free(&pool);
}
END_TEST

UNIT_MAIN("service-priv", rights_of_root_do_not_linger,
	  root_enters_and_leaves,
	  root_without_rest_returns_to_root, a_group_for_a_moment,
	  uid_zero_is_refused,
	  drop_is_for_good, names_are_found_or_named);
