/* What loft-lda does with what was refused: mail, status, or later. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "conf/conf.h"
#include "conf/scope.h"
#include "conf/vars.h"
#include "core/log.h"
#include "core/pool.h"
#include "core/str.h"
#include "deliver/deliver.h"
#include "io/spool.h"
#include "lda/refuse.h"
#include "mail/message.h"
#include "user/user.h"

static char home[64];
static struct pool *pool;
static struct conf *conf;
static struct spool *spool;
static struct deliver_batch *batch;
static struct delivery d;
static struct str logged;
static const char *reply_to;

static void
log_to_string(enum log_level level, const char *line, size_t len)
{
	str_append_n(&logged, line, len);
	str_append_c(&logged, '\n');
}

static struct user *
user_new(void)
{
	struct user *user = pool_new_obj(pool, struct user);
	gid_t *groups = pool_new_obj(pool, gid_t);

	user->name = "alice";
	user->uid = geteuid();
	user->gid = *groups = getegid();
	user->groups = groups;
	user->group_count = 1;
	user->home = home;
	user->vars = vars_user("alice", home, pool);
	return user;
}

static void
load(const char *settings)
{
	struct str errors = STR_INIT, warnings = STR_INIT;
	struct scope scope = { .protocol = "lda" };
	const char *path = pool_printf(pool, "%s/conf", home);
	struct err err;
	FILE *f = fopen(path, "w");

	fprintf(f, "mail_location = maildir:~/M\nhostname = h\n"
		"sendmail_path = %s/sendmail\n%s", home, settings);
	fclose(f);
	if (conf_load(path, &conf, &errors, &warnings) < 0)
		ck_abort_msg("%s", str_c(&errors));
	str_free(&errors);
	str_free(&warnings);
	batch = deliver_batch_new(conf, &scope, &err);
	ck_assert_ptr_nonnull(batch);
}

static void
write_sendmail(int status)
{
	const char *path = pool_printf(pool, "%s/sendmail", home);
	FILE *f;

	(void)unlink(path);	/* it may be root's */
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);

	fprintf(f, "#!/bin/sh\ncat >>%s/mails; exit %d\n", home, status);
	fclose(f);
	ck_assert_int_eq(chmod(path, 0755), 0);
}

