/*
 * The one place that turns what has happened to a recipient into the code
 * and the words of a reply.
 */
#ifndef LOFT_LMTP_REPLY_H
#define LOFT_LMTP_REPLY_H

struct delivery;
struct err;
struct lmtp_rcpt;
struct lmtp_session;

/* The reply about one recipient after the message was delivered, or not. */
void lmtp_reply_result(struct lmtp_session *s, const struct lmtp_rcpt *rcpt);

/* "Temporary internal error" about a recipient; the cause is added with
   lmtp_verbose_replies. */
void lmtp_reply_internal(struct lmtp_session *s, const struct lmtp_rcpt *rcpt,
			 const char *cause);

/* The recipient is over his quota: 552, or 452 with quota_full_tempfail as it
   is for him. */
void lmtp_reply_quota(struct lmtp_session *s, const struct lmtp_rcpt *rcpt,
		      const struct delivery *d);

/* "Not now" for a reason that isn't a fault: words to the client, why (a
   setting, mostly) to the log, an id to both. rcpt may be NULL. */
void lmtp_reply_later(struct lmtp_session *s, const struct lmtp_rcpt *rcpt,
		      unsigned code, const char *enhanced, const char *words,
		      const char *why);

/* The message could not be received: the same reply for each recipient. */
void lmtp_reply_receive(struct lmtp_session *s, const struct err *err);

/* That reply once. */
void lmtp_reply_failure(struct lmtp_session *s);

#endif
