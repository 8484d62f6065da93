/*
 * Delivery reports; see dsn.h. One report tells of all recipients of the
 * transaction for whom one is due. It goes before the replies: should we die
 * on the way, the MTA sends the message again and the sender is told twice
 * rather than never.
 */
#include "lmtp/dsn.h"

#include "core/err.h"
#include "core/pool.h"
#include "core/str.h"
#include "deliver/deliver-settings.h"
#include "deliver/report-delivered.h"
#include "deliver/report.h"
#include "deliver/submit.h"
#include "io/spool.h"
#include "lmtp/env.h"
#include "lmtp/session.h"
#include "mail/message.h"
#include "smtp/params.h"
#include "user/user.h"

/* Mark for whom a report is due; how many. The same recipient twice is one
   delivery, and one line of the report. */
static unsigned
mark_due(struct lmtp_session *s)
{
	struct lmtp_rcpt *rcpt, *real;
	unsigned count = 0;

	STAILQ_FOREACH(rcpt, &s->trans->rcpts, link) {
		real = rcpt->same_as != NULL ? rcpt->same_as : rcpt;
		if ((rcpt->notify & SMTP_NOTIFY_SUCCESS) == 0 ||
		    !real->delivery.stored || real->report)
			continue;
		real->report = true;
		count++;
	}
	return count;
}

static const struct report_recipient *
list_recipients(const struct lmtp_session *s, unsigned count)
{
	struct report_recipient *list =
		pool_new_array(s->trans->pool, struct report_recipient, count);
	const struct lmtp_rcpt *rcpt;
	unsigned n = 0;

	STAILQ_FOREACH(rcpt, &s->trans->rcpts, link) {
		if (!rcpt->report)
			continue;
		list[n].address = rcpt->path.text;
		list[n].orig_type = rcpt->orcpt_type;
		list[n].orig = rcpt->orcpt;
		n++;
	}
	return list;
}

static const char *
postmaster(const struct lmtp_session *s)
{
	const struct lmtp_rcpt *rcpt = STAILQ_FIRST(&s->trans->rcpts);
	const char *from;
	struct err err;

	if (report_postmaster(s->env->deliver_set->postmaster_address,
			      s->env->hostname, rcpt->user->vars,
			      s->trans->pool, &from, &err) == 0)
		return from;
	log_warning(&s->log, "%s", err.text);
	return pool_printf(s->trans->pool, "Postmaster <postmaster@%s>",
			   s->env->hostname);
}

static void
write_report(const struct lmtp_session *s, unsigned count, struct str *out)
{
	struct pool *pool = s->trans->pool;
	const struct report_delivered report = {
		.hostname = s->env->hostname,
		.from = postmaster(s),
		.to = s->trans->sender.text,
		.envid = s->trans->envid,
		.arrived = s->trans->start,
		.recipients = list_recipients(s, count),
		.recipient_count = count,
		.message = message_open(s->env->spool, pool),
		.pool = pool,
	};

	report_delivered_write(out, &report);
}

void
lmtp_dsn_send(struct lmtp_session *s)
{
	const char *sender = s->trans->sender.text;
	struct str text = STR_INIT;
	struct submission mail = {
		.sender = "", .recipient = sender, .message = &text,
		.hostname = s->env->hostname,
	};
	unsigned count;
	struct err err;

	if (!s->env->dsn || *sender == '\0')
		return;
	count = mark_due(s);
	if (count == 0)
		return;
	write_report(s, count, &text);
	if (submit_mail(s->env->deliver_set, &mail, &err) == 0)
		log_info(&s->log, "Delivery report sent to <%s>", sender);
	else
		log_error(&s->log, "Can't send a delivery report: %s",
			  err.text);
	str_free(&text);
}
