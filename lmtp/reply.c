/*
 * From results to replies; see reply.h. Codes and words are Dovecot's.
 */
#include "lmtp/reply.h"

#include <stdio.h>
#include <time.h>

#include "core/clock.h"
#include "core/err.h"
#include "deliver/deliver-settings.h"
#include "deliver/deliver.h"
#include "lmtp/env.h"
#include "lmtp/lmtp-settings.h"
#include "lmtp/session.h"
#include "lmtp/words.h"

void
lmtp_reply_internal(struct lmtp_session *s, const struct lmtp_rcpt *rcpt,
		    const char *cause)
{
	char id[LMTP_ERROR_ID_MAX];

	lmtp_reply(s, 451, "4.3.0", "<%s> %s [%s]", rcpt->path.text,
		   s->env->set->lmtp_verbose_replies ? cause :
		   "Temporary internal error",
		   lmtp_error_id(rcpt->session_id, id));
}

void
lmtp_reply_later(struct lmtp_session *s, const struct lmtp_rcpt *rcpt,
		 unsigned code, const char *enhanced, const char *words,
		 const char *why)
{
	const char *path = rcpt != NULL ? rcpt->path.text : NULL;
	char id[LMTP_ERROR_ID_MAX];

	(void)lmtp_error_id(rcpt != NULL ? rcpt->session_id :
			    s->trans != NULL ? s->trans->id : s->id, id);
	if (path != NULL)
		log_warning(&s->log, "rcpt <%s>: %s (%s) [%s]", path, words, why,
			 id);
	else
		log_warning(&s->log, "%s (%s) [%s]", words, why, id);
	lmtp_reply(s, code, enhanced, "%s%s%s%s [%s]",
		   path != NULL ? "<" : "", path != NULL ? path : "",
		   path != NULL ? "> " : "", words, id);
}

/* What is told when the log has the rest; the time helps to find it. */
static void
reply_see_log(struct lmtp_session *s, const struct lmtp_rcpt *rcpt,
	      const char *cause)
{
	time_t now = clock_wall().tv_sec;
	char stamp[32] = "", id[LMTP_ERROR_ID_MAX];
	struct tm tm;

	(void)lmtp_error_id(rcpt->session_id, id);
	if (s->env->set->lmtp_verbose_replies) {
		lmtp_reply(s, 451, "4.2.0", "<%s> %s [%s]", rcpt->path.text,
			   cause, id);
		return;
	}
	if (localtime_r(&now, &tm) != NULL)
		(void)strftime(stamp, sizeof(stamp), "%Y-%m-%d %H:%M:%S", &tm);
	lmtp_reply(s, 451, "4.2.0", "<%s> Internal error occurred. Refer to "
		   "server log for more information. [%s] [%s]",
		   rcpt->path.text, stamp, id);
}

void
lmtp_reply_quota(struct lmtp_session *s, const struct lmtp_rcpt *rcpt,
		 const struct delivery *d)
{
	char id[LMTP_ERROR_ID_MAX];

	if (deliver_settings_of(d)->quota_full_tempfail)
		lmtp_reply(s, 452, "4.2.2", "<%s> %s [%s]", rcpt->path.text,
			   d->err.text, lmtp_error_id(rcpt->session_id, id));
	else
		lmtp_reply(s, 552, "5.2.2", "<%s> %s", rcpt->path.text,
			   d->err.text);
}

void
lmtp_reply_result(struct lmtp_session *s, const struct lmtp_rcpt *rcpt)
{
	const struct delivery *d;

	if (rcpt->same_as != NULL)
		rcpt = rcpt->same_as;
	d = &rcpt->delivery;
	if (d->stored) {
		lmtp_reply(s, 250, "2.0.0", "<%s> %s Saved", rcpt->path.text,
			   rcpt->session_id);
		return;
	}
	switch (d->err.kind) {
	case ERR_QUOTA:
		lmtp_reply_quota(s, rcpt, d);
		break;
	case ERR_TOOBIG:
		lmtp_reply(s, 552, "5.2.3", "<%s> Message size exceeds "
			   "administrative limit", rcpt->path.text);
		break;
	case ERR_LOOP:
		lmtp_reply(s, 554, "5.4.6", "<%s> %s", rcpt->path.text,
			   d->err.text);
		break;
	case ERR_PERM:
		lmtp_reply(s, 552, "5.2.0", "<%s> %s", rcpt->path.text,
			   d->err.text);
		break;
	case ERR_CONFIG:
		lmtp_reply_internal(s, rcpt, d->err.text);
		break;
	default:
		reply_see_log(s, rcpt, d->err.text);
		break;
	}
}

void
lmtp_reply_receive(struct lmtp_session *s, const struct err *err)
{
	const struct lmtp_rcpt *rcpt;

	STAILQ_FOREACH(rcpt, &s->trans->rcpts, link) {
		if (err->kind == ERR_TOOBIG)
			lmtp_reply(s, 552, "5.2.3", "<%s> %s",
				   rcpt->path.text, err->text);
		else if (err->kind == ERR_PERM)
			lmtp_reply(s, 554, "5.6.0", "<%s> %s",
				   rcpt->path.text, err->text);
		else
			lmtp_reply_failure(s);
	}
}

void
lmtp_reply_failure(struct lmtp_session *s)
{
	char id[LMTP_ERROR_ID_MAX];

	lmtp_reply(s, 451, "4.3.0", "Temporary internal failure [%s]",
		   lmtp_error_id(s->trans->id, id));
}
