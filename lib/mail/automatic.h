/*
 * Who may be answered by a program: RFC 3834 section 2 names the messages
 * that may not, since two programs could answer each other for ever, or one
 * could answer a whole mailing list.
 */
#ifndef LOFT_MAIL_AUTOMATIC_H
#define LOFT_MAIL_AUTOMATIC_H

struct message;

enum automatic {
	AUTOMATIC_NOT,		/* it may be answered */
	AUTOMATIC_NO_SENDER,	/* the null sender, or none that is known */
	AUTOMATIC_PROGRAM,	/* the sender's name is that of a program */
	AUTOMATIC_SUBMITTED,	/* Auto-Submitted, other than "no" */
	AUTOMATIC_LIST,		/* List-… or Precedence: bulk, list, junk */
};

/* What speaks against an answer to the envelope's sender; "" is the null
   sender. */
enum automatic automatic_kind(struct message *msg, const char *sender);

#endif
