/* Storing in mboxes: text, tails, locks, what is undone. */
#include "tests/unit/storage.h"

#include <stdlib.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>

#include "storage/mbox-count.h"
#include "storage/mbox-text.h"

#define CONFIG "mail_location = mbox:~/mail\n"

static const char *
text_of(const char *message, size_t step)
{
	struct mbox_text text = { .last = '\0' };
	const char *result;

	mbox_text_begin(&text, "a@b", 0);
	str_reset(&text.out);
	for (size_t len = strlen(message), n; len > 0; len -= n) {
		n = len < step ? len : step;
		mbox_text_add(&text, message, n);
		message += n;
	}
	mbox_text_end(&text);
	result = pool_strdup(pool, str_c(&text.out));
	str_free(&text.out);
	return result;
}

START_TEST(message_text)
{
	static const struct { const char *in, *out; } cases[] = {
		{ "A: b\n\nbody\n", "A: b\n\nbody\n\n" },
		{ "A: b\n\nbody", "A: b\n\nbody\n\n" },
		{ "A: b\n\n", "A: b\n\n\n" },
		{ "A: b\n", "A: b\n\n\n" },
		{ "A: b", "A: b\n\n\n" },
		{ "", "\n\n" },
		{ "\nonly\n", "\nonly\n\n" },
		{ "\n", "\n\n" },
		{ "A: b\n\nFrom x\n", "A: b\n\n>From x\n\n" },
		{ "A: b\n\nFrom x", "A: b\n\n>From x\n\n" },
		{ "A: b\n\nFrom ", "A: b\n\n>From \n\n" },
		{ "A: b\n\nFrom", "A: b\n\nFrom\n\n" },
		{ "A: b\n\nFrom:\nFrom\n", "A: b\n\nFrom:\nFrom\n\n" },
		{ "A: b\n\n>From x\n From x\n", "A: b\n\n>From x\n From x\n\n" },
		{ "From x\nA: b\n\n", ">From x\nA: b\n\n\n" },
		{ "A: b\nFrom x y\n\n", "A: b\n>From x y\n\n\n" },
		{ "Status: RO\nA: b\n\nStatus: x\n",
		  "A: b\n\nStatus: x\n\n" },
		{ "A: b\nX-UID: 1\n 2\n\t3\nC: d\n\n", "A: b\nC: d\n\n\n" },
		{ "A: b\ncontent-LENGTH: 1\n\nx\n", "A: b\n\nx\n\n" },
		{ "Content-Length-X: 1\nX-UIDL: 2\n\n",
		  "Content-Length-X: 1\nX-UIDL: 2\n\n\n" },
		{ "X-Status : A\nX-Keywords:k\nX-IMAPbase: 1 1\nX-IMAP: 1\n"
		  "B: c\n\n", "B: c\n\n\n" },
		{ "A: b\nStatus: R", "A: b\n\n\n" },
		{ "A: b\n\nX-UID: 1\n From x\nFrom y\n",
		  "A: b\n\nX-UID: 1\n From x\n>From y\n\n" },
	};

	setup(CONFIG);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		for (size_t step = 1; step < 20; step++)
			ck_assert_str_eq(text_of(cases[i].in, step),
					 cases[i].out);
	}
	teardown();
}
END_TEST

START_TEST(from_line)
{
	static const struct { const char *sender, *want; } cases[] = {
		{ "a@b", "From a@b  Sat Jan  3 04:05:06 1970\n" },
		{ "", "From MAILER-DAEMON  Sat Jan  3 04:05:06 1970\n" },
		{ NULL, "From MAILER-DAEMON  Sat Jan  3 04:05:06 1970\n" },
		{ "\"a b\"@c", "From \"a_b\"@c  Sat Jan  3 04:05:06 1970\n" },
		{ "a\nb\x7f", "From a_b_  Sat Jan  3 04:05:06 1970\n" },
	};

	setenv("TZ", "UTC", 1);
	tzset();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct mbox_text t = { .last = '\0' };

		mbox_text_begin(&t, cases[i].sender, 187506);
		ck_assert_str_eq(str_c(&t.out), cases[i].want);
		ck_assert(mbox_is_from_line(t.out.data, t.out.len - 1));
		str_free(&t.out);
	}
	ck_assert(!mbox_is_from_line("From me to you", 14));
	ck_assert(!mbox_is_from_line("From a 12:0", 11));
}
END_TEST

