/* Mailbox names and mail_location: nothing may lead out of the mail. */
#include "tests/unit/unit.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/err.h"
#include "core/pool.h"
#include "core/str.h"
#include "storage/location.h"
#include "storage/mailbox-name.h"
#include "storage/maildir-name.h"
#include "storage/storage.h"

#define AT(home) (&(struct location_user){ "alice", (home) })

START_TEST(mutf7)
{
	static const struct { const char *utf8, *mutf7; } cases[] = {
		{ "INBOX", "INBOX" }, { "A&B", "A&-B" }, { "&", "&-" },
		{ "Entw\xc3\xbcrfe", "Entw&APw-rfe" },
		{ "\xc3\xa4\xc3\xb6", "&AOQA9g-" },
		{ "\xe5\x8f\xb0\xe5\x8c\x97", "&U,BTFw-" },
		{ "\xf0\x9f\x93\xac", "&2D3c7A-" },
		{ "x\xf0\x9f\x93\xac&y", "x&2D3c7A-&-y" },
		{ "~peter/mail/\xe5\x8f\xb0", "~peter/mail/&U,A-" },
	};
	struct pool *pool = pool_new();

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		ck_assert_str_eq(mutf7_encode(cases[i].utf8, pool),
				 cases[i].mutf7);
	pool_free(&pool);
}
END_TEST

