/* Errors: texts that name call, object and cause. */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/err.h"
#include "core/str.h"

START_TEST(texts_and_kinds)
{
	struct err err;

	ck_assert_int_eq(err_set(&err, ERR_QUOTA, "%s is full", "x"), -1);
	ck_assert_int_eq(err.kind, ERR_QUOTA);
	ck_assert_str_eq(err.text, "x is full");
	ck_assert_int_eq(err_prefix(&err, "box %d", 7), -1);
	ck_assert_str_eq(err.text, "box 7: x is full");
	ck_assert_int_eq(err.kind, ERR_QUOTA);
	errno = ENOSPC;
	ck_assert_int_eq(err_sys(&err, "write(%s)", "/x"), -1);
	ck_assert_str_eq(err.text, "write(/x) failed: No space left on device");
	ck_assert_int_eq(err.kind, ERR_TEMP);
	errno = ENOENT;
	ck_assert_int_eq(err_path(&err, "open", "/x/y"), -1);
	ck_assert_str_eq(err.text, "open(/x/y) failed: "
			 "No such file or directory");
}
END_TEST

START_TEST(long_texts_are_cut)
{
	char text[5000];
	struct err err;

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	(void)err_set(&err, ERR_TEMP, "%s", text);
	ck_assert_uint_eq(strlen(err.text), sizeof(err.text) - 1);
	(void)err_prefix(&err, "%s", text);
	ck_assert_uint_lt(strlen(err.text), sizeof(err.text));
}
END_TEST

/* Without root's powers, in the forked child that libcheck gives us. */
START_TEST(eacces_says_who_lacks_what)
{
	char dir[] = "/tmp/loft-unit.XXXXXX", path[64], want[256];
	struct err err;
	uid_t uid;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chmod(dir, 0), 0);
	if (geteuid() == 0)
		ck_assert_int_eq(seteuid(65534), 0);
	uid = geteuid();
	(void)snprintf(path, sizeof(path), "%s/file", dir);
	ck_assert_int_eq(open(path, O_RDONLY), -1);
	(void)err_path(&err, "open", path);
	(void)snprintf(want, sizeof(want), "open(%s) failed: Permission "
		       "denied (euid=%u(", path, (unsigned)uid);
	ck_assert_msg(str_begins(err.text, want), "%s", err.text);
	(void)snprintf(want, sizeof(want), "missing +x perm: %s, dir owned by",
		       dir);
	ck_assert_ptr_nonnull(strstr(err.text, want));
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(0), 0);
	(void)rmdir(dir);
}
END_TEST

/* Whatever refuses, the ids that were refused are told; and "/" is a
   directory as others are. */
START_TEST(refusals_say_who)
{
	static const int refusals[] = { EACCES, EPERM, EROFS };
	char want[64];
	struct err err;

	if (geteuid() == 0)
		ck_assert_int_eq(seteuid(65534), 0);
	(void)snprintf(want, sizeof(want), "(euid=%u(", (unsigned)geteuid());
	for (size_t i = 0; i < 3; i++) {
		errno = refusals[i];
		(void)err_path(&err, "mkdir", "/proc/1/loft/x");
		ck_assert_msg(strstr(err.text, want) != NULL, "%s", err.text);
		ck_assert_int_eq(err.text[strlen(err.text) - 1], ')');
	}
	errno = EACCES;
	(void)err_path(&err, "mkdir", "/loft-has-no-such-directory");
	ck_assert_msg(strstr(err.text, "missing +w perm: /, dir owned") !=
		      NULL, "%s", err.text);
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

UNIT_MAIN("core-err", texts_and_kinds, long_texts_are_cut,
	  eacces_says_who_lacks_what, refusals_say_who);
