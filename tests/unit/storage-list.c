/* All mailboxes of a user, and what lies in them. */
#include "tests/unit/storage.h"

#include <stdlib.h>

#include "storage/maildir-count.h"

static void
put(const char *path, const char *text)
{
	FILE *f = fopen(pool_printf(pool, "%s%s", home, path), "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

static void
make(struct storage *st, const char *name)
{
	if (mailbox_create(box_of(st, name), &err) < 0)
		ck_abort_msg("%s: %s", name, err.text);
}

static int
compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names, sorted and with a blank between. */
static const char *
names_of(struct storage *st)
{
	struct mailbox **boxes;
	const char *names[64], *all = "";
	size_t count = 0;

	ck_assert_int_eq(storage_list(st, &boxes, &err), 0);
	for (; boxes[count] != NULL; count++)
		names[count] = mailbox_name(boxes[count]);
	qsort(names, count, sizeof(*names), compare);
	for (size_t i = 0; i < count; i++)
		all = pool_printf(pool, "%s%s%s", all, i > 0 ? " " : "",
				  names[i]);
	return all;
}

START_TEST(list_maildirpp)
{
	struct storage *st;

	setup("mail_location = maildir:~/M\n"
	      "namespace inbox {\n inbox = yes\n separator = /\n}\n"
	      "namespace arch {\n prefix = Arch/\n separator = /\n"
	      " location = maildir:~/A:LAYOUT=fs\n}\n"
	      "namespace pub {\n type = public\n prefix = Pub/\n"
	      " separator = /\n location = maildir:~/P\n}\n");
	st = storage_of("");
	ck_assert_str_eq(names_of(st), "INBOX");
	make(st, "Sub/Deep");
	make(st, "Entw\303\274rfe & \360\237\230\200");
	make(st, "Arch/2024/May");
	make(st, "Arch/2024/Jun");
	make(st, "Pub/Shared");
	ck_assert_int_eq(mkdir(pool_printf(pool, "%s/M/.empty", home), 0700),
			 0);
	ck_assert_int_eq(symlink("..", pool_printf(pool, "%s/A/2024/loop",
						   home)), 0);
	put("/M/.file", "x");
	ck_assert_str_eq(names_of(st), "Arch/2024/Jun Arch/2024/May "
		"Entw\303\274rfe & \360\237\230\200 INBOX Sub/Deep");
	ck_assert_str_eq(mailbox_namespace_prefix(box_of(st, "Arch/x")),
			 "Arch/");
	ck_assert_str_eq(storage_root(st), pool_printf(pool, "%s/M", home));
	ck_assert_str_eq(storage_ns_control_dir(st, NULL), storage_root(st));
	teardown();
}
END_TEST

START_TEST(listed_mailboxes_can_be_used)
{
	struct mailbox **boxes;
	struct storage *st;
	struct spool *sp;

	setup("mail_location = maildir:~/M:UTF-8:CONTROL=~/C\n");
	st = storage_of("");
	make(st, "Entw\303\274rfe");
	sp = spool_of("x\n", 2);
	ck_assert_int_eq(storage_list(st, &boxes, &err), 0);
	save(boxes[1], sp, "");
	save_batch_sync(batch);
	ck_assert_uint_eq(count_files("/M/.Entw\303\274rfe/new"), 1);
	ck_assert_str_eq(storage_ns_control_dir(st, NULL),
			 pool_printf(pool, "%s/C", home));
	spool_free(&sp);
	teardown();
}
END_TEST

/* Links from each level to the next, two of them: 2^40 ways. */
START_TEST(many_ways)
{
	struct mailbox **boxes;
	const char *dir, *next;
	struct storage *st;

	if (getenv("LOFT_VALGRIND") != NULL)
		return;		/* it takes its time */
	setup("mail_location = maildir:~/M:LAYOUT=fs\n");
	st = storage_of("");
	make(st, "a");
	for (int i = 0; i < 40; i++) {
		dir = pool_printf(pool, "%s/M/l%d", home, i);
		next = pool_printf(pool, "../l%d", i + 1);
		ck_assert_int_eq(mkdir(dir, 0700), 0);
		for (int k = 0; k < 2; k++)
			ck_assert_int_eq(symlink(next, pool_printf(pool,
					"%s/%d", dir, k)), 0);
	}
	ck_assert_int_eq(storage_list(st, &boxes, &err), -1);
	ck_assert_msg(strstr(err.text, "more than 100000") != NULL, "%s",
		      err.text);
	teardown();
}
END_TEST

/* Mail of others, or a location that failed: there is nothing of his. */
START_TEST(closed_namespaces)
{
	static const char *const prefixes[] = { "Shared/", "Off/", "None/" };
	struct mailbox **boxes;
	struct storage *st;

	setup("mail_location = maildir:~/M\n"
	      "namespace inbox {\n inbox = yes\n separator = /\n}\n"
	      "namespace shared {\n type = shared\n separator = /\n"
	      " prefix = Shared/%%u/\n location = maildir:%%h/M\n}\n"
	      "namespace off {\n prefix = Off/\n separator = /\n"
	      " location = mix:~/O\n ignore_on_failure = yes\n}\n");
	st = storage_of("");
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++) {
		ck_assert_ptr_null(storage_ns_control_dir(st, prefixes[i]));
		ck_assert_ptr_null(storage_ns_format(st, prefixes[i]));
		ck_assert_int_eq(storage_list_namespace(st, prefixes[i],
							&boxes, &err), 0);
		ck_assert_ptr_null(*boxes);
	}
	teardown();
}
END_TEST

START_TEST(usage)
{
	struct mailbox_usage u;
	struct mailbox *box;
	struct spool *sp;
	struct storage *st;

	setup("mail_location = maildir:~/M\n");
	st = storage_of("");
	box = box_of(st, "INBOX");
	ck_assert_int_eq(mailbox_usage(box, false, &u, &err), 0);
	ck_assert_uint_eq(u.bytes + u.messages, 0);
	sp = spool_of("a\nb\n", 4);
	save(box, sp, "");
	save_batch_sync(batch);
	put("/M/cur/1.x:2,S", "abc\nd\r\n");		/* nothing told */
	put("/M/cur/2.x,S=100,W=:2,S", "abc\n");	/* half */
	put("/M/cur/3.x:2,,S=1000", "abc\n");		/* flags, no size */
	put("/M/cur/.hidden", "abc\n");
	ck_assert_int_eq(mailbox_usage(box, false, &u, &err), 0);
	ck_assert_uint_eq(u.messages, 4);
	ck_assert_uint_eq(u.bytes, 4 + 7 + 100 + 4);
	ck_assert_int_eq(mailbox_usage(box, true, &u, &err), 0);
	ck_assert_uint_eq(u.bytes, 6 + 8 + 5 + 5);
	spool_free(&sp);
	teardown();
}
END_TEST

START_TEST(sizes_in_names)
{
	static const struct {
		const char *name;
		char key;
		bool good;
		uint64_t size;
	} cases[] = {
		{ "1.M2P3.h,S=12,W=13", 'S', true, 12 },
		{ "1.M2P3.h,S=12,W=13:2,S", 'W', true, 13 },
		{ "1.M2P3.h,W=13,S=12", 'S', true, 12 },
		{ "1.M2P3.h", 'S', false, 0 },
		{ "1.h,S=", 'S', false, 0 },
		{ "1.h,S=-1", 'S', false, 0 },
		{ "1.h,S=1x", 'S', false, 0 },
		{ "1.h,S=99999999999999999999", 'S', false, 0 },
		{ "1.h:2,S=3", 'S', false, 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint64_t size = 0;

		ck_assert_msg(maildir_name_size(cases[i].name, cases[i].key,
						&size) == cases[i].good,
			      "%s", cases[i].name);
		ck_assert_uint_eq(size, cases[i].size);
	}
}
END_TEST

UNIT_MAIN("storage-list", list_maildirpp, listed_mailboxes_can_be_used,
	  many_ways, closed_namespaces, usage, sizes_in_names);
