/*
 * Which sessions are recorded: all of them where lmtp_rawlog_dir is a
 * directory, else those that loftctl rawlog asks for.
 */
#ifndef LOFT_LMTP_RAWLOGS_H
#define LOFT_LMTP_RAWLOGS_H

struct lmtp_session;
struct smtp_command;

/* At the beginning of a session. */
void lmtp_rawlog_begin(struct lmtp_session *s);

/* Keep it, in case that the transaction turns out to be one for a user who is
   recorded: he is known at RCPT only. Costs nothing where nobody is. */
void lmtp_rawlog_command(struct lmtp_session *s,
			 const struct smtp_command *cmd);

/* Mail for this user was accepted: record the rest of the transaction if that
   is wanted. */
void lmtp_rawlog_user(struct lmtp_session *s, const char *user);

/* A new transaction: what was recorded for a user's sake ends. */
void lmtp_rawlog_renew(struct lmtp_session *s);

#endif
