/* Flags and keywords of new messages, and old files in tmp/. */
#include "tests/unit/storage.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

#include "storage/keywords.h"
#include "storage/maildir-tmp.h"

static const char *
path_of(const char *name)
{
	return pool_printf(pool, "%s%s", home, name);
}

static void
put(const char *name, const char *text)
{
	FILE *f = fopen(path_of(name), "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

static void
check_text(const char *name, const char *want)
{
	check_file(path_of(name), want, strlen(want));
}

START_TEST(parsing)
{
	static const struct { const char *text, *want; } cases[] = {
		{ "", "" },
		{ "0 a\n1 $Label1\n", "0 a\n1 $Label1\n" },
		{ "25 z\n3 b", "3 b\n25 z\n" },
		{ "26 a\n-1 b\n100 c\nx d\n 1 e\n", "" },
		{ "1\n2 \n3  x\n4 a b\n5 a\x01\n", "" },
		{ "0 a\n0 b\n1 A\n2 c\n", "0 a\n2 c\n" },
		{ "0 a\r\n1 b\n", "1 b\n" },
	};

	pool = pool_new();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct keywords kw = { { NULL } };
		struct str out = STR_INIT;

		keywords_parse(cases[i].text, pool, &kw);
		keywords_print(&kw, &out);
		ck_assert_str_eq(str_c(&out), cases[i].want);
		str_free(&out);
	}
	ck_assert(keyword_valid("$MDNSent"));
	ck_assert(!keyword_valid("\\Seen"));
	ck_assert(!keyword_valid("a b"));
	ck_assert(!keyword_valid(""));
	pool_free(&pool);
}
END_TEST

static struct save *
save_with(const struct mailbox *box, unsigned flags,
	  const char *const *keywords)
{
	struct spool *sp = spool_of("A: b\n\nx\n", 8);
	const struct save_source source = { .spool = sp, .headers = "" };
	struct save *s = pool_new_obj(pool, struct save);

	s->err = pool_new_obj(pool, struct err);
	s->uid = geteuid();
	s->gid = getegid();
	s->flags = flags;
	s->keywords = keywords;
	if (mailbox_save(batch, box, &source, s) < 0)
		ck_abort_msg("%s", s->err->text);
	s->path = pool_strdup(pool, s->path);
	save_batch_sync(batch);
	save_batch_clear(batch);
	ck_assert(!s->failed);
	spool_free(&sp);
	return s;
}

START_TEST(flags_and_keywords)
{
	static const char *const two[] = { "foo", "$Label1", NULL };
	static const char *const more[] = { "NEW", "FOO", "a b", NULL };
	static const char *const none[] = { NULL };
	struct mailbox *box;
	struct save *s;

	setup("mail_location = maildir:~/M\n");
	box = box_of(storage_of(""), "INBOX");
	s = save_with(box, 0, NULL);
	ck_assert_ptr_nonnull(strstr(s->path, "/new/"));
	s = save_with(box, MAIL_SEEN | MAIL_FLAGGED | MAIL_ANSWERED |
		      MAIL_DRAFT | MAIL_DELETED, NULL);
	ck_assert_ptr_nonnull(strstr(s->path, "/cur/"));
	ck_assert(str_ends(s->path, ",S=8,W=11:2,DFRST"));
	ck_assert(str_ends(save_with(box, 0, none)->path, ":2,"));
	ck_assert_int_eq(access(path_of("/M/dovecot-keywords"), F_OK), -1);
	ck_assert(str_ends(save_with(box, 0, two)->path, ":2,ab"));
	check_text("/M/dovecot-keywords", "0 foo\n1 $Label1\n");
	/* another program added one */
	put("/M/dovecot-keywords", "0 foo\n1 $Label1\n2 theirs\n");
	s = save_with(box, MAIL_SEEN, more);
	ck_assert(str_ends(s->path, ":2,Sad"));
	check_text("/M/dovecot-keywords",
		   "0 foo\n1 $Label1\n2 theirs\n3 NEW\n");
	ck_assert_uint_eq(count_files("/M/new"), 1);
	ck_assert_uint_eq(count_files("/M/cur"), 4);
	ck_assert_uint_eq(count_files("/M/tmp"), 0);
	ck_assert_int_eq(access(path_of("/M/dovecot-uidlist.lock"), F_OK), -1);
	ck_assert_int_eq(save_undo(s, &err), 0);
	ck_assert_uint_eq(count_files("/M/cur"), 3);
	teardown();
}
END_TEST

START_TEST(no_message_fails_for_keywords)
{
	const char *many[40];
	struct mailbox *box;
	struct save *s;

	setup("mail_location = maildir:~/M\n");
	box = box_of(storage_of(""), "INBOX");
	for (int i = 0; i < 39; i++)
		many[i] = pool_printf(pool, "k%d", i);
	many[39] = NULL;
	s = save_with(box, MAIL_SEEN, many);
	ck_assert(str_ends(s->path, ":2,Sabcdefghijklmnopqrstuvwxyz"));
	/* a directory in the file's place */
	ck_assert_int_eq(unlink(path_of("/M/dovecot-keywords")), 0);
	ck_assert_int_eq(mkdir(path_of("/M/dovecot-keywords"), 0700), 0);
	s = save_with(box, MAIL_SEEN, many);
	ck_assert(str_ends(s->path, ":2,S"));
	teardown();
}
END_TEST

START_TEST(control_directory)
{
	static const char *const one[] = { "foo", NULL };
	struct storage *st;

	setup("mail_location = maildir:~/M:CONTROL=~/C\n");
	st = storage_of("");
	ck_assert_int_eq(mailbox_create(box_of(st, "Sub"), &err), 0);
	save_with(box_of(st, "Sub"), 0, one);
	save_with(box_of(st, "INBOX"), 0, one);
	check_text("/C/.Sub/dovecot-keywords", "0 foo\n");
	check_text("/C/dovecot-keywords", "0 foo\n");
	teardown();
}
END_TEST

START_TEST(many_add_keywords)
{
	struct keywords kw = { { NULL } };
	pid_t pids[6];
	char text[1024] = "";
	FILE *f;

	setup("mail_location = maildir:~/M\nmail_fsync = never\n");
	for (int i = 0; i < 6; i++) {
		pids[i] = fork();
		if (pids[i] != 0)
			continue;
		for (int k = 0; k < 4; k++) {
			const char *names[] = {
				pool_printf(pool, "k%d.%d", i, k), NULL
			};

			save_with(box_of(storage_of(""), "INBOX"), 0, names);
		}
		_exit(0);
	}
	for (int i = 0; i < 6; i++) {
		int status;

		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		ck_assert_int_eq(status, 0);
	}
	f = fopen(path_of("/M/dovecot-keywords"), "r");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_gt(fread(text, 1, sizeof(text) - 1, f), 0);
	fclose(f);
	keywords_parse(text, pool, &kw);
	for (int i = 0; i < 24; i++)
		ck_assert_ptr_nonnull(kw.names[i]);
	ck_assert_uint_eq(count_files("/M/cur"), 24);
	teardown();
}
END_TEST

START_TEST(mbox_fields)
{
	static const char *const two[] = { "foo", "a b", "$Label1", NULL };
	struct mailbox *box;
	struct save *s;
	char text[1024] = "";
	FILE *f;

	setup("mail_location = mbox:~/mail\n");
	box = box_of(storage_of(""), "INBOX");
	s = save_with(box, MAIL_SEEN | MAIL_FLAGGED | MAIL_ANSWERED, two);
	f = fopen(path_of("/mail/inbox"), "r");
	ck_assert_uint_gt(fread(text, 1, sizeof(text) - 1, f), 0);
	fclose(f);
	ck_assert_str_eq(strchr(text, '\n') + 1, "Status: RO\nX-Status: AF\n"
		"X-Keywords: foo $Label1\nA: b\n\nx\n\n");
	ck_assert_uint_eq(s->size, 56);
	teardown();
}
END_TEST

START_TEST(old_files_in_tmp)
{
	enum { WEEK = 7 * 24 * 3600, HOURS_40 = 40 * 3600 };
	time_t now = time(NULL);
	const char *maildir;

	setup("mail_location = maildir:~/M\n");
	ck_assert_int_eq(mailbox_create(box_of(storage_of(""), "INBOX"), &err),
			 0);
	maildir = path_of("/M");
	put("/M/tmp/left", "x");
	ck_assert_int_eq(mkdir(path_of("/M/tmp/dir"), 0700), 0);
	/* young, whatever the interval */
	ck_assert_uint_eq(maildir_tmp_clean(maildir, 1, now + 3600, pool), 0);
	/* old, but looked at within the interval */
	ck_assert_uint_eq(maildir_tmp_clean(maildir, WEEK, now + HOURS_40,
					    pool), 0);
	ck_assert_uint_eq(count_files("/M/tmp"), 2);
	ck_assert_uint_eq(maildir_tmp_clean(maildir, 3600, now + HOURS_40,
					    pool), 1);
	ck_assert_uint_eq(count_files("/M/tmp"), 1);
	/* looked at long after its last change: nothing can be there */
	put("/M/tmp/left", "x");
	ck_assert_int_eq(utimensat(AT_FDCWD, path_of("/M/tmp"),
		(struct timespec[2]){ { .tv_sec = now + HOURS_40 },
				      { .tv_nsec = UTIME_OMIT } }, 0), 0);
	ck_assert_uint_eq(maildir_tmp_clean(maildir, 3600, now + 4 * HOURS_40,
					    pool), 0);
	ck_assert_uint_eq(maildir_tmp_clean(path_of("/none"), 1, now + WEEK,
					    pool), 0);
	teardown();
}
END_TEST

UNIT_MAIN("storage-keywords", parsing, flags_and_keywords,
	  no_message_fails_for_keywords, control_directory, many_add_keywords,
	  mbox_fields, old_files_in_tmp);
