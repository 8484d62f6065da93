/* Storing in Maildirs: names, modes, sharing, folders, subscriptions. */
#include "tests/unit/storage.h"

START_TEST(inbox_is_made)
{
	struct spool *sp;
	struct save *s;

	setup("mail_location = maildir:~/a/b/Maildir\n");
	sp = spool_of("A: 1\r\n\r\nx\0y", 11);
	s = save(box_of(storage_of(""), "INBOX"), sp, "H: 1\nI: 2\n");
	save_batch_sync(batch);
	ck_assert(!s->failed);
	check_file(s->path, "H: 1\nI: 2\nA: 1\n\nx\0y", 19);
	ck_assert(str_ends(s->id, ",S=19,W=23"));
	ck_assert_uint_eq(s->size, 19);
	ck_assert_uint_eq(s->vsize, 23);
	ck_assert_uint_eq(count_files("/a/b/Maildir/new"), 1);
	ck_assert_uint_eq(count_files("/a/b/Maildir/tmp"), 0);
	ck_assert_uint_eq(stat_of(s->path).st_mode & 07777, 0600);
	ck_assert_uint_eq(stat_of("/a").st_mode & 07777, 0700);
	ck_assert_uint_eq(stat_of("/a/b/Maildir/cur").st_mode & 07777, 0700);
	ck_assert_int_eq(save_undo(s, &err), 0);
	ck_assert_int_eq(save_undo(s, &err), 0);
	ck_assert_uint_eq(count_files("/a/b/Maildir/new"), 0);
	spool_free(&sp);
	teardown();
}
END_TEST

START_TEST(half_a_maildir_is_completed)
{
	static const char *const parts[] = { "tmp", "new", "cur" };
	struct spool *sp;

	setup("mail_location = maildir:~/M\n");
	sp = spool_of("x", 1);
	save(box_of(storage_of(""), "INBOX"), sp, "");
	for (unsigned i = 0; i < 3; i++) {
		char command[128];

		snprintf(command, sizeof(command), "rm -r %s/M/%s", home,
			 parts[i]);
		ck_assert_int_eq(system(command), 0);
		save_batch_sync(batch);
		save_batch_clear(batch);
		save(box_of(storage_of(""), "INBOX"), sp, "");
		ck_assert_uint_ge(count_files("/M/new"), 1);
	}
	spool_free(&sp);
	teardown();
}
END_TEST

START_TEST(modes_follow_the_directory)
{
	struct spool *sp;
	struct save *s;

	setup("mail_location = maildir:~/M\n");
	sp = spool_of("x", 1);
	save(box_of(storage_of(""), "INBOX"), sp, "");
	ck_assert_int_eq(chmod(pool_printf(pool, "%s/M", home), 0770), 0);
	s = save(box_of(storage_of(""), "INBOX"), sp, "");
	ck_assert_uint_eq(stat_of(s->path).st_mode & 07777, 0660);
	ck_assert_int_eq(chmod(pool_printf(pool, "%s/M", home), 02755), 0);
	s = save(box_of(storage_of(""), "INBOX"), sp, "");
	ck_assert_uint_eq(stat_of(s->path).st_mode & 07777, 0644);
	ck_assert_int_eq(mailbox_create(box_of(storage_of(""), "Sub"), &err),
			 0);
	ck_assert_uint_eq(stat_of("/M/.Sub").st_mode & 07777, 02755);
	ck_assert_uint_eq(stat_of("/M/.Sub/new").st_mode & 07777, 02755);
	ck_assert_uint_eq(stat_of("/M/.Sub/maildirfolder").st_mode & 07777,
			  0644);
	/* Nearest above: .Sub decides about .Sub.Deep. */
	ck_assert_int_eq(chmod(pool_printf(pool, "%s/M/.Sub", home), 0700), 0);
	ck_assert_int_eq(mailbox_create(box_of(storage_of(""), "Sub.Deep.er"),
					&err), 0);
	ck_assert_uint_eq(stat_of("/M/.Sub.Deep.er").st_mode & 0777, 0700);
	save_batch_sync(batch);
	spool_free(&sp);
	teardown();
}
END_TEST

