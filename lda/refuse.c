/*
 * Refused messages; see refuse.h.
 */
#include "lda/refuse.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "core/clock.h"
#include "core/pool.h"
#include "core/str.h"
#include "deliver/deliver-settings.h"
#include "deliver/deliver.h"
#include "deliver/duplicate.h"
#include "deliver/reject.h"
#include "mail/message.h"
#include "user/user.h"

enum { TOLD_SECS = 24 * 3600 };

bool
refuse_is_due(const struct delivery *d)
{
	switch (d->err.kind) {
	case ERR_PERM:
	case ERR_QUOTA:
	case ERR_TOOBIG:
	case ERR_LOOP:
		return true;
	default:
		return false;
	}
}

/* RFC 3463 */
static const char *
status_code(const struct delivery *d)
{
	switch (d->err.kind) {
	case ERR_QUOTA:
		return "5.2.2";
	case ERR_TOOBIG:
		return "5.2.3";
	case ERR_LOOP:
		return "5.4.6";
	default:
		return "5.2.0";
	}
}

/* The key under which it is noted that a sender was told about a message;
   NULL when the message has no name. */
static const char *
told_key(const struct delivery *d, const char *reply_to, struct pool *pool)
{
	const char *id = message_id(d->message);

	return id == NULL ? NULL : pool_printf(pool, "reject %s %s %s", id,
					       reply_to, d->rcpt);
}

/* A sender isn't told twice when the MTA comes again with the message, as it
   does after a kill. */
static int
send_once(const struct delivery *d, const struct rejection *r,
	  struct pool *pool)
{
	const char *key = told_key(d, r->sender, pool);
	struct duplicates *told;
	struct err err;
	int status = EX_OK;

	if (key == NULL)
		return rejection_send(r, pool, &d->log, &err) < 0 ?
			EX_TEMPFAIL : EX_OK;
	told = duplicates_open(d->user->home, d->user->name, &d->log);
	if (duplicates_has(told, key, strlen(key)))
		log_info(&d->log, "msgid=%s: rejection message was sent to "
			 "<%s> before", message_id(d->message), r->sender);
	else if (rejection_send(r, pool, &d->log, &err) < 0)
		status = EX_TEMPFAIL;
	else
		duplicates_add(told, key, strlen(key),
			       clock_wall().tv_sec + TOLD_SECS);
	duplicates_close(&told);
	return status;
}

int
refuse(const struct delivery *d, const char *reply_to, bool with_status,
       struct pool *pool)
{
	const struct deliver_settings *set = deliver_settings_of(d);
	bool later = d->err.kind == ERR_QUOTA && set->quota_full_tempfail;
	const struct rejection r = {
		.form = REJECTION_DELIVERY_STATUS,
		.set = set, .vars = d->user->vars, .message = d->message,
		.sender = reply_to, .rcpt = d->rcpt, .reason = d->err.text,
		.status = status_code(d),
	};

	if (with_status)
		(void)fprintf(stderr, "%s\n", d->err.text);
	if (later)
		return EX_TEMPFAIL;
	deliver_log_more(d, LOG_LEVEL_INFO, "rejected: %s", d->err.text);
	return with_status ? EX_NOPERM : send_once(d, &r, pool);
}