static const char *
path_of(const char *name)
{
	return pool_printf(pool, "%s%s", home, name);
}

static void
put(const char *name, const char *content)
{
	FILE *f = fopen(path_of(name), "w");

	ck_assert_ptr_nonnull(f);
	fputs(content, f);
	fclose(f);
}

static const char *
get(const char *name)
{
	FILE *f = fopen(path_of(name), "r");
	char *buf = pool_alloc(pool, 65536);

	ck_assert_ptr_nonnull(f);
	buf[fread(buf, 1, 65535, f)] = '\0';
	fclose(f);
	return buf;
}

/* What follows the From_ line at that offset. */
static const char *
after_from(const char *content, size_t offset)
{
	const char *p = content + offset;

	ck_assert_msg(str_begins(p, "From s@x  "), "%s", content);
	return strchr(p, '\n') + 1;
}

static int
try_save(const char *name, const char *message, struct save *s)
{
	struct spool *sp = spool_of(message, strlen(message));
	const struct save_source source = {
		.spool = sp, .headers = "H: 1\n", .sender = "s@x",
	};
	int result;

	s->err = &err;
	s->uid = geteuid();
	s->gid = getegid();
	result = mailbox_save(batch, box_of(storage_of(""), name), &source, s);
	save_batch_sync(batch);
	ck_assert(!s->failed);
	spool_free(&sp);
	return result;
}

static void
must_save(const char *name, const char *message, struct save *s)
{
	if (try_save(name, message, s) < 0)
		ck_abort_msg("%s", err.text);
}

START_TEST(inbox_is_made)
{
	struct save s = { .err = NULL };

	setup("mail_location = mbox:~/a/mail\n");
	must_save("INBOX", "A: b\n\nx\n", &s);
	ck_assert_str_eq(after_from(get("/a/mail/inbox"), 0),
			 "H: 1\nA: b\n\nx\n\n");
	ck_assert_uint_eq(s.size, 13);
	ck_assert_uint_eq(s.vsize, 17);
	ck_assert_uint_eq(stat_of("/a/mail/inbox").st_mode & 07777, 0600);
	ck_assert_int_eq(access(path_of("/a/mail/inbox.lock"), F_OK), -1);
	teardown();
}
END_TEST

START_TEST(tails)
{
	static const struct { const char *before, *between; } cases[] = {
		{ "", "" },
		{ "From x  Sat Jan  3 04:05:06 1970\nA: b\n\nx\n\n", "" },
		{ "From x  Sat Jan  3 04:05:06 1970\nA: b\n\nx\n", "\n" },
		{ "From x  Sat Jan  3 04:05:06 1970\nA: b\n\nx", "\n\n" },
		{ "From x  Sat Jan  3 04:05:06 1970\nA: b\n\nx\r\n\r\n",
		  "\n" },
		{ "\n", "" },
	};

	setup(CONFIG);
	ck_assert_int_eq(mkdir(path_of("/mail"), 0700), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		size_t len = strlen(cases[i].before) +
			strlen(cases[i].between);
		struct save s = { .err = NULL };
		const char *got;

		put("/mail/inbox", cases[i].before);
		must_save("INBOX", "A: b\n\nx", &s);
		got = get("/mail/inbox");
		ck_assert(str_begins(got, pool_printf(pool, "%s%s",
			cases[i].before, cases[i].between)));
		ck_assert_str_eq(after_from(got, len), "H: 1\nA: b\n\nx\n\n");
		ck_assert_uint_eq(s.start, strlen(cases[i].before));
		ck_assert_uint_eq(s.size, 13);
		ck_assert_int_eq(save_undo(&s, &err), 0);
		ck_assert_str_eq(get("/mail/inbox"), cases[i].before);
	}
	teardown();
}
END_TEST