START_TEST(folders)
{
	struct save_source source;
	struct save s = { .err = &err };
	struct spool *sp;
	struct mailbox *box;

	setup("mail_location = maildir:~/M\n");
	sp = spool_of("x", 1);
	source = (struct save_source){ .spool = sp, .headers = "" };
	box = box_of(storage_of(""), "Sub");
	ck_assert_int_eq(mailbox_save(batch, box, &source, &s), -1);
	ck_assert_int_eq(err.kind, ERR_NOTFOUND);
	ck_assert_str_eq(err.text, "Mailbox doesn't exist: Sub");
	ck_assert_int_eq(mailbox_create(box, &err), 0);
	ck_assert_int_eq(mailbox_create(box, &err), 0);
	save(box, sp, "");
	ck_assert_uint_eq(count_files("/M/.Sub/new"), 1);
	/* A file in a folder's place is no mailbox and never will be. */
	close(open(pool_printf(pool, "%s/M/.File", home), O_CREAT | O_RDWR,
		   0600));
	box = box_of(storage_of(""), "File");
	ck_assert_int_eq(mailbox_save(batch, box, &source, &s), -1);
	ck_assert_int_eq(err.kind, ERR_NOTFOUND);
	ck_assert_int_eq(mailbox_create(box, &err), -1);
	ck_assert_int_eq(err.kind, ERR_NOTFOUND);
	save_batch_sync(batch);
	spool_free(&sp);
	teardown();
}
END_TEST

START_TEST(layout_fs)
{
	struct save_source source;
	struct save s = { .err = &err };
	struct spool *sp;

	setup("mail_location = maildir:~/M:LAYOUT=fs\n");
	sp = spool_of("x", 1);
	source = (struct save_source){ .spool = sp, .headers = "" };
	ck_assert_int_eq(mailbox_create(box_of(storage_of(""), "A/B"), &err),
			 0);
	/* A level without cur/new/tmp is no mailbox. */
	ck_assert_int_eq(mailbox_save(batch, box_of(storage_of(""), "A"),
				      &source, &s), -1);
	ck_assert_int_eq(err.kind, ERR_NOTFOUND);
	save(box_of(storage_of(""), "A/B"), sp, "");
	ck_assert_uint_eq(count_files("/M/A/B/new"), 1);
	/* INBOX is at the root, which is there by now. */
	save(box_of(storage_of(""), "INBOX"), sp, "");
	ck_assert_uint_eq(count_files("/M/new"), 1);
	save_batch_sync(batch);
	spool_free(&sp);
	teardown();
}
END_TEST

START_TEST(recipients_share_one_file)
{
	struct spool *sp;
	struct save *saves[200];
	ino_t ino = 0;

	/* Fewer descriptors than mailboxes. */
	setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 40, 40 });
	setup("mail_location = maildir:~/M\n");
	sp = spool_of("x\n", 2);
	for (int i = 0; i < 200; i++) {
		saves[i] = save(box_of(storage_of(pool_printf(pool, "/u%d",
			i % 100)), "INBOX"), sp, "H: 1\n");
		if (i == 0)
			ino = stat_of(saves[i]->path).st_ino;
		ck_assert_uint_eq(stat_of(saves[i]->path).st_ino, ino);
	}
	save_batch_sync(batch);
	for (int i = 0; i < 200; i++)
		ck_assert(!saves[i]->failed);
	ck_assert_uint_eq(stat_of(saves[0]->path).st_nlink, 200);
	ck_assert_uint_eq(count_files("/u7/M/new"), 2);
	ck_assert_uint_eq(count_files("/u7/M/tmp"), 0);
	spool_free(&sp);
	teardown();
}
END_TEST

START_TEST(differing_recipients_share_nothing)
{
	struct spool *sp, *other;
	struct save *a, *b;

	setup("mail_location = maildir:~/M\n");
	sp = spool_of("x\n", 2);
	other = spool_of("y\n", 2);
	a = save(box_of(storage_of("/u1"), "INBOX"), sp, "H: 1\n");
	b = save(box_of(storage_of("/u2"), "INBOX"), sp, "H: 2\n");
	ck_assert_uint_ne(stat_of(a->path).st_ino, stat_of(b->path).st_ino);
	check_file(b->path, "H: 2\nx\n", 7);
	b = save(box_of(storage_of("/u2"), "INBOX"), other, "H: 1\n");
	check_file(b->path, "H: 1\ny\n", 7);
	/* The mode differs. */
	ck_assert_int_eq(mkdir(pool_printf(pool, "%s/u3", home), 0700), 0);
	ck_assert_int_eq(mkdir(pool_printf(pool, "%s/u3/M", home), 0700), 0);
	ck_assert_int_eq(chmod(pool_printf(pool, "%s/u3/M", home), 0750), 0);
	b = save(box_of(storage_of("/u3"), "INBOX"), sp, "H: 1\n");
	ck_assert_uint_ne(stat_of(a->path).st_ino, stat_of(b->path).st_ino);
	ck_assert_uint_eq(stat_of(b->path).st_mode & 0777, 0640);
	/* A reader took the first one away. */
	ck_assert_int_eq(unlink(a->path), 0);
	b = save(box_of(storage_of("/u4"), "INBOX"), sp, "H: 1\n");
	check_file(b->path, "H: 1\nx\n", 7);
	/* The next transaction shares nothing with this one. */
	save_batch_sync(batch);
	save_batch_clear(batch);
	a = save(box_of(storage_of("/u1"), "INBOX"), sp, "H: 1\n");
	ck_assert_uint_eq(stat_of(a->path).st_nlink, 1);
	save_batch_sync(batch);
	spool_free(&sp);
	spool_free(&other);
	teardown();
}
END_TEST

