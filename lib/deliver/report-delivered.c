/*
 * The report of a delivery; see report-delivered.h. Of the message it has the
 * header alone: RFC 3461 section 4.3 wants the whole one only where it
 * failed.
 */
#include "deliver/report-delivered.h"

#include <stdbool.h>

#include "core/str.h"
#include "deliver/report.h"
#include "mail/date.h"
#include "smtp/utf8.h"

static void
write_words(struct str *out, const struct report_delivered *d)
{
	str_printf(out, "This is the mail system at %s.\n\n"
		   "Your message was delivered to the mailbox of:\n\n",
		   d->hostname);
	for (size_t i = 0; i < d->recipient_count; i++)
		str_printf(out, "    <%s>\n", d->recipients[i].address);
}

/* Does anything in it need the types of RFC 6533? */
static bool
is_utf8(const struct report_delivered *d)
{
	bool utf8 = smtp_has_8bit(d->to);

	for (size_t i = 0; i < d->recipient_count; i++) {
		const struct report_recipient *rcpt = &d->recipients[i];

		utf8 = utf8 || smtp_has_8bit(rcpt->address) ||
			(rcpt->orig != NULL && smtp_has_8bit(rcpt->orig));
	}
	return utf8;
}

static void
write_status(struct str *out, const struct report_delivered *d)
{
	char date[MAIL_DATE_MAX];

	str_printf(out, "Reporting-MTA: dns; %s\n", d->hostname);
	if (d->envid != NULL)
		str_printf(out, "Original-Envelope-Id: %s\n", d->envid);
	str_printf(out, "Arrival-Date: %s\n", mail_date(d->arrived, date));
	for (size_t i = 0; i < d->recipient_count; i++) {
		const struct report_recipient *rcpt = &d->recipients[i];

		str_append_c(out, '\n');
		if (rcpt->orig != NULL)
			str_printf(out, "Original-Recipient: %s; %s\n",
				   rcpt->orig_type, rcpt->orig);
		report_address(out, "Final-Recipient", rcpt->address);
		str_append(out, "Action: delivered\nStatus: 2.0.0\n");
	}
}

void
report_delivered_write(struct str *out, const struct report_delivered *d)
{
	struct report r = {
		.hostname = d->hostname, .from = d->from, .to = d->to,
		.subject = "Successful mail delivery report",
		.auto_submitted = "auto-replied",
		.type = "delivery-status", .utf8 = is_utf8(d),
		.message = d->message, .pool = d->pool,
	};

	report_begin(out, &r);
	report_text_part(out, &r);
	write_words(out, d);
	report_status_part(out, &r);
	write_status(out, d);
	report_end(out, &r, false);
}