START_TEST(utf8)
{
	static const char *const good[] = {
		"", "a", "\xc2\x80", "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf",
	};
	static const char *const bad[] = {
		"\x80", "\xff", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80",
		"\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc3", "\xe5\x8f", "a\xfe",
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		ck_assert(utf8_valid(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_msg(!utf8_valid(bad[i]), "case %zu", i);
}
END_TEST

static const struct {
	enum layout layout;
	char sep;
	const char *name, *disk, *error;
} name_cases[] = {
	{ LAYOUT_MAILDIRPP, '.', "Sub", "Sub", NULL },
	{ LAYOUT_MAILDIRPP, '.', "a.b", "a.b", NULL },
	{ LAYOUT_MAILDIRPP, '/', "a/b", "a.b", NULL },
	{ LAYOUT_MAILDIRPP, '.', " x ", " x ", NULL },
	{ LAYOUT_MAILDIRPP, '.', "cur", "cur", NULL },
	{ LAYOUT_MAILDIRPP, '.', "\xc3\xa4", "&AOQ-", NULL },
	{ LAYOUT_MAILDIRPP, '/', "a.b", NULL, "not allowed" },
	{ LAYOUT_MAILDIRPP, '.', "a/b", NULL, "must not have '/'" },
	{ LAYOUT_MAILDIRPP, '.', "../x", NULL, "Begins with hierarchy" },
	{ LAYOUT_MAILDIRPP, '/', "../x", NULL, "not allowed" },
	{ LAYOUT_MAILDIRPP, '.', ".", NULL, "Begins with hierarchy" },
	{ LAYOUT_MAILDIRPP, '.', "a.", NULL, "Ends with hierarchy" },
	{ LAYOUT_MAILDIRPP, '.', "a..b", NULL, "adjacent" },
	{ LAYOUT_MAILDIRPP, '.', "~x", NULL, "Begins with '~'" },
	{ LAYOUT_MAILDIRPP, '.', "", NULL, "empty" },
	{ LAYOUT_MAILDIRPP, '.', "a\tb", NULL, "Control characters" },
	{ LAYOUT_MAILDIRPP, '.', "a\x7f", NULL, "Control characters" },
	{ LAYOUT_MAILDIRPP, '.', "a\xc2\x85", NULL, "Control characters" },
	{ LAYOUT_MAILDIRPP, '.', "a\xff", NULL, "UTF-8" },
	{ LAYOUT_FS, '/', "a/b", "a/b", NULL },
	{ LAYOUT_FS, '/', "a.b", "a.b", NULL },
	{ LAYOUT_FS, '.', "a.b", "a/b", NULL },
	{ LAYOUT_FS, '/', ".a", ".a", NULL },
	{ LAYOUT_FS, '/', "...", "...", NULL },
	{ LAYOUT_FS, '/', "a/../b", NULL, "'..' part" },
	{ LAYOUT_FS, '/', "..", NULL, "'..' part" },
	{ LAYOUT_FS, '.', "a/b", NULL, "not allowed" },
	{ LAYOUT_FS, '.', "/../x", NULL, "not allowed" },
	{ LAYOUT_FS, '.', "...", NULL, "Begins" },
	{ LAYOUT_FS, '/', "./a", NULL, "'.' part" },
	{ LAYOUT_FS, '/', "/etc", NULL, "Begins with hierarchy" },
	{ LAYOUT_FS, '/', "a//b", NULL, "adjacent" },
	{ LAYOUT_FS, '/', "~root/x", NULL, "Begins with '~'" },
	{ LAYOUT_FS, '/', "a/cur", NULL, "reserved" },
	{ LAYOUT_FS, '/', "new", NULL, "reserved" },
	{ LAYOUT_FS, '/', "tmp/x", NULL, "reserved" },
};

START_TEST(names)
{
	struct pool *pool = pool_new();
	struct location loc = { .root = "/m", .dir_name = "" };
	struct err err;

	for (size_t i = 0; i < sizeof(name_cases) / sizeof(*name_cases); i++) {
		const char *disk = NULL;
		int result;

		loc.layout = name_cases[i].layout;
		result = mailbox_name_to_disk(name_cases[i].name,
					      name_cases[i].sep, &loc, pool,
					      &disk, &err);
		ck_assert_msg(str_eq(disk, name_cases[i].disk), "case %zu: %s",
			      i, name_cases[i].name);
		if (result == 0)
			continue;
		ck_assert_int_eq(err.kind, ERR_NOTFOUND);
		ck_assert_msg(strstr(err.text, name_cases[i].error) != NULL,
			      "case %zu: %s", i, err.text);
	}
	pool_free(&pool);
}
END_TEST

START_TEST(long_names)
{
	struct pool *pool = pool_new();
	struct location loc = {
		.root = "/m", .layout = LAYOUT_MAILDIRPP, .dir_name = "",
	};
	char name[6000];
	const char *disk;
	struct err err;

	memset(name, 'x', sizeof(name));
	name[254] = '\0';
	ck_assert_int_eq(mailbox_name_to_disk(name, '.', &loc, pool, &disk,
					      &err), 0);
	name[254] = 'x';
	name[255] = '\0';
	ck_assert_int_eq(mailbox_name_to_disk(name, '.', &loc, pool, &disk,
					      &err), -1);
	ck_assert_str_eq(err.text, "Mailbox name too long");
	loc.layout = LAYOUT_FS;
	for (size_t i = 0; i < sizeof(name); i++)
		name[i] = i % 100 == 99 ? '/' : 'x';
	name[5990] = '\0';
	ck_assert_int_eq(mailbox_name_to_disk(name, '/', &loc, pool, &disk,
					      &err), -1);
	pool_free(&pool);
}
END_TEST

START_TEST(locations)
{
	struct pool *pool = pool_new();
	struct location loc;
	struct err err;

	ck_assert_int_eq(location_parse("maildir:~/Maildir", AT("/home/u"), pool,
					&loc, &err), 0);
	ck_assert_str_eq(loc.root, "/home/u/Maildir");
	ck_assert_str_eq(loc.inbox, "/home/u/Maildir");
	ck_assert_int_eq(loc.layout, LAYOUT_MAILDIRPP);
	ck_assert_str_eq(loc.subscriptions, "subscriptions");
	ck_assert_int_eq(location_parse("maildir:/m/u/:LAYOUT=fs:INBOX=/i/u:"
		"CONTROL=~/ctl:INDEX=MEMORY:SUBSCRIPTIONS=subs:UTF-8:"
		"VOLATILEDIR=/x:DIRNAME=.mail:MAILBOXDIR=boxes", AT("/h"),
		pool, &loc, &err), 0);
	ck_assert_str_eq(loc.root, "/m/u");
	ck_assert_str_eq(loc.inbox, "/i/u");
	ck_assert_str_eq(loc.control, "/h/ctl");
	ck_assert_str_eq(loc.subscriptions, "subs");
	ck_assert_int_eq(loc.layout, LAYOUT_FS);
	ck_assert(loc.utf8);
	ck_assert_str_eq(mailbox_dir_path(&loc, "a/b", pool),
			 "/m/u/boxes/a/b/.mail");
	ck_assert_int_eq(location_parse("maildir:/a::b", AT(NULL), pool, &loc,
					&err), 0);
	ck_assert_str_eq(loc.root, "/a:b");
	ck_assert_int_eq(location_parse("maildir:m", AT("/h"), pool, &loc, &err),
			 0);
	ck_assert_str_eq(loc.root, "/h/m");
	pool_free(&pool);
}
END_TEST

START_TEST(bad_locations)
{
	static const struct { const char *text, *home, *error; } cases[] = {
		{ "maildir:", "/h", "Root mail directory not given" },
		{ "xx:~/m", "/h", "Unknown mail storage driver xx" },
		{ "maildir:~/m", NULL, "Home directory not set" },
		{ "maildir:m", NULL, "no home directory" },
		{ "maildir:~/m:FOO=x", "/h", "Unknown setting: FOO" },
		{ "maildir:~/m:LAYOUT=zz", "/h", "LAYOUT isn't supported" },
		{ "", "/nonexistent", "autodetection failed with home=/none" },
		{ "", NULL, "no home directory" },
		{ "/nonexistent/x", "/h", "Ambiguous" },
	};
	struct pool *pool = pool_new();

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct location loc;
		struct err err;

		ck_assert_int_eq(location_parse(cases[i].text, AT(cases[i].home),
						pool, &loc, &err), -1);
		ck_assert_int_eq(err.kind, ERR_TEMP);
		ck_assert_msg(strstr(err.text, cases[i].error) != NULL,
			      "%s: %s", cases[i].text, err.text);
	}
	pool_free(&pool);
}
END_TEST

START_TEST(detection)
{
	char dir[] = "/tmp/loft-unit.XXXXXX";
	struct pool *pool = pool_new();
	struct location loc;
	const char *maildir, *cur;
	struct err err;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	maildir = pool_printf(pool, "%s/Maildir", dir);
	cur = pool_printf(pool, "%s/cur", maildir);
	ck_assert_int_eq(mkdir(maildir, 0700) | mkdir(cur, 0700), 0);
	ck_assert_int_eq(location_parse("", AT(dir), pool, &loc, &err), 0);
	ck_assert_str_eq(loc.root, maildir);
	ck_assert_int_eq(location_parse("~/Maildir:LAYOUT=fs", AT(dir), pool, &loc,
					&err), 0);
	ck_assert_str_eq(loc.root, maildir);
	ck_assert_int_eq(loc.layout, LAYOUT_FS);
	ck_assert_int_eq(rmdir(cur) | rmdir(maildir) | rmdir(dir), 0);
	pool_free(&pool);
}
END_TEST

START_TEST(file_names)
{
	char a[MAILDIR_NAME_MAX], b[MAILDIR_NAME_MAX], host[64];

	maildir_name_new(a);
	for (int i = 0; i < 10000; i++) {
		maildir_name_new(b);
		ck_assert_str_ne(a, b);
		memcpy(a, b, sizeof(a));
	}
	ck_assert_ptr_nonnull(strstr(a, ".M"));
	ck_assert_ptr_null(strchr(a, ':'));
	maildir_name_final(b, "1.M2P3.h", 10, 12);
	ck_assert_str_eq(b, "1.M2P3.h,S=10,W=12");
	maildir_name_host(host, sizeof(host), "a/b:c");
	ck_assert_str_eq(host, "a\\057b\\072c");
	maildir_name_host(host, 8, "abcdefghijkl");
	ck_assert_uint_lt(strlen(host), 8);
}
END_TEST

UNIT_MAIN("storage-name", mutf7, utf8, names, long_names, locations,
	  bad_locations, detection, file_names);
