/* Header fields of a message, in memory and in a file. */
#include "tests/unit/unit.h"

#include <string.h>

#include "core/err.h"
#include "core/pool.h"
#include "core/str.h"
#include "io/spool.h"
#include "mail/address.h"
#include "mail/date.h"
#include "mail/encoded-word.h"
#include "mail/message.h"
#include "mail/msgid.h"
#include "mail/trace.h"

static struct spool *
spool_of(const char *text, size_t len, bool file)
{
	struct spool *sp = spool_new("/tmp");
	char pad[4096];
	struct err err;

	memset(pad, 'x', sizeof(pad));
	ck_assert_int_eq(spool_write(sp, text, len, &err), 0);
	for (int i = 0; i < 64 && file; i++)
		ck_assert_int_eq(spool_write(sp, pad, sizeof(pad), &err), 0);
	ck_assert_int_eq(spool_finish(sp, &err), 0);
	ck_assert(file == (spool_fd(sp) >= 0));
	return sp;
}

static const struct {
	const char *text, *name, *value;
} cases[] = {
	{ "Subject: x\n\nbody", "subject", "x" },
	{ "SUBJECT:x\r\n\r\nSubject: body", "Subject", "x" },
	{ "A: 1\nA: 2\n\n", "A", "1" },
	{ "A: one\n  two\n\tthree \n\n", "a", "one  two\tthree" },
	{ "A: \n\n", "A", "" },
	{ "A:\nB: 2\n\n", "B", "2" },
	{ "A : spaced\n\n", "A", "spaced" },
	{ "From x@y Mon Jan  1 00:00:00 2026\nA: 1\n\n", "A", "1" },
	{ "no colon here\nA: 1\n\n", "A", "1" },
	{ " leading\nA: 1\n\n", "A", "1" },
	{ "A: 1\nno colon\n continued\nB: 2\n\n", "B", "2" },
	{ "\nA: 1\n", "A", NULL },
	{ "\r\nA: 1\n", "A", NULL },
	{ "A: 1\n\nB: 2\n", "B", NULL },
	{ "A: \rx\r\n\n", "A", "x" },
	{ "\rA: 1\nB: 2\n", "B", "2" },
	{ ": x\nB: 2\n", "B", "2" },
};

START_TEST(fields)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases) * 2; i++) {
		struct pool *pool = pool_new();
		struct spool *sp = spool_of(cases[i / 2].text,
					    strlen(cases[i / 2].text), i & 1);
		struct message *msg = message_open(sp, pool);
		const char *value = message_header(msg, cases[i / 2].name);

		ck_assert_msg(str_eq(value, cases[i / 2].value), "%s: %s",
			      cases[i / 2].text, value);
		ck_assert_ptr_eq(message_header(msg, cases[i / 2].name),
				 value);
		spool_free(&sp);
		pool_free(&pool);
	}
}
END_TEST

START_TEST(value_without_end)
{
	struct pool *pool = pool_new();
	struct spool *sp = spool_of("A: 1\nB: 2", 9, false);
	struct message *msg = message_open(sp, pool);

	ck_assert_str_eq(message_header(msg, "b"), "2");
	ck_assert_ptr_null(message_header(msg, ""));
	spool_free(&sp);
	sp = spool_of("A: \0x\0\n", 7, false);
	ck_assert_str_eq(message_header(message_open(sp, pool), "A"), "?x?");
	spool_free(&sp);
	pool_free(&pool);
}
END_TEST

START_TEST(fields_across_chunks)
{
	/* Names, colons and line ends at every place of a chunk's border. */
	for (size_t pad = 8192 - 24; pad < 8192 + 2; pad++) {
		struct pool *pool = pool_new();
		struct str text = STR_INIT;
		struct spool *sp;
		struct message *msg;

		str_append(&text, "X: ");
		while (text.len < pad)
			str_append_c(&text, 'x');
		str_append(&text, "\nName: value\n more\n\nBody: 1\n");
		sp = spool_of(text.data, text.len, true);
		msg = message_open(sp, pool);
		ck_assert_str_eq(message_header(msg, "name"), "value more");
		ck_assert_ptr_null(message_header(msg, "body"));
		spool_free(&sp);
		str_free(&text);
		pool_free(&pool);
	}
}
END_TEST

