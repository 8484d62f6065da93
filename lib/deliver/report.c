/*
 * The report of a delivery; see report.h. Of the message it has the header
 * alone: RFC 3461 section 4.3 wants the whole one only where it failed.
 */
#include "deliver/report.h"

#include <stdbool.h>
#include <string.h>

#include "core/clock.h"
#include "core/err.h"
#include "core/str.h"
#include "io/spool.h"
#include "mail/date.h"
#include "mail/message.h"
#include "smtp/utf8.h"

enum { HEADER_MAX = 65536 };

static void
write_fields(struct str *out, const struct report *r)
{
	char date[MAIL_DATE_MAX];

	str_printf(out, "Date: %s\n", mail_date(clock_wall().tv_sec, date));
	if (strchr(r->from, '<') != NULL)
		str_printf(out, "From: %s\n", r->from);
	else
		str_printf(out, "From: Mail Delivery System <%s>\n", r->from);
	str_printf(out, "To: <%s>\n", r->to);
	str_append(out, "Subject: Successful mail delivery report\n");
	str_printf(out, "Message-ID: %s\n", r->message_id);
	str_append(out, "Auto-Submitted: auto-replied\nMIME-Version: 1.0\n");
	str_printf(out, "Content-Type: multipart/report; "
		   "report-type=delivery-status;\n\tboundary=\"%s\"\n\n",
		   r->boundary);
}

static void
write_words(struct str *out, const struct report *r)
{
	str_printf(out, "--%s\nContent-Type: text/plain; charset=utf-8\n"
		   "Content-Transfer-Encoding: 8bit\n\n", r->boundary);
	str_printf(out, "This is the mail system at %s.\n\n"
		   "Your message was delivered to the mailbox of:\n\n",
		   r->hostname);
	for (size_t i = 0; i < r->recipient_count; i++)
		str_printf(out, "    <%s>\n", r->recipients[i].address);
	str_append_c(out, '\n');
}

/* Does anything in it need the types of RFC 6533? */
static bool
is_utf8(const struct report *r)
{
	bool utf8 = smtp_has_8bit(r->to);

	for (size_t i = 0; i < r->recipient_count; i++) {
		const struct report_recipient *rcpt = &r->recipients[i];

		utf8 = utf8 || smtp_has_8bit(rcpt->address) ||
			(rcpt->orig != NULL && smtp_has_8bit(rcpt->orig));
	}
	return utf8;
}

static const char *
type_of(const char *address)
{
	return smtp_has_8bit(address) ? "utf-8" : "rfc822";
}

static void
write_status(struct str *out, const struct report *r)
{
	char date[MAIL_DATE_MAX];

	str_printf(out, "--%s\nContent-Type: message/%sdelivery-status\n"
		   "Content-Transfer-Encoding: %s\n\n", r->boundary,
		   is_utf8(r) ? "global-" : "", is_utf8(r) ? "8bit" : "7bit");
	str_printf(out, "Reporting-MTA: dns; %s\n", r->hostname);
	if (r->envid != NULL)
		str_printf(out, "Original-Envelope-Id: %s\n", r->envid);
	str_printf(out, "Arrival-Date: %s\n", mail_date(r->arrived, date));
	for (size_t i = 0; i < r->recipient_count; i++) {
		const struct report_recipient *rcpt = &r->recipients[i];

		str_append_c(out, '\n');
		if (rcpt->orig != NULL)
			str_printf(out, "Original-Recipient: %s; %s\n",
				   rcpt->orig_type, rcpt->orig);
		str_printf(out, "Final-Recipient: %s; %s\nAction: delivered\n"
			   "Status: 2.0.0\n", type_of(rcpt->address),
			   rcpt->address);
	}
	str_append_c(out, '\n');
}

/* Where the header ends, with its last line end. */
static size_t
header_length(const char *data, size_t len)
{
	const char *end = len > 0 && *data == '\n' ? data :
		memmem(data, len, "\n\n", 2);

	if (end == data)
		return 0;
	if (end != NULL)
		return (size_t)(end - data) + 1;
	end = memrchr(data, '\n', len);
	return end == NULL ? 0 : (size_t)(end - data) + 1;
}

static void
write_header(struct str *out, const struct report *r)
{
	struct spool *spool = message_spool(r->message);
	struct err err;
	char *buf;
	ssize_t n;

	str_printf(out, "--%s\nContent-Type: %s\n"
		   "Content-Transfer-Encoding: 8bit\n\n", r->boundary,
		   is_utf8(r) ? "message/global-headers" :
		   "text/rfc822-headers");
	buf = str_reserve(out, HEADER_MAX);
	/* A report without the header is one, too. */
	n = spool_read(spool, 0, buf, HEADER_MAX, &err);
	if (n > 0)
		out->len += header_length(buf, (size_t)n);
	if (out->data[out->len - 1] != '\n')
		str_append_c(out, '\n');
	str_printf(out, "\n--%s--\n", r->boundary);
}

void
report_write(struct str *out, const struct report *r)
{
	write_fields(out, r);
	write_words(out, r);
	write_status(out, r);
	write_header(out, r);
}