START_TEST(folders)
{
	struct storage *st;
	struct save s = { .err = NULL };

	setup(CONFIG);
	st = storage_of("");
	ck_assert_int_eq(try_save("Sub/Deep", "x", &s), -1);
	ck_assert_int_eq(err.kind, ERR_NOTFOUND);
	ck_assert_str_eq(err.text, "Mailbox doesn't exist: Sub/Deep");
	ck_assert_int_eq(mailbox_create(box_of(st, "Sub/Deep"), &err), 0);
	ck_assert_int_eq(mailbox_create(box_of(st, "Sub/Deep"), &err), 0);
	ck_assert_uint_eq(stat_of("/mail/Sub/Deep").st_size, 0);
	must_save("Sub/Deep", "A: b\n\nx\n", &s);
	ck_assert_int_eq(mailbox_create(box_of(st, "Sub"), &err), -1);
	ck_assert_int_eq(err.kind, ERR_NOTFOUND);
	ck_assert_str_eq(err.text, "Mailbox isn't selectable");
	ck_assert_int_eq(try_save("Sub", "x", &s), -1);
	ck_assert_int_eq(err.kind, ERR_NOTFOUND);
	ck_assert_int_eq(mailbox_create(box_of(st, "Sub/Deep/er"), &err), -1);
	ck_assert_str_eq(err.text, "Mailbox doesn't allow inferior mailboxes");
	put("/mail/text", "hello\n");
	ck_assert_int_eq(try_save("text", "x", &s), -1);
	ck_assert_int_eq(err.kind, ERR_NOTFOUND);
	ck_assert_str_eq(get("/mail/text"), "hello\n");
	put("/mail/inbox", "hello\n");
	ck_assert_int_eq(try_save("INBOX", "x", &s), -1);
	ck_assert_int_eq(err.kind, ERR_TEMP);
	ck_assert_int_eq(mailbox_subscribe(box_of(st, "Sub/Deep"), &err), 0);
	ck_assert_str_eq(get("/mail/.subscriptions"), "V\t2\n\nSub\tDeep\n");
	teardown();
}
END_TEST

START_TEST(names)
{
	static const char *const bad[] = {
		"a.lock", "x/a.lock", ".imap", ".subscriptions", "..", "../x",
		"x/../y", "/x", "a//b", "mb", "x/mb/y",
	};
	static const char *const good[] = { "a", "cur", ".lock", "a.lock.b" };
	struct mailbox *box;
	struct storage *st;

	setup("mail_location = mbox:~/mail:DIRNAME=mb\n");
	st = storage_of("");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ck_assert_msg(storage_mailbox(st, bad[i], &box, &err) == -1,
			      "%s", bad[i]);
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		ck_assert_msg(storage_mailbox(st, good[i], &box, &err) == 0,
			      "%s", good[i]);
	ck_assert_int_eq(mailbox_create(box_of(st, "a/b"), &err), 0);
	ck_assert_uint_eq(stat_of("/mail/a/b/mb").st_size, 0);
	teardown();
}
END_TEST