START_TEST(huge_header_is_bounded)
{
	struct pool *pool = pool_new();
	struct str text = STR_INIT;
	struct spool *sp;
	struct message *msg;

	str_append(&text, "Subject: first\nBig: ");
	for (int i = 0; i < 200000; i++)
		str_append(&text, "1234567890\n ");
	for (int i = 0; i < 200000; i++)
		str_printf(&text, "\nX-%d: y", i);
	str_append(&text, "\n\n");
	sp = spool_of(text.data, text.len, true);
	msg = message_open(sp, pool);
	ck_assert_str_eq(message_header(msg, "Subject"), "first");
	ck_assert_uint_le(strlen(message_header(msg, "big")), 1024 * 1024);
	ck_assert_str_eq(message_header(msg, "X-9000"), "y");
	ck_assert_ptr_null(message_header(msg, "X-20000"));
	spool_free(&sp);
	str_free(&text);
	pool_free(&pool);
}
END_TEST

START_TEST(message_ids)
{
	static const struct { const char *value, *id; } ids[] = {
		{ "<a@b>", "<a@b>" }, { "x <a@b> <c@d>", "<a@b>" },
		{ "<nothing> <c@d>", "<c@d>" }, { "a@b", NULL },
		{ "<a@b", NULL }, { "", NULL }, { "<\"a>b\"@c>", "<\"a>b\"@c>" },
	};
	struct pool *pool = pool_new();

	for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++)
		ck_assert_msg(str_eq(msgid_parse(ids[i].value, pool),
				     ids[i].id), "%s", ids[i].value);
	ck_assert_str_ne(msgid_new("h", pool), msgid_new("h", pool));
	ck_assert(str_ends(msgid_new("mx.example", pool), "@mx.example>"));
	pool_free(&pool);
}
END_TEST

START_TEST(encoded_words)
{
	static const struct { const char *value, *text; } words[] = {
		{ "plain", "plain" }, { "=?utf-8?q?h=C3=A9_x?= y", "h\xc3\xa9 x y" },
		{ "=?UTF-8?B?aMOp?=", "h\xc3\xa9" },
		{ "=?iso-8859-1?Q?h=E9?=", "h\xc3\xa9" },
		{ "=?utf-8*en?q?a?=  =?utf-8?q?b?= c", "ab c" },
		{ "=?koi8-r?q?=E9?=", "=?koi8-r?q?=E9?=" },
		{ "a =?utf-8?q?=ZZ?=", "a =?utf-8?q?=ZZ?=" },
		{ "=?utf-8?q?a?= =?x?q?b?=", "a =?x?q?b?=" },
		{ "=?", "=?" }, { "=?utf-8?q?open", "=?utf-8?q?open" },
		{ "=?utf-8?q?=C3?=", "\xc3" }, { "=?utf-8?b?", "=?utf-8?b?" },
		{ "=?utf-8?q?=4?=", "=?utf-8?q?=4?=" },
	};
	struct pool *pool = pool_new();

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		ck_assert_str_eq(encoded_words_decode(words[i].value, pool),
				 words[i].text);
	pool_free(&pool);
}
END_TEST

START_TEST(encoded_words_written)
{
	static const char *const texts[] = {
		"h\xc3\xa9", "\xc3\xa9", "\xe2\x82\xac" "12",
		"\xe2\x82\xac\xe2\x82\xac and a text that is longer than "
		"what a word can hold, with \xc3\xa4\xc3\xb6\xc3\xbc "
		"\xf0\x9f\x93\xac\xf0\x9f\x93\xac\xf0\x9f\x93\xac\xf0"
		"\x9f\x93\xac\xf0\x9f\x93\xac\xf0\x9f\x93\xac in it",
	};
	struct pool *pool = pool_new();

	ck_assert_str_eq(encoded_words_encode("plain =?x", pool),
			 "plain =?x");
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		const char *got = encoded_words_encode(texts[i], pool);
		char *one_line = pool_strdup(pool, got), *to = one_line;

		for (const char *p = got; *p != '\0'; p += strcspn(p, "\n"),
		     p += *p == '\n')
			ck_assert_uint_le(strcspn(p, "\n"), 76);
		for (const char *p = got; *p != '\0'; p++) {
			ck_assert_int_lt((unsigned char)*p, 0x80);
			if (*p != '\n')
				*to++ = *p;
		}
		*to = '\0';
		ck_assert_str_eq(encoded_words_decode(one_line, pool),
				 texts[i]);
	}
	pool_free(&pool);
}
END_TEST

