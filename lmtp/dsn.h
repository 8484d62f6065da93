/*
 * Delivery reports (RFC 3461): whoever offers DSN takes over the duty to tell
 * the sender that his message was delivered, if he asked for that.
 */
#ifndef LOFT_LMTP_DSN_H
#define LOFT_LMTP_DSN_H

struct lmtp_session;

/* The deliveries of the transaction are settled: send the report that is due,
   if one is. Trouble with it is logged; the mail stays delivered. */
void lmtp_dsn_send(struct lmtp_session *s);

#endif