START_TEST(listed_and_counted)
{
	struct mailbox_usage u;
	struct mailbox **boxes;
	struct storage *st;
	struct save s = { .err = NULL };

	setup("mail_location = mbox:~/mail:INBOX=~/spool\n");
	st = storage_of("");
	ck_assert_int_eq(mailbox_usage(box_of(st, "INBOX"), false, &u, &err),
			 0);
	ck_assert_uint_eq(u.messages + u.bytes, 0);
	ck_assert_int_eq(mailbox_create(box_of(st, "a/b"), &err), 0);
	put("/mail/a/c.lock", "1:x");
	put("/mail/.subscriptions", "a\n");
	must_save("a/b", "A: b\n\nFrom x\n\nFrom y 12:00:00\n", &s);
	must_save("a/b", "A: b\n\nx", &s);
	must_save("a/b", "A: b\r\n\nx\r\n\n\n", &s);
	ck_assert_int_eq(storage_list(st, &boxes, &err), 0);
	ck_assert_str_eq(mailbox_name(boxes[0]), "INBOX");
	ck_assert_str_eq(mailbox_name(boxes[1]), "a/b");
	ck_assert_ptr_null(boxes[2]);
	ck_assert_int_eq(mailbox_usage(boxes[1], false, &u, &err), 0);
	ck_assert_uint_eq(u.messages, 3);
	ck_assert_uint_eq(u.bytes, 37 + 13 + 15);
	ck_assert_int_eq(mailbox_usage(boxes[1], true, &u, &err), 0);
	ck_assert_uint_eq(u.bytes, 37 + 6 + 13 + 4 + 15 + 6);
	teardown();
}
END_TEST

START_TEST(failure_leaves_nothing)
{
	char *big = mem_alloc(600001);
	struct save s = { .err = NULL };

	memset(big, 'x', 600000);
	setup(CONFIG);
	must_save("INBOX", "A: b\n\nx\n", &s);
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 610000, 610000 });
	must_save("INBOX", big, &s);
	ck_assert_int_eq(save_undo(&s, &err), 0);
	must_save("INBOX", "A: c\n\nx\n", &s);
	ck_assert_int_eq(try_save("INBOX", big + 12000, &s), 0);
	ck_assert_int_eq(try_save("INBOX", big + 500000, &s), -1);
	ck_assert_uint_eq(stat_of("/mail/inbox").st_size, s.start);
	ck_assert_int_eq(access(path_of("/mail/inbox.lock"), F_OK), -1);
	free(big);
	teardown();
}
END_TEST

START_TEST(undo_only_what_is_last)
{
	struct save a = { .err = NULL }, b = { .err = NULL };
	const char *before;

	setup(CONFIG);
	must_save("INBOX", "A: b\n\nx\n", &a);
	must_save("INBOX", "A: c\n\nx\n", &b);
	before = get("/mail/inbox");
	ck_assert_int_eq(save_undo(&a, &err), -1);
	ck_assert_str_eq(get("/mail/inbox"), before);
	ck_assert_int_eq(save_undo(&b, &err), 0);
	ck_assert_int_eq(save_undo(&a, &err), 0);
	ck_assert_uint_eq(stat_of("/mail/inbox").st_size, 0);
	ck_assert_int_eq(unlink(path_of("/mail/inbox")), 0);
	ck_assert_int_eq(save_undo(&a, &err), 0);
	teardown();
}
END_TEST

/* --- locks --- */

