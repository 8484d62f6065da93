/*
 * Which sessions are recorded: all of them where lmtp_rawlog_dir is a
 * directory, else those that loftctl rawlog asks for.
 */
#ifndef LOFT_LMTP_RAWLOGS_H
#define LOFT_LMTP_RAWLOGS_H

struct lmtp_session;

/* At the beginning of a session. */
void lmtp_rawlog_begin(struct lmtp_session *s);

/* Mail for this user was accepted: record the rest of the transaction if that
   is wanted. */
void lmtp_rawlog_user(struct lmtp_session *s, const char *user);

/* A new transaction: what was recorded for a user's sake ends. */
void lmtp_rawlog_renew(struct lmtp_session *s);

#endif
