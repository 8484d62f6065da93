/*
 * The transactions of loft-send: envelopes, with PIPELINING or in turn, and a
 * result for each recipient; see send.h. Recipients whom the server finds too
 * many go into a further transaction.
 */
#include <stdlib.h>
#include <string.h>

#include "core/err.h"
#include "core/pool.h"
#include "core/str.h"
#include "ctl/send.h"
#include "io/spool.h"
#include "smtp/utf8.h"

/* The recipients of one transaction. */
struct batch {
	struct send_rcpt **rcpts;
	unsigned count;
};

static void
set_result(struct send_rcpt *rcpt, unsigned code, const char *words)
{
	free(rcpt->words);
	rcpt->code = code;
	rcpt->words = mem_strdup(words);
}

/* What holds for all holds for those about whom nothing is known yet, or whose
   RCPT was accepted. */
static void
set_open_result(struct send_rcpt *rcpt, unsigned code, const char *words)
{
	if (rcpt->code == 0 ||
	    (rcpt->code / 100 == 2 && !rcpt->final))
		set_result(rcpt, code, words);
}

void
send_set_results(struct send *s, unsigned code, const char *words)
{
	for (unsigned i = 0; i < s->rcpt_count; i++)
		set_open_result(&s->rcpts[i], code, words);
}

static void
set_results(const struct batch *b, unsigned code, const char *words)
{
	for (unsigned i = 0; i < b->count; i++)
		set_open_result(b->rcpts[i], code, words);
}

static bool
needs_utf8(const struct send *s, const struct batch *b)
{
	for (unsigned i = 0; i < b->count; i++) {
		if (smtp_has_8bit(b->rcpts[i]->address))
			return true;
	}
	return smtp_has_8bit(s->opt.sender);
}

static int
send_mail(struct send *s, const struct batch *b, struct err *err)
{
	unsigned exts = s->client.exts;
	struct str params = STR_INIT;
	int result;

	if ((exts & SMTP_EXT_SIZE) != 0)
		str_printf(&params, " SIZE=%llu", (unsigned long long)
			   (spool_size(s->message) +
			    spool_lines(s->message)));
	if (s->message_8bit && (exts & SMTP_EXT_8BITMIME) != 0)
		str_append(&params, " BODY=8BITMIME");
	if (needs_utf8(s, b))
		str_append(&params, " SMTPUTF8");
	result = smtp_client_send(&s->client, err, "MAIL FROM:<%s>%s",
				  s->opt.sender, str_c(&params));
	str_free(&params);
	return result;
}

/* The reply to MAIL; 0 when it was refused, for everyone then. */
static int
read_mail_reply(struct send *s, const struct batch *b, struct err *err)
{
	struct smtp_client *c = &s->client;

	if (smtp_client_read(c, err) < 0)
		return -1;
	if (c->reply.code / 100 == 2)
		return 1;
	set_results(b, c->reply.code, smtp_client_reply_line(c));
	return 0;
}

static int
send_rcpt(struct send *s, const struct send_rcpt *rcpt, struct err *err)
{
	bool ignore = s->opt.ignore_quota &&
		(s->client.exts & SMTP_EXT_IGNOREQUOTA) != 0;

	return smtp_client_send(&s->client, err, "RCPT TO:<%s>%s",
				rcpt->address, ignore ? " IGNOREQUOTA" : "");
}

/* Is it the number of recipients, not this one, that the server minds? (RFC
   5321 section 4.5.3.1.10) Another 452 has an enhanced code of its own. */
static bool
too_many(unsigned code, const char *line)
{
	return code == 452 && (strncmp(line, "452 4.5.3", 9) == 0 ||
			       strncmp(line, "452 4.", 6) != 0);
}

static int
read_rcpt_reply(struct send *s, struct send_rcpt *rcpt, struct err *err)
{
	struct smtp_client *c = &s->client;
	const char *line;

	if (smtp_client_read(c, err) < 0)
		return -1;
	/* Keep what MAIL's refusal said, it tells more. */
	if (rcpt->code != 0 && rcpt->code / 100 != 2)
		return 0;
	line = smtp_client_reply_line(c);
	rcpt->later = too_many(c->reply.code, line);
	set_result(rcpt, c->reply.code, line);
	return 0;
}

static unsigned
accepted_count(const struct batch *b)
{
	unsigned count = 0;

	for (unsigned i = 0; i < b->count; i++)
		count += b->rcpts[i]->code / 100 == 2;
	return count;
}

static bool
uses_bdat(const struct send *s)
{
	return s->opt.bdat && (s->client.exts & SMTP_EXT_CHUNKING) != 0;
}

/* MAIL, RCPTs and DATA ahead of all replies (RFC 2920). 1: the server wants
   the message, 0: it doesn't. */
static int
envelope_pipelined(struct send *s, const struct batch *b, struct err *err)
{
	if (send_mail(s, b, err) < 0)
		return -1;
	for (unsigned i = 0; i < b->count; i++) {
		if (send_rcpt(s, b->rcpts[i], err) < 0)
			return -1;
	}
	if ((!uses_bdat(s) && smtp_client_send(&s->client, err, "DATA") < 0) ||
	    read_mail_reply(s, b, err) < 0)
		return -1;
	for (unsigned i = 0; i < b->count; i++) {
		if (read_rcpt_reply(s, b->rcpts[i], err) < 0)
			return -1;
	}
	if (uses_bdat(s))
		return accepted_count(b) > 0;
	return smtp_client_read(&s->client, err) < 0 ? -1 : 1;
}

