/*
 * The one way in which mail is delivered, for lmtp and loft-lda alike. First
 * every recipient of a transaction is prepared (nothing irrevocable happens),
 * then all are settled together: folders synced once each, failures undone,
 * one log line per recipient.
 */
#ifndef LOFT_DELIVER_DELIVER_H
#define LOFT_DELIVER_DELIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "core/log.h"

struct conf;
struct deliver_batch;
struct deliver_settings;
struct mail_settings;
struct message;
struct pool;
struct scope;
struct user;

/* One message for one recipient. The caller fills the first part and owns
   all that it points to until deliver_batch_free(). */
struct delivery {
	const struct user *user;
	struct message *message;
	const char *headers;	/* put in front of the message (LF), or "" */
	const char *mailbox;	/* where to: "INBOX", a detail or -m */
	bool mailbox_is_detail;	/* below the prefix of INBOX's namespace */
	bool ignore_quota;	/* no limit holds for this one */
	const char *sender;	/* envelope; "" is the null sender */
	const char *rcpt;	/* final recipient's address */
	const char *orig_rcpt;	/* as the MTA got it (ORCPT, -a); NULL = rcpt */
	const char *session_id;
	const char *error_id;	/* told with a failure; NULL: none */
	struct logctx log;	/* "lmtp(alice)<pid><SID>: " */
	int64_t session_start;	/* clock_ms(), for %{session_time} */

	/* The result, after deliver_commit(). */
	bool stored;
	struct err err;		/* when !stored: kind and why */
	const char *mailbox_saved;	/* where it went; in the batch's pool */
	const struct deliver_task *task;	/* for the two below */
};

/* Between deliver_commit() and the next deliver_add(): the settings that held
   for this user, and a further line about the delivery, in the form that
   deliver_log_format gives it. */
const struct deliver_settings *deliver_settings_of(const struct delivery *d);
void deliver_log_more(const struct delivery *d, enum log_level level,
		      const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* From now on storage takes up mail_privileged_group where that is wanted; for
   those who look at mailboxes without a batch. */
void deliver_use_groups(void);

/* scope: protocol "lmtp" or "lda" and the peer's addresses. Settings are
   read from conf once and again only for users with overrides. A batch is
   kept over many transactions. */
struct deliver_batch *deliver_batch_new(const struct conf *conf,
					const struct scope *scope,
					struct err *err);
void deliver_batch_free(struct deliver_batch **bp);

/* The settings that hold for users without overrides. */
const struct deliver_settings *
deliver_batch_settings(const struct deliver_batch *batch);
const struct mail_settings *
deliver_batch_mail_settings(const struct deliver_batch *batch);

/* The largest message that anyone may get by what plugins say; 0: no limit. */
uint64_t deliver_batch_max_size(const struct deliver_batch *batch);

/* mail_log_prefix for this user and session, in pool. */
const char *deliver_log_prefix(struct deliver_batch *batch,
			       const struct user *user,
			       const char *session_id, struct pool *pool);

/* Add a recipient and prepare: becomes the user, writes or links the file.
   Trouble is noted in d->err for deliver_commit(). The process may stay that
   user until deliver_commit(), so that recipients with the same ids cost one
   change: in between nobody else may enter (service/priv.h), and nothing may
   be done that needs other ids. */
void deliver_add(struct deliver_batch *batch, struct delivery *d);

/* Does any plugin take part in deliveries to this user? */
bool deliver_has_plugins(const struct deliver_batch *batch,
			 const struct user *user);

/* May the user of d get mail, as his plugins see it? size is what the sender
   said, 0 when he didn't; full: also ask whether there is room at all. Only
   user, mailbox and log of d count. 0; -1 with ERR_QUOTA or ERR_TOOBIG in d->err, or
   with trouble. Nothing may have been added. */
int deliver_check_rcpt(struct deliver_batch *batch, struct delivery *d,
		       uint64_t size, bool full);

/* For spool_set_places(), when a message is too large for memory: open an
   unnamed file in the mail of d's user, with d->headers in it (as many octets
   as *base_r says), so that it need not be copied when it is delivered. Only
   user, headers and mailbox of d count. The message must have no other
   recipients: a user may change a file that is his, and they would get it.
   -1 when that can't be. */
int deliver_open_unnamed(struct deliver_batch *batch, struct delivery *d,
			 uint64_t *base_r);

/* For the same, when mail_temp_dir can't be used: an empty unnamed file near
   the mail of d's user, who doesn't get at it as long as it has no name.
   shared: the message has recipients with other ids, so that it must never
   have had one. */
int deliver_open_shelter(struct deliver_batch *batch, struct delivery *d,
			 bool shared);

/* Settle all that was added: sync, undo what failed, log; then d->stored and
   d->err are final and the batch is empty again. */
void deliver_commit(struct deliver_batch *batch);

#endif
