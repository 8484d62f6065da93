/*
 * Recipients of this host: everything between a received message and the
 * results that the replies tell.
 */
#ifndef LOFT_LMTP_LOCAL_H
#define LOFT_LMTP_LOCAL_H

struct lmtp_session;

/* A message is about to come: should it be large, it is received where the
   recipient's mail lies. */
void lmtp_local_expect(struct lmtp_session *s);

/* Deliver what the spool holds to all recipients of the transaction; then
   each rcpt->delivery has its result. */
void lmtp_local_deliver(struct lmtp_session *s);

#endif
