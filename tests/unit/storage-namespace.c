/* Namespaces: whose mailbox a name is, and which don't go together. */
#include "tests/unit/storage.h"

#include <stdlib.h>

#define INBOX_NS "mail_location = maildir:~/M\n" \
	"namespace inbox {\n inbox = yes\n separator = /\n}\n"

static struct storage_settings *
settings_of(void)
{
	return storage_settings_get(conf, &scope_global, NULL, pool, &err);
}

static int
open_alice(struct storage **st_r)
{
	struct storage_settings *set = settings_of();

	if (set == NULL)
		return -1;
	return storage_open(set, "alice", home, vars_user("alice", home, pool),
			    &log_process, pool, st_r, &err);
}

START_TEST(what_does_not_go_together)
{
	static const struct { const char *config, *error; } cases[] = {
		{ "mail_location = maildir:~/M\n"
		  "namespace b {\n prefix = B.\n}\n",
		  "inbox=yes namespace missing" },
		{ INBOX_NS "namespace b {\n prefix = B/\n inbox = yes\n}\n",
		  "only one namespace with inbox=yes" },
		{ INBOX_NS "namespace b {\n prefix = B/\n separator = .\n}\n",
		  "list=yes requires prefix=B/ to end with separator ." },
		{ INBOX_NS "namespace b {\n prefix = B.\n separator = .\n}\n",
		  "must use the same separator" },
		{ INBOX_NS "namespace b {\n prefix = B\n separator = /\n}\n",
		  "list=yes requires prefix=B to end with separator /" },
		{ INBOX_NS "namespace b {\n separator = /\n}\n",
		  "Duplicate namespace prefix: \"\"" },
		{ INBOX_NS "namespace b {\n prefix = b//\n"
		  " separator = //\n}\n", "must be only one character" },
		{ INBOX_NS "namespace b {\n prefix = b/\n separator = /\n"
		  " alias_for = c/\n}\n", "alias_for points to unknown" },
		{ INBOX_NS "namespace b {\n prefix = b/\n separator = /\n"
		  " location = foo:~/x\n}\n", "Unknown mail storage driver" },
	};
	static const char *const good[] = {
		INBOX_NS "namespace b {\n prefix = B.\n separator = .\n"
		" list = no\n}\n",
		INBOX_NS "namespace b {\n prefix = B\n separator = /\n"
		" list = children\n}\n",
		INBOX_NS "namespace b {\n separator = /\n disabled = yes\n}\n",
		INBOX_NS "namespace b {\n prefix = b/\n separator = /\n"
		" alias_for =\n hidden = yes\n list = no\n order = 3\n}\n",
		INBOX_NS "namespace b {\n prefix = b/\n separator = /\n"
		" location = foo:~/x\n ignore_on_failure = yes\n}\n",
	};
	struct storage *st;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		setup(cases[i].config);
		ck_assert_int_eq(open_alice(&st), -1);
		if (strstr(err.text, cases[i].error) == NULL)
			ck_abort_msg("%s: %s", cases[i].config, err.text);
		teardown();
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		setup(good[i]);
		if (open_alice(&st) < 0)
			ck_abort_msg("%s: %s", good[i], err.text);
		teardown();
	}
}
END_TEST

static void
no_mailbox(struct storage *st, const char *name)
{
	struct mailbox *box;

	ck_assert_msg(storage_mailbox(st, name, &box, &err) == -1, "%s", name);
	ck_assert_int_eq(err.kind, ERR_NOTFOUND);
}

