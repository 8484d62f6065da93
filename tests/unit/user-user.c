/* Users out of the fields of a userdb answer. */
#include "tests/unit/unit.h"

#include <string.h>
#include <unistd.h>

#include "conf/vars.h"
#include "core/err.h"
#include "core/pool.h"
#include "user/user-settings.h"
#include "user/user.h"

#define FIELDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static const struct user_settings defaults = {
	.mail_uid = "", .mail_gid = "", .mail_home = "",
	.mail_access_groups = "", .first_valid_uid = 500,
	.first_valid_gid = 1, .auth_socket_path = "auth-userdb",
};

static struct pool *pool;
static struct user *user;
static struct err err;

static int
make(const char *name, const struct user_settings *set,
     const char *const *fields)
{
	user = NULL;
	pool_free(&pool);
	pool = pool_new();
	return user_from_fields(name, fields, set, pool, &user, &err);
}

static const char *
expand(const char *text)
{
	const char *result;

	ck_assert_int_eq(vars_expand(text, user->vars, pool, &result, &err),
			 0);
	return result;
}

START_TEST(ordinary)
{
	static const char *const fields[] = {
		"uid=1000", "gid=1001", "home=/srv/%d/%n", "mail=maildir:~/M",
		"quota_rule=*:storage=1G", "mail_debug", "x_y=z", "nologin=y",
		NULL
	};

	ck_assert_int_eq(make("alice@a.example", &defaults, fields), 0);
	ck_assert_str_eq(user->name, "alice@a.example");
	ck_assert_uint_eq(user->uid, 1000);
	ck_assert_uint_eq(user->gid, 1001);
	ck_assert_uint_eq(user->group_count, 1);
	ck_assert_uint_eq(user->groups[0], 1001);
	ck_assert_str_eq(user->home, "/srv/a.example/alice");
	ck_assert_str_eq(user->overrides[0], "mail_location=maildir:~/M");
	ck_assert_str_eq(user->overrides[1],
			 "plugin/quota_rule=*:storage=1G");
	ck_assert_str_eq(user->overrides[2], "mail_debug=yes");
	ck_assert_str_eq(user->overrides[3], "plugin/x_y=z");
	ck_assert_ptr_null(user->overrides[4]);
	ck_assert_str_eq(expand("%u %n %d %h %i %{gid} %{userdb:x_y}"),
			 "alice@a.example alice a.example "
			 "/srv/a.example/alice 1000 1001 z");
	pool_free(&pool);
}
END_TEST

START_TEST(fallbacks)
{
	struct user_settings set = defaults;

	set.mail_uid = "1000";
	set.mail_gid = "1000";
	set.mail_home = "/h/%u";
	ck_assert_int_eq(make("bob", &set, FIELDS("x=y")), 0);
	ck_assert_uint_eq(user->uid, 1000);
	ck_assert_str_eq(user->home, "/h/bob");
	ck_assert_int_eq(make("bob", &set, FIELDS("uid=1001", "home=/x")), 0);
	ck_assert_uint_eq(user->uid, 1001);
	ck_assert_uint_eq(user->gid, 1000);
	ck_assert_str_eq(user->home, "/x");
	pool_free(&pool);
}
END_TEST

START_TEST(renamed)
{
	ck_assert_int_eq(make("bob", &defaults,
			      FIELDS("user=robert", "uid=1000", "gid=1000",
				     "home=/h/%u")), 0);
	ck_assert_str_eq(user->name, "robert");
	ck_assert_str_eq(user->home, "/h/robert");
	ck_assert_ptr_null(user->overrides[0]);
	pool_free(&pool);
}
END_TEST

START_TEST(names_become_numbers)
{
	ck_assert_int_eq(make("bob", &defaults,
			      FIELDS("uid=nobody", "gid=nogroup")), 0);
	ck_assert_uint_eq(user->uid, 65534);
	ck_assert_uint_eq(user->gid, 65534);
	ck_assert_ptr_null(user->home);
	ck_assert_int_eq(make("bob", &defaults,
			      FIELDS("system_groups_user=nobody", "uid=1000",
				     "gid=1000")), 0);
	ck_assert_uint_ge(user->group_count, 1);
	ck_assert_uint_eq(user->groups[0], 1000);
	pool_free(&pool);
}
END_TEST

START_TEST(access_groups)
{
	struct user_settings set = defaults;

	set.mail_access_groups = "1234, nogroup 1235";
	ck_assert_int_eq(make("bob", &set, FIELDS("uid=1000", "gid=1000")), 0);
	ck_assert_uint_eq(user->group_count, 4);
	ck_assert_uint_eq(user->groups[0], 1000);
	ck_assert_uint_eq(user->groups[1], 1234);
	ck_assert_uint_eq(user->groups[3], 1235);
	set.mail_access_groups = "no-such-group";
	ck_assert_int_eq(make("bob", &set, FIELDS("uid=1000", "gid=1000")),
			 -1);
	pool_free(&pool);
}
END_TEST

