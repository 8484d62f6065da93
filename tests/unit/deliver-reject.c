/* Rejections: their text, to whom they go and to whom not, and failures. */
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/vars.h"
#include "core/err.h"
#include "core/log.h"
#include "core/pool.h"
#include "core/str.h"
#include "deliver/deliver-settings.h"
#include "deliver/reject.h"
#include "io/spool.h"
#include "mail/message.h"

static char dir[64];
static struct pool *pool;
static struct spool *spool;
static struct str logged;
static struct deliver_settings set;
static struct rejection r;
static const struct logctx ctx = { .prefix = "" };

static void
log_to_string(enum log_level level, const char *line, size_t len)
{
	str_append_n(&logged, line, len);
	str_append_c(&logged, '\n');
}

/* A program that keeps what it gets, and ends so. */
static void
write_sendmail(int status)
{
	char *path = pool_printf(pool, "%s/sendmail", dir);
	FILE *f;

	(void)unlink(path);	/* it may be another's */
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);

	fprintf(f, "#!/bin/sh\necho \"$@\" >%s/args\ncat >%s/mail\n"
		"echo some words\nexit %d\n", dir, dir, status);
	fclose(f);
	ck_assert_int_eq(chmod(path, 0755), 0);
	set.sendmail_path = path;
}