START_TEST(mail_of_others)
{
	static const char *const none[] = {
		"shared", "shared/", "shared/bob", "shared/bob/X",
		"shared/alice/X", "Public", "Broken/x", "Broken",
	};
	struct mailbox **boxes;
	struct storage *st;
	struct spool *sp;

	setup(INBOX_NS
	      "namespace sh {\n type = shared\n prefix = shared/%%u/\n"
	      " separator = /\n location = maildir:%%h/M:INDEX=~/sh/%%u\n}\n"
	      "namespace pub {\n type = public\n prefix = Public/\n"
	      " separator = /\n location = maildir:~/P\n"
	      " subscriptions = no\n}\n"
	      "namespace br {\n prefix = Broken/\n separator = /\n"
	      " location = foo:~/x\n ignore_on_failure = yes\n}\n");
	ck_assert_int_eq(open_alice(&st), 0);
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
		no_mailbox(st, none[i]);
	sp = spool_of("x\n", 2);
	ck_assert_int_eq(mailbox_create(box_of(st, "Public/X"), &err), 0);
	save(box_of(st, "Public/X"), sp, "");
	ck_assert_uint_eq(count_files("/P/.X/new"), 1);
	/* its subscriptions are the user's own, whose INBOX isn't made yet */
	ck_assert_int_eq(mailbox_subscribe(box_of(st, "Public/X"), &err), 0);
	check_file(pool_printf(pool, "%s/M/subscriptions", home),
		   "V\t2\n\nPublic\tX\n", 14);
	/* and it isn't counted as his */
	ck_assert_int_eq(storage_list(st, &boxes, &err), 0);
	ck_assert_ptr_nonnull(boxes[0]);
	ck_assert_ptr_null(boxes[1]);
	ck_assert_int_eq(access(pool_printf(pool, "%s/%%h", home), F_OK), -1);
	save_batch_sync(batch);
	spool_free(&sp);
	teardown();
}
END_TEST

START_TEST(alias)
{
	struct mailbox **boxes;
	struct storage *st;
	struct spool *sp;

	setup(INBOX_NS "namespace al {\n prefix = Alias/\n separator = /\n"
	      " alias_for =\n hidden = yes\n list = no\n}\n");
	ck_assert_int_eq(open_alice(&st), 0);
	sp = spool_of("x\n", 2);
	ck_assert_int_eq(mailbox_create(box_of(st, "Alias/X"), &err), 0);
	save(box_of(st, "Alias/X"), sp, "");
	save(box_of(st, "X"), sp, "");
	save_batch_sync(batch);
	ck_assert_uint_eq(count_files("/M/.X/new"), 2);
	ck_assert_int_eq(storage_list(st, &boxes, &err), 0);
	ck_assert_str_eq(mailbox_name(boxes[1]), "X");
	ck_assert_ptr_null(boxes[2]);
	spool_free(&sp);
	teardown();
}
END_TEST

START_TEST(formats_side_by_side)
{
	struct storage *st;
	struct spool *sp;

	setup("mail_location = maildir:~/M\n"
	      "namespace inbox {\n inbox = yes\n prefix = INBOX/\n"
	      " separator = /\n mailbox Trash {\n  auto = subscribe\n"
	      "  special_use = \\Trash\n  autoexpunge = 30d\n }\n}\n"
	      "namespace arch {\n prefix = INBOX/Arch/\n separator = /\n"
	      " location = mbox:~/arch\n}\n");
	ck_assert_int_eq(open_alice(&st), 0);
	sp = spool_of("x\n", 2);
	ck_assert(mailbox_auto_create(box_of(st, "inbox/Trash")));
	ck_assert(mailbox_auto_subscribe(box_of(st, "INBOX/Trash")));
	ck_assert(!mailbox_auto_create(box_of(st, "INBOX/Other")));
	ck_assert_int_eq(mailbox_create(box_of(st, "INBOX/Arch/a/b"), &err),
			 0);
	save(box_of(st, "INBOX/Arch/a/b"), sp, "");
	save(box_of(st, "INBOX"), sp, "");
	save_batch_sync(batch);
	ck_assert_uint_gt(stat_of("/arch/a/b").st_size, 0);
	ck_assert_uint_eq(count_files("/M/new"), 1);
	no_mailbox(st, "Trash");
	no_mailbox(st, "INBOX/Arch");
	spool_free(&sp);
	teardown();
}
END_TEST

UNIT_MAIN("storage-namespace", what_does_not_go_together, mail_of_others,
	  alias, formats_side_by_side);