START_TEST(same_name_again)
{
	struct pool *pool = pool_new();
	struct str text = STR_INIT;
	struct spool *sp;
	struct message *msg;
	const char *value;
	unsigned at = 0, count = 0;

	for (int i = 0; i < 300; i++)
		str_printf(&text, "%s: %d\n", i % 3 == 0 ? "A" : "List-B", i);
	str_append(&text, "\nA: body\n");
	sp = spool_of(text.data, text.len, false);
	msg = message_open(sp, pool);
	while (message_header_next(msg, "a", &at, &value)) {
		ck_assert_int_eq(atoi(value), 3 * (int)count);
		count++;
	}
	ck_assert_uint_eq(count, 100);
	ck_assert(!message_header_next(msg, "a", &at, NULL));
	ck_assert_str_eq(message_header(msg, "A"), "0");
	ck_assert(message_has_prefix(msg, "list-"));
	ck_assert(!message_has_prefix(msg, "list-b-"));
	spool_free(&sp);
	str_free(&text);
	pool_free(&pool);
}
END_TEST

START_TEST(addresses)
{
	static const struct { const char *value, *addr; } addrs[] = {
		{ "a@b", "a@b" }, { "A B <a@b>", "a@b" },
		{ "\"X, Y <z@q>\" <a@b>", "a@b" }, { "<a@b>, c@d", "a@b" },
		{ "group: a@b, c@d;", "a@b" }, { "empty:;, c@d", "c@d" },
		{ "a@b (comment (nested) )", "a@b" },
		{ "(c@d) a@b", "a@b" }, { "<@x,@y:a@b>", "a@b" },
		{ "\"a b\"@c", "a b@c" }, { "a . b @ c . d", "a.b@c.d" },
		{ "nobody", NULL }, { "", NULL }, { "<>", NULL },
		{ "nobody, a@b", "a@b" }, { "\"open", NULL },
		{ "(open", NULL }, { "a@[1.2.3.4]", "a@[1.2.3.4]" },
		{ "<a@b", "a@b" }, { "a@b> x", "a@bx" },
	};
	struct pool *pool = pool_new();

	for (size_t i = 0; i < sizeof(addrs) / sizeof(*addrs); i++) {
		const char *got = address_first(addrs[i].value, pool);

		ck_assert_msg(str_eq(got, addrs[i].addr), "%s: %s",
			      addrs[i].value, got);
	}
	pool_free(&pool);
}
END_TEST

START_TEST(dates)
{
	char buf[MAIL_DATE_MAX];

	setenv("TZ", "UTC0", 1);
	tzset();
	ck_assert_str_eq(mail_date(1795179175, buf),
			 "Fri, 20 Nov 2026 12:52:55 +0000");
	setenv("TZ", "XXX3:30", 1);
	tzset();
	ck_assert_str_eq(mail_date(1795179175, buf),
			 "Fri, 20 Nov 2026 09:22:55 -0330");
}
END_TEST

START_TEST(received)
{
	struct str out = STR_INIT;
	struct trace t = {
		.client = "mx", .client_ip = "127.0.0.1", .hostname = "h",
		.protocol = "LMTPS", .session_id = "sid", .sender = "",
		.recipient = "r@x", .tls = "TLSv1.3 with cipher X (256/256 "
		"bits)", .when = 1795179175
	};

	setenv("TZ", "UTC0", 1);
	tzset();
	header_received(&out, &t);
	ck_assert_str_eq(str_c(&out), "Received: from mx ([127.0.0.1])\n"
		"\t(using TLSv1.3 with cipher X (256/256 bits))\n"
		"\tby h with LMTPS\n\tid sid\n\t(envelope-from <>)\n"
		"\tfor <r@x>; Fri, 20 Nov 2026 12:52:55 +0000\n");
	str_reset(&out);
	t.recipient = t.tls = t.client_ip = NULL;
	t.protocol = "LMTP";
	header_received(&out, &t);
	ck_assert_str_eq(str_c(&out), "Received: from mx\n\tby h with LMTP\n"
		"\tid sid\n\t(envelope-from <>); "
		"Fri, 20 Nov 2026 12:52:55 +0000\n");
	str_free(&out);
}
END_TEST

UNIT_MAIN("mail-message", fields, value_without_end, fields_across_chunks,
	  huge_header_is_bounded, message_ids, encoded_words,
	  encoded_words_written, same_name_again, addresses,
	  dates, received);
