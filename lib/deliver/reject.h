/*
 * The mail that tells a sender that his message was refused: a delivery
 * report (RFC 3464) when loft-lda can't deliver for good, a disposition
 * notification (RFC 8098) when a Sieve script says reject. LMTP needs neither
 * for what it can say in a reply.
 */
#ifndef LOFT_DELIVER_REJECT_H
#define LOFT_DELIVER_REJECT_H

struct deliver_settings;
struct err;
struct logctx;
struct message;
struct pool;
struct str;
struct vars;

enum rejection_form { REJECTION_DELIVERY_STATUS, REJECTION_DISPOSITION };

struct rejection {
	enum rejection_form form;
	const struct deliver_settings *set;
	const struct vars *vars;	/* the user's, for postmaster_address */
	struct message *message;
	const char *sender;	/* who gets it; "" is the null sender */
	const char *rcpt;	/* who refused */
	const char *reason;
	const char *status;	/* "5.2.2"; for a delivery report */
};

/* Append the mail as it would be sent, with LF line ends. -1 with err when
   postmaster_address can't be its sender. */
int rejection_write(const struct rejection *r, struct pool *pool,
		    const struct logctx *log, struct str *out,
		    struct err *err);

/* Send it, as submit_mail() does; the message is not answered at all where
   that could make a loop (mail/automatic.h). What happened is in the log. 0,
   or -1 when the message must not be forgotten yet: nobody was told, and the
   next try may work. */
int rejection_send(const struct rejection *r, struct pool *pool,
		   const struct logctx *log, struct err *err);

#endif
