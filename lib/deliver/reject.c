/*
 * Rejections; see reject.h. Fields and words are Dovecot's; beyond it there
 * are In-Reply-To and References, and the empty line that RFC 3464 wants
 * between what concerns the message and what concerns the recipient.
 */
#include "deliver/reject.h"

#include <string.h>

#include "conf/vars.h"
#include "core/err.h"
#include "core/hostname.h"
#include "core/log.h"
#include "core/pool.h"
#include "core/str.h"
#include "deliver/deliver-private.h"
#include "deliver/deliver-settings.h"
#include "deliver/report.h"
#include "deliver/submit.h"
#include "mail/automatic.h"
#include "mail/message.h"
#include "smtp/utf8.h"

/* --- the words --- */

/* The message's own subject: what isn't UTF-8 becomes '?'. */
static const char *
subject_of(const struct rejection *r, struct pool *pool)
{
	const char *value = message_header(r->message, "Subject");
	char *text;

	if (value == NULL)
		return "";
	text = pool_strdup(pool, value);
	for (char *p = text; *p != '\0'; p++) {
		if (*p == '\t')
			*p = ' ';
	}
	if (!smtp_utf8_valid(text)) {
		for (char *p = text; *p != '\0'; p++) {
			if ((unsigned char)*p >= 0x80)
				*p = '?';
		}
	}
	return deliver_shorten(text, DELIVER_TEXT_MAX, pool);
}

/* rejection_subject or rejection_reason. A variable that doesn't exist is told
   in the log; there is a text all the same. */
static const char *
expand(const struct rejection *r, const char *name, const char *text,
       struct pool *pool, const struct logctx *log)
{
	const struct vars_entry entries[] = {
		{ 'n', "crlf", "\n" },
		{ 'r', "reason", r->reason },
		{ 's', "subject", subject_of(r, pool) },
		{ 't', "to", r->rcpt },
		{ '\0', NULL, NULL },
	};
	const struct vars vars = { .entries = entries };
	const char *result = "";
	struct err err;

	if (vars_expand(text, &vars, pool, &result, &err) < 0)
		log_error(log, "Failed to expand %s=%s: %s", name, text,
			  err.text);
	return result;
}

/* A field is one line. */
static const char *
subject_line(const struct rejection *r, struct pool *pool,
	     const struct logctx *log)
{
	char *line = pool_strdup(pool,
		expand(r, "rejection_subject", r->set->rejection_subject, pool,
		       log));

	for (char *p = line; *p != '\0'; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = ' ';
	}
	return line;
}

/* Lines of the reason may end as they like; ours end in LF. */
static void
append_text(struct str *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (text[0] != '\r' || text[1] != '\n')
			str_append_c(out, *text);
	}
}

/* --- the parts --- */

static void
write_delivery_status(struct str *out, const struct rejection *r,
		      const char *hostname)
{
	str_printf(out, "Reporting-MTA: dns; %s\n\n", hostname);
	report_address(out, "Final-Recipient", r->rcpt);
	str_printf(out, "Action: failed\nStatus: %s\n", r->status);
}

static void
write_disposition(struct str *out, const struct rejection *r,
		  const char *hostname)
{
	const char *id = report_message_id(r->message);

	str_printf(out, "Reporting-UA: %s; Loft\n", hostname);
	report_address(out, "Final-Recipient", r->rcpt);
	if (id != NULL)
		str_printf(out, "Original-Message-ID: %s\n", id);
	str_append(out, "Disposition: automatic-action/"
		   "MDN-sent-automatically; deleted\n");
}

static const char *
hostname_of(const struct rejection *r)
{
	return *r->set->hostname != '\0' ? r->set->hostname :
		hostname_system();
}

static void
write_parts(struct str *out, const struct rejection *r, struct report *report,
	    const struct logctx *log)
{
	report_begin(out, report);
	report_text_part(out, report);
	append_text(out, expand(r, "rejection_reason", r->set->rejection_reason,
				report->pool, log));
	report_status_part(out, report);
	if (r->form == REJECTION_DELIVERY_STATUS)
		write_delivery_status(out, r, report->hostname);
	else
		write_disposition(out, r, report->hostname);
	report_end(out, report, true);
}

int
rejection_write(const struct rejection *r, struct pool *pool,
		const struct logctx *log, struct str *out, struct err *err)
{
	struct report report = {
		.hostname = hostname_of(r),
		.to = r->sender, .auto_submitted = "auto-replied (rejected)",
		.is_bulk = true,
		.type = r->form == REJECTION_DELIVERY_STATUS ?
			"delivery-status" : "disposition-notification",
		.utf8 = smtp_has_8bit(r->rcpt) || smtp_has_8bit(r->sender),
		.message = r->message, .pool = pool,
	};

	if (report_postmaster(r->set->postmaster_address, report.hostname,
			      r->vars, pool, &report.from, err) < 0)
		return -1;
	report.subject = subject_line(r, pool, log);
	write_parts(out, r, &report, log);
	return 0;
}

/* --- sending --- */

/* Why nobody is told; NULL when the sender may be. */
static const char *
why_not(const struct rejection *r)
{
	switch (automatic_kind(r->message, r->sender)) {
	case AUTOMATIC_NO_SENDER:
		return "Return-Path missing, rejection reason";
	case AUTOMATIC_PROGRAM:
		return "Message from a program discarded";
	case AUTOMATIC_SUBMITTED:
		return "Auto-submitted message discarded";
	case AUTOMATIC_LIST:
		return "Mailing list's message discarded";
	case AUTOMATIC_NOT:
		break;
	}
	return NULL;
}

static const char *
id_for_log(const struct rejection *r, struct pool *pool)
{
	const char *id = message_id(r->message);

	return id == NULL ? "unspecified" :
		deliver_shorten(id, DELIVER_TEXT_MAX, pool);
}

/* What became of it: 0, or -1 when the next try may work. */
static int
tell_result(const struct rejection *r, int result, const char *id,
	    const struct logctx *log, const struct err *err)
{
	if (result == 0) {
		log_info(log, "msgid=%s: sent rejection message to <%s>", id,
			 r->sender);
	} else if (err->kind == ERR_PERM) {
		log_info(log, "msgid=%s: Permanently failed to send "
			 "rejection: %s", id, err->text);
		result = 0;
	} else {
		log_error(log, "msgid=%s: Temporarily failed to send "
			  "rejection: %s", id, err->text);
	}
	return result;
}

int
rejection_send(const struct rejection *r, struct pool *pool,
	       const struct logctx *log, struct err *err)
{
	const char *words = why_not(r), *id = id_for_log(r, pool);
	struct str text = STR_INIT;
	const struct submission mail = {
		.sender = "", .recipient = r->sender, .message = &text,
		.hostname = hostname_of(r),
	};
	int result;

	if (words != NULL) {
		log_info(log, "msgid=%s: %s: %s", id, words, r->reason);
		return 0;
	}
	if (rejection_write(r, pool, log, &text, err) < 0) {
		log_error(log, "msgid=%s: Invalid postmaster_address - can't "
			  "send rejection: %s", id, err->text);
		return -1;
	}
	result = tell_result(r, submit_mail(r->set, &mail, err), id, log, err);
	str_free(&text);
	return result;
}