static void
setup(const char *header)
{
	struct err err;

	strcpy(dir, "/tmp/loft-unit.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	/* as root, the program runs as somebody else */
	ck_assert_int_eq(chmod(dir, 0777), 0);
	if (geteuid() == 0)
		ck_assert_int_eq(seteuid(65534), 0);
	pool = pool_new();
	log_set_sink(log_to_string);
	set = (struct deliver_settings){
		.hostname = "mx.test.example",
		.postmaster_address = "postmaster@%{if;%d;ne;;%d;%{hostname}}",
		.rejection_subject = "Rejected: %s",
		.rejection_reason = "Your message to <%t> was automatically "
			"rejected:%n%r",
		.submission_host = "", .submission_ssl = "no",
		.submission_timeout = 30,
	};
	write_sendmail(0);
	spool = spool_new(dir);
	ck_assert_int_eq(spool_write(spool, header, strlen(header), &err), 0);
	ck_assert_int_eq(spool_finish(spool, &err), 0);
	r = (struct rejection){
		.form = REJECTION_DELIVERY_STATUS, .set = &set,
		.vars = vars_user("alice", dir, pool),
		.message = message_open(spool, pool),
		.sender = "s@x.example", .rcpt = "alice@test.example",
		.reason = "No room", .status = "5.2.2",
	};
}

static void
teardown(void)
{
	char command[128];

	spool_free(&spool);
	pool_free(&pool);
	str_free(&logged);
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(0), 0);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

static int
send_it(void)
{
	struct err err;

	str_reset(&logged);
	return rejection_send(&r, pool, &ctx, &err);
}

static const char *
file(const char *name)
{
	char *text = pool_alloc(pool, 200000);
	FILE *f = fopen(pool_printf(pool, "%s/%s", dir, name), "r");

	if (f == NULL)
		return NULL;
	ck_assert_uint_gt(fread(text, 1, 199999, f), 0);
	fclose(f);
	return text;
}

static void
has(const char *text)
{
	const char *mail = file("mail");

	ck_assert_ptr_nonnull(mail);
	ck_assert_msg(strstr(mail, text) != NULL, "no '%s' in:\n%s", text,
		      mail);
}

START_TEST(delivery_status)
{
	setup("Subject: hi\nMessage-ID: <1@t>\nReferences: <0@t>\n"
	      "Content-Type: text/html;\n\tcharset=x\nX: a\n b\n\nsecret\n");
	ck_assert_int_eq(send_it(), 0);
	ck_assert_str_eq(str_c(&logged), "Info: msgid=<1@t>: sent rejection "
			 "message to <s@x.example>\n");
	ck_assert_str_eq(file("args"), "-i -f <> -- s@x.example\n");
	has("From: Postmaster <postmaster@mx.test.example>\n"
	    "To: <s@x.example>\nIn-Reply-To: <1@t>\nReferences: <0@t>\n <1@t>\n"
	    "MIME-Version: 1.0\nContent-Type: multipart/report; "
	    "report-type=delivery-status;\n\tboundary=\"");
	has("\nSubject: Rejected: hi\nAuto-Submitted: auto-replied (rejected)"
	    "\nPrecedence: bulk\n\n");
	has("\nContent-Type: text/plain; charset=utf-8\n"
	    "Content-Disposition: inline\n"
	    "Content-Transfer-Encoding: 8bit\n\nYour message to "
	    "<alice@test.example> was automatically rejected:\nNo room\n--");
	has("\nContent-Type: message/delivery-status\n\n"
	    "Reporting-MTA: dns; mx.test.example\n\n"
	    "Final-Recipient: rfc822; alice@test.example\n"
	    "Action: failed\nStatus: 5.2.2\n\n--");
	has("\nContent-Type: message/rfc822\n\nSubject: hi\n"
	    "Message-ID: <1@t>\nReferences: <0@t>\nX: a\n b\n\n\n--");
	ck_assert_ptr_null(strstr(file("mail"), "secret"));
	teardown();
}
END_TEST

START_TEST(disposition)
{
	setup("Message-ID: <1@t>\n\nx");
	r.form = REJECTION_DISPOSITION;
	r.reason = "first\r\nsecond \xc3\xa9";
	ck_assert_int_eq(send_it(), 0);
	has("report-type=disposition-notification;");
	has("\nReferences: <1@t>\n");
	has("rejected:\nfirst\nsecond \xc3\xa9\n--");
	has("\nContent-Type: message/disposition-notification\n\n"
	    "Reporting-UA: mx.test.example; Loft\n"
	    "Final-Recipient: rfc822; alice@test.example\n"
	    "Original-Message-ID: <1@t>\nDisposition: automatic-action/"
	    "MDN-sent-automatically; deleted\n\n--");
	ck_assert_ptr_null(strstr(file("mail"), "\r"));
	teardown();
}
END_TEST

START_TEST(variables)
{
	setup("Subject: =?utf-8?q?h=C3=A9?= x\n\n");
	set.rejection_subject = "%s|%t|%r|%n|%%";
	set.rejection_reason = "%{subject}%{to}%{reason}%{crlf}%x.";
	ck_assert_int_eq(send_it(), 0);
	has("\nSubject: =?utf-8?q?h=C3=A9?= x|alice@test.example|No room| |%\n");
	has("\n\n=?utf-8?q?h=C3=A9?= xalice@test.exampleNo room\n"
	    "UNSUPPORTED_VARIABLE_x.\n--");
	ck_assert_ptr_nonnull(strstr(str_c(&logged), "Error: Failed to expand "
				     "rejection_reason=%{subject}"));
	ck_assert_ptr_nonnull(strstr(str_c(&logged), "msgid=unspecified: sent "));
	teardown();
}
END_TEST

START_TEST(subjects)
{
	static const struct { const char *header, *line; } lines[] = {
		{ "A: 1\n\n", "Rejected: " },
		{ "Subject: a\n b\n\tc\n\n", "Rejected: a b c" },
		{ "Subject: \xc3\xa4\n\n",
		  "=?utf-8?B?UmVqZWN0ZWQ6IMOk?=" },
		{ "Subject: \xe4\x01\x7f\n\n", "Rejected: ???" },
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		setup(lines[i].header);
		ck_assert_int_eq(send_it(), 0);
		has(pool_printf(pool, "\nSubject: %s\n", lines[i].line));
		teardown();
	}
	setup("Subject: 1234567890 1234567890 1234567890 1234567890 "
	      "1234567890 1234567890 1234567890 1234567890\n\n");
	ck_assert_int_eq(send_it(), 0);
	has(" 1234567890 1234567890 ...\n");
	teardown();
}
END_TEST

START_TEST(odd_messages)
{
	static const struct { const char *text, *end; } odd[] = {
		{ "", "message/rfc822\n\n\n\n--" },
		{ "\nbody\n", "message/rfc822\n\n\n\n--" },
		{ "no header\nat all", "message/rfc822\n\nno header\n\n\n--" },
		{ "A: 1", "message/rfc822\n\n\n\n--" },
		{ "content-TYPE : x\nContent-Types: y\n\n",
		  "message/rfc822\n\nContent-Types: y\n\n\n--" },
	};

	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		setup(odd[i].text);
		ck_assert_int_eq(send_it(), 0);
		has(odd[i].end);
		teardown();
	}
}
END_TEST

