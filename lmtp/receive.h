/*
 * Receiving a message, by DATA or in chunks: octets into the spool, waits
 * with a deadline, and in the end a reply for each recipient.
 */
#ifndef LOFT_LMTP_RECEIVE_H
#define LOFT_LMTP_RECEIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/clock.h"
#include "core/err.h"

struct lmtp_session;

/* Lives in the transaction: chunks come with several commands. */
struct lmtp_receive {
	deadline_t deadline;
	uint64_t progress;	/* octets since the deadline was set */
	uint64_t header;	/* octets of the header, while it goes on */
	enum { RECEIVE_LINE, RECEIVE_CR, RECEIVE_TEXT, RECEIVE_BODY } at;
	bool failed;		/* the rest is read over; err says why */
	struct err err;
};

/* Waits begin anew. */
void lmtp_receive_renew(struct lmtp_session *s, struct lmtp_receive *r);

/* Wait for more input; called again after `len` octets of it were used.
   False: the session is over. */
bool lmtp_receive_more(struct lmtp_session *s, struct lmtp_receive *r,
		       size_t len);

/* Put message text into the spool. When there is no room, or the message is
   too large, it fails: nothing is kept any more. */
void lmtp_receive_keep(struct lmtp_session *s, struct lmtp_receive *r,
		       const void *data, size_t len);

/* The message is complete: deliver it, reply for each recipient, end the
   transaction. */
void lmtp_receive_finish(struct lmtp_session *s);

#endif
