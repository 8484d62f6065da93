/* Deliveries of one message to many: sharing, uids, failures of one alone. */
#include "tests/unit/unit.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "conf/conf.h"
#include "conf/scope.h"
#include "conf/vars.h"
#include "core/pool.h"
#include "core/str.h"
#include "deliver/deliver-settings.h"
#include "deliver/deliver.h"
#include "io/spool.h"
#include "mail/message.h"
#include "user/user.h"

static char home[64];
static struct pool *pool;
static struct conf *conf;
static struct spool *spool;
static struct message *message;
static struct deliver_batch *batch;
static struct str logged;
static const char *fail_dir;	/* fsync() of what lies below fails */
static unsigned fsyncs;

/* In place of libc's: counts, and fails where it is told to. */
int
fsync(int fd)
{
	char link[64], path[512];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	fsyncs++;
	if (len > 0 && fail_dir != NULL) {
		path[len] = '\0';
		if (str_begins(path, fail_dir)) {
			errno = EIO;
			return -1;
		}
	}
	return (int)syscall(SYS_fsync, fd);
}

static void
log_to_string(enum log_level level, const char *line, size_t len)
{
	str_append_n(&logged, line, len);
	str_append_c(&logged, '\n');
}

static void
setup(const char *config)
{
	struct str errors = STR_INIT, warnings = STR_INIT;
	struct scope scope = { .protocol = "lmtp" };
	struct err err;
	FILE *f;

	strcpy(home, "/tmp/loft-unit.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(home));
	ck_assert_int_eq(chmod(home, 0755), 0);
	pool = pool_new();
	f = fopen(pool_printf(pool, "%s/conf", home), "w");
	fprintf(f, "mail_location = maildir:~/M\n%s", config);
	fclose(f);
	if (conf_load(pool_printf(pool, "%s/conf", home), &conf, &errors,
		      &warnings) < 0)
		ck_abort_msg("%s", str_c(&errors));
	str_free(&errors);
	str_free(&warnings);
	batch = deliver_batch_new(conf, &scope, &err);
	ck_assert_ptr_nonnull(batch);
	spool = spool_new(home);
	ck_assert_int_eq(spool_write(spool, "Message-ID: <1@t>\r\n\r\nx", 22,
				     &err), 0);
	ck_assert_int_eq(spool_finish(spool, &err), 0);
	message = message_open(spool, pool);
	log_set_sink(log_to_string);
	fail_dir = NULL;
	fsyncs = 0;
}

static void
teardown(void)
{
	char command[128];

	deliver_batch_free(&batch);
	spool_free(&spool);
	conf_free(&conf);
	pool_free(&pool);
	str_free(&logged);
	snprintf(command, sizeof(command), "rm -rf %s", home);
	ck_assert_int_eq(system(command), 0);
}

static struct user *
user_of(const char *name, uid_t uid)
{
	struct user *user = pool_new_obj(pool, struct user);
	gid_t *groups = pool_new_obj(pool, gid_t);

	user->name = name;
	user->uid = uid;
	user->gid = *groups = uid == geteuid() ? getegid() : (gid_t)uid;
	user->groups = groups;
	user->group_count = 1;
	user->home = pool_printf(pool, "%s/%s", home, name);
	user->vars = vars_user(name, user->home, pool);
	ck_assert(mkdir(user->home, 0700) == 0 || errno == EEXIST);
	if (uid != geteuid())
		ck_assert_int_eq(chown(user->home, uid, uid), 0);
	return user;
}

static struct delivery *
delivery_of(struct user *user, const char *mailbox)
{
	struct delivery *d = pool_new_obj(pool, struct delivery);

	*d = (struct delivery){
		.user = user, .message = message, .headers = "H: 1\n",
		.mailbox = mailbox, .sender = "s@x", .rcpt = user->name,
		.session_id = "SID",
		.log.prefix = pool_printf(pool, "%s: ", user->name),
	};
	return d;
}

/* Not as root: it can't deliver to itself. */
static uid_t
any_uid(void)
{
	return geteuid() != 0 ? geteuid() : 20001;
}

static unsigned
count_files(const char *user, const char *dir)
{
	DIR *d = opendir(pool_printf(pool, "%s/%s/M/%s", home, user, dir));
	unsigned count = 0;

	if (d == NULL)
		return 0;
	for (struct dirent *e; (e = readdir(d)) != NULL; )
		count += *e->d_name != '.';
	closedir(d);
	return count;
}

START_TEST(one)
{
	struct delivery *d;

	setup("");
	d = delivery_of(user_of("alice", any_uid()), "INBOX");
	deliver_add(batch, d);
	deliver_commit(batch);
	ck_assert_msg(d->stored, "%s", d->err.text);
	ck_assert_str_eq(d->mailbox_saved, "INBOX");
	ck_assert_str_eq(str_c(&logged),
			 "alice: Info: msgid=<1@t>: saved mail to INBOX\n");
	ck_assert_uint_eq(count_files("alice", "new"), 1);
	/* From the second one on: new/ alone. */
	fsyncs = 0;
	deliver_add(batch, d);
	deliver_commit(batch);
	ck_assert_uint_eq(fsyncs, 1);
	teardown();
}
END_TEST

START_TEST(folders)
{
	struct delivery *d, *e;
	struct user *user;

	setup("namespace inbox {\n  inbox = yes\n  prefix = INBOX.\n"
	      "  mailbox Auto {\n    auto = create\n  }\n}\n");
	user = user_of("alice", any_uid());
	d = delivery_of(user, "Sub");
	d->mailbox_is_detail = true;
	e = delivery_of(user, "Auto");
	e->mailbox_is_detail = true;
	deliver_add(batch, d);
	deliver_add(batch, e);
	deliver_commit(batch);
	ck_assert(d->stored && e->stored);
	ck_assert_str_eq(d->mailbox_saved, "INBOX");
	ck_assert_str_eq(e->mailbox_saved, "INBOX.Auto");
	ck_assert_str_eq(str_c(&logged),
		"alice: Info: msgid=<1@t>: save failed to open mailbox "
		"INBOX.Sub: Mailbox doesn't exist: INBOX.Sub\n"
		"alice: Info: msgid=<1@t>: saved mail to INBOX\n"
		"alice: Info: msgid=<1@t>: saved mail to INBOX.Auto\n");
	ck_assert_uint_eq(count_files("alice", ".Auto/new"), 1);
	teardown();
}
END_TEST

START_TEST(overrides)
{
	static const char *const fields[] = {
		"mail_location=maildir:~/M/other", "quota_rule=x",
		"lda_mailbox_autocreate=yes", NULL
	};
	struct delivery *d;
	struct user *user;

	setup("");
	user = user_of("alice", any_uid());
	user->overrides = fields;
	d = delivery_of(user, "Sub");
	deliver_add(batch, d);
	deliver_commit(batch);
	ck_assert_msg(d->stored, "%s", d->err.text);
	ck_assert_uint_eq(count_files("alice", "other/.Sub/new"), 1);
	teardown();
}
END_TEST

START_TEST(failed_sync_costs_one_recipient)
{
	struct delivery *d[3];

	setup("");
	for (int i = 0; i < 3; i++)
		d[i] = delivery_of(user_of(pool_printf(pool, "u%d", i),
					   any_uid()), "INBOX");
	for (int i = 0; i < 3; i++)
		deliver_add(batch, d[i]);
	fail_dir = pool_printf(pool, "%s/u1/M/new", home);
	deliver_commit(batch);
	ck_assert(d[0]->stored && !d[1]->stored && d[2]->stored);
	ck_assert_int_eq(d[1]->err.kind, ERR_TEMP);
	ck_assert_ptr_nonnull(strstr(d[1]->err.text, "Input/output error"));
	ck_assert_uint_eq(count_files("u0", "new"), 1);
	ck_assert_uint_eq(count_files("u1", "new"), 0);
	ck_assert_uint_eq(count_files("u2", "new"), 1);
	ck_assert_ptr_nonnull(strstr(str_c(&logged), "u1: Error: msgid=<1@t>: "
				     "save failed to INBOX: fsync("));
	ck_assert_ptr_nonnull(strstr(str_c(&logged), "u2: Info: msgid=<1@t>: "
				     "saved mail to INBOX"));
	teardown();
}
END_TEST

/* What a user's maildirsize adds up to. */
static void
expect_quota(const char *user, unsigned long long messages)
{
	FILE *f = fopen(pool_printf(pool, "%s/%s/M/maildirsize", home, user),
			"r");
	long long bytes = 0, count = 0, b, n;
	char line[64];

	ck_assert_ptr_nonnull(f);
	ck_assert_ptr_nonnull(fgets(line, sizeof(line), f));
	ck_assert_str_eq(line, "1048576S,3C\n");
	while (fgets(line, sizeof(line), f) != NULL) {
		ck_assert_int_eq(sscanf(line, "%lld %lld", &b, &n), 2);
		bytes += b;
		count += n;
	}
	(void)fclose(f);
	ck_assert_int_eq(count, messages);
	ck_assert_int_eq(bytes != 0, messages != 0);
}

START_TEST(quota_counts_what_is_stored)
{
	struct delivery *d[6];

	setup("mail_plugins = quota\nplugin {\n quota = maildir:Q\n"
	      " quota_rule = *:storage=1M:messages=3\n}\n");
	for (int i = 0; i < 6; i++)
		d[i] = delivery_of(user_of(pool_printf(pool, "u%d", i < 2 ?
						       i : 2), any_uid()),
				   "INBOX");
	d[5]->ignore_quota = true;
	for (int i = 0; i < 6; i++)
		deliver_add(batch, d[i]);
	fail_dir = pool_printf(pool, "%s/u1/M/new", home);
	deliver_commit(batch);
	ck_assert(d[0]->stored && !d[1]->stored && d[2]->stored &&
		  d[3]->stored && d[4]->stored && d[5]->stored);
	expect_quota("u0", 1);
	expect_quota("u1", 0);
	expect_quota("u2", 4);
	fail_dir = NULL;
	d[0] = delivery_of(user_of("u2", any_uid()), "INBOX");
	deliver_add(batch, d[0]);
	deliver_commit(batch);
	ck_assert(!d[0]->stored);
	ck_assert_int_eq(d[0]->err.kind, ERR_QUOTA);
	ck_assert_str_eq(d[0]->err.text,
			 "Quota exceeded (mailbox for user is full)");
	expect_quota("u2", 4);
	teardown();
}
END_TEST

START_TEST(many_share_one_file)
{
	enum { MANY = 300 };
	struct delivery *d[MANY];

	setup("");
	for (int i = 0; i < MANY; i++)
		d[i] = delivery_of(user_of(pool_printf(pool, "u%d", i % 200),
					   any_uid()), "INBOX");
	for (int i = 0; i < MANY; i++)
		deliver_add(batch, d[i]);
	deliver_commit(batch);
	for (int i = 0; i < MANY; i++)
		ck_assert_msg(d[i]->stored, "%d: %s", i, d[i]->err.text);
	ck_assert_uint_eq(count_files("u0", "new"), 2);
	ck_assert_uint_eq(count_files("u199", "new"), 1);
	ck_assert_uint_eq(count_files("u0", "tmp"), 0);
	teardown();
}
END_TEST

static struct delivery *placed_for;

static int
place(void *ctx, uint64_t *base_r)
{
	return deliver_open_unnamed(ctx, placed_for, base_r);
}

static const struct spool_places in_place = { place, NULL };

/* A large message is received into the mailbox, behind its headers. */
START_TEST(large_is_not_copied)
{
	struct stat before, after;
	struct delivery *d;
	struct user *user;
	struct err err;
	char block[4096];

	setup("");
	user = user_of("alice", any_uid());
	d = delivery_of(user, "INBOX");
	deliver_add(batch, d);		/* makes the Maildir */
	deliver_commit(batch);
	memset(block, 'x', sizeof(block));
	placed_for = d;
	spool_reset(spool);
	spool_set_places(spool, &in_place, batch);
	ck_assert_int_eq(spool_write(spool, "Message-ID: <2@t>\n\n", 19,
				     &err), 0);
	for (int i = 0; i < 64; i++)
		ck_assert_int_eq(spool_write(spool, block, sizeof(block),
					     &err), 0);
	ck_assert_int_eq(spool_finish(spool, &err), 0);
	ck_assert(spool_is_placed(spool));
	ck_assert_uint_eq(spool_base(spool), strlen("H: 1\n"));
	message = d->message = message_open(spool, pool);
	ck_assert_str_eq(message_id(message), "<2@t>");
	ck_assert_int_eq(fstat(spool_fd(spool), &before), 0);
	ck_assert_uint_eq(before.st_nlink, 0);
	ck_assert_uint_eq(before.st_uid, user->uid);
	deliver_add(batch, d);
	deliver_commit(batch);
	ck_assert_msg(d->stored, "%s", d->err.text);
	ck_assert_int_eq(fstat(spool_fd(spool), &after), 0);
	ck_assert_uint_eq(after.st_nlink, 1);
	ck_assert_uint_eq((size_t)after.st_size, 5 + 19 + 64 * 4096);
	ck_assert_uint_eq(count_files("alice", "new"), 2);
	/* The next message has nothing to do with it. */
	spool_reset(spool);
	ck_assert(!spool_is_placed(spool));
	teardown();
}
END_TEST

/* `count` fields, then the rest of a message. */
static void
message_with(const char *field, unsigned count)
{
	struct err err;

	spool_reset(spool);
	for (unsigned i = 0; i < count; i++)
		ck_assert_int_eq(spool_write(spool, field, strlen(field),
					     &err), 0);
	ck_assert_int_eq(spool_write(spool, "Message-ID: <1@t>\n\n", 19,
				     &err), 0);
	ck_assert_int_eq(spool_finish(spool, &err), 0);
	message = message_open(spool, pool);
}

static enum err_kind
loop_kind(const char *field, unsigned count, const char *orig_rcpt)
{
	struct delivery *d;

	message_with(field, count);
	d = delivery_of(user_of("alice", any_uid()), "INBOX");
	d->orig_rcpt = orig_rcpt;
	str_reset(&logged);
	deliver_add(batch, d);
	deliver_commit(batch);
	ck_assert_int_eq(deliver_settings_of(d)->deliver_max_received, 100);
	if (d->stored)
		return ERR_TEMP;
	deliver_log_more(d, LOG_LEVEL_INFO, "more");
	ck_assert_ptr_nonnull(strstr(str_c(&logged), "msgid=<1@t>: more\n"));
	return d->err.kind;
}

START_TEST(loops)
{
	setup("");
	ck_assert_int_eq(loop_kind("Delivered-To: alice\n", 10, NULL),
			 ERR_TEMP);
	ck_assert_int_eq(loop_kind("Delivered-To: alice\n", 11, NULL),
			 ERR_LOOP);
	ck_assert_str_eq(str_c(&logged), "alice: Info: msgid=<1@t>: Mail "
			 "loop: more than 10 Delivered-To fields with this "
			 "recipient\nalice: Info: msgid=<1@t>: more\n");
	ck_assert_int_eq(loop_kind("delivered-to: \n  ALICE \n", 11, "x@y"),
			 ERR_LOOP);
	ck_assert_int_eq(loop_kind("Delivered-To: x@y\n", 11, "x@y"),
			 ERR_LOOP);
	ck_assert_int_eq(loop_kind("Delivered-To: bob\n", 99, NULL),
			 ERR_TEMP);
	ck_assert_int_eq(loop_kind("Received: x\n", 100, NULL), ERR_TEMP);
	ck_assert_int_eq(loop_kind("Received: x\n", 101, NULL), ERR_LOOP);
	ck_assert_uint_eq(count_files("alice", "new"), 3);
	teardown();
}
END_TEST

START_TEST(loops_not_looked_for)
{
	setup("deliver_max_delivered_to = 0\n");
	ck_assert_int_eq(loop_kind("Delivered-To: alice\n", 500, NULL),
			 ERR_TEMP);
	teardown();
}
END_TEST

START_TEST(foreign_uid_without_root)
{
	struct delivery *d;
	struct user *user;

	if (geteuid() == 0)
		return;
	setup("");
	user = user_of("alice", geteuid());
	user->uid++;
	d = delivery_of(user, "INBOX");
	deliver_add(batch, d);
	deliver_commit(batch);
	ck_assert(!d->stored);
	ck_assert_int_eq(d->err.kind, ERR_TEMP);
	ck_assert_ptr_nonnull(strstr(str_c(&logged), "delivery failed: "
				     "seteuid("));
	teardown();
}
END_TEST

START_TEST(many_uids_as_root)
{
	struct delivery *d[6];

	if (geteuid() != 0)
		return;
	setup("");
	for (int i = 0; i < 6; i++) {
		const char *name = pool_printf(pool, "u%d", i);

		d[i] = delivery_of(user_of(name, 20001 + (uid_t)i / 2),
				   "INBOX");
	}
	for (int i = 0; i < 6; i++)
		deliver_add(batch, d[i]);
	fail_dir = pool_printf(pool, "%s/u3/M/new", home);
	deliver_commit(batch);
	ck_assert_uint_eq(geteuid(), 0);
	ck_assert_uint_eq(getegid(), 0);
	for (int i = 0; i < 6; i++) {
		const char *name = pool_printf(pool, "u%d", i);
		struct stat st;

		ck_assert(d[i]->stored == (i != 3));
		ck_assert_uint_eq(count_files(name, "new"), i != 3);
		ck_assert_int_eq(stat(pool_printf(pool, "%s/%s/M/new", home,
						  name), &st), 0);
		ck_assert_uint_eq(st.st_uid, 20001 + (uid_t)i / 2);
		ck_assert_uint_eq(st.st_gid, 20001 + (gid_t)i / 2);
	}
	/* root itself gets no mail */
	d[0] = delivery_of(user_of("root", 0), "INBOX");
	deliver_add(batch, d[0]);
	deliver_commit(batch);
	ck_assert(!d[0]->stored);
	teardown();
}
END_TEST

START_TEST(log_prefix)
{
	struct user *user;

	setup("");
	user = user_of("alice", any_uid());
	ck_assert_str_eq(deliver_log_prefix(batch, user, "SID", pool),
			 pool_printf(pool, "lmtp(alice)<%ld><SID>: ",
				     (long)getpid()));
	teardown();
}
END_TEST

UNIT_MAIN("deliver-deliver", one, folders, overrides,
	  failed_sync_costs_one_recipient, quota_counts_what_is_stored,
	  many_share_one_file,
	  large_is_not_copied, loops, loops_not_looked_for,
	  foreign_uid_without_root, many_uids_as_root, log_prefix);