static int
envelope_in_turn(struct send *s, const struct batch *b, struct err *err)
{
	int result;

	if (send_mail(s, b, err) < 0)
		return -1;
	result = read_mail_reply(s, b, err);
	if (result <= 0)
		return result;
	for (unsigned i = 0; i < b->count; i++) {
		if (send_rcpt(s, b->rcpts[i], err) < 0 ||
		    read_rcpt_reply(s, b->rcpts[i], err) < 0)
			return -1;
	}
	if (accepted_count(b) == 0)
		return 0;
	if (uses_bdat(s))
		return 1;
	if (smtp_client_send(&s->client, err, "DATA") < 0)
		return -1;
	return smtp_client_read(&s->client, err) < 0 ? -1 : 1;
}

/* One reply per accepted recipient in LMTP, one for all in SMTP. */
static int
read_results(struct send *s, const struct batch *b, struct err *err)
{
	struct smtp_client *c = &s->client;
	bool known = false;

	for (unsigned i = 0; i < b->count; i++) {
		struct send_rcpt *rcpt = b->rcpts[i];

		if (rcpt->code / 100 != 2)
			continue;
		if (!known && smtp_client_read(c, err) < 0)
			return -1;
		known = s->opt.smtp;
		set_result(rcpt, c->reply.code, smtp_client_reply_line(c));
		rcpt->final = true;
	}
	return 0;
}

/* 354 although nobody was accepted: an empty text, and no results. */
static int
send_nothing(struct send *s, struct err *err)
{
	if (smtp_client_write(&s->client, ".\r\n", 3, err) < 0)
		return -1;
	return s->opt.smtp ? smtp_client_read(&s->client, err) : 0;
}

static int
transact(struct send *s, const struct batch *b, struct err *err)
{
	struct smtp_client *c = &s->client;
	int wanted;

	if (needs_utf8(s, b) && (c->exts & SMTP_EXT_SMTPUTF8) == 0) {
		set_results(b, 550,
			    "550 5.6.7 The server doesn't offer SMTPUTF8");
		return 0;
	}
	wanted = (c->exts & SMTP_EXT_PIPELINING) != 0 ?
		envelope_pipelined(s, b, err) : envelope_in_turn(s, b, err);
	if (wanted <= 0)
		return wanted;
	if (uses_bdat(s))
		return send_message_chunk(s, err) < 0 ? -1 :
			read_results(s, b, err);
	if (c->reply.code != 354) {
		set_results(b, c->reply.code / 100 == 5 ? 500 : 400,
			    smtp_client_reply_line(c));
		return 0;
	}
	if (accepted_count(b) == 0)
		return send_nothing(s, err);
	return send_message_text(s, err) < 0 ? -1 : read_results(s, b, err);
}

/* --- which recipients, and when ------------------------------------------- */

/* Those of the batch who were too many wait at the front of the others; where
   nobody was taken it is no use to ask again. How many wait there. */
static unsigned
put_back(const struct batch *b)
{
	unsigned count = 0, taken = 0;

	for (unsigned i = 0; i < b->count; i++)
		taken += b->rcpts[i]->final;
	for (unsigned i = b->count; i-- > 0; ) {
		struct send_rcpt *rcpt = b->rcpts[i];

		if (!rcpt->later || taken == 0)
			continue;
		rcpt->code = 0;
		b->rcpts[b->count - ++count] = rcpt;
	}
	return count;
}

/* Recipients of a transaction: as we were told, or the server tells. 0: any. */
static unsigned
batch_max(const struct send *s)
{
	unsigned ours = s->opt.batch_max, his = s->client.rcpt_max;

	return ours == 0 || (his > 0 && his < ours) ? his : ours;
}

/* `waiting` holds them all, in order; its front is used up. */
static int
transact_all(struct send *s, struct send_rcpt **waiting, struct err *err)
{
	unsigned max = batch_max(s), first = 0, last = s->rcpt_count;

	while (first < last) {
		struct batch b = { waiting + first, last - first };

		if (max > 0 && b.count > max)
			b.count = max;
		if (transact(s, &b, err) < 0)
			return -1;
		first += b.count - put_back(&b);
		/* A transaction that came to nothing is still open. */
		if (first < last &&
		    (smtp_client_send(&s->client, err, "RSET") < 0 ||
		     smtp_client_read(&s->client, err) < 0))
			return -1;
	}
	return 0;
}

int
send_transactions(struct send *s, struct err *err)
{
	struct send_rcpt **waiting =
		mem_alloc((s->rcpt_count + 1) * sizeof(*waiting));
	int result;

	for (unsigned i = 0; i < s->rcpt_count; i++)
		waiting[i] = &s->rcpts[i];
	result = transact_all(s, waiting, err);
	free(waiting);
	return result;
}