/* A delivery that fails: the message names its recipient too often. */
static void
setup(const char *settings)
{
	static const char field[] = "Delivered-To: alice@x\n";
	struct err err;

	strcpy(home, "/tmp/loft-unit.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(home));
	ck_assert_int_eq(chmod(home, 0777), 0);
	pool = pool_new();
	load(settings);
	write_sendmail(0);
	spool = spool_new(home);
	for (int i = 0; i < 11; i++)
		ck_assert_int_eq(spool_write(spool, field, strlen(field),
					     &err), 0);
	ck_assert_int_eq(spool_write(spool, "Message-ID: <1@t>\n", 18, &err),
			 0);
	ck_assert_int_eq(spool_finish(spool, &err), 0);
	d = (struct delivery){
		.user = user_new(), .message = message_open(spool, pool),
		.headers = "", .mailbox = "INBOX", .sender = "s@x",
		.rcpt = "alice@x", .session_id = "SID", .log.prefix = "",
	};
	log_set_sink(log_to_string);
	deliver_add(batch, &d);
	deliver_commit(batch);
	ck_assert(!d.stored);
	ck_assert_int_eq(d.err.kind, ERR_LOOP);
	/* who sends mail must not be root */
	if (geteuid() == 0)
		ck_assert_int_eq(seteuid(65534), 0);
	str_reset(&logged);
	reply_to = "s@x";
}

static void
teardown(void)
{
	char command[128];

	if (getuid() == 0)
		ck_assert_int_eq(seteuid(0), 0);
	deliver_batch_free(&batch);
	spool_free(&spool);
	conf_free(&conf);
	pool_free(&pool);
	str_free(&logged);
	snprintf(command, sizeof(command), "rm -rf %s", home);
	ck_assert_int_eq(system(command), 0);
}

static int
refuse_as(enum err_kind kind, bool with_status)
{
	d.err.kind = kind;
	strcpy(d.err.text, "No");
	ck_assert(refuse_is_due(&d));
	return refuse(&d, reply_to, with_status, pool);
}

/* How many mails have that line. */
static unsigned
mails(const char *line)
{
	FILE *f = fopen(pool_printf(pool, "%s/mails", home), "r");
	unsigned count = 0;
	char buf[1024];

	if (f == NULL)
		return 0;
	while (fgets(buf, sizeof(buf), f) != NULL)
		count += strcmp(buf, line) == 0;
	fclose(f);
	return count;
}

START_TEST(what_is_due)
{
	static const enum err_kind later[] = {
		ERR_TEMP, ERR_NOUSER, ERR_NOTFOUND, ERR_CONFIG, ERR_PROTO,
		ERR_USAGE,
	};

	for (size_t i = 0; i < sizeof(later) / sizeof(*later); i++) {
		d.err.kind = later[i];
		ck_assert(!refuse_is_due(&d));
	}
}
END_TEST

START_TEST(codes)
{
	static const struct { enum err_kind kind; const char *line; } kinds[] =
	{
		{ ERR_QUOTA, "Status: 5.2.2\n" },
		{ ERR_TOOBIG, "Status: 5.2.3\n" },
		{ ERR_LOOP, "Status: 5.4.6\n" },
		{ ERR_PERM, "Status: 5.2.0\n" },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		setup("");
		ck_assert_int_eq(refuse_as(kinds[i].kind, false), EX_OK);
		ck_assert_uint_eq(mails(kinds[i].line), 1);
		ck_assert_str_eq(str_c(&logged),
				 "Info: msgid=<1@t>: rejected: No\n"
				 "Info: msgid=<1@t>: sent rejection message "
				 "to <s@x>\n");
		teardown();
	}
}
END_TEST

START_TEST(by_status)
{
	setup("");
	ck_assert_int_eq(refuse_as(ERR_QUOTA, true), EX_NOPERM);
	ck_assert_str_eq(str_c(&logged), "Info: msgid=<1@t>: rejected: No\n");
	ck_assert_uint_eq(mails("Status: 5.2.2\n"), 0);
	teardown();
}
END_TEST

START_TEST(later)
{
	setup("quota_full_tempfail = yes\n");
	ck_assert_int_eq(refuse_as(ERR_QUOTA, false), EX_TEMPFAIL);
	ck_assert_int_eq(refuse_as(ERR_QUOTA, true), EX_TEMPFAIL);
	ck_assert_str_eq(str_c(&logged), "");
	ck_assert_uint_eq(mails("Status: 5.2.2\n"), 0);
	ck_assert_int_eq(refuse_as(ERR_TOOBIG, false), EX_OK);
	ck_assert_uint_eq(mails("Status: 5.2.3\n"), 1);
	teardown();
}
END_TEST

START_TEST(once)
{
	setup("");
	write_sendmail(75);
	ck_assert_int_eq(refuse_as(ERR_QUOTA, false), EX_TEMPFAIL);
	/* a failure is no telling */
	write_sendmail(0);
	ck_assert_int_eq(refuse_as(ERR_QUOTA, false), EX_OK);
	ck_assert_uint_eq(mails("Status: 5.2.2\n"), 2);
	str_reset(&logged);
	ck_assert_int_eq(refuse_as(ERR_QUOTA, false), EX_OK);
	ck_assert_str_eq(str_c(&logged), "Info: msgid=<1@t>: rejected: No\n"
			 "Info: msgid=<1@t>: rejection message was sent to "
			 "<s@x> before\n");
	ck_assert_uint_eq(mails("Status: 5.2.2\n"), 2);
	/* another sender is another story */
	reply_to = "t@x";
	ck_assert_int_eq(refuse_as(ERR_QUOTA, false), EX_OK);
	ck_assert_uint_eq(mails("Status: 5.2.2\n"), 3);
	teardown();
}
END_TEST

UNIT_MAIN("lda-refuse", what_is_due, codes, by_status, later, once);
