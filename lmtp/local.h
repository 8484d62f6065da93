/*
 * Recipients of this host: everything between a received message and the
 * results that the replies tell.
 */
#ifndef LOFT_LMTP_LOCAL_H
#define LOFT_LMTP_LOCAL_H

#include <stdbool.h>

struct lmtp_rcpt;
struct lmtp_session;

/* A message is about to come: should it be large, it is received where the
   recipient's mail lies. */
void lmtp_local_expect(struct lmtp_session *s);

/* Deliver what the spool holds to all recipients of the transaction; then
   each rcpt->delivery has its result. */
void lmtp_local_deliver(struct lmtp_session *s);

/* Will the recipient be able to get the message, by what is known at RCPT?
   False after a reply that says why not. */
bool lmtp_local_may_get(struct lmtp_session *s, const struct lmtp_rcpt *rcpt);

#endif