START_TEST(hardlinks_can_be_turned_off)
{
	struct spool *sp;
	struct save *a, *b;

	setup("mail_location = maildir:~/M\n"
	      "maildir_copy_with_hardlinks = no\nmail_fsync = never\n");
	sp = spool_of("x\n", 2);
	a = save(box_of(storage_of("/u1"), "INBOX"), sp, "");
	b = save(box_of(storage_of("/u2"), "INBOX"), sp, "");
	ck_assert_uint_ne(stat_of(a->path).st_ino, stat_of(b->path).st_ino);
	save_batch_sync(batch);
	ck_assert(!a->failed && !b->failed);
	spool_free(&sp);
	teardown();
}
END_TEST

START_TEST(large_and_crlf)
{
	static const char *const configs[] = {
		"mail_location = maildir:~/M\n",
		"mail_location = maildir:~/M\nmail_save_crlf = yes\n",
	};
	size_t len = 2 * 1024 * 1024 + 7;

	for (int crlf = 0; crlf < 2; crlf++) {
		char *text = mem_alloc(len), *want = mem_alloc(2 * len);
		size_t want_len;
		struct spool *sp;
		struct save *s;

		for (size_t i = 0; i < len; i++)
			text[i] = i % 61 == 0 ? '\n' : (char)('a' + i % 26);
		setup(configs[crlf]);
		sp = spool_of(text, len);
		ck_assert_int_ge(spool_fd(sp), 0);
		s = save(box_of(storage_of(""), "INBOX"), sp, "H: 1\n");
		want_len = (size_t)sprintf(want, crlf ? "H: 1\r\n" : "H: 1\n");
		for (size_t i = 0; i < len; i++) {
			if (crlf && text[i] == '\n')
				want[want_len++] = '\r';
			want[want_len++] = text[i];
		}
		check_file(s->path, want, want_len);
		ck_assert_uint_eq(s->size, want_len);
		ck_assert_uint_eq(s->vsize, 5 + 1 + len + (len + 60) / 61);
		save_batch_sync(batch);
		spool_free(&sp);
		teardown();
		free(text);
		free(want);
	}
}
END_TEST

START_TEST(nothing_is_left_after_failure)
{
	struct save_source source;
	struct save s = { .err = &err };
	struct spool *sp;
	char *big = mem_alloc(100000);

	setup("mail_location = maildir:~/M\n");
	memset(big, 'x', 100000);
	sp = spool_of(big, 100000);
	source = (struct save_source){ .spool = sp, .headers = "" };
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 50000, 50000 });
	ck_assert_int_eq(mailbox_save(batch, box_of(storage_of(""), "INBOX"),
				      &source, &s), -1);
	ck_assert_int_eq(err.kind, ERR_TEMP);
	ck_assert_ptr_nonnull(strstr(err.text, "/M/tmp/"));
	ck_assert_ptr_nonnull(strstr(err.text, "File too large"));
	ck_assert_uint_eq(count_files("/M/new"), 0);
	ck_assert_uint_eq(count_files("/M/tmp"), 0);
	spool_free(&sp);
	free(big);
	teardown();
}
END_TEST

/* The owner may put fifos where files are read or made. */
START_TEST(fifos_hold_nobody)
{
	struct save s = { .err = &err };
	struct save_source source;
	struct storage *st;

	setup("mail_location = maildir:~/M\n");
	st = storage_of("");
	source = (struct save_source){
		.spool = spool_of("x", 1), .headers = "",
	};
	save(box_of(st, "INBOX"), source.spool, "");
	ck_assert_int_eq(mkdir(pool_printf(pool, "%s/M/.f", home), 0700), 0);
	ck_assert_int_eq(mkfifo(pool_printf(pool, "%s/M/.f/maildirfolder",
					    home), 0600), 0);
	ck_assert_int_eq(mailbox_save(batch, box_of(st, "f"), &source, &s),
			 -1);
	ck_assert_int_eq(mkfifo(pool_printf(pool, "%s/M/subscriptions", home),
				0600), 0);
	ck_assert_int_eq(mailbox_subscribe(box_of(st, "INBOX"), &err), 0);
	save_batch_sync(batch);
	spool_free((struct spool **)(uintptr_t)&source.spool);
	teardown();
}
END_TEST