START_TEST(nobody_is_told)
{
	static const struct { const char *header, *sender, *words; } none[] = {
		{ "A: 1\n\n", "", "Return-Path missing, rejection reason" },
		{ "Auto-Submitted: auto-replied\n\n", "a@b",
		  "Auto-submitted message discarded" },
		{ "List-Id: x\n\n", "a@b",
		  "Mailing list's message discarded" },
		{ "A: 1\n\n", "MAILER-DAEMON",
		  "Message from a program discarded" },
	};

	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++) {
		setup(none[i].header);
		r.sender = none[i].sender;
		ck_assert_int_eq(send_it(), 0);
		ck_assert_str_eq(str_c(&logged), pool_printf(pool, "Info: "
			"msgid=unspecified: %s: No room\n", none[i].words));
		ck_assert_ptr_null(file("args"));
		teardown();
	}
}
END_TEST

START_TEST(postmaster)
{
	static const struct { const char *set, *from; } masters[] = {
		{ "pm@x", "Postmaster <pm@x>" }, { "<pm@x>", "Postmaster <pm@x>" },
		{ "Me You <pm@x>", "\"Me You\" <pm@x>" },
		{ "\"Me, You\" <pm@x>", "\"Me, You\" <pm@x>" },
		{ "A \\ B <pm@%n>", "\"A \\\\ B\" <pm@alice>" },
		{ "", NULL }, { "pm", NULL }, { "a b c", NULL },
		{ "a@b%{nosuch}", NULL },
	};

	for (size_t i = 0; i < sizeof(masters) / sizeof(*masters); i++) {
		setup("Message-ID: <1@t>\n\n");
		set.postmaster_address = masters[i].set;
		if (masters[i].from != NULL) {
			ck_assert_int_eq(send_it(), 0);
			has(pool_printf(pool, "\nFrom: %s\n",
					masters[i].from));
		} else {
			ck_assert_int_eq(send_it(), -1);
			ck_assert_ptr_nonnull(strstr(str_c(&logged),
				"Error: msgid=<1@t>: Invalid "
				"postmaster_address - can't send rejection: "));
			ck_assert_ptr_null(file("args"));
		}
		teardown();
	}
}
END_TEST

START_TEST(failures)
{
	setup("Message-ID: <1@t>\n\n");
	write_sendmail(67);
	ck_assert_int_eq(send_it(), -1);
	ck_assert_ptr_nonnull(strstr(str_c(&logged), "Error: msgid=<1@t>: "
		"Temporarily failed to send rejection: "));
	ck_assert_ptr_nonnull(strstr(str_c(&logged), "some words"));
	set.sendmail_path = "/nonexistent";
	ck_assert_int_eq(send_it(), -1);
	set.submission_host = "127.0.0.1:1";
	ck_assert_int_eq(send_it(), -1);
	teardown();
}
END_TEST

UNIT_MAIN("deliver-reject", delivery_status, disposition, variables, subjects,
	  odd_messages, nobody_is_told, postmaster, failures);