/* Another process that takes a kernel lock until it is ended. */
static pid_t
hold(const char *name, bool posix)
{
	int ready[2];
	pid_t pid;
	char c;

	ck_assert_int_eq(pipe(ready), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		int fd = open(path_of(name), O_RDWR);

		if (posix ? lockf(fd, F_LOCK, 0) < 0 : flock(fd, LOCK_EX) < 0)
			_exit(1);
		if (write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	ck_assert_int_eq(read(ready[0], &c, 1), 1);
	close(ready[0]);
	return pid;
}

static void
let_go(pid_t pid)
{
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

START_TEST(kernel_locks)
{
	static const struct { const char *name; bool posix; } cases[] = {
		{ "fcntl", true }, { "lockf", true }, { "flock", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char config[200];
		struct save s = { .err = NULL };
		pid_t pid;

		snprintf(config, sizeof(config), CONFIG "mbox_write_locks = "
			 "%s\nmbox_lock_timeout = 1s\n", cases[i].name);
		setup(config);
		must_save("INBOX", "A: b\n\nx\n", &s);
		pid = hold("/mail/inbox", cases[i].posix);
		ck_assert_int_eq(try_save("INBOX", "x", &s), -1);
		ck_assert_int_eq(err.kind, ERR_TEMP);
		ck_assert_ptr_nonnull(strstr(err.text, "Timeout"));
		let_go(pid);
		must_save("INBOX", "A: b\n\nx\n", &s);
		teardown();
	}
}
END_TEST

START_TEST(bad_lock_method)
{
	struct save s = { .err = NULL };

	setup(CONFIG "mbox_write_locks = fcntl foo\n");
	ck_assert_int_eq(try_save("INBOX", "x", &s), -1);
	ck_assert_int_eq(err.kind, ERR_CONFIG);
	teardown();
}
END_TEST

static void
age(const char *name, time_t secs)
{
	struct timespec times[2] = {
		{ .tv_sec = time(NULL) - secs }, { .tv_sec = time(NULL) - secs },
	};

	ck_assert_int_eq(utimensat(AT_FDCWD, path_of(name), times, 0), 0);
}

START_TEST(dotlocks)
{
	struct save s = { .err = NULL };
	pid_t pid;

	setup(CONFIG "mbox_write_locks = dotlock\nmbox_lock_timeout = 1s\n");
	must_save("INBOX", "A: b\n\nx\n", &s);
	/* of nobody we know: it holds */
	put("/mail/inbox.lock", "0");
	ck_assert_int_eq(try_save("INBOX", "x", &s), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "Timeout"));
	/* ... as long as it or the mailbox is young */
	age("/mail/inbox.lock", 1000);
	ck_assert_int_eq(try_save("INBOX", "x", &s), -1);
	age("/mail/inbox", 1000);
	must_save("INBOX", "A: b\n\nx\n", &s);
	/* of a process of this host that is no more */
	pid = fork();
	if (pid == 0)
		_exit(0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	{
		char host[256];

		gethostname(host, sizeof(host));
		put("/mail/inbox.lock", pool_printf(pool, "%d:%s", pid,
						    host));
		must_save("INBOX", "A: b\n\nx\n", &s);
		/* of one that lives */
		put("/mail/inbox.lock", pool_printf(pool, "%d:%s", getppid(),
						    host));
		ck_assert_int_eq(try_save("INBOX", "x", &s), -1);
		/* of another host */
		put("/mail/inbox.lock", pool_printf(pool, "%d:x%s", pid,
						    host));
		ck_assert_int_eq(try_save("INBOX", "x", &s), -1);
	}
	teardown();
}
END_TEST

START_TEST(dotlock_try)
{
	struct save s = { .err = NULL };
	const char *dir;

	/* root may write everywhere */
	if (geteuid() == 0 && (setegid(65534) < 0 || seteuid(65534) < 0))
		return;
	setup("mail_location = mbox:~/mail:INBOX=~/spool/u\n"
	      "mbox_write_locks = dotlock_try fcntl\n");
	dir = path_of("/spool");
	ck_assert_int_eq(mkdir(dir, 0700), 0);
	put("/spool/u", "");
	ck_assert_int_eq(chmod(dir, 0500), 0);
	must_save("INBOX", "A: b\n\nx\n", &s);
	ck_assert_int_eq(chmod(dir, 0700), 0);
	teardown();
	setup("mail_location = mbox:~/mail:INBOX=~/spool/u\n");
	dir = path_of("/spool");
	ck_assert_int_eq(mkdir(dir, 0700), 0);
	put("/spool/u", "");
	ck_assert_int_eq(chmod(dir, 0500), 0);
	ck_assert_int_eq(try_save("INBOX", "x", &s), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "mail_privileged_group"));
	ck_assert_uint_eq(stat_of("/spool/u").st_size, 0);
	ck_assert_int_eq(chmod(dir, 0700), 0);
	teardown();
	/* at exit the leak checker wants to look into its own process */
	if (getuid() == 0) {
		ck_assert_int_eq(seteuid(0), 0);
		ck_assert_int_eq(setegid(0), 0);
	}
}
END_TEST

START_TEST(links_of_others)
{
	struct save s = { .err = NULL };

	setup("mail_location = mbox:~/mail:INBOX=~/spool\n");
	put("/target", "");
	ck_assert_int_eq(symlink("target", path_of("/spool")), 0);
	must_save("INBOX", "A: b\n\nx\n", &s);
	if (geteuid() == 0) {
		uint64_t size = (uint64_t)stat_of("/target").st_size;

		ck_assert_int_eq(lchown(path_of("/spool"), 4711, 4711), 0);
		ck_assert_int_eq(try_save("INBOX", "x", &s), -1);
		ck_assert_uint_eq(stat_of("/target").st_size, size);
	}
	teardown();
}
END_TEST

enum { WRITERS = 6, EACH = 25 };

static void
write_many(int number)
{
	for (int i = 0; i < EACH; i++) {
		struct save s = { .err = NULL };
		const char *text = pool_printf(pool, "N: %d.%d\n\n%0*d\n",
					       number, i, 1 + i * 37, 0);

		if (try_save("INBOX", text, &s) < 0)
			_exit(1);
		if (i % 5 == 4 && save_undo(&s, &err) == 0 &&
		    try_save("INBOX", text, &s) < 0)
			_exit(1);
	}
	_exit(0);
}

static void
many_writers_with(const char *locks)
{
	char config[200];
	struct mailbox_usage u;
	pid_t pids[WRITERS];

	snprintf(config, sizeof(config), CONFIG "mail_fsync = never\n"
		 "mbox_write_locks = %s\n", locks);
	setup(config);
	for (int i = 0; i < WRITERS; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			write_many(i);
	}
	for (int i = 0; i < WRITERS; i++) {
		int status;

		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_int_eq(mailbox_usage(box_of(storage_of(""), "INBOX"), false,
				       &u, &err), 0);
	ck_assert_uint_eq(u.messages, WRITERS * EACH);
	teardown();
}

START_TEST(many_writers)
{
	static const char *const locks[] = {
		"fcntl dotlock", "dotlock", "flock", "fcntl",
	};

	for (size_t i = 0; i < sizeof(locks) / sizeof(*locks); i++)
		many_writers_with(locks[i]);
}
END_TEST

START_TEST(replaced_while_waiting)
{
	struct save s = { .err = NULL };
	pid_t holder, pid;
	int status;

	setup(CONFIG "mbox_write_locks = fcntl\n");
	must_save("INBOX", "A: b\n\nx\n", &s);
	holder = hold("/mail/inbox", true);
	pid = fork();
	if (pid == 0)
		_exit(try_save("INBOX", "A: late\n\nx\n", &s) == 0 ? 0 : 1);
	/* a reader writes its mailbox anew, as python's mailbox does */
	put("/mail/other", "From y  Sat Jan  3 04:05:06 1970\nB: c\n\ny\n\n");
	ck_assert_int_eq(rename(path_of("/mail/other"),
				path_of("/mail/inbox")), 0);
	let_go(holder);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert(str_begins(get("/mail/inbox"), "From y"));
	ck_assert_ptr_nonnull(strstr(get("/mail/inbox"), "A: late"));
	teardown();
}
END_TEST

UNIT_MAIN("storage-mbox", message_text, from_line, inbox_is_made, tails, folders,
	  names, listed_and_counted, failure_leaves_nothing,
	  undo_only_what_is_last, kernel_locks, bad_lock_method, dotlocks,
	  dotlock_try, links_of_others, many_writers, replaced_while_waiting);