START_TEST(namespaces)
{
	struct storage *st;
	struct mailbox *box;

	setup("mail_location = maildir:~/M\n"
	      "namespace inbox {\n  inbox = yes\n  prefix = INBOX/\n"
	      "  separator = /\n  mailbox Auto {\n    auto = subscribe\n  }\n"
	      "  mailbox \"a/b c\" {\n    auto = create\n  }\n}\n"
	      "namespace {\n  prefix = Other/\n  separator = /\n"
	      "  location = maildir:~/other/%n\n  subscriptions = no\n}\n");
	st = storage_of("");
	ck_assert_str_eq(storage_inbox_prefix(st), "INBOX/");
	ck_assert(mailbox_is_inbox(box_of(st, "INBOX")));
	ck_assert(mailbox_is_inbox(box_of(st, "inbox")));
	ck_assert(mailbox_is_inbox(box_of(st, "INBOX/")));
	ck_assert(mailbox_is_inbox(box_of(st, "Inbox/INBOX")));
	ck_assert(!mailbox_is_inbox(box_of(st, "INBOX/x")));
	ck_assert(mailbox_auto_subscribe(box_of(st, "INBOX/Auto")));
	ck_assert(mailbox_auto_create(box_of(st, "INBOX/a/b c")));
	ck_assert(!mailbox_auto_subscribe(box_of(st, "INBOX/a/b c")));
	ck_assert(!mailbox_auto_create(box_of(st, "INBOX/x")));
	ck_assert_int_eq(storage_mailbox(st, "Auto", &box, &err), -1);
	ck_assert_int_eq(err.kind, ERR_NOTFOUND);
	box = box_of(st, "INBOX/a/b c");
	ck_assert_int_eq(mailbox_create(box, &err), 0);
	ck_assert_uint_eq(count_files("/M/.a.b c/new"), 0);
	ck_assert_int_eq(mailbox_subscribe(box, &err), 0);
	ck_assert_int_eq(mailbox_subscribe(box, &err), 0);
	box = box_of(st, "Other/x");
	ck_assert_int_eq(mailbox_create(box, &err), 0);
	ck_assert_uint_eq(count_files("/other/alice/.x/new"), 0);
	check_file(pool_printf(pool, "%s/M/subscriptions", home),
		   "V\t2\n\na\tb c\n", 11);
	teardown();
}
END_TEST

START_TEST(subscriptions_keep_what_is_there)
{
	struct storage *st;
	const char *path;
	FILE *f;

	setup("mail_location = maildir:~/M\n");
	st = storage_of("");
	ck_assert_int_eq(mailbox_create(box_of(st, "a.b"), &err), 0);
	path = pool_printf(pool, "%s/M/subscriptions", home);
	f = fopen(path, "w");
	fputs("old\nlast", f);
	fclose(f);
	ck_assert_int_eq(mailbox_subscribe(box_of(st, "a.b"), &err), 0);
	check_file(path, "old\nlast\na.b\n", 13);
	ck_assert_int_eq(mailbox_subscribe(box_of(st, "last"), &err), 0);
	check_file(path, "old\nlast\na.b\n", 13);
	ck_assert_int_eq(access(pool_printf(pool, "%s.lock", path), F_OK), -1);
	teardown();
}
END_TEST

START_TEST(user_names_lead_nowhere_else)
{
	static const char *const bad[] = {
		"..", ".", "../x", "a/../b", "..@x", "a@..", "/etc", "a/./b",
		"a:INBOX=~root",
	};
	static const char *const good[] = {
		"alice", "alice@example.org", "a.b", "...", ".a", "a..b",
	};
	struct storage_settings *set;
	struct storage *st;

	setup("mail_location = maildir:/tmp/%u\n");
	set = storage_settings_get(conf, &scope_global, NULL, pool, &err);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_msg(storage_open(set, bad[i], NULL,
			vars_user(bad[i], NULL, pool), &log_process, pool,
			&st, &err) == -1, "%s", bad[i]);
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		ck_assert_msg(storage_open(set, good[i], NULL,
			vars_user(good[i], NULL, pool), &log_process, pool,
			&st, &err) == 0, "%s: %s", good[i], err.text);
	teardown();
}
END_TEST

UNIT_MAIN("storage-maildir", inbox_is_made, half_a_maildir_is_completed,
	  modes_follow_the_directory, folders, layout_fs,
	  recipients_share_one_file, differing_recipients_share_nothing,
	  hardlinks_can_be_turned_off, large_and_crlf,
	  nothing_is_left_after_failure, fifos_hold_nobody, namespaces,
	  subscriptions_keep_what_is_there, user_names_lead_nowhere_else);