START_TEST(refused)
{
	static const struct {
		const char *name;
		const char *fields[4];
		const char *reason;
	} cases[] = {
		{ "a", { "uid=0", "gid=1000" }, "uid 0" },
		{ "a", { "uid=499", "gid=1000" }, "first_valid_uid = 500" },
		{ "a", { "uid=3000", "gid=1000" }, "last_valid_uid = 2000" },
		{ "a", { "uid=1000", "gid=0" }, "first_valid_gid = 1" },
		{ "a", { "uid=1000", "gid=9000" }, "last_valid_gid = 2000" },
		{ "a", { "uid=4294967295", "gid=1" }, "neither a number" },
		{ "a", { "uid=-1", "gid=1" }, "neither a number" },
		{ "a", { "uid=no-such-user", "gid=1" }, "no-such-user" },
		{ "a", { "uid=1000", "gid=no-such-group" }, "no-such-group" },
		{ "a", { "uid=1000", "gid=1", "home=x/y" }, "absolute" },
		{ "a", { "uid=1000", "gid=1", "home=/x/../y" }, ".." },
		{ "a", { "uid=1000", "gid=1", "home=/x/.." }, ".." },
		{ "a", { "uid=1000", "gid=1", "chroot=/x" }, "chroot" },
		{ "a", { "uid=1000", "gid=1", "home=/%{nosuch}" }, "nosuch" },
		{ "a/b", { "uid=1000", "gid=1" }, "name" },
		{ "..", { "uid=1000", "gid=1" }, "name" },
		{ "a", { "uid=1000", "gid=1", "user=../b" }, "name" },
	};
	struct user_settings set = defaults;

	set.last_valid_uid = set.last_valid_gid = 2000;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		ck_assert_int_eq(make(cases[i].name, &set, cases[i].fields),
				 -1);
		ck_assert_ptr_null(user);
		ck_assert_int_eq(err.kind, ERR_TEMP);
		ck_assert_msg(strstr(err.text, cases[i].reason) != NULL,
			      "%zu: %s", i, err.text);
	}
	pool_free(&pool);
}
END_TEST

/* A root process must never guess who somebody is; an ordinary one can only
   be itself. */
START_TEST(missing_ids)
{
	struct user_settings set = defaults;
	int ret;

	set.first_valid_uid = set.first_valid_gid = 0;
	ret = make("a", &set, FIELDS("home=/x"));
	if (getuid() == 0) {
		ck_assert_int_eq(ret, -1);
		ck_assert_ptr_nonnull(strstr(err.text, "mail_uid"));
	} else {
		ck_assert_int_eq(ret, 0);
		ck_assert_uint_eq(user->uid, geteuid());
		ck_assert_uint_eq(user->gid, getegid());
	}
	pool_free(&pool);
}
END_TEST

/* What a client put into the name isn't expanded a second time. */
START_TEST(percent_in_name)
{
	ck_assert_int_eq(make("%{env:PATH}", &defaults,
			      FIELDS("uid=1000", "gid=1000",
				     "home=/srv/%{env:PATH}",
				     "mail=maildir:/m/%{env:PATH}")), 0);
	ck_assert_str_eq(user->home, "/srv/%{env:PATH}");
	ck_assert_str_eq(user->overrides[0],
			 "mail_location=maildir:/m/%%{env:PATH}");
	pool_free(&pool);
}
END_TEST

START_TEST(of_the_process)
{
	pool = pool_new();
	ck_assert_int_eq(setenv("USER", "carol", 1), 0);
	ck_assert_int_eq(setenv("HOME", "/home/carol", 1), 0);
	if (getuid() == 0) {
		ck_assert_int_eq(user_from_process(pool, &user, &err), -1);
		ck_assert_int_eq(err.kind, ERR_USAGE);
		ck_assert_int_eq(setresgid(1234, 1234, 1234), 0);
		ck_assert_int_eq(setresuid(1234, 1234, 1234), 0);
	}
	ck_assert_int_eq(user_from_process(pool, &user, &err), 0);
	ck_assert_str_eq(user->name, "carol");
	ck_assert_str_eq(user->home, "/home/carol");
	ck_assert_uint_eq(user->uid, getuid());
	ck_assert_uint_eq(user->groups[0], getgid());
	ck_assert_ptr_null(user->overrides[0]);
	ck_assert_str_eq(expand("%u %h"), "carol /home/carol");
	pool_free(&pool);
}
END_TEST

UNIT_MAIN("user-user", ordinary, fallbacks, renamed, names_become_numbers,
	  access_groups, refused, missing_ids, percent_in_name,
	  of_the_process);
